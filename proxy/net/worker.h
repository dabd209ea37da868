// One thread with its loop, and all that lives on it: sessions, links, counters, connections.
// Nothing of it is touched from another thread but through Post().
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/app/worker_state.h"
#include "proxy/links/sentinel/sentinel_watch.h"
#include "proxy/links/transport.h"
#include "proxy/net/client_connection.h"
#include "proxy/net/clients_memory.h"
#include "proxy/net/handshakes.h"
#include "proxy/net/http_clients.h"
#include "proxy/net/log_limit.h"
#include "proxy/net/loop.h"
#include "proxy/net/name_watch.h"
#include "proxy/net/registry.h"
#include "proxy/net/tls_context.h"
#include "proxy/net/upstream_connection.h"
#include "proxy/store/options.h"

namespace keyhole::net {

class Worker final : public core::Connector {
 public:
  using LogFunction = core::Log;

  Worker(const core::Config& config, metrics::WorkerMetrics& metrics, store::Store* store,
         core::NearShared* near, LogFunction log);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Runs the loop until it is stopped. Call it on the worker's thread.
  void Run() { loop_.Run(); }

  // ---- from any thread
  template <typename F>
  void Post(F&& f) {
    loop_.Post(std::forward<F>(f));
  }

  // ---- on the worker's thread
  Loop& loop() { return loop_; }
  core::WorkerState& state() { return state_; }
  const LogFunction& log() const { return state_.log; }
  // Connects to the upstream and starts the clock.
  void Start();
  // A client that has been accepted; takes the descriptor. tls: null if it comes without. origin:
  // null: it has no limits of its own.
  void AddClient(int descriptor, std::string_view address, TlsContext::Pointer tls,
                 core::ClientAddress::Pointer origin);
  // Where this one, the worker of that number, tells what its clients keep. Before it runs.
  void set_clients_memory(ClientsMemory* memory, size_t number) {
    memory_ = memory;
    number_ = number;
  }
  // Takes over what of the options a running worker can.
  void Reload(const core::Config& next);
  // Finishes what is in flight, then stops the loop. For so long each client is waited for until it
  // is quiet, and not in a transaction; then no more of it is read.
  void Drain(std::chrono::milliseconds patience);
  // Stops at once.
  void Stop();

  // A request has begun to wait in the embedded store.
  void AwaitDeadline();

  void Connect(core::UpstreamEnd& end, const core::Endpoint& endpoint) override;
  // What the upstream sees from the next connection on; REQUIRED before the first one by TLS.
  void SetUpstreamTls(TlsContext::Pointer tls) { upstream_tls_ = std::move(tls); }

  // Null: this build has no HTTP.
  HttpClients* http() { return http_.get(); }

  // Closes the client that has been here longest without being one in earnest: see
  // ClientSession::is_in(). False: all are.
  bool CloseOldestStranger();

  // Called on the worker's thread when a client has gone.
  std::function<void()> on_client_gone;
  // Called on the worker's thread when Stop() has been carried out.
  std::function<void()> on_stopped;

 private:
  void Tick();
  void WatchName();
  // The upstream is at these addresses now.
  void FollowName(const NameWatch::Addresses& addresses);
  // The upstream is no longer there.
  void Cut(const core::Endpoint& endpoint);
  void Watch();
  void LookAtStrangers();
  void Sweep();
  void OnGone();
  void StopIfDrained();
  void WeighClients();
  void DrainClients();
  void Linger(int descriptor);
  void LookAtLingering();

  core::WorkerState state_;
  Loop loop_;
  Timer tick_;
  Timer watch_;                                      // of links that Redis may hold
  Timer sweep_;                                      // of the embedded store
  Timer deadline_;                                   // of the requests that wait there
  store::UnixMillis next_deadline_ = store::kNever;  // what it is set to
  // Whose output has ended, and whose end is awaited for a moment.
  struct Lingering {
    int descriptor;
    core::Instant until;
  };
  std::vector<Lingering> lingering_;
  core::Instant drain_by_{};
  bool draining_ = false;
  bool stopped_ = false;
  Registry<ClientConnection> clients_;
  // Those of them that were not in when they were looked at last, in the order in which they came.
  std::deque<boost::intrusive_ptr<ClientConnection>> strangers_;
  core::Instant strangers_seen_{};
  ClientsMemory* memory_ = nullptr;  // null: nobody asks
  size_t number_ = 0;
  LogLimit made_room_;
  std::unique_ptr<core::SentinelWatch> sentinels_;  // null: the upstream is where it is
  std::unique_ptr<NameWatch> name_;                 // of the upstream; null: it has none
  Handshakes handshakes_{state_};
  TlsContext::Pointer upstream_tls_;
  Registry<UpstreamConnection> upstreams_;
  std::unique_ptr<HttpClients> http_;
};

}  // namespace keyhole::net
