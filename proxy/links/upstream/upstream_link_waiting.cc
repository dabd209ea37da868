// What waits at a link for its connection goes on at another one.
#include <algorithm>
#include <cassert>
#include <string>
#include <utility>
#include <vector>

#include "proxy/links/upstream/upstream_link.h"

namespace keyhole::core {

// What an owner has sent, while none of it has been written.
struct UpstreamLink::Waiting {
  struct Request {
    Exchange exchange;  // with `begin` from the first byte of all
    std::vector<std::string> keys;
  };
  Role role;
  Requester* owner;
  SessionState state;
  bool fence;
  std::string bytes;
  std::vector<Request> requests;
};

UpstreamLink::Waiting UpstreamLink::TakeWaiting() {
  assert(adopted_ >= written_);
  Waiting waiting{role_, owner_, state_, std::exchange(fence_, false), {}, {}};
  waiting.bytes = out_.Data().substr(adopted_ - written_);
  while (!pending_.empty()) {
    Exchange exchange = pending_.Pop();
    std::vector<std::string> keys = TakeKeysOf(exchange);
    if (exchange.begin < adopted_) continue;  // who it is; the next link says that itself
    exchange.begin -= adopted_;
    waiting.requests.push_back({std::move(exchange), std::move(keys)});
  }
  out_.Clear();
  adopted_ = written_;
  return waiting;
}

void UpstreamLink::GiveWaiting(Waiting waiting) {
  SetRole(waiting.role, waiting.owner);
  Adopt(waiting.state, waiting.fence);
  out_.Append(waiting.bytes);
  for (Waiting::Request& request : waiting.requests) {
    request.exchange.begin += adopted_;
    GiveKeys(request.keys);
    pending_.Push(std::move(request.exchange));
  }
  if (owner_ != nullptr) owner_->OnLinkMoved(*this);
  WakeIfReady();
}

void UpstreamLink::TradeWaiting(UpstreamLink& other) {
  Waiting theirs = other.TakeWaiting();
  if (owner_ == nullptr && role_ != Role::kEnding) {
    other.SetRole(Role::kIdle, nullptr);
  } else {
    other.GiveWaiting(TakeWaiting());
  }
  GiveWaiting(std::move(theirs));
}

}  // namespace keyhole::core
