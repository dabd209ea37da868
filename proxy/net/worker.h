// One thread with its loop, and all that lives on it: sessions, links, counters. Nothing of it is
// touched from another thread but through Post().
//
// The loop goes in turns. The reactor says which sockets have become readable; the turn reads them
// all, and then writes what came of it, with one call per connection. Links go first, as their
// bytes have the longest way.
//
//     epoll_wait -> ready sockets -> [turn: clock, recv ..., send to links, send to clients] -> ...
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "proxy/app/worker_state.h"
#include "proxy/links/transport.h"
#include "proxy/net/asio.h"
#include "proxy/net/connection.h"
#include "proxy/net/log_limit.h"

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
  void AddClient(int descriptor, std::string_view address);
  // Finishes what is in flight, then stops the loop.
  void Drain();
  // Stops at once.
  void Stop();

  void Connect(core::UpstreamEnd& end, const core::Endpoint& endpoint) override;

  // The clock is read once per turn. What the loop calls outside of it, timers and Beast, says this
  // first.
  void BeginTurn() {
    if (turn_begun_) return;
    turn_begun_ = true;
    state_.ReadClock();
    ScheduleTurn();
  }
  // Each is carried out once, in the turn that runs or in the next.
  void ReadInTurn(Connection& connection);
  void WriteInTurn(Connection& connection, Connection::Writes writes);
  // Its CheckSilence() is called with each tick for as long as that gives true.
  void CheckSilence(Connection& connection) { active_.emplace_back(&connection); }

  // An open connection is kept alive by being registered.
  void Register(ClientConnection& connection);
  void Unregister(ClientConnection& connection);
  void Register(HttpConnection& connection);
  void Unregister(HttpConnection& connection);
  void Register(UpstreamConnection& connection);
  void Unregister(UpstreamConnection& connection);
  size_t http_clients() const { return http_.size(); }

  // Closes the client that has been here longest without being one in earnest: see
  // ClientSession::is_in(). False: all are.
  bool CloseOldestStranger();
  // Closes the HTTP connection that has been doing nothing for longest. False: all are at work.
  bool CloseIdleHttp();

  // Called on the worker's thread when a client has gone.
  std::function<void()> on_client_gone;
  // Called on the worker's thread when Stop() has been carried out.
  std::function<void()> on_stopped;

 private:
  template <typename T>
  using Registry = std::unordered_map<T*, boost::intrusive_ptr<T>>;

  using List = std::vector<boost::intrusive_ptr<Connection>>;

  void ScheduleTurn();
  void Turn();
  void CarryOut(List& list, void (Connection::*what)());
  void Tick();
  void LookAtStrangers();
  void Sweep();
  void StopIfDrained();

  asio::io_context context_;
  asio::executor_work_guard<Executor> work_;
  Timer tick_;
  Timer sweep_;  // of the embedded store
  core::WorkerState state_;
  bool turn_begun_ = false;
  bool turn_scheduled_ = false;
  bool draining_ = false;
  bool stopped_ = false;
  List to_read_;
  List to_write_first_;
  List to_write_;
  List in_work_;  // one of the lists above while it is carried out
  List active_;   // something has come from them in the last ticks
  Registry<ClientConnection> clients_;
  // Those of them that were not in when they were looked at last, in the order in which they came.
  std::deque<boost::intrusive_ptr<ClientConnection>> strangers_;
  core::Instant strangers_seen_{};
  LogLimit made_room_;
  LogLimit made_http_room_;
  Registry<UpstreamConnection> upstreams_;
  Registry<HttpConnection> http_;
};

}  // namespace keyhole::net
