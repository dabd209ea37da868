#include "proxy/app/worker_state.h"

#include <utility>

namespace keyhole::core {
namespace {

// Without an upstream there are no links, and it does not matter where they would lead.
Endpoint UpstreamEndpoint(const Config& config) {
  return config.upstream.has_value() ? config.upstream->endpoint : Endpoint();
}

// Of one worker.
uint64_t NearBytes(const Config& config) {
  return config.near.memory / static_cast<uint64_t>(config.workers);
}

// Its row alone says how it counts, and it is no write.
bool IsPlain(const resp::CommandSpec& spec) {
  return !spec.has(resp::kWrite) && spec.hit.rule != resp::HitRule::kSetGet &&
         spec.keys.IsOneArgument();
}

}  // namespace

WorkerState::WorkerState(const Config& config_in, metrics::WorkerMetrics& metrics_in,
                         store::Store* store_in, NearShared* near_shared)
    : OwnConfig{config_in},
      SessionContext(metrics_in, config.clients, config.links),
      store(store_in),
      behind_(MakeBehind(config, *this, store_in, store_doorbell)) {
  Derive();
  wants_master = config.upstream.has_value() && config.upstream->sentinels.has_value();
  if (store != nullptr) metrics.counters.upstream_up.Set(1);
  router = behind_.router.get();
  ReadClock();
  if (near_shared == nullptr) return;
  NearSource source{.endpoint = UpstreamEndpoint(config), .state = initial_state};
  near = std::make_unique<NearCache>(*this, *router, std::move(source), config.near,
                                     NearBytes(config), *near_shared);
  near_cache = near.get();
  observer = near.get();
}

// What is made of the options for the path of a request.
void WorkerState::Derive() {
  for (const resp::CommandSpec& spec : resp::AllCommands()) {
    counted[static_cast<size_t>(spec.id)] =
        spec.hit.rule != resp::HitRule::kNone && spec.hit.by_default;
  }
  for (const resp::CommandId id : config.count_commands) counted[static_cast<size_t>(id)] = true;
  for (const resp::CommandSpec& spec : resp::AllCommands()) {
    plain_lookup[static_cast<size_t>(spec.id)] = counts(spec) && IsPlain(spec);
  }
  users = config.users;
  allowed = config.allowed.get();
  lends_identity = config.LendsIdentity();
  initial_state = InitialState(config);
  SetLog(config.log_level, config.log);
}

void WorkerState::Reload(const Config& next) {
  const bool moves = config.upstream != next.upstream;
  config = next;
  Derive();
  links.Obey(config.links);
  if (near != nullptr) near->OnOptions(NearBytes(config));
  if (!moves) return;
  links.MoveTo(UpstreamEndpoint(config), initial_state, config.shutdown_grace);
  if (near != nullptr) near->MoveTo({.endpoint = UpstreamEndpoint(config), .state = initial_state});
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
