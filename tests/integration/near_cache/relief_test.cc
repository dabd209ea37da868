// What the near cache is for: Redis is asked less. 100 000 reads, 99 of 100 of ten hot keys, the
// rest of thirty others; and what people see of it.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/keyhole_process.h"
#include "tests/support/raw_client.h"
#include "tests/support/redis_server.h"

namespace keyhole::test {
namespace {

constexpr int kThreads = 4;
constexpr int kReads = 100'000;
constexpr unsigned kHot = 10;
constexpr unsigned kOthers = 30;

std::string Value(unsigned key) {
  return "value of " + std::to_string(key);
}

std::string Bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

// GETs that Redis has been asked for.
int GetsAt(RedisServer& redis) {
  const std::string stats = RawClient::Connect(redis.port()).Ask({"INFO", "commandstats"});
  const size_t at = stats.find("cmdstat_get:calls=");
  return at == std::string::npos ? 0 : std::atoi(stats.c_str() + stats.find('=', at) + 1);
}

class NearRelief : public testing::Test {
 protected:
  void Start(std::vector<std::string> options = {}) {
    options.insert(options.end(),
                   {"--upstream", "redis://127.0.0.1:" + std::to_string(redis_.port()),
                    "--near-cache", "4mb"});
    proxy_ = std::make_unique<KeyholeProcess>(options);
    proxy_->AwaitMetric("keyhole_near_cache_workers{state=\"ready\"}", 1);
  }
  RawClient Client() const { return RawClient::Connect(proxy_->port()); }

  RedisServer redis_;
  std::unique_ptr<KeyholeProcess> proxy_;
};

TEST_F(NearRelief, OfTwoHundredReadsRedisSeesOne) {
  Start();
  RawClient direct = RawClient::Connect(redis_.port());
  for (unsigned key = 0; key < kHot + kOthers; ++key) {
    direct.Ask({"SET", "key:" + std::to_string(key), Value(key)});
  }
  std::atomic<int> mismatches{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::minstd_rand random(t + 1);
      RawClient client = Client();
      for (int i = 0; i < kReads / kThreads; ++i) {
        const auto hot = random() % 100 != 0;
        const auto key = static_cast<unsigned>(hot ? random() % kHot : kHot + random() % kOthers);
        if (client.Ask({"GET", "key:" + std::to_string(key)}) != Bulk(Value(key))) ++mismatches;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(mismatches, 0);
  EXPECT_LE(GetsAt(redis_), kReads / 200);
  // All of them are counted, each once.
  EXPECT_EQ(proxy_->Metric("keyhole_lookups_total{result=\"hit\"}"), kReads);
  EXPECT_EQ(proxy_->Metric("keyhole_requests_total{command=\"get\"}"), kReads);
  EXPECT_GE(proxy_->Metric("keyhole_near_cache_saved_ratio"), 0.995);
}

TEST_F(NearRelief, WhatIsPurgedIsAskedForAgain) {
  Start({"--near-cache-min-reads", "1", "--workers", "2"});
  proxy_->AwaitMetric("keyhole_near_cache_workers{state=\"ready\"}", 2);
  RawClient client = Client();
  RawClient other = Client();
  for (RawClient* app : {&client, &other}) {
    app->Ask({"GET", "user:1"});
    app->Ask({"GET", "item:1"});
  }
  proxy_->AwaitMetric("keyhole_near_cache_entries", 4);
  const auto purge = [&](const std::string& query) {
    RawClient http = RawClient::Connect(proxy_->http_port());
    http.Send("DELETE /api/near-cache" + query +
              " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    return http.ReadUntilClosed();
  };
  EXPECT_NE(purge("?prefix=user%3A").find("{\"purged\":2}"), std::string::npos);
  EXPECT_NE(purge("?key=item:1").find("{\"purged\":2}"), std::string::npos);
  EXPECT_NE(purge("?prefix=").find("{\"purged\":0}"), std::string::npos);
  EXPECT_NE(purge("").find("400 Bad Request"), std::string::npos);
  EXPECT_NE(purge("?key=%2").find("400 Bad Request"), std::string::npos);
}

TEST_F(NearRelief, ItemsByHttpAreServedToo) {
  Start({"--near-cache-min-reads", "1"});
  RawClient direct = RawClient::Connect(redis_.port());
  direct.Ask({"SET", "foo", "bar"});
  for (int i = 0; i < 20; ++i) {
    EXPECT_NE(proxy_->HttpGet("/items/foo").find("\"bar\""), std::string::npos);
  }
  EXPECT_LT(GetsAt(redis_), 10);
}

// Where tracking is refused the proxy goes on without, and says why.
TEST_F(NearRelief, AUserWhoMayNotTrackHasNoNearCache) {
  redis_.Stop();
  RedisServer redis({"user default on nopass ~* &* +@all -client|tracking"});
  KeyholeProcess proxy(
      {"--upstream", "redis://127.0.0.1:" + std::to_string(redis.port()), "--near-cache", "4mb"});
  proxy.AwaitMetric("keyhole_near_cache_workers{state=\"refused\"}", 1);
  RawClient client = RawClient::Connect(proxy.port());
  EXPECT_EQ(client.Ask({"SET", "a", "1"}), "+OK\r\n");
  EXPECT_EQ(client.Ask({"GET", "a"}), "$1\r\n1\r\n");
}

TEST_F(NearRelief, OnAReplicaItServesNothing) {
  Start({"--near-cache-min-reads", "1", "--near-cache-heartbeat", "100ms"});
  RawClient direct = RawClient::Connect(redis_.port());
  direct.Ask({"REPLICAOF", "127.0.0.1", "1"});
  proxy_->AwaitMetric("keyhole_near_cache_workers{state=\"replica\"}", 1);
}

}  // namespace
}  // namespace keyhole::test
