#include "proxy/links/cluster/slot_traffic.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "resp/reply_writer.h"
#include "resp/request_parser.h"

namespace keyhole::core {
namespace {

using metrics::RedirectKind;
using std::chrono::milliseconds;
using Kind = Refusal::Kind;

constexpr int kMostTries = 16;
// Redirects are followed at once, at first: then the nodes do not agree.
constexpr int kTriesAtOnce = 3;

RedirectKind KindOf(Kind kind) {
  switch (kind) {
    case Kind::kMoved:
      return RedirectKind::kMoved;
    case Kind::kAsk:
      return RedirectKind::kAsk;
    case Kind::kTryAgain:
      return RedirectKind::kTryAgain;
    default:
      return RedirectKind::kNotReady;
  }
}

milliseconds Doubled(milliseconds first, int times, milliseconds most) {
  return std::min(first * (1 << std::min(times, 8)), most);
}

std::vector<std::string> KeysIn(const resp::CommandSpec& spec, std::string_view bytes) {
  resp::RequestParser parser({.big_argument = SIZE_MAX, .big_request = SIZE_MAX});
  std::vector<std::string> keys;
  if (parser.Next(bytes) != resp::RequestParser::Result::kRequest) return keys;
  resp::ForEachKey(spec, parser.request().args,
                   [&keys](std::string_view key) { keys.emplace_back(key); });
  return keys;
}

Exchange ExchangeFor(Ear& ear, ReplySlot id, Instant now) {
  Exchange exchange;
  exchange.spec = &resp::Spec(resp::CommandId::kUnknown);
  exchange.purpose = Purpose::kPart;
  exchange.requester = &ear;
  exchange.slot = id;
  exchange.sent = now;
  return exchange;
}

}  // namespace

SlotTraffic::SlotTraffic(LinkContext& context, Cluster& cluster, PartQueue& parts,
                         milliseconds wait, uint64_t number)
    : context_(context), cluster_(cluster), parts_(parts), wait_(wait), number_(number) {}

// busy: where all that is in flight of its slot is.
ClusterNode* SlotTraffic::NodeFor(const Part& part, const UpstreamLink* busy) const {
  const ReplicaReads where = part.reads && part.node == nullptr && part.slot != kNoSlot
                                 ? cluster_.options().replica_reads
                                 : ReplicaReads::kOff;
  if (where == ReplicaReads::kOnly) return cluster_.Reader(part.slot, number_);
  ClusterNode* const node = cluster_.Reachable(part.node.get(), part.slot, number_);
  if (where == ReplicaReads::kOff) return node;
  if (busy != nullptr && node != nullptr && node->pool.Shared(state_) == busy) return node;
  ClusterNode* const replica = cluster_.Reader(part.slot, number_);
  return replica == nullptr ? node : replica;
}

// Null: its node is not known, or cannot be reached now.
UpstreamLink* SlotTraffic::LinkFor(Part& part, const UpstreamLink* busy) {
  ClusterNode* const node = NodeFor(part, busy);
  if (node == nullptr) return nullptr;
  part.asked = node;
  return node->pool.Shared(state_);
}

void SlotTraffic::Send(ReplySlot id, Part& part, UpstreamLink& link) {
  if (part.asking) {
    Exchange asking = ExchangeFor(*ear_, kStraight, context_.now);
    asking.purpose = Purpose::kSession;
    std::string bytes;
    resp::AppendRequest(
        std::initializer_list<std::string_view>{resp::Spec(resp::CommandId::kAsking).name}, &bytes);
    link.Send({.args = {}, .bytes = bytes}, std::move(asking));
  }
  part.state = Part::State::kSent;
  part.reply.clear();
  part.asked->counts.requests.Add();
  if (last_ != &link) last_ = &link;
  link.Send({.args = {}, .bytes = parts_.BytesOf(part)}, ExchangeFor(*ear_, id, context_.now));
}

void SlotTraffic::Begin(ReplySlot id) {
  Part& part = parts_.Of(id);
  if (part.slot == kNoSlot) {
    if (UpstreamLink* const link = LinkFor(part)) return Send(id, part, *link);
    loose_.push_back(id);
    ++waiting_;
    return;
  }
  Use& use = uses_[part.slot];
  if (use.waiting.empty()) [[likely]] {
    UpstreamLink* const link = LinkFor(part, use.busy());
    if (link != nullptr && (use.in_flight == 0 || use.link == link)) [[likely]] {
      if (use.link != link) use.link = link;
      ++use.in_flight;
      use.last = id;
      return Send(id, part, *link);
    }
    if (link == nullptr) cluster_.Refresh();
  }
  use.waiting.push_back(id);
  ++waiting_;
}

void SlotTraffic::OnReply(ReplySlot id) {
  Part& part = parts_.Of(id);
  const bool again = part.is_error() && NoteRefusal(part);
  if (part.slot == kNoSlot) {
    if (!again) return parts_.Finish(id);
    loose_.push_back(id);
    ++waiting_;
    return;
  }
  const Slot slot = part.slot;
  Use& use = uses_[slot];
  --use.in_flight;
  if (again) {
    use.waiting.insert(std::lower_bound(use.waiting.begin(), use.waiting.end(), id), id);
    ++waiting_;
  } else {
    if (!use.waiting.empty()) FailOvertaken(use, id);
    parts_.Finish(id);
  }
  if (!use.waiting.empty()) return Pump(slot);
  if (use.in_flight == 0) uses_.erase(slot);
}

bool SlotTraffic::NoteRefusal(Part& part) {
  const Refusal refusal = ReadRefusal(part.reply);
  if (refusal.kind == Kind::kNone) return false;
  const bool redirects = refusal.kind == Kind::kMoved || refusal.kind == Kind::kAsk;
  const bool opaque = part.path == Path::kOpaque && part.slot == kNoSlot;
  if (redirects && refusal.slot != part.slot && !opaque) return false;  // a script's own words
  context_.metrics.counters.cluster.redirects[KindOf(refusal.kind)].Add();
  part.asked->counts.refusals.Add();
  if (part.asked->reads_only) return NoteReplicaRefusal(part, refusal.kind);
  std::optional<Endpoint> there;
  if (redirects) there = ReadNodeAddress(refusal.address, part.asked->endpoint);
  if (refusal.kind == Kind::kMoved && there.has_value()) cluster_.OnMoved(refusal.slot, *there);
  if (refusal.kind == Kind::kNotReady) cluster_.Refresh();
  if (++part.tries >= kMostTries || expired(part)) {
    context_.metrics.counters.cluster.given_up.Add();
    if (redirects) part.reply = kTryAgainReply;
    return false;
  }
  // What goes to every master goes to that one again. All else begins anew with the map.
  const bool fixed = part.slot == kNoSlot && !redirects;
  part.asking = refusal.kind == Kind::kAsk;
  if (!fixed) part.node = part.asking && there.has_value() ? cluster_.NodeAt(*there) : nullptr;
  if (opaque && redirects && there.has_value()) part.node = cluster_.NodeAt(*there);
  part.asking = part.asking && part.node != nullptr;
  part.state = Part::State::kWaiting;
  Delay(part, refusal.kind);
  return true;
}

// What a replica says of where a slot is may be old: nothing is learnt from it.
bool SlotTraffic::NoteReplicaRefusal(Part& part, Kind kind) {
  cluster_.Refresh();
  const bool only = cluster_.options().replica_reads == ReplicaReads::kOnly;
  if (++part.tries >= kMostTries || (only && expired(part))) {
    SetLastWord(part);
    return false;
  }
  part.reads = only;
  part.state = Part::State::kWaiting;
  if (only) Delay(part, kind == Kind::kTryAgain ? kind : Kind::kNotReady);
  return true;
}

void SlotTraffic::Delay(Part& part, Kind kind) {
  milliseconds delay{0};
  if (kind == Kind::kTryAgain) {
    delay = Doubled(milliseconds(10), part.tries - 1, milliseconds(100));
  } else if (kind == Kind::kNotReady) {
    delay = Doubled(milliseconds(20), part.tries - 1, milliseconds(200));
  } else if (part.tries > kTriesAtOnce) {
    delay = Doubled(milliseconds(10), part.tries - kTriesAtOnce - 1, milliseconds(100));
  }
  part.not_before = context_.now + delay;
}

void SlotTraffic::SetLastWord(Part& part) {
  const Kind last = ReadRefusal(part.reply).kind;
  context_.metrics.counters.cluster.given_up.Add();
  if (part.reply.empty()) part.reply = kNotServedReply;
  if (last == Kind::kMoved || last == Kind::kAsk) part.reply = kTryAgainReply;
}

void SlotTraffic::GiveUp(ReplySlot id) {
  SetLastWord(parts_.Of(id));
  --waiting_;
  parts_.Finish(id);
}

void SlotTraffic::Pump(Slot slot) {
  const auto found = uses_.find(slot);
  if (found == uses_.end()) return;
  Use& use = found->second;
  while (!use.waiting.empty() && PumpOne(use)) {
  }
  if (use.in_flight == 0 && use.waiting.empty()) uses_.erase(found);
}

// False: its turn has not come.
bool SlotTraffic::PumpOne(Use& use) {
  const ReplySlot id = use.waiting.front();
  Part& part = parts_.Of(id);
  // Behind it, at the node that refused it, others are still on their way.
  if (use.in_flight > 0 && use.last > id) return false;
  if (context_.now < part.not_before) return false;
  UpstreamLink* const link = LinkFor(part, use.busy());
  if (link != nullptr && use.in_flight > 0 && use.link != link) return false;
  if (link == nullptr && !expired(part)) {
    cluster_.Refresh();
    return false;
  }
  use.waiting.erase(use.waiting.begin());
  if (link == nullptr) {
    GiveUp(id);
    return true;
  }
  --waiting_;
  use.link = link;
  ++use.in_flight;
  use.last = id;
  Send(id, part, *link);
  return true;
}

void SlotTraffic::PumpLoose() {
  std::erase_if(loose_, [this](ReplySlot id) {
    Part& part = parts_.Of(id);
    if (context_.now < part.not_before) return false;
    UpstreamLink* const link = LinkFor(part);
    if (link == nullptr && !expired(part)) return false;
    if (link == nullptr) {
      GiveUp(id);
    } else {
      --waiting_;
      Send(id, part, *link);
    }
    return true;
  });
}

void SlotTraffic::OnTurn() {
  PumpLoose();
  std::vector<Slot> slots;
  for (const auto& [slot, use] : uses_) {
    if (!use.waiting.empty()) slots.push_back(slot);
  }
  for (const Slot slot : slots) Pump(slot);
}

void SlotTraffic::FailOvertaken(Use& use, ReplySlot ran) {
  const bool replica = parts_.Of(ran).asked->reads_only;  // so it only reads
  std::erase_if(use.waiting, [&](ReplySlot id) {
    if (replica && TreatmentOf(*parts_.Of(id).spec).reads) return false;
    if (id > ran || !ShareKey(parts_.Of(id), parts_.Of(ran))) return false;
    parts_.Of(id).reply = kTryAgainReply;
    --waiting_;
    parts_.Finish(id);
    return true;
  });
}

bool SlotTraffic::ShareKey(Part& a, Part& b) {
  const std::vector<std::string> keys = KeysIn(*a.spec, parts_.BytesOf(a));
  for (const std::string& key : KeysIn(*b.spec, parts_.BytesOf(b))) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) return true;
  }
  return false;
}

}  // namespace keyhole::core
