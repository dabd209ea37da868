#include "proxy/links/cluster/private_traffic.h"

#include <algorithm>
#include <array>
#include <utility>

#include "resp/reply_writer.h"

namespace keyhole::core {
namespace {

using resp::CommandId;
using resp::Effect;

}  // namespace

PrivateTraffic::PrivateTraffic(LinkContext& context, Cluster& cluster, PartQueue& parts,
                               SlotTraffic& shared, Ear::Listener& listener,
                               const SessionState& state, uint64_t number)
    : context_(context),
      cluster_(cluster),
      parts_(parts),
      shared_(shared),
      listener_(listener),
      state_(state),
      number_(number) {}

Ear& PrivateTraffic::EarFor(Path path) {
  for (const auto& ear : ears_) {
    if (ear->path() == path) return *ear;
  }
  ears_.emplace_back(new Ear(listener_, path, state_));
  return *ears_.back();
}

Ear& PrivateTraffic::OpaqueEarAt(ClusterNode& node) {
  for (const auto& ear : ears_) {
    if (ear->path() == Path::kOpaque && ear->node == &node) return *ear;
  }
  ears_.emplace_back(new Ear(listener_, Path::kOpaque, state_));
  return *ears_.back();
}

size_t PrivateTraffic::in_flight() const {
  size_t sum = 0;
  for (const auto& ear : ears_) sum += ear->in_flight;
  return sum;
}

// Its connection knows something of the session that another one would not.
bool PrivateTraffic::keeps(const Ear& ear) const {
  if (ear.link == nullptr) return false;
  switch (ear.path()) {
    case Path::kOwn:
      return multi_ != Multi::kNone || watching_;
    case Path::kListen:
    case Path::kListenShard:
      return ear.link->subscribed();
    default:
      return ear.path() == Path::kOpaque;
  }
}

bool PrivateTraffic::holds() const {
  return std::any_of(ears_.begin(), ears_.end(), [this](const auto& ear) { return keeps(*ear); });
}

bool PrivateTraffic::any_link() const {
  return std::any_of(ears_.begin(), ears_.end(),
                     [](const auto& ear) { return ear->link != nullptr; });
}

// Null: it is not known, or cannot be reached now.
ClusterNode* PrivateTraffic::NodeFor(const Part& part) const {
  return cluster_.Reachable(part.node.get(), part.slot, number_);
}

// ---- what is to be sent

void PrivateTraffic::Begin(ReplySlot id) {
  const Effect effect = parts_.Of(id).effect;
  if (multi_ != Multi::kNone && (effect == Effect::kExec || effect == Effect::kDiscard))
    ending_ = true;
  waiting_.push_back(id);
  Pump();
}

void PrivateTraffic::Hold(ReplySlot id) {
  parts_.Of(id).state = Part::State::kWaiting;
  waiting_.insert(std::lower_bound(waiting_.begin(), waiting_.end(), id), id);
}

void PrivateTraffic::Pump() {
  while (!waiting_.empty() && PumpOne(waiting_.front())) {
  }
}

// Its turn is over. Gives true.
bool PrivateTraffic::End(ReplySlot id, std::string_view reply) {
  std::erase(waiting_, id);
  parts_.Of(id).reply = reply;
  parts_.Finish(id);
  return true;
}

// False: it has to wait on.
bool PrivateTraffic::AwaitNode(ReplySlot id, Part& part) {
  cluster_.Refresh();
  if (!shared_.expired(part)) return false;
  shared_.SetLastWord(part);
  if (part.path == Path::kOwn && multi_ != Multi::kNone) Break();
  return End(id, std::string(part.reply));
}

bool PrivateTraffic::PumpOne(ReplySlot id) {
  Part& part = parts_.Of(id);
  if (context_.now < part.not_before) return false;
  if (part.path == Path::kOwn) return PumpOwn(id, part);
  Ear* ear = part.path == Path::kOpaque ? nullptr : &EarFor(part.path);
  if (part.path == Path::kOnce) ear->GiveBack();
  if (ear == nullptr || ear->link == nullptr) {
    ClusterNode* const node = NodeFor(part);
    if (node == nullptr) return AwaitNode(id, part);
    if (ear == nullptr) ear = &OpaqueEarAt(*node);
    const resp::LinkNeed need = resp::TraitsOf(part.effect).need;
    if (ear->link == nullptr)
      ear->Take(*node, need == resp::LinkNeed::kAtOnce ? need : resp::LinkNeed::kOwn);
  } else if (part.slot != kNoSlot && cluster_.Owner(part.slot) != ear->node) {
    return End(id, kCrossSlotReply);  // it listens to shard channels of another node
  }
  waiting_.erase(waiting_.begin());
  Send(id, part, *ear);
  return true;
}

void PrivateTraffic::Send(ReplySlot id, Part& part, Ear& ear) {
  if (part.asking && multi_ == Multi::kNone) SayWord(ear, CommandId::kAsking);
  Exchange exchange;
  exchange.spec = part.spec;
  exchange.effect = part.effect;
  exchange.purpose = Purpose::kPart;
  exchange.replies = part.replies;
  exchange.requester = &ear;
  exchange.slot = id;
  exchange.sent = context_.now;
  part.state = Part::State::kSent;
  part.reply.clear();
  part.asked = ear.node;
  part.asked->counts.requests.Add();
  ++ear.in_flight;
  const std::array<std::string_view, 1> name{part.spec->name};  // of its keys nothing is counted
  ear.link->Send({.args = name, .bytes = parts_.BytesOf(part)}, std::move(exchange));
}

// Its reply is nobody's but ours.
void PrivateTraffic::SaySilently(Ear& ear, std::string_view bytes, const resp::CommandSpec& spec,
                                 ReplySlot slot) {
  Exchange exchange;
  exchange.spec = &spec;
  exchange.effect = spec.effect;
  exchange.purpose = Purpose::kSession;
  exchange.requester = &ear;
  exchange.slot = slot;
  exchange.sent = context_.now;
  const std::array<std::string_view, 1> name{spec.name};
  ear.link->Send({.args = name, .bytes = bytes}, std::move(exchange));
}

void PrivateTraffic::SayWord(Ear& ear, CommandId id, ReplySlot slot) {
  const resp::CommandSpec& spec = resp::Spec(id);
  const std::array<std::string_view, 1> args{spec.name};
  std::string bytes;
  resp::AppendRequest(args, &bytes);
  SaySilently(ear, bytes, spec, slot);
}

// ---- replies

void PrivateTraffic::OnReply(Ear& ear, ReplySlot id, const resp::ReplyHead& head) {
  if (id == kOfMulti) return OnMultiReply(ear, head);
  if (ear.path() == Path::kOwn) return OnOwnReply(ear, id);
  --ear.in_flight;
  Part& part = parts_.Of(id);
  const bool again = part.is_error() && shared_.NoteRefusal(part);
  if (!again) return parts_.Finish(id);
  if (ear.path() == Path::kOnce) ear.GiveBack();
  const bool listens = ear.path() == Path::kListen || ear.path() == Path::kListenShard;
  if (listens && ear.link != nullptr && ear.link->subscribed()) {
    part.reply = kTryAgainReply;
    return parts_.Finish(id);
  }
  if (listens) ear.GiveBack();
  Hold(id);
  Pump();
}

// ---- connections

void PrivateTraffic::Release() {
  if (ears_.empty() || busy()) return;
  for (const auto& ear : ears_) {
    if (ear->link == nullptr || keeps(*ear) || ear->link->pending() > 0) continue;
    ear->GiveBack();
    if (ear->path() == Path::kOwn) {
      own_slot_ = kNoSlot;
      own_node_ = nullptr;
    }
  }
}

void PrivateTraffic::set_state(const SessionState& state) {
  state_ = state;
  for (const auto& ear : ears_) {
    ear->set_state(state);
    if (ear->path() == Path::kOnce && ear->link != nullptr) ear->link->set_state(state);
  }
}

void PrivateTraffic::Resume() {
  for (const auto& ear : ears_) {
    if (ear->link != nullptr) ear->link->Resume();
  }
}

bool PrivateTraffic::EndInput() {
  bool ended = false;
  for (const auto& ear : ears_) {
    if (ear->link == nullptr) continue;
    const bool talks = ear->in_flight > 0 || ear->link->subscribed();
    if (talks) ended = ear->link->EndInput() || ended;
  }
  return ended;
}

void PrivateTraffic::Finish() {
  for (const auto& ear : ears_) {
    const auto link = std::exchange(ear->link, nullptr);
    if (link != nullptr) link->Finish();
  }
}

void PrivateTraffic::Close() {
  for (const auto& ear : ears_) {
    ear->Close();
    ear->CloseLink();
  }
}

}  // namespace keyhole::core
