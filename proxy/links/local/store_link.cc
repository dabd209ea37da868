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
  doorbell_.Add(store::Store::IdOf(*client_), this);
}

StoreLink::~StoreLink() {
  doorbell_.Remove(store::Store::IdOf(*client_));
}

void StoreLink::OnUser(std::string_view name) {
  store_.SetUser(*client_, name);
}

// Messages have come for the client, or somebody has said CLIENT KILL.
void StoreLink::OnRing() {
  const boost::intrusive_ptr<StoreLink> self(this);  // the session may be closed by it
  resp::ByteQueue messages;
  store_.TakeMessages(*client_, &messages);
  Receive(messages.Data());
  if (ended()) owner_->OnLinkEnded();
}

void StoreLink::Foresee(std::span<const resp::HashedKey> keys) {
  store_.Foresee(*client_, keys);
}

void StoreLink::Send(const resp::Request& request, Exchange&& pending) {
  const bool plain = pending.replies == 1 && pending.effect == resp::Effect::kNone &&
                     !pending.unheard && !store::Store::Listens(*client_);
  if (plain) {
    AskPlain(request, std::move(pending));
  } else {
    Ask(request, std::move(pending));
  }
}

// False: there is no reply.
bool StoreLink::Execute(const resp::Request& request, const resp::CommandSpec& spec,
                        resp::ByteQueue* out) {
  return store_.Execute(*client_, spec, request.args, context_.unix_now, out);
}

void StoreLink::AskPlain(const resp::Request& request, Exchange&& pending) {
  resp::ByteQueue& out = owner_->output();
  const size_t before = out.size();
  if (Execute(request, *pending.spec, &out)) {
    Answered(request, std::move(pending), before);
  } else {
    pending.requester->OnReplyEnd(pending, resp::ReplyHead());
  }
}

// What may have other replies than one: confirmations, EXEC's, messages that came before.
void StoreLink::Ask(const resp::Request& request, Exchange&& pending) {
  const resp::CommandSpec& spec = *pending.spec;
  const bool answered = pending.replies != 0;
  if (answered) Expect(request, std::move(pending));
  resp::ByteQueue reply;
  const bool replied = Execute(request, spec, &reply);
  // CLIENT REPLY inside a transaction takes effect at its EXEC, which the session does not follow.
  if (!answered) {
    owner_->OnReplyBytes(kStraight, reply.Data());
    if (ended()) owner_->OnLinkEnded();  // where there is a reply, its end tells
    return;
  }
  const bool makes_sense = Receive(reply.Data());
  assert(makes_sense);
  (void)makes_sense;
  if (replied) return;
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
