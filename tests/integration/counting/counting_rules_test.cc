// Which commands count, and what stands in the way of counting them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/counting/exposition.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/raw_client.h"
#include "tests/support/redis_server.h"

namespace keyhole::test {
namespace {

constexpr const char* kHits = "redis_app_cache_hit_total";
constexpr const char* kMisses = "redis_app_cache_miss_total";

class CountingRules : public testing::Test {
 protected:
  std::vector<std::string> Options(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--upstream", "redis://127.0.0.1:" + std::to_string(redis_.port())});
    return more;
  }
  static Exposition Scrape(const KeyholeProcess& proxy) {
    return Exposition(proxy.HttpGet("/metrics"));
  }

  RedisServer redis_;
};

TEST_F(CountingRules, OtherLookupsCountWhenAskedFor) {
  KeyholeProcess proxy(Options({"--count-commands", "exists,strlen,smembers,ttl"}));
  RawClient client = RawClient::Connect(proxy.port());
  client.Ask({"SET", "s", "v"});
  client.Ask({"SADD", "set", "a"});
  for (const char* const key : {"s", "none"}) {
    client.Ask({"EXISTS", key});
    client.Ask({"STRLEN", key});
    client.Ask({"TTL", key});
    client.Ask({"LLEN", key});  // not asked for
  }
  client.Ask({"SMEMBERS", "set"});
  client.Ask({"SMEMBERS", "none"});
  client.Ask({"EXISTS", "s", "none"});  // of two keys nobody knows which
  client.Ask({"GET", "s"});
  const Exposition metrics = Scrape(proxy);
  EXPECT_EQ(metrics.By("key", kHits),
            (std::map<std::string, double>{{"s", 4}, {"set", 1}, {"none", 0}, {"__other__", 0}}));
  EXPECT_EQ(metrics.By("key", kMisses),
            (std::map<std::string, double>{{"s", 0}, {"set", 0}, {"none", 4}, {"__other__", 0}}));
}

TEST_F(CountingRules, WithoutAskingTheyDoNot) {
  KeyholeProcess proxy(Options());
  RawClient client = RawClient::Connect(proxy.port());
  for (const char* const command :
       {"EXISTS", "STRLEN", "TTL", "LLEN", "SMEMBERS", "TYPE", "HKEYS", "LPOP", "INCR", "DEL"}) {
    client.Ask({command, "none"});
  }
  const Exposition metrics = Scrape(proxy);
  EXPECT_EQ(metrics.Sum(kHits) + metrics.Sum(kMisses), 0);
  EXPECT_EQ(metrics.Value("keyhole_tracked_keys"), 0);
}

TEST_F(CountingRules, EmptyValuesAreHitsAndFieldsThatAreNotThereAreMisses) {
  KeyholeProcess proxy(Options());
  for (const char* const protocol : {"2", "3"}) {
    RawClient client = RawClient::Connect(proxy.port());
    client.Ask({"HELLO", protocol});
    client.Ask({"SET", "empty", ""});
    client.Ask({"GET", "empty"});
    client.Ask({"HSET", "h", "f", ""});
    client.Ask({"HGET", "h", "f"});
    client.Ask({"HGET", "h", "no"});
    client.Ask({"HMGET", "h", "no", "f"});
    client.Ask({"HMGET", "h", "no", "none"});
    client.Ask({"HGETALL", "h"});
    client.Ask({"HGETALL", "none"});
    client.Ask({"MGET", "empty", "h", "none"});  // another type is null to MGET
    client.Ask({"GET", "h"});                    // and an error to GET
  }
  const Exposition metrics = Scrape(proxy);
  EXPECT_EQ(metrics.By("key", kHits),
            (std::map<std::string, double>{{"empty", 4}, {"h", 6}, {"none", 0}, {"__other__", 0}}));
  EXPECT_EQ(metrics.By("key", kMisses),
            (std::map<std::string, double>{{"empty", 0}, {"h", 6}, {"none", 4}, {"__other__", 0}}));
}

// A request that does not fit a buffer passes in pieces; what can be told of it is counted.
TEST_F(CountingRules, HugeRequestsAreCountedToo) {
  KeyholeProcess proxy(Options());
  RawClient client = RawClient::Connect(proxy.port());
  const std::string megabytes(3'000'000, 'v');
  EXPECT_EQ(client.Ask({"SET", "k", megabytes, "GET"}), "$-1\r\n");
  EXPECT_EQ(client.Ask({"SET", "k", megabytes}), "+OK\r\n");
  EXPECT_EQ(client.Ask({"SET", "k", megabytes, "EX", "100", "GET"}).size(), 3'000'012U);
  EXPECT_EQ(client.Ask({"GETSET", "k", megabytes}).size(), 3'000'012U);
  std::vector<std::string> keys;
  for (int i = 0; i < 600; ++i) keys.push_back(std::string(5'000, 'x') + std::to_string(i));
  std::vector<std::string_view> args = {"MGET", "k"};
  args.insert(args.end(), keys.begin(), keys.end());
  client.SendCommand(args);
  EXPECT_TRUE(client.ReadReply().starts_with("*601\r\n$3000000\r\n"));
  client.Ask({"GET", megabytes});
  client.Ask({"GET", "k"});
  const Exposition metrics = Scrape(proxy);
  EXPECT_EQ(metrics.Value(kHits, {{"key", "k"}}), 4);
  EXPECT_EQ(metrics.Value(kMisses, {{"key", "k"}}), 1);
  EXPECT_EQ(metrics.Sum(kHits), 4);
  EXPECT_EQ(metrics.Sum(kMisses), 1 + 600 + 1);
}

// Counts survive what they were counted on.
TEST_F(CountingRules, LostRepliesAreNotCountedAndNothingGoesBack) {
  KeyholeProcess proxy(Options());
  RawClient client = RawClient::Connect(proxy.port());
  for (int i = 0; i < 3; ++i) client.Ask({"GET", "k"});
  const Exposition before = Scrape(proxy);
  redis_.Pause();
  client.Send("GET k\r\nGET k\r\nMGET k k k\r\n");
  proxy.AwaitMetric("keyhole_requests_total{command=\"mget\"}", 1);
  redis_.Kill();
  EXPECT_EQ(client.ReadUntilClosed(), "");
  redis_.Start();
  proxy.AwaitMetric("keyhole_upstream_up", 1);
  RawClient again = RawClient::Connect(proxy.port());
  EXPECT_EQ(again.Ask({"GET", "k"}), "$-1\r\n");
  const Exposition after = Scrape(proxy);
  EXPECT_EQ(after.Decreased(before), "");
  EXPECT_EQ(after.Value(kMisses, {{"key", "k"}}), 4);
}

// The same key by HTTP and by RESP, on any worker and from any database, is one series.
TEST_F(CountingRules, OneKeyIsOneSeriesWhoeverAsks) {
  KeyholeProcess proxy(Options({"--workers", "2"}));
  for (int i = 0; i < 4; ++i) {
    RawClient client = RawClient::Connect(proxy.port());
    client.Ask({"SELECT", std::to_string(i)});
    client.Ask({"GET", "k"});
    proxy.HttpGet("/items/k");
    proxy.HttpGet("/items/%6b");
  }
  const Exposition metrics = Scrape(proxy);
  EXPECT_EQ(metrics.By("key", kMisses),
            (std::map<std::string, double>{{"k", 12}, {"__other__", 0}}));
}

// A client that leaves before the reply: the lookup took place, and Redis told what came of it.
TEST_F(CountingRules, LookupsOfThoseWhoLeftCount) {
  KeyholeProcess proxy(Options());
  redis_.Pause();
  for (int i = 0; i < 5; ++i) {
    RawClient leaves = RawClient::Connect(proxy.port());
    leaves.Send("GET k\r\nGET k\r\n");
    proxy.AwaitMetric("keyhole_requests_total{command=\"get\"}", 2 * i + 2);
  }
  proxy.AwaitMetric(R"(keyhole_clients_accepted_total)", 5);
  redis_.Resume();
  proxy.AwaitMetric(R"(redis_app_cache_miss_total{key="k"})", 10);
  EXPECT_EQ(Scrape(proxy).Sum(kMisses), 10);
}

}  // namespace
}  // namespace keyhole::test
