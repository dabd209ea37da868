// One thread with its loop, and all that lives on it: sessions, links, counters. Nothing of it is
// touched from another thread but through Post().
//
// Writes are gathered: whoever has something to write calls Wake(), and at the end of the turn,
// when all sockets that were ready have been read, everything is written with one call per
// connection. Links go first, as their bytes have the longest way.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <memory>
#include <unordered_map>
#include <vector>

#include "proxy/core/transport.h"
#include "proxy/core/worker_state.h"
#include "proxy/net/asio.h"

namespace keyhole::net {

class ClientConnection;
class UpstreamConnection;
class HttpConnection;

class Worker final : public core::Connector {
 public:
  using LogFunction = std::function<void(core::LogLevel, std::string_view)>;

  Worker(const core::Config& config, metrics::WorkerMetrics& metrics, store::Store* store,
         core::NearShared* near, LogFunction log);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Runs the loop until it is stopped. Call it on the worker's thread.
  void Run();

  // ---- from any thread
  template <typename F>
  void Post(F&& f) {
    asio::post(context_, std::forward<F>(f));
  }

  // ---- on the worker's thread
  asio::io_context& context() { return context_; }
  core::WorkerState& state() { return state_; }
  // Connects to the upstream and starts the clock.
  void Start();
  // A client that has been accepted; takes the descriptor.
  void AddClient(int descriptor, const Protocol& protocol, std::string_view address);
  // Finishes what is in flight, then stops the loop.
  void Drain();
  // Stops at once.
  void Stop();

  void Connect(core::UpstreamEnd& end) override;

  // Memory for a read whose bytes are looked at before anything else is read.
  std::span<char> read_buffer() { return read_buffer_; }
  // The clock is read once per turn; call this when a turn may have begun.
  void BeginTurn() {
    if (turn_begun_) return;
    turn_begun_ = true;
    state_.ReadClock();
    ScheduleFlush();
  }
  void MarkDirty(ClientConnection& connection);
  void MarkDirty(UpstreamConnection& connection);

  // An open connection is kept alive by being registered.
  void Register(ClientConnection& connection);
  void Unregister(ClientConnection& connection);
  void Register(HttpConnection& connection);
  void Unregister(HttpConnection& connection);
  void Register(UpstreamConnection& connection);
  void Unregister(UpstreamConnection& connection);
  size_t http_clients() const { return http_.size(); }

  // Called on the worker's thread when a client has gone.
  std::function<void()> on_client_gone;
  // Called on the worker's thread when Stop() has been carried out.
  std::function<void()> on_stopped;

 private:
  template <typename T>
  using Registry = std::unordered_map<T*, boost::intrusive_ptr<T>>;

  void ScheduleFlush();
  void Flush();
  void Tick();
  void Sweep();
  void StopIfDrained();

  asio::io_context context_;
  asio::executor_work_guard<Executor> work_;
  Timer tick_;
  Timer sweep_;  // of the embedded store
  core::WorkerState state_;
  std::vector<char> read_buffer_;
  bool turn_begun_ = false;
  bool flush_scheduled_ = false;
  bool draining_ = false;
  bool stopped_ = false;
  std::vector<boost::intrusive_ptr<ClientConnection>> dirty_clients_;
  std::vector<boost::intrusive_ptr<UpstreamConnection>> dirty_upstreams_;
  Registry<ClientConnection> clients_;
  Registry<UpstreamConnection> upstreams_;
  Registry<HttpConnection> http_;
};

}  // namespace keyhole::net
