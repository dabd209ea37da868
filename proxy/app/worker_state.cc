#include "proxy/app/worker_state.h"

#include "proxy/near_cache/near_cache.h"

namespace keyhole::core {
namespace {

constexpr size_t kReadBytes = 64 * 1024;

SessionState InitialState(const Config& config) {
  SessionState state;
  if (config.upstream.has_value()) {
    state.user = config.upstream->user == "default" ? "" : config.upstream->user;
    state.password = config.upstream->password;
    state.db = config.upstream->db;
  }
  return state;
}

}  // namespace

WorkerState::WorkerState(const Config& config_in, metrics::WorkerMetrics& metrics_in,
                         store::Store* store_in, NearShared* near_shared)
    : LinkContext(metrics_in),
      config(config_in),
      store(store_in),
      initial_state(InitialState(config_in)),
      links(*this, {.initial_state = initial_state, .wait = config_in.links.wait}),
      read_buffer_(kReadBytes) {
  for (const resp::CommandSpec& spec : resp::AllCommands()) {
    counted[static_cast<size_t>(spec.id)] =
        spec.hit.rule != resp::HitRule::kNone && spec.hit.by_default;
  }
  for (const resp::CommandId id : config.count_commands) counted[static_cast<size_t>(id)] = true;
  if (store != nullptr) metrics.counters.upstream_up.Set(1);
  ReadClock();
  if (near_shared != nullptr) {
    near = std::make_unique<NearCache>(*this, *near_shared);
    observer = near.get();
  }
}

WorkerState::~WorkerState() = default;

void WorkerState::OnUnfinished(std::string_view address) {
  metrics.counters.clients_unfinished.Add();
  if (now < next_unfinished_line_) return;
  next_unfinished_line_ = now + std::chrono::seconds(1);
  log(LogLevel::kWarn,
      "client " + std::string(address) +
          " left, and the upstream was not there in time (--upstream-wait) for all it had sent; "
          "keyhole_clients_unfinished_total counts such clients");
}

}  // namespace keyhole::core
