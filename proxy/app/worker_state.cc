#include "proxy/app/worker_state.h"

#include <utility>

#include "proxy/links/local/store_router.h"
#include "proxy/links/upstream/greeting.h"
#include "proxy/links/upstream/single_router.h"

namespace keyhole::core {
namespace {

SessionState InitialState(const Config& config) {
  return config.upstream.has_value() ? StateFor(*config.upstream) : SessionState();
}

// Without an upstream there are no links, and it does not matter where they would lead.
Endpoint UpstreamEndpoint(const Config& config) {
  return config.upstream.has_value() ? config.upstream->endpoint : Endpoint();
}

// Its row alone says how it counts, and it is no write.
bool IsPlain(const resp::CommandSpec& spec) {
  return !spec.has(resp::kWrite) && spec.hit.rule != resp::HitRule::kSetGet &&
         spec.keys.IsOneArgument();
}

}  // namespace

WorkerState::WorkerState(const Config& config_in, metrics::WorkerMetrics& metrics_in,
                         store::Store* store_in, NearShared* near_shared)
    : SessionContext(metrics_in, config_in.clients, config_in.links),
      config(config_in),
      store(store_in),
      links(*this, {.endpoint = UpstreamEndpoint(config_in),
                    .initial_state = InitialState(config_in),
                    .wait = config_in.links.wait,
                    .timeout = config_in.links.timeout,
                    .max_idle = config_in.links.max_idle,
                    .spares = config_in.links.spares}) {
  for (const resp::CommandSpec& spec : resp::AllCommands()) {
    counted[static_cast<size_t>(spec.id)] =
        spec.hit.rule != resp::HitRule::kNone && spec.hit.by_default;
  }
  for (const resp::CommandId id : config.count_commands) counted[static_cast<size_t>(id)] = true;
  for (const resp::CommandSpec& spec : resp::AllCommands()) {
    plain_lookup[static_cast<size_t>(spec.id)] = counts(spec) && IsPlain(spec);
  }
  users = config.users.get();
  allowed = config.allowed.get();
  lends_identity = config.LendsIdentity();
  wants_master = config.upstream.has_value() && config.upstream->sentinels.has_value();
  initial_state = InitialState(config);
  if (store != nullptr) {
    router_ = std::make_unique<StoreRouter>(*this, *store, store_doorbell);
    metrics.counters.upstream_up.Set(1);
  } else {
    router_ = std::make_unique<SingleRouter>(links, config.links.sharing);
  }
  router = router_.get();
  ReadClock();
  if (near_shared == nullptr) return;
  const uint64_t bytes = config.near.memory / static_cast<uint64_t>(config.workers);
  NearSource source{.endpoint = UpstreamEndpoint(config), .state = initial_state};
  near = std::make_unique<NearCache>(*this, *router, std::move(source), config.near, bytes,
                                     *near_shared);
  near_cache = near.get();
  observer = near.get();
}

WorkerState::~WorkerState() = default;

bool WorkerState::asks_password() const {
  if (users != nullptr) return config.AsksPassword();
  return store != nullptr && store->live().asks_password.load(std::memory_order_relaxed);
}

std::chrono::milliseconds WorkerState::client_idle_timeout() const {
  if (store == nullptr) return clients.idle_timeout;
  return std::chrono::milliseconds(store->live().idle_timeout.load(std::memory_order_relaxed));
}

int64_t WorkerState::max_clients() const {
  if (store == nullptr) return clients.max;
  return store->live().max_clients.load(std::memory_order_relaxed);
}

}  // namespace keyhole::core
