// What one worker owns: its clock, its numbers, its links. Sessions and links hold a reference.
//
// Thread: the worker's; only `metrics` may be read, and `post` called, by others.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/snapshot.h"
#include "proxy/config/config.h"
#include "proxy/links/connection_state.h"
#include "proxy/links/link_context.h"
#include "proxy/links/local/store_doorbell.h"
#include "proxy/links/upstream/link_pool.h"
#include "proxy/near_cache/near_shared.h"
#include "proxy/store/store.h"
#include "resp/byte_queue.h"
#include "resp/command_table.h"

namespace keyhole::core {

class NearCache;

struct WorkerState : LinkContext {
  // store: null if there is an upstream. All of them outlive this.
  // near: what the near caches of all workers share; null: this worker has none.
  WorkerState(const Config& config, metrics::WorkerMetrics& metrics, store::Store* store,
              NearShared* near_shared = nullptr);
  ~WorkerState();

  // How long a client may be silent, and how many there may be: as the options say, or what CONFIG
  // SET has made of that. 0: for ever.
  std::chrono::milliseconds client_idle_timeout() const {
    if (store == nullptr) return config.clients.idle_timeout;
    return std::chrono::milliseconds(store->live().idle_timeout.load(std::memory_order_relaxed));
  }
  int64_t max_clients() const {
    if (store == nullptr) return config.clients.max;
    return store->live().max_clients.load(std::memory_order_relaxed);
  }
  // Clients must log in: to us, or to the embedded store.
  bool asks_password() const {
    if (config.users != nullptr) return config.AsksPassword();
    return store != nullptr && store->live().asks_password.load(std::memory_order_relaxed);
  }
  // Links are of one kind in one process: with a store none is to an upstream.
  UpstreamLink* AsUpstream(Link* link) const {
    return store == nullptr ? static_cast<UpstreamLink*>(link) : nullptr;
  }
  // Memory for a read whose bytes are looked at before anything else is read: one piece for all
  // connections, so it stays in the cache, and those that are idle have none.
  std::span<char> read_buffer() { return read_buffer_; }

  resp::BufferPool buffers;  // for what is to be sent to clients
  const Config& config;
  store::Store* const store;
  const SessionState initial_state;  // of a new connection
  LinkPool links;
  StoreDoorbell store_doorbell{[this](std::function<void()> f) { post(std::move(f)); }};
  std::unique_ptr<NearCache> near;  // null: off
  // Clients that have left before all that they had sent was carried out.
  size_t leaving = 0;
  // Some of that could not be carried out; at most one line a second in the log.
  void OnUnfinished(std::string_view address);

  // Runs f on the worker's thread, later. The one thing here that any thread may call; set before
  // they run.
  std::function<void(std::function<void()> f)> post = [](const std::function<void()>&) {};
  // SHUTDOWN of the embedded store.
  std::function<void()> stop_process = [] {};

 private:
  Instant next_unfinished_line_{};
  std::vector<char> read_buffer_;
};

}  // namespace keyhole::core
