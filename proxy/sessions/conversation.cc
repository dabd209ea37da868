#include "proxy/sessions/conversation.h"

#include "resp/command_table.h"

namespace keyhole::core {

using resp::Effect;
using resp::IsKeyword;

void Conversation::OnSent(const Sent& request) {
  const resp::EffectTraits traits = resp::TraitsOf(request.effect);
  if (replies_ == Replies::kSkipNext) replies_ = Replies::kOn;
  if (!request.answered) unheard_ = true;
  if (request.in_pieces)
    upload_ = Upload{request.answered, static_cast<uint32_t>(request.arguments)};
  if (traits.waits && !queueing()) blocked_ = true;
  if (traits.untracked) ++untracked_;
  if (queueing()) {
    queued_hello_ |= request.effect == Effect::kHello;
    if (traits.listens == resp::Listens::kBegins) {
      ++untracked_;  // confirmed among EXEC's elements, where nobody looks for it
      queued_listening_ = true;
    }
  }
  switch (request.effect) {
    case Effect::kMulti:
      multi_ = Multi::kQueueing;
      queued_listening_ = queued_hello_ = false;
      break;
    case Effect::kExec:
    case Effect::kDiscard:
      if (queueing()) watching_ = false;  // else they are refused and change nothing
      multi_ = Multi::kNone;
      break;
    case Effect::kWatch:
      if (!queueing()) watching_ = true;
      break;
    case Effect::kUnwatch:
      if (!queueing()) watching_ = false;
      break;
    case Effect::kReset:
      multi_ = Multi::kNone;
      replies_ = Replies::kOn;
      watching_ = false;
      break;
    case Effect::kClientReply:
      if (IsKeyword(request.last, "ON")) replies_ = Replies::kOn;
      if (IsKeyword(request.last, "OFF")) replies_ = Replies::kOff;
      if (IsKeyword(request.last, "SKIP") && replies_ == Replies::kOn) {
        replies_ = Replies::kSkipNext;
      }
      break;
    default:
      break;
  }
}

bool Conversation::TakeSkip() {
  if (replies_ != Replies::kSkipNext) return false;
  replies_ = Replies::kOn;
  return true;
}

void Conversation::Believe(ProvenState::Value proven) {
  if (untracked_ > 0) return;  // some replies are hidden, or of another kind than expected
  multi_ = proven == ProvenState::Value::kQueueing ? Multi::kQueueing : Multi::kNone;
  watching_ = proven == ProvenState::Value::kWatching;
}

}  // namespace keyhole::core
