// A worker's loop and state with an embedded store, for connections whose streams the test plays.
//
// Thread: one.
#pragma once

#include <chrono>
#include <string>

#include "metrics/snapshot.h"
#include "proxy/app/worker_state.h"
#include "proxy/config/config.h"
#include "proxy/net/client_connection.h"
#include "proxy/net/http_connection.h"
#include "proxy/net/loop.h"
#include "proxy/net/registry.h"
#include "proxy/net/upstream_connection.h"
#include "proxy/store/store.h"
#include "tests/unit/net/fake_stream.h"

namespace keyhole::test {

class NetStory {
 public:
  explicit NetStory(const core::Config& config = core::Config()) : config_(config) {
    state_.now = core::Instant(std::chrono::hours(1));
  }
  // Whoever is left has to go first.
  ~NetStory() {
    clients.ForEachOfNow(
        [](net::ClientConnection& client) { client.Close(metrics::CloseReason::kServerStop); });
    http.ForEachOfNow([](net::HttpConnection& connection) { connection.Close(); });
    upstreams.ForEachOfNow([](net::UpstreamConnection& link) { link.Close(); });
    loop_.RunReady();
  }

  net::Loop& loop() { return loop_; }
  core::WorkerState& state() { return state_; }
  metrics::WorkerMetrics& metrics() { return metrics_; }
  int turns() const { return turns_; }

  net::ClientConnection& Connect(Wire& wire) {
    auto* const client = new net::ClientConnection(loop_, state_, clients, "10.0.0.1:50000");
    client->Start(wire.MakeStream());
    return *client;
  }
  // Carries out what is to be done.
  void Settle() { loop_.RunReady(); }

 private:
  const core::Config config_;
  mutable metrics::KeyDirectory directory_{8};
  metrics::WorkerMetrics metrics_{directory_};
  store::Store store_{store::StoreOptions{}};
  core::WorkerState state_{config_, metrics_, &store_};
  int turns_ = 0;
  net::Loop loop_{[this] { ++turns_; }};

 public:
  net::Registry<net::ClientConnection> clients;
  net::Registry<net::HttpConnection> http;
  net::Registry<net::UpstreamConnection> upstreams;
};

}  // namespace keyhole::test
