// An upstream that is elsewhere from now on. See link_pool.h.
#include <utility>
#include <vector>

#include "proxy/links/upstream/link_pool.h"

namespace keyhole::core {

using Phase = UpstreamLink::Phase;

void LinkPool::MoveTo(const Endpoint& endpoint, const SessionState& initial,
                      std::chrono::milliseconds grace) {
  options_.endpoint = endpoint;
  options_.initial_state = initial;
  if (connector_ == nullptr) return;
  probe_ = Probe();
  for (const auto* links : {&shared_, &private_}) {
    left_.insert(left_.end(), links->begin(), links->end());
  }
  left_until_ = context_.now + grace;
  MoveOn();
  // Those that were not ready have sent nothing yet. With nothing to send either they are done for.
  const std::vector<LinkPtr> shared = shared_;
  for (const LinkPtr& link : shared) {
    if (std::find(left_.begin(), left_.end(), link) == left_.end()) continue;
    Retire(*link);
    if (link->pending() == 0) link->Close();
  }
}

// Subscriptions, blocking requests and transactions that have not come to their end.
void LinkPool::CloseLeft() {
  std::erase_if(left_, [](const LinkPtr& link) { return link->gone(); });
  if (left_.empty() || context_.now < left_until_) return;
  for (const LinkPtr& link : std::exchange(left_, {})) link->Close();
}

}  // namespace keyhole::core
