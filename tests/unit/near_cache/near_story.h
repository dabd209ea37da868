// A near cache whose clients and Redis are played by the test: the harness with a near cache, and
// words for what is said on its own connection.
//
//     Arm();                                  Redis accepts to track
//     Keep("a", "$1\r\n1\r\n");               the app asks for a, which is fetched and kept
//     Ask(app, "a");  Fence();                served once the fence is back
//
// Connection 0 carries the clients' requests, connection 1 is the near cache's own.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/core_harness.h"

namespace keyhole::test {

using std::chrono::milliseconds;

inline std::string Hello(std::string_view version, std::string_view role = "master",
                         std::string_view mode = "standalone") {
  std::string reply = "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n";
  for (const std::string_view text : {version, std::string_view("proto")}) {
    reply += "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
  }
  reply += ":3\r\n$2\r\nid\r\n:7\r\n$4\r\nmode\r\n$" + std::to_string(mode.size()) + "\r\n";
  reply += std::string(mode) + "\r\n$4\r\nrole\r\n$" + std::to_string(role.size()) + "\r\n";
  return reply + std::string(role) + "\r\n$7\r\nmodules\r\n*0\r\n";
}

inline std::string Changed(std::string_view key) {
  return ">2\r\n$10\r\ninvalidate\r\n*1\r\n$" + std::to_string(key.size()) + "\r\n" +
         std::string(key) + "\r\n";
}

inline core::Config NearConfig() {
  core::Config config = Harness::WithUpstream();
  config.near.memory = 1 << 20;
  config.near.min_reads = 1;
  return config;
}

class NearStory : public testing::Test {
 protected:
  explicit NearStory(const core::Config& config = NearConfig()) : keyhole_(config) {}

  RedisEnd& redis() { return keyhole_.redis(0); }
  RedisEnd& near() { return keyhole_.redis(near_number_); }

  // Greets the near cache's connection, which is made at the next tick.
  void Arm(std::string_view version = "7.0.15") {
    keyhole_.Advance(milliseconds(100));
    near_number_ = keyhole_.connections() - 1;
    near().Requests();
    near().Reply(Hello(version) + "+OK\r\n+OK\r\n+OK\r\n");
    Heartbeat();
  }
  // The next tick sends ROLE, which is answered.
  void Heartbeat(std::string_view role = "master") {
    keyhole_.Advance(milliseconds(100));
    if (!near().open()) return;
    for (const std::string& request : near().Requests()) {
      if (request != "role") continue;
      near().Reply("*3\r\n$" + std::to_string(role.size()) + "\r\n" + std::string(role) +
                   "\r\n:0\r\n*0\r\n");
    }
  }
  void Ask(Client& app, const std::string& key) { app.Send("GET " + key + "\r\n"); }
  // The app asks, Redis answers the app and the fetch alike.
  void Keep(const std::string& key, const std::string& reply, int64_t pttl = -1) {
    Client& first = keyhole_.Connect();
    Ask(first, key);
    redis().Requests();
    redis().Reply(reply);
    Fetched(reply, pttl);
    first.Vanish();
  }
  void Fetched(const std::string& reply, int64_t pttl = -1) {
    near().Requests();
    const std::string resp3 = reply == "$-1\r\n" ? "_\r\n" : reply;
    near().Reply("+OK\r\n" + resp3 + ":" + std::to_string(pttl) + "\r\n");
  }
  // A fence has been sent, and comes back.
  void Fence() {
    EXPECT_THAT(near().Requests(), testing::Contains("ping"));
    near().Reply("+PONG\r\n");
  }
  // Served without a word to Redis.
  void ExpectServed(Client& app, const std::string& key, const std::string& reply) {
    Ask(app, key);
    EXPECT_EQ(app.Received(), reply);
    EXPECT_THAT(redis().Requests(), testing::IsEmpty());
  }
  void ExpectForwarded(Client& app, const std::string& key, const std::string& reply) {
    Ask(app, key);
    EXPECT_THAT(redis().Requests(), testing::ElementsAre("GET " + key));
    redis().Reply(reply);
    EXPECT_EQ(app.Received(), reply);
  }
  // The same behind a request that has not been answered yet.
  void ExpectForwardedBehind(Client& app, const std::string& key, const std::string& earlier,
                             const std::string& reply) {
    redis().Requests();
    Ask(app, key);
    EXPECT_THAT(redis().Requests(), testing::ElementsAre("GET " + key));
    redis().Reply(earlier + reply);
    EXPECT_EQ(app.Received(), reply);
  }
  metrics::NearCounters& counted() { return keyhole_.metrics().near; }
  metrics::NearState state() { return static_cast<metrics::NearState>(counted().state.Load()); }
  uint64_t hits() {
    auto& all = counted().hits;
    return all[metrics::NearHit::kValue].Load() + all[metrics::NearHit::kNull].Load() +
           all[metrics::NearHit::kStale].Load();
  }

  Harness keyhole_;
  size_t near_number_ = 1;
};

}  // namespace keyhole::test
