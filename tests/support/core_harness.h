// A worker's sessions and links, wired to clients and a Redis that the test plays itself: bytes are
// moved by memcpy, time passes when the test says so.
//
//     Harness keyhole;
//     Client& app = keyhole.Connect();
//     app.Send("GET a\r\n");
//     EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a"));
//     keyhole.redis(0).Reply("$1\r\n1\r\n");
//     EXPECT_EQ(app.Received(), "$1\r\n1\r\n");
//
// Connections are numbered in the order in which they are made; number 0 is the first of the main
// link. Unless told otherwise each is accepted at once and its greeting answered as Redis does.
//
// Every call that does something moves all bytes to where they go, as the edge does in a turn of
// its loop. Thread: one.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/snapshot.h"
#include "proxy/app/worker_state.h"
#include "proxy/base/endpoint.h"
#include "proxy/config/config.h"
#include "proxy/links/transport.h"
#include "proxy/links/upstream/link_pool.h"
#include "proxy/links/upstream/upstream_link.h"
#include "proxy/sessions/client_session.h"
#include "proxy/store/store.h"
#include "resp/request_parser.h"

namespace keyhole::test {

class Harness;

// Requests out of bytes, each as a person would type it: "GET a".
class RequestLog {
 public:
  void Add(std::string_view bytes);
  std::vector<std::string> Take();
  std::string TakeBytes();  // of requests not yet complete, or of what is no RESP

 private:
  resp::RequestParser parser_{{.big_argument = SIZE_MAX, .big_request = SIZE_MAX}};
  std::string bytes_;
  std::vector<std::string> requests_;
};

// Redis' end of one connection that the proxy made.
class RedisEnd final : public core::Transport {
 public:
  RedisEnd(Harness& harness, core::UpstreamEnd& end, core::Endpoint endpoint)
      : harness_(harness),
        link_(&end),
        as_link_(dynamic_cast<core::UpstreamLink*>(&end)),
        endpoint_(std::move(endpoint)) {}

  // Where the proxy believes it to be.
  const core::Endpoint& endpoint() const { return endpoint_; }

  void Accept();
  // The connection is lost, or is refused.
  void Lose();
  bool open() const { return link_ != nullptr; }

  // Requests that have come since the last call; without those of the greeting.
  std::vector<std::string> Requests() { return requests_.Take(); }
  std::string Bytes() { return requests_.TakeBytes(); }
  // The very bytes of all that has come.
  const std::string& wire() const { return wire_; }
  // The proxy has closed its sending side.
  bool input_ended() const { return input_ended_; }
  std::vector<std::string> Greeting();

  // Sends bytes: one reply, several, or a part of one.
  void Reply(std::string_view bytes);
  // From now on only so many bytes of what the proxy writes fit into the socket.
  void TakeOnly(size_t bytes) { room_ = bytes; }
  void TakeAll();

  void Wake() override {}
  bool Turn();  // true if something has moved

 private:
  bool MoveOut();
  bool MoveIn();
  void AnswerGreeting();

  Harness& harness_;
  bool greeting() const {
    return as_link_ != nullptr && as_link_->phase() == core::UpstreamLink::Phase::kGreeting;
  }

  boost::intrusive_ptr<core::UpstreamEnd> link_;
  core::UpstreamLink* const as_link_;  // null: the connection of the near cache
  const core::Endpoint endpoint_;
  bool accepted_ = false;
  size_t room_ = SIZE_MAX;
  RequestLog requests_;
  RequestLog greeting_;
  std::vector<std::string> answered_;  // of the greeting
  std::string wire_;
  bool input_ended_ = false;
  std::string incoming_;  // sent by Redis, not yet read by the proxy
};

// A client's end of its connection to the proxy.
class Client final : public core::Transport {
 public:
  Client(Harness& harness, std::string_view address);

  void Send(std::string_view bytes);
  // All that has come since the last call.
  std::string Received();
  // Sends no more; still reads.
  void HalfClose();
  // Is gone, without a word. What it has sent is still there to be read.
  void Vanish();
  // The proxy lets go of it.
  void Leave(metrics::CloseReason reason);
  // The proxy has closed the connection.
  bool closed() const { return session_ == nullptr; }

  void StopReading() { reading_ = false; }
  void ReadOn();
  // Bytes sent that the proxy has not taken.
  size_t unsent() const { return unsent_.size(); }
  core::ClientSession& session() { return *session_; }

  void Wake() override {}
  bool Turn();

 private:
  bool MoveIn();
  bool MoveOut();

  Harness& harness_;
  boost::intrusive_ptr<core::ClientSession> session_;
  std::string unsent_;
  std::string received_;
  bool reading_ = true;
  bool half_closed_ = false;
};

class Harness final : public core::Connector {
 public:
  // A config with an upstream, for the tests to change. Without spares: connections are made when
  // they are needed.
  static core::Config WithUpstream();

  // Without an upstream in the config: with an embedded store.
  explicit Harness(const core::Config& config = WithUpstream());
  ~Harness();
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  Client& Connect();
  RedisEnd& redis(size_t number);
  RedisEnd& last() { return *connections_.back(); }
  size_t connections() const { return connections_.size(); }

  // The worker's clock goes on, with what happens ten times a second.
  void Advance(std::chrono::milliseconds time);
  void Settle();
  // Connections to come wait for Accept() or Lose(), or have their greeting answered by the test.
  void HoldConnections() { accepts_ = false; }
  void HoldGreetings() { greets_ = false; }

  // Hits and misses of all keys that have any: "a 2/0, b 0/1".
  std::string Counted() const;
  metrics::WorkerMetrics& metrics() { return metrics_; }
  metrics::WorkerCounters& counters() { return metrics_.counters; }
  // How many links of that kind there are.
  int64_t links(metrics::LinkKind kind) { return counters().links[kind].Load(); }
  core::WorkerState& worker() { return *worker_; }
  // REQUIRES: there is one Redis behind it.
  core::LinkPool& pool() { return dynamic_cast<core::LinkPool&>(worker_->links); }
  const std::vector<std::string>& log() const { return log_; }

  bool accepts() const { return accepts_; }
  bool greets() const { return greets_; }
  void Connect(core::UpstreamEnd& end, const core::Endpoint& endpoint) override;

 private:
  const core::Config config_;
  mutable metrics::KeyDirectory directory_{8};  // reading it for a scrape is noted in it
  metrics::WorkerMetrics metrics_{directory_};
  std::unique_ptr<store::Store> store_;
  core::NearShared near_shared_;
  std::unique_ptr<core::WorkerState> worker_;
  std::vector<std::unique_ptr<RedisEnd>> connections_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::string> log_;
  std::vector<std::function<void()>> posted_;  // from the store to the worker
  bool accepts_ = true;
  bool greets_ = true;
};

}  // namespace keyhole::test
