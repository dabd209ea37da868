// A cluster that stands still, behind the proxy: to clients it is one Redis.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/hiredis_client.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/raw_client.h"
#include "tests/support/redis_cluster.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;

class ClusterServingTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { cluster = std::make_unique<RedisCluster>(3); }
  static void TearDownTestSuite() { cluster = nullptr; }

  void SetUp() override {
    EXPECT_TRUE(app_.Command({"FLUSHALL"}).ok());
    EXPECT_TRUE(app_.Command({"CONFIG", "RESETSTAT"}).ok());
  }
  HiredisClient Connect() const { return HiredisClient::Connect("127.0.0.1", proxy_.port()); }

  static std::unique_ptr<RedisCluster> cluster;
  KeyholeProcess proxy_{{"--upstream", cluster->url(1)}};
  HiredisClient app_ = Connect();
};
std::unique_ptr<RedisCluster> ClusterServingTest::cluster;

TEST_F(ClusterServingTest, SlotsAreThoseOfRedis) {
  HiredisClient node = cluster->Client(0);
  for (const std::string& key :
       {std::string("foo"), std::string(), std::string("{"), std::string("}"), std::string("{}foo"),
        std::string("foo{}{bar}"), std::string("foo{{bar}}zap"), std::string("foo{bar}{zap}"),
        std::string("{a"), std::string("a}b{c}"), std::string("\0\xff\r\n", 4),
        std::string(100'000, 'x')}) {
    EXPECT_EQ(node.Command({"CLUSTER", "KEYSLOT", key}).integer, RedisCluster::SlotOf(key)) << key;
  }
}

TEST_F(ClusterServingTest, PeopleAreToldOfEachNode) {
  for (int i = 0; i < 100; ++i) app_.Command({"SET", "k" + std::to_string(i), "v"});
  const std::string overview = proxy_.HttpGet("/api/overview");
  size_t slots = 0;
  for (size_t i = 0; i < 3; ++i) {
    const std::string address = "127.0.0.1:" + std::to_string(cluster->node(i).port());
    const size_t at =
        overview.find(R"({"address":")" + address + R"(","role":"master","state":"up")");
    ASSERT_NE(at, std::string::npos) << overview;
    slots += std::stoul(overview.substr(overview.find(R"("slots":)", at) + 8));
    const size_t latency = overview.find(R"("latency":)", at) + 10;
    EXPECT_NE(overview.substr(latency, 4), "null") << address;
  }
  EXPECT_EQ(slots, 16384U);
  EXPECT_THAT(proxy_.HttpGet("/api/keys/k1"),
              HasSubstr("\"slot\":" + std::to_string(RedisCluster::SlotOf("k1")) +
                        ",\"node\":\"127.0.0.1:"));
}

TEST_F(ClusterServingTest, APipelineOverAllNodesIsAnsweredInOrder) {
  constexpr int kKeys = 300;
  for (int i = 0; i < kKeys; ++i) app_.Append({"SET", "k" + std::to_string(i), std::to_string(i)});
  for (int i = 0; i < kKeys; ++i) app_.Append({"GET", "k" + std::to_string(i)});
  for (int i = 0; i < kKeys; ++i) EXPECT_TRUE(app_.Read().ok());
  for (int i = 0; i < kKeys; ++i) EXPECT_EQ(app_.Read().text, std::to_string(i));
  for (size_t i = 0; i < 3; ++i) EXPECT_GT(cluster->Client(i).Command({"DBSIZE"}).integer, 50);
  EXPECT_EQ(app_.Command({"DBSIZE"}).integer, kKeys);
}

TEST_F(ClusterServingTest, WhatHasKeysOfSeveralSlotsIsSplit) {
  EXPECT_TRUE(app_.Command({"MSET", "a", "1", "b", "2", "c", "3", "d", "4"}).ok());
  const Reply all = app_.Command({"MGET", "d", "missing", "a", "b", "a"});
  ASSERT_EQ(all.elements.size(), 5u);
  EXPECT_EQ(all.elements[0].text, "4");
  EXPECT_TRUE(all.elements[1].is_null());
  EXPECT_EQ(all.elements[2].text, "1");
  EXPECT_EQ(all.elements[4].text, "1");
  EXPECT_EQ(app_.Command({"EXISTS", "a", "b", "c", "d", "e", "a"}).integer, 5);
  EXPECT_EQ(app_.Command({"TOUCH", "a", "b", "e"}).integer, 2);
  EXPECT_EQ(app_.Command({"UNLINK", "a", "e"}).integer, 1);
  EXPECT_EQ(app_.Command({"DEL", "a", "b", "c", "d"}).integer, 3);
  EXPECT_THAT(app_.Command({"MSETNX", "a", "1", "b", "2"}).text, HasSubstr("CROSSSLOT"));
  EXPECT_THAT(app_.Command({"MSET", "a", "1", "b"}).text, HasSubstr("wrong number of arguments"));
  EXPECT_EQ(app_.Command({"DBSIZE"}).integer, 0);
  // GET would be an error there.
  app_.Command({"LPUSH", "list", "1"});
  EXPECT_TRUE(app_.Command({"MGET", "list", "a", "b"}).elements.at(0).is_null());
}

TEST_F(ClusterServingTest, EachKeyIsCountedOnce) {
  app_.Command({"SET", "a", "1"});
  app_.Command({"MGET", "a", "b", "c"});
  app_.Command({"GET", "a"});
  app_.Command({"MULTI"});
  app_.Command({"GET", "a"});
  app_.Command({"EXEC"});
  proxy_.AwaitMetric("keyhole_lookups_total{result=\"hit\"}", 3);
  EXPECT_EQ(proxy_.Metric("keyhole_lookups_total{result=\"hit\"}"), 3);
  EXPECT_EQ(proxy_.Metric("keyhole_lookups_total{result=\"miss\"}"), 2);
  EXPECT_EQ(proxy_.Metric("redis_app_cache_hit_total{key=\"a\"}"), 3);
  EXPECT_EQ(proxy_.Metric("keyhole_cluster_slots_uncovered"), 0);
  EXPECT_EQ(proxy_.Metric("keyhole_upstream_up"), 1);
}

TEST_F(ClusterServingTest, OneCursorScansAllNodes) {
  std::vector<std::string> keys;
  for (int i = 0; i < 500; ++i) {
    keys.push_back("key:" + std::to_string(i));
    app_.Append({"SET", keys.back(), "1"});
  }
  for (int i = 0; i < 500; ++i) app_.Read();
  std::vector<std::string> seen;
  std::string cursor = "0";
  do {
    const Reply reply = app_.Command({"SCAN", cursor, "COUNT", "50"});
    ASSERT_EQ(reply.elements.size(), 2u);
    cursor = reply.elements[0].text;
    for (const Reply& key : reply.elements[1].elements) seen.push_back(key.text);
  } while (cursor != "0");
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(seen, keys);
  EXPECT_EQ(app_.Command({"KEYS", "key:*"}).elements.size(), 500u);
  EXPECT_THAT(app_.Command({"RANDOMKEY"}).text, HasSubstr("key:"));
  EXPECT_THAT(app_.Command({"SCAN", "nonsense"}).text, HasSubstr("invalid cursor"));
}

TEST_F(ClusterServingTest, LooksLikeOneRedis) {
  EXPECT_THAT(app_.Command({"INFO", "server"}).text, HasSubstr("redis_mode:standalone"));
  EXPECT_THAT(app_.Command({"INFO"}).text, HasSubstr("cluster_enabled:0"));
  RawClient raw = RawClient::Connect(proxy_.port());
  EXPECT_THAT(raw.Ask({"HELLO", "3"}), HasSubstr("$10\r\nstandalone\r\n"));
  EXPECT_EQ(raw.Ask({"CLUSTER", "SLOTS"}), "-ERR This instance has cluster support disabled\r\n");
  EXPECT_EQ(raw.Ask({"GET", "missing"}), "_\r\n");
  EXPECT_EQ(raw.Ask({"SELECT", "0"}), "+OK\r\n");
  EXPECT_THAT(raw.Ask({"SELECT", "1"}), HasSubstr("SELECT is not allowed in cluster mode"));
}

TEST_F(ClusterServingTest, DebugFindsTheNodeOfAKey) {
  for (size_t node = 0; node < 3; ++node) {
    const std::string key = cluster->KeyAt(node, "k");
    EXPECT_TRUE(app_.Command({"SET", key, "1"}).ok());
    EXPECT_THAT(app_.Command({"DEBUG", "OBJECT", key}).text, HasSubstr("encoding:int")) << key;
  }
  EXPECT_THAT(app_.Command({"DEBUG", "OBJECT", "missing"}).text, HasSubstr("no such key"));
}

TEST_F(ClusterServingTest, TransactionsRunOnTheNodeOfTheirKeys) {
  for (size_t node = 0; node < 3; ++node) {
    const std::string key = cluster->KeyAt(node, "k");
    EXPECT_TRUE(app_.Command({"MULTI"}).ok());
    EXPECT_EQ(app_.Command({"PING"}).text, "QUEUED");
    EXPECT_EQ(app_.Command({"INCR", key}).text, "QUEUED");
    EXPECT_EQ(app_.Command({"INCR", key}).text, "QUEUED");
    const Reply reply = app_.Command({"EXEC"});
    ASSERT_EQ(reply.elements.size(), 3u) << node;
    EXPECT_EQ(reply.elements[2].integer, 2);
  }
}

TEST_F(ClusterServingTest, AWatchedKeyThatChangesFailsTheTransaction) {
  HiredisClient other = Connect();
  for (size_t node = 0; node < 3; ++node) {
    const std::string key = cluster->KeyAt(node, "k");
    EXPECT_TRUE(app_.Command({"WATCH", key}).ok());
    EXPECT_TRUE(app_.Command({"GET", key}).is_null());
    other.Command({"SET", key, "2"});
    app_.Command({"MULTI"});
    app_.Command({"SET", key, "1"});
    EXPECT_TRUE(app_.Command({"EXEC"}).is_null()) << node;
    EXPECT_EQ(app_.Command({"GET", key}).text, "2");
  }
}

TEST_F(ClusterServingTest, BlockedClientsAreWokenByOthers) {
  HiredisClient other = Connect();
  for (size_t node = 0; node < 3; ++node) {
    const std::string key = cluster->KeyAt(node, "list");
    app_.Append({"BLPOP", key, "10"});
    EXPECT_EQ(other.Command({"RPUSH", key, "x"}).integer, 1);
    EXPECT_EQ(app_.Read().elements.at(1).text, "x");
  }
}

TEST_F(ClusterServingTest, ScriptsRunOnTheNodeOfTheirKeys) {
  const std::string sha =
      app_.Command({"SCRIPT", "LOAD", "return redis.call('INCR', KEYS[1])"}).text;
  for (size_t node = 0; node < 3; ++node) {
    const std::string key = cluster->KeyAt(node, "k");
    EXPECT_EQ(app_.Command({"EVALSHA", sha, "1", key}).integer, 1) << node;
  }
  EXPECT_EQ(app_.Command({"SCRIPT", "EXISTS", sha, "none"}).elements.at(0).integer, 1);
  EXPECT_THAT(app_.Command({"EVAL", "return 1", "2", "a", "b"}).text, HasSubstr("CROSSSLOT"));
  EXPECT_EQ(app_.Command({"EVAL", "return 1", "0"}).integer, 1);
}

TEST_F(ClusterServingTest, MessagesReachAllThatListen) {
  HiredisClient other = Connect();
  EXPECT_EQ(app_.Command({"SUBSCRIBE", "news"}).elements.at(2).integer, 1);
  HiredisClient third = Connect();
  EXPECT_EQ(third.Command({"PSUBSCRIBE", "n*"}).elements.at(2).integer, 1);
  other.Command({"PUBLISH", "news", "hi"});
  EXPECT_EQ(app_.Read().elements.at(2).text, "hi");
  EXPECT_EQ(third.Read().elements.at(3).text, "hi");
  EXPECT_EQ(other.Command({"PUBSUB", "NUMSUB", "news"}).elements.at(1).integer, 1);
  EXPECT_EQ(other.Command({"PUBSUB", "NUMPAT"}).integer, 1);
  for (size_t node = 0; node < 3; ++node) {
    const std::string channel = cluster->KeyAt(node, "shard");
    HiredisClient listener = Connect();
    EXPECT_EQ(listener.Command({"SSUBSCRIBE", channel}).elements.at(2).integer, 1);
    EXPECT_EQ(other.Command({"SPUBLISH", channel, "hi"}).integer, 1) << node;
    EXPECT_EQ(listener.Read().elements.at(2).text, "hi");
  }
}

// Either mistake is told at the start, with what is to be written instead.
TEST_F(ClusterServingTest, ARedisThatIsNoClusterIsNotTakenForOne) {
  RedisServer plain;
  ChildProcess process(KeyholeProcess::CommandLine(
      {"--upstream", "redis+cluster://127.0.0.1:" + std::to_string(plain.port())}));
  EXPECT_EQ(process.Wait(), 1);
  EXPECT_THAT(process.err(), HasSubstr("without cluster support; give redis://127.0.0.1:"));
}

TEST_F(ClusterServingTest, ANodeThatIsTakenForARedisIsToldOf) {
  const std::string address = "127.0.0.1:" + std::to_string(cluster->node(0).port());
  KeyholeProcess alone({"--upstream", "redis://" + address});
  alone.process().WaitForErr("--upstream redis+cluster://" + address);
  proxy_.process().WaitForErr("3 masters, 3 nodes, 16384 of 16384 slots covered");
}

}  // namespace
}  // namespace keyhole::test
