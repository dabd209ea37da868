#include "proxy/links/cluster/cluster_router.h"

#include "proxy/links/cluster/cluster_link.h"

namespace keyhole::core {
namespace {

ClusterLink& LinkOf(const Attachment& at) {
  return static_cast<ClusterLink&>(*at.link);  // this router made it
}

}  // namespace

Router::Route ClusterRouter::Choose(const Exchange& exchange, const resp::Request& request,
                                    const Asking& asking, Attachment* at) {
  if (at->link == nullptr) {
    *at = {new ClusterLink(context_, cluster_, wait_, asking.requester, asking.state, sessions_++),
           Attachment::Kind::kOwn};
  }
  switch (LinkOf(*at).Consider(exchange, request)) {
    case ClusterLink::Taking::kNow:
      return Route::kGo;
    case ClusterLink::Taking::kLater:
      return Route::kDeferred;
    case ClusterLink::Taking::kRefused:
      break;
  }
  refusal_ = LinkOf(*at).refusal();
  return Route::kRefused;
}

// A request is kept until it is answered, so there is nothing to gain from pieces.
resp::RequestLimits ClusterRouter::limits() const {
  resp::RequestLimits limits;
  limits.big_argument = limits.big_request = SIZE_MAX;
  return limits;
}

}  // namespace keyhole::core
