#include "proxy/links/local/store_router.h"

#include "proxy/links/local/store_link.h"

namespace keyhole::core {

Router::Route StoreRouter::Choose(const Exchange&, const resp::Request&, const Asking& asking,
                                  Attachment* at) {
  if (at->link == nullptr) {
    *at = {new StoreLink(context_, store_, doorbell_, asking.requester, asking.address),
           Attachment::Kind::kShared};
  }
  return Route::kGo;
}

// The store keeps values in memory: there is nothing to gain from pieces.
resp::RequestLimits StoreRouter::limits() const {
  resp::RequestLimits limits;
  limits.big_argument = limits.big_request = SIZE_MAX;
  return limits;
}

}  // namespace keyhole::core
