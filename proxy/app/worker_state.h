// What one worker owns: its clock, its numbers, its links, its near cache. Sessions and links see
// the part of it that they need: SessionContext, LinkContext.
//
// Thread: the worker's; only `metrics` may be read, and `post` called, by others.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "metrics/snapshot.h"
#include "proxy/app/behind.h"
#include "proxy/config/config.h"
#include "proxy/links/local/store_doorbell.h"
#include "proxy/links/upstream/link_set.h"
#include "proxy/near_cache/near_cache.h"
#include "proxy/near_cache/near_shared.h"
#include "proxy/sessions/client_info.h"
#include "proxy/sessions/session_context.h"
#include "proxy/store/store.h"

namespace keyhole::core {

// Before all that refers to it.
struct OwnConfig {
  Config config;  // what holds now
};

struct WorkerState final : private OwnConfig, SessionContext {
  // store: null if there is an upstream. All of them outlive this.
  // near: what the near caches of all workers share; null: this worker has none.
  WorkerState(const Config& config, metrics::WorkerMetrics& metrics, store::Store* store,
              NearShared* near_shared = nullptr);
  ~WorkerState();

  bool asks_password() const override;
  std::chrono::milliseconds client_idle_timeout() const override;
  // How many clients there may be: as the options say, or what CONFIG SET has made of that.
  int64_t max_clients() const;

  // Takes over what a running worker can; its sessions are told by who has them.
  void Reload(const Config& next);

  using OwnConfig::config;
  store::Store* const store;
  StoreDoorbell store_doorbell{[this](std::function<void()> f) { post(std::move(f)); }};

 private:
  void Derive();

  Behind behind_;

 public:
  LinkSet& links = *behind_.links;
  std::unique_ptr<NearCache> near;  // null: off

  // Runs f on the worker's thread, later. The one thing here that any thread may call; set before
  // they run.
  std::function<void(std::function<void()> f)> post = [](const std::function<void()>&) {};

  // Appends what there is to say of its clients, of so many at most, and gives how many there are.
  // On the worker's thread; set by the edge.
  std::function<size_t(size_t most, std::vector<ClientInfo>* out)> list_clients =
      [](size_t, std::vector<ClientInfo>*) { return size_t{0}; };
};

}  // namespace keyhole::core
