// Stands between the proxy and Redis and, when told to, does harm to the near cache's own
// connection alone: what a bad network, a bad Redis, or a proxy that breaks its own rules would do.
//
//     proxy ==all bytes==> Relay ==> Redis
//           <== replies ==       <==
//           <= pushes, late or never
//
// Thread: one of its own. set() may be called from any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "resp/reply_scanner.h"

namespace keyhole::test {

class Relay {
 public:
  enum class Harm : uint8_t {
    kNone,
    kSlow,        // everything that Redis says there comes late
    kLatePushes,  // its pushes do, and replies overtake them: no fence is worth anything then
    kNoPushes,    // they never come
    kSilence,     // nothing comes any more
  };

  explicit Relay(uint16_t redis_port);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  uint16_t port() const { return port_; }
  void set(Harm harm, std::chrono::milliseconds delay = std::chrono::milliseconds(0)) {
    delay_ = delay;
    harm_ = harm;
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Frame {
    std::string bytes;
    Clock::time_point due;
  };
  struct Connection {
    int proxy = -1;
    int redis = -1;
    bool is_near = false;
    bool open = true;
    std::string said;  // by the proxy, the beginning of it
    std::string part;  // of a frame from Redis that is not complete
    resp::ReplyScanner scanner;
    std::deque<Frame> late;
  };

  void Run();
  void Accept();
  void FromProxy(Connection& connection);
  void FromRedis(Connection& connection);
  void TakeFrame(Connection& connection, std::string frame, bool push);
  void SendDue(Connection& connection);
  static void End(Connection& connection);

  const uint16_t redis_port_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<Harm> harm_{Harm::kNone};
  std::atomic<std::chrono::milliseconds> delay_{std::chrono::milliseconds(0)};
  std::atomic<bool> stop_{false};
  std::vector<std::unique_ptr<Connection>> connections_;
  std::thread thread_;
};

}  // namespace keyhole::test
