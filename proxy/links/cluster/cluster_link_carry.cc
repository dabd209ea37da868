// Of ClusterLink: how a request becomes parts.
#include <string>
#include <utility>
#include <vector>

#include "proxy/links/cluster/cluster_link.h"
#include "proxy/links/cluster/facade.h"
#include "proxy/links/cluster/scan_cursor.h"
#include "proxy/links/cluster/splitter.h"
#include "resp/reply_writer.h"

namespace keyhole::core {
namespace {

constexpr std::string_view kNoMasters = "-CLUSTERDOWN The cluster is down\r\n";
constexpr std::string_view kNoMoreToScan = "*2\r\n$1\r\n0\r\n*0\r\n";

// A part like another one.
Part Like(const Part& part) {
  Part like;
  like.spec = part.spec;
  like.effect = part.effect;
  like.replies = part.replies;
  like.since = part.since;
  like.path = part.path;
  like.reads = part.reads;
  like.slot = part.slot;
  return like;
}

std::unique_ptr<Group> MakeGroup(const Treatment& treatment, size_t parts) {
  auto group = std::make_unique<Group>();
  group->treatment = treatment;
  group->parts = group->left = static_cast<uint32_t>(parts);
  return group;
}

bool ChangesReply(const Treatment& treatment) {
  return treatment.way == Treatment::Way::kInfo || treatment.way == Treatment::Way::kHello;
}

}  // namespace

void ClusterLink::Carry(const Plan& plan, const resp::Request& request, Part part) {
  switch (plan.way) {
    case Plan::Way::kSplit:
      return CarrySplit(plan, request, part);
    case Plan::Way::kEvery:
      return CarryToEvery(plan, request, part);
    case Plan::Way::kScan:
      return CarryScan(plan, request, std::move(part));
    case Plan::Way::kFacade: {
      const Facade facade{.at = owner_->OwnAddress(), .covered = cluster_.covered()};
      const resp::CommandSpec& spec = *part.spec;
      return AnswerHere(std::move(part),
                        FacadeReply(spec, request.args, facade, owner_->protocol()));
    }
    case Plan::Way::kBegin:
      private_.BeginMulti();
      return AnswerHere(std::move(part), "+OK\r\n");
    case Plan::Way::kRefused:
      return AnswerHere(std::move(part), "-" + plan.refusal + "\r\n");
    case Plan::Way::kOne:
      return CarryOne(plan, request, std::move(part));
  }
}

void ClusterLink::AnswerHere(Part part, std::string_view reply) {
  part.path = Path::kNone;
  part.reply = reply;
  kept_ += reply.size();
  parts_.Finish(parts_.Push(std::move(part), {}));
}

void ClusterLink::Begin(ReplySlot id) {
  if (parts_.Of(id).path == Path::kShared) {
    shared_.Begin(id);
  } else {
    private_.Begin(id);
  }
}

void ClusterLink::CarryOne(const Plan& plan, const resp::Request& request, Part part) {
  if (plan.guessed) {
    part.node = cluster_.Owner(part.slot);
    part.slot = kNoSlot;
  }
  const bool one_redis = cluster_.options().facade == ClusterFacade::kRedis;
  if (one_redis && ChangesReply(plan.treatment)) {
    part.head = MakeGroup(plan.treatment, 1);
    part.group = parts_.next();
  }
  if (!plan.misshapen) return Begin(parts_.Push(std::move(part), request.bytes));
  std::string bytes;
  resp::AppendRequest(request.args.first(1), &bytes);
  Begin(parts_.Push(std::move(part), bytes));
}

void ClusterLink::CarrySplit(const Plan& plan, const resp::Request& request, const Part& part) {
  std::vector<SlotRequest> requests = SplitBySlot(*part.spec, request.args);
  auto group = MakeGroup(plan.treatment, requests.size());
  for (SlotRequest& one : requests) group->places.push_back(std::move(one.places));
  const ReplySlot first = parts_.next();
  for (const SlotRequest& one : requests) {
    Part next = Like(part);
    next.slot = one.slot;
    next.group = first;
    if (group != nullptr) next.head = std::move(group);
    parts_.Push(std::move(next), one.bytes);
  }
  for (size_t i = 0; i < requests.size(); ++i) Begin(first + i);
}

void ClusterLink::CarryToEvery(const Plan& plan, const resp::Request& request, const Part& part) {
  const std::vector<Cluster::NodePtr> masters = cluster_.masters();
  if (masters.empty()) return AnswerHere(Like(part), kNoMasters);
  auto group = MakeGroup(plan.treatment, masters.size());
  const ReplySlot first = parts_.next();
  for (const Cluster::NodePtr& master : masters) {
    Part next = Like(part);
    next.node = master;
    next.group = first;
    if (group != nullptr) next.head = std::move(group);
    parts_.Push(std::move(next), request.bytes);
  }
  for (size_t i = 0; i < masters.size(); ++i) Begin(first + i);
}

void ClusterLink::CarryScan(const Plan& plan, const resp::Request& request, Part part) {
  const ScanCursor cursor = ScanCursor::Read(request.args[1]);
  const std::vector<Cluster::NodePtr>& masters = cluster_.masters();
  if (masters.empty() || masters.size() > ScanCursor::kMostMasters)
    return AnswerHere(std::move(part), kNoMasters);
  if (cursor.master >= masters.size()) return AnswerHere(std::move(part), kNoMoreToScan);
  std::vector<std::string_view> args(request.args.begin(), request.args.end());
  args[1] = cursor.text;
  std::string bytes;
  resp::AppendRequest(args, &bytes);
  part.node = masters[cursor.master];
  part.head = MakeGroup(plan.treatment, 1);
  part.head->master = cursor.master;
  part.head->masters = masters.size();
  part.group = parts_.next();
  Begin(parts_.Push(std::move(part), bytes));
}

}  // namespace keyhole::core
