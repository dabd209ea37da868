#include "proxy/app/behind.h"

#include <utility>

#include "proxy/links/cluster/cluster.h"
#include "proxy/links/cluster/cluster_router.h"
#include "proxy/links/local/store_router.h"
#include "proxy/links/upstream/greeting.h"
#include "proxy/links/upstream/link_pool.h"
#include "proxy/links/upstream/single_router.h"

namespace keyhole::core {

SessionState InitialState(const Config& config) {
  return config.upstream.has_value() ? StateFor(*config.upstream) : SessionState();
}

Behind MakeBehind(const Config& config, SessionContext& context, store::Store* store,
                  StoreDoorbell& doorbell) {
  LinkPool::Options links{.endpoint = {}, .initial_state = InitialState(config)};
  links.Take(config.links);
  if (config.upstream.has_value()) links.endpoint = config.upstream->endpoint;
  if (config.upstream.has_value() && config.upstream->is_cluster()) {
    auto cluster = std::make_unique<Cluster>(context, std::move(links), config.upstream->seeds,
                                             config.cluster);
    auto router = std::make_unique<ClusterRouter>(context, *cluster, config.links.wait);
    return {std::move(cluster), std::move(router)};
  }
  auto pool = std::make_unique<LinkPool>(context, std::move(links));
  std::unique_ptr<Router> router;
  if (store != nullptr) {
    router = std::make_unique<StoreRouter>(context, *store, doorbell);
  } else {
    router = std::make_unique<SingleRouter>(*pool, config.links.sharing);
  }
  return {std::move(pool), std::move(router)};
}

}  // namespace keyhole::core
