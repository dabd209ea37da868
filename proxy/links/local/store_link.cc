#include "proxy/links/local/store_link.h"

#include <cassert>
#include <utility>

namespace keyhole::core {

StoreLink::StoreLink(LinkContext& context, store::Store& store, StoreDoorbell& doorbell,
                     Requester& owner, std::string_view address)
    : Link(context),
      store_(store),
      doorbell_(doorbell),
      client_(store.Connect(address, context.unix_now, &doorbell)) {
  owner_ = &owner;
  pushes_are_told_ = true;
  doorbell_.Add(store::Store::IdOf(*client_), this);
}

StoreLink::~StoreLink() {
  doorbell_.Remove(store::Store::IdOf(*client_));
}

void StoreLink::OnUser(std::string_view name) {
  store_.SetUser(*client_, name);
}

// There are messages for the client, or the reply of the request that waits, or somebody has said
// CLIENT KILL.
void StoreLink::OnRing() {
  const boost::intrusive_ptr<StoreLink> self(this);  // the session may be closed by it
  const boost::intrusive_ptr<Requester> owner(owner_);
  resp::ByteQueue messages;
  const bool answered = store_.TakeMessages(*client_, &messages);
  ReceiveOutput(messages.Data());
  if (ended()) return owner->OnLinkEnded();
  if (state_ != State::kWaiting || !answered) return;
  state_ = State::kCatchingUp;
  if (!pending_.empty()) EndSilently();
  CatchUp();
}

// What the store has given last: replies, and among them what answers no request.
bool StoreLink::ReceiveOutput(std::string_view bytes) {
  size_t at = 0;
  for (const store::Section& pushed : store::Store::TakePushed(*client_)) {
    if (!Receive(bytes.substr(at, pushed.begin - at))) return false;
    ReceivePush(bytes.substr(pushed.begin, pushed.end - pushed.begin));
    at = pushed.end;
  }
  return Receive(bytes.substr(at));
}

bool StoreLink::Direct(resp::DirectCommand* command) {
  if (state_ != State::kAnswering || !MayAskDirectly(command->id)) return false;
  if (!store_.Direct(*client_, command)) return false;
  NoteDirect(*command);
  return true;
}

void StoreLink::Prefetch(std::span<const resp::HashedKey> keys) {
  store_.Prefetch(*client_, keys);
}

void StoreLink::Send(const resp::Request& request, Exchange&& pending) {
  if (state_ != State::kAnswering) [[unlikely]]
    return Hold(request, std::move(pending));
  Run(request, std::move(pending));
}

inline void StoreLink::Run(const resp::Request& request, Exchange&& pending) {
  const bool plain = pending.replies == 1 && pending.effect == resp::Effect::kNone &&
                     pending.purpose == Purpose::kClient && !store::Store::Listens(*client_);
  if (plain) {
    AskPlain(request, std::move(pending));
  } else {
    Ask(request, std::move(pending));
  }
}

void StoreLink::BeginWait(bool answered) {
  if (!answered) OpenPlace();
  state_ = State::kWaiting;
  doorbell_.on_wait();
}

void StoreLink::OpenPlace() {
  if (!open_place_.has_value()) open_place_ = owner_->OnPushBegin(*this);
}

void StoreLink::Hold(const resp::Request& request, Exchange&& pending) {
  size_t bytes = sizeof(Held);
  for (const std::string_view arg : request.args) bytes += sizeof(std::string) + arg.size();
  held_bytes_ += bytes;
  if (pending.replies == 0) OpenPlace();
  held_.Push({.args = std::vector<std::string>(request.args.begin(), request.args.end()),
              .bytes = bytes,
              .pending = std::move(pending)});
}

// What a reply makes the session send comes behind what is held already.
void StoreLink::CatchUp() {
  const bool was_full = is_full();
  while (state_ == State::kCatchingUp && !held_.empty()) {
    if (owner_->closed() || ended()) return;
    Held next = held_.Pop();
    held_bytes_ -= next.bytes;
    const std::vector<std::string_view> args(next.args.begin(), next.args.end());
    Run({.args = args, .bytes = {}}, std::move(next.pending));
  }
  // Nothing new, but the session looks again whether it may read.
  if (was_full && !is_full() && !owner_->closed()) owner_->OnOutput(owner_->output().size());
  if (state_ != State::kCatchingUp) return;
  state_ = State::kAnswering;
  if (open_place_.has_value()) owner_->OnPushEnd(*std::exchange(open_place_, std::nullopt));
}

store::Outcome StoreLink::Execute(const resp::Request& request, const resp::CommandSpec& spec,
                                  resp::ByteQueue* out, const resp::HashedKey& first) {
  return store_.Execute(*client_, spec, request.args, context_.unix_now, out, first);
}

// A command that may wait for a key has an effect, and is not plain; but CLIENT PAUSE holds any,
// and a script may take long. Its key is hashed here, once for the store and the counters.
void StoreLink::AskPlain(const resp::Request& request, Exchange&& pending) {
  assert(pending.slot == kStraight);
  resp::ByteQueue& out = owner_->output();
  const size_t before = out.size();
  const bool one_key = pending.spec->keys.IsFirstArgument() && request.args.size() > 1;
  const resp::HashedKey first = one_key ? resp::HashedKey(request.args[1]) : resp::HashedKey();
  const store::Outcome outcome = Execute(request, *pending.spec, &out, first);
  if (outcome == store::Outcome::kReplied) {
    Answered(request, std::move(pending), before, first);
  } else if (outcome == store::Outcome::kWaiting) {
    Expect(request, std::move(pending));
    BeginWait(/*answered=*/true);
  } else {
    pending.requester->OnReplyEnd(pending, resp::ReplyHead());
  }
}

// What may have other replies than one: confirmations, EXEC's, messages that came before; or none
// yet.
void StoreLink::Ask(const resp::Request& request, Exchange&& pending) {
  const resp::CommandSpec& spec = *pending.spec;
  const bool answered = pending.replies != 0;
  const bool looks = pending.purpose == Purpose::kListing;
  if (answered) Expect(request, std::move(pending));
  resp::ByteQueue reply;
  const store::Outcome outcome =
      looks ? store_.Look(*client_, spec, request.args, context_.unix_now, &reply)
            : Execute(request, spec, &reply, {});
  if (outcome == store::Outcome::kWaiting) BeginWait(answered);
  // CLIENT REPLY inside a transaction takes effect at its EXEC, which the session does not follow.
  if (!answered) {
    owner_->OnReplyBytes(kStraight, reply.Data());
    if (ended()) owner_->OnLinkEnded();  // where there is a reply, its end tells
    return;
  }
  const bool makes_sense = ReceiveOutput(reply.Data());
  assert(makes_sense);
  (void)makes_sense;
  if (outcome == store::Outcome::kSilent) EndSilently();
}

// The request that is pending will have no reply.
void StoreLink::EndSilently() {
  const Exchange silent = pending_.Pop();
  ForgetKeysOf(silent);
  silent.requester->OnReplyEnd(silent, resp::ReplyHead());
}

bool StoreLink::ended() const {
  return store::Store::Closing(*client_);
}

void StoreLink::SendMore(std::string_view) {
  assert(false);
}

}  // namespace keyhole::core
