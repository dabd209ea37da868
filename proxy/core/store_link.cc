#include "proxy/core/store_link.h"

#include <cassert>
#include <utility>

#include "proxy/core/session.h"
#include "proxy/core/worker_state.h"

namespace keyhole::core {

namespace {
constexpr size_t kKeepReplyCapacity = 64 * 1024;
}  // namespace

StoreLink::StoreLink(WorkerState& worker, Session& owner, std::string_view address)
    : Link(worker), client_(worker.store->Connect(address, worker.unix_now)) {
  owner_ = &owner;
}

void StoreLink::Send(const resp::Request& request, Pending pending) {
  const resp::CommandSpec& spec = *pending.spec;
  const bool expected = pending.replies != 0;
  if (expected) Expect(request, std::move(pending));
  reply_.clear();
  worker_.store->Execute(*client_, spec, request.args, worker_.unix_now, &reply_);
  // CLIENT REPLY inside a transaction takes effect at its EXEC, which the session does not follow.
  if (!expected) {
    owner_->OnReplyBytes(reply_);
  } else if (reply_.empty()) {
    const Pending silent = pending_.Pop();
    ForgetKeysOf(silent);
    silent.session->OnReplyEnd(resp::ReplyHead());
  } else {
    const bool makes_sense = Receive(reply_);
    assert(makes_sense);
    (void)makes_sense;
  }
  if (reply_.capacity() > kKeepReplyCapacity) std::string().swap(reply_);
}

bool StoreLink::ended() const {
  return store::Store::Closing(*client_);
}

void StoreLink::SendMore(std::string_view) {
  assert(false);
}

}  // namespace keyhole::core
