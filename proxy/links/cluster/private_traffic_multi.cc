// Of PrivateTraffic: transactions.
#include <string>
#include <utility>

#include "proxy/links/cluster/private_traffic.h"

namespace keyhole::core {
namespace {

using resp::CommandId;
using resp::Effect;

constexpr std::string_view kAbortReply =
    "-EXECABORT Transaction discarded because of previous errors.\r\n";

}  // namespace

bool PrivateTraffic::PumpOwn(ReplySlot id, Part& part) {
  Ear& own = EarFor(Path::kOwn);
  if (restart_) {
    if (own.in_flight > 0) return false;
    restart_ = false;
    own.GiveBack();
    if (multi_ == Multi::kOpen || multi_ == Multi::kOpening) multi_ = Multi::kHeld;
  }
  if (multi_ == Multi::kBroken) return EndBroken(id, part);
  if (part.slot != kNoSlot && own_slot_ == kNoSlot) {
    own_slot_ = part.slot;
    const bool elsewhere = own.link != nullptr && cluster_.Owner(part.slot) != own.node;
    if (elsewhere) return Restart(false), PumpOwn(id, part);
  } else if (part.slot != kNoSlot && own_slot_ != part.slot) {
    if (multi_ != Multi::kNone) Break();
    return End(id, kCrossSlotReply);
  }
  if (own.link == nullptr) {
    ClusterNode* const node = OwnNode();
    if (node == nullptr) return AwaitNode(id, part);
    own.Take(*node, resp::LinkNeed::kOwn);
  }
  if (multi_ == Multi::kHeld) {
    if (asking_) SayWord(own, CommandId::kAsking);
    multi_ = Multi::kOpening;
    SayWord(own, CommandId::kMulti, kOfMulti);
    ++own.in_flight;
  }
  if (multi_ == Multi::kOpening) return false;
  waiting_.erase(waiting_.begin());
  Send(id, part, own);
  return true;
}

// Null: it is not known, or cannot be reached now.
ClusterNode* PrivateTraffic::OwnNode() {
  ClusterNode* const node = cluster_.Reachable(own_node_.get(), own_slot_, number_);
  if (node == nullptr) own_node_ = nullptr;
  return node;
}

// Once nothing of it is in flight any more.
void PrivateTraffic::Restart(bool asking) {
  restart_ = true;
  asking_ = asking;
}

void PrivateTraffic::EndMulti() {
  multi_ = Multi::kNone;
  ending_ = watching_ = asking_ = false;
  own_slot_ = kNoSlot;
  own_node_ = nullptr;
  said_.clear();
}

// It cannot be carried out any more. What comes before its end is refused.
void PrivateTraffic::Break() {
  Ear& own = EarFor(Path::kOwn);
  const bool begun = multi_ == Multi::kOpen || multi_ == Multi::kOpening;
  if (begun && own.link != nullptr) SayWord(own, CommandId::kDiscard);
  multi_ = Multi::kBroken;
  said_.clear();
}

bool PrivateTraffic::EndBroken(ReplySlot id, Part& part) {
  const Effect effect = part.effect;
  if (effect != Effect::kExec && effect != Effect::kDiscard) return End(id, kNotServedReply);
  EndMulti();
  return End(id, effect == Effect::kExec ? kAbortReply : "+OK\r\n");
}

void PrivateTraffic::OnMultiReply(Ear& own, const resp::ReplyHead& head) {
  --own.in_flight;
  if (multi_ != Multi::kOpening || restart_) return Pump();
  if (!head.is_error()) {
    multi_ = Multi::kOpen;
    for (const std::string& bytes : said_)
      SaySilently(own, bytes, resp::Spec(CommandId::kUnknown), kStraight);
    return Pump();
  }
  if (waiting_.empty()) return Break();
  const ReplySlot id = waiting_.front();
  Part& part = parts_.Of(id);
  part.asked = own.node;
  part.reply = "-" + std::string(head.text) + "\r\n";
  if (shared_.NoteRefusal(part)) return Restart(false), Pump();
  const std::string reply = std::move(part.reply);
  Break();
  End(id, reply);
  Pump();
}

void PrivateTraffic::OnOwnReply(Ear& own, ReplySlot id) {
  --own.in_flight;
  Part& part = parts_.Of(id);
  if (restart_) {  // it was said in vain
    Hold(id);
    return Pump();
  }
  if (part.is_error() && OnOwnRefusal(own, id, part)) return Pump();
  const bool fine = !part.is_error();
  if (multi_ != Multi::kNone) {
    if (part.effect == Effect::kExec || part.effect == Effect::kDiscard) {
      EndMulti();
    } else {
      said_.emplace_back(parts_.BytesOf(part));
    }
  } else if (part.effect == Effect::kWatch && fine) {
    watching_ = true;
  } else if (part.effect == Effect::kUnwatch && fine) {
    watching_ = false;
    own_slot_ = kNoSlot;
  }
  parts_.Finish(id);
  Pump();
}

// True: it is dealt with. False: what came is the reply.
bool PrivateTraffic::OnOwnRefusal(Ear& own, ReplySlot id, Part& part) {
  if (part.slot == kNoSlot) part.slot = own_slot_;  // EXEC is refused for its keys
  if (watching_) {
    const Refusal::Kind kind = ReadRefusal(part.reply).kind;
    if (kind == Refusal::Kind::kNone) return false;
    if (part.effect == Effect::kExec) {
      EndMulti();
      part.reply = state_.protocol == resp::Protocol::kResp3 ? "_\r\n" : "*-1\r\n";
    } else {
      if (multi_ != Multi::kNone) Break();
      part.reply = kTryAgainReply;
    }
    parts_.Finish(id);
    return true;
  }
  const bool again = shared_.NoteRefusal(part);
  if (!again) {
    const bool refused = ReadRefusal(part.reply).kind != Refusal::Kind::kNone;
    if (refused && multi_ != Multi::kNone && part.effect != Effect::kExec) Break();
    return false;
  }
  own_node_ = part.node;
  if (multi_ != Multi::kNone) {
    Restart(part.asking);
  } else {
    own.GiveBack();
  }
  Hold(id);
  return true;
}

}  // namespace keyhole::core
