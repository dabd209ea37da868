// A worker's core with clients and a Redis at its ends, without sockets: what a turn of the loop
// costs beyond the kernel. Unlike tests/support/core_harness.h it looks at nothing, so that almost
// all that is measured is the core's own work.
//
//     Wire wire(50, 1);                     50 clients that send one GET each
//     wire.Turn();                          requests in, one write; replies in, 50 writes
//
// Thread: one.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <memory>
#include <string>
#include <vector>

#include "metrics/snapshot.h"
#include "proxy/app/worker_state.h"
#include "proxy/config/config.h"
#include "proxy/links/transport.h"
#include "proxy/links/upstream/upstream_link.h"
#include "proxy/sessions/client_session.h"
#include "proxy/store/store.h"

namespace keyhole::bench {

enum class Behind { kRedis, kStore };

class Wire final : public core::Connector, public core::Transport {
 public:
  // Each client asks for `depth` keys at once, all of them tracked and there.
  Wire(int clients, int depth, Behind behind = Behind::kRedis);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void Turn();
  int requests_per_turn() const { return clients_count_ * depth_; }
  // Bytes that the clients have been sent so far.
  uint64_t delivered() const { return delivered_; }

  void Connect(core::UpstreamEnd& end, const core::Endpoint& endpoint) override;
  void Wake() override {}

 private:
  void Send(core::ClientSession& session, std::string_view bytes);
  void MoveReplies();
  void Greet();

  const int clients_count_;
  const int depth_;
  const core::Config config_;
  metrics::KeyDirectory directory_{1000};
  metrics::WorkerMetrics metrics_{directory_};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<core::WorkerState> worker_;
  boost::intrusive_ptr<core::UpstreamEnd> link_;
  std::vector<boost::intrusive_ptr<core::ClientSession>> clients_;
  std::vector<std::string> requests_;  // of each client, in a turn
  std::string replies_;                // to all of them
  uint64_t delivered_ = 0;
};

}  // namespace keyhole::bench
