// A story of two or more clients that could notice that something stands between them and Redis. It
// is told twice, to Redis and through the proxy, and must have the same replies. A server's state
// is awaited by asking Redis itself, not by time.
//
//     TEST_P(MyTest, AStory) {
//       Compare([](World& world) {
//         RawClient ann = world.Client();
//         world.Tell(ann.Ask({"SET", "a", "1"}));
//       });
//     }
//
// Thread: one.
#pragma once

#include <gtest/gtest.h>
#include <sys/ioctl.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {

// The bytes are where the other side reads them.
inline void AwaitArrival(const RawClient& client) {
  int unacknowledged = 1;
  for (int i = 0; i < 1'000'000 && unacknowledged > 0; ++i) {
    if (::ioctl(client.fd(), TIOCOUTQ, &unacknowledged) != 0) return;
  }
}

// What the proxy opens at its start is there: a link that all share, and some for those who come.
inline void AwaitSpares(const RedisServer& redis) {
  constexpr int kLinks = 5;
  RawClient client = RawClient::Connect(redis.port());
  AwaitReply(client, {"INFO", "clients"}, [](const std::string& reply) {
    const size_t at = reply.find("connected_clients:");
    return at != std::string::npos && std::stoi(reply.substr(at + 18)) >= kLinks + 1;
  });
}

class World {
 public:
  World(uint16_t port, uint16_t redis) : port_(port), redis_(RawClient::Connect(redis)) {}

  // Has been accepted: what a client sends before that is read later than what others send.
  RawClient Client() const {
    RawClient client = RawClient::Connect(port_);
    client.Ask({"PING"});
    return client;
  }
  RawClient& redis() { return redis_; }
  void AwaitBlocked(int count) {
    const std::string line = "blocked_clients:" + std::to_string(count) + "\r\n";
    AwaitReply(redis_, {"INFO", "clients"},
               [&](const std::string& reply) { return reply.find(line) != std::string::npos; });
  }
  // What Redis holds holds others no more: the proxy needs some milliseconds to see that.
  void AwaitOthersGoOn() {
    for (int i = 0; i < 200; ++i) {
      RawClient other = RawClient::Connect(port_);
      other.set_deadline(std::chrono::milliseconds(100));
      try {
        other.Ask({"GET", "nothing"});
        return;
      } catch (const std::runtime_error&) {
        continue;  // it came too early
      }
    }
    FAIL() << "others are held";
  }
  void Tell(const std::string& reply) { told_ += reply; }
  const std::string& told() const { return told_; }

 private:
  const uint16_t port_;
  RawClient redis_;
  std::string told_;
};

using Tale = std::function<void(World&)>;

class ToldTwice : public ProxyTest {
 protected:
  void SetUp() override {
    Start({"busy-reply-threshold 50"});
    AwaitSpares(*redis_);
  }

  void Compare(const Tale& tale) {
    EXPECT_EQ(Tell(proxy_->port(), tale), Tell(redis_->port(), tale));
  }

 private:
  std::string Tell(uint16_t port, const Tale& tale) {
    World world(port, redis_->port());
    world.redis().Ask({"FLUSHALL"});
    tale(world);
    return world.told();
  }
};

}  // namespace keyhole::test
