// A store whose memory is full.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/store/store_client.h"

namespace keyhole::test {
namespace {

using store::Eviction;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kOom = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

TEST(MemoryLimit, WithoutEvictionWritesAreRefused) {
  TestStore store({.max_memory = 100'000, .eviction = Eviction::kNone});
  TestClient client(store);
  int keys = 0;
  while (client.Ask("SET k" + std::to_string(keys) + " v") == "+OK\r\n") ++keys;
  EXPECT_GT(keys, 1000);
  EXPECT_EQ(client.Ask("SET k v"), kOom);
  EXPECT_EQ(client.Ask("APPEND k0 v"), kOom);
  EXPECT_EQ(client.Ask("GET k0"), "$1\r\nv\r\n");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.Ask("DEL k" + std::to_string(i)), ":1\r\n");
  EXPECT_EQ(client.Ask("SET k v"), "+OK\r\n");
  EXPECT_THAT(client.Ask("INFO stats"), HasSubstr("evicted_keys:0\r\n"));
}

// In the order in which Redis decides it: server.c processCommand.
TEST(MemoryLimit, TransactionsAreRefusedAsInRedis) {
  TestStore store({.eviction = Eviction::kNone});
  TestClient client(store);
  TestClient other(store);
  EXPECT_EQ(client.Ask("MULTI"), "+OK\r\n");
  EXPECT_EQ(client.Ask("SET a 1"), "+QUEUED\r\n");
  EXPECT_EQ(other.Ask("SET fills memory"), "+OK\r\n");
  EXPECT_EQ(other.Ask("CONFIG SET maxmemory 1"), "+OK\r\n");
  EXPECT_EQ(client.Ask("GET a"), kOom) << "queueing takes memory too";
  EXPECT_THAT(client.Ask("EXEC"), StartsWith("-EXECABORT Transaction discarded because of: OOM"));
  EXPECT_EQ(client.Ask("GET a"), "$-1\r\n");
  EXPECT_EQ(other.Ask("CONFIG SET maxmemory 0"), "+OK\r\n");
  EXPECT_EQ(client.Ask("SET a 1"), "+OK\r\n");
}

// Without waiting for somebody's next command.
TEST(MemoryLimit, ALowerLimitTakesEffectByItself) {
  TestStore store({.eviction = Eviction::kLru});
  TestClient client(store);
  for (int i = 0; i < 100; ++i) client.Ask("SET k" + std::to_string(i) + " v");
  EXPECT_EQ(client.Ask("CONFIG SET maxmemory 1000"), "+OK\r\n");
  EXPECT_EQ(store.store.usage().evicted, 0U);
  store.store.Sweep(store.now);
  EXPECT_LE(store.store.usage().memory, 1000U);
  EXPECT_GT(store.store.usage().evicted, 50U);
}

TEST(MemoryLimit, WithEvictionOldKeysMakeRoom) {
  for (const Eviction policy : {Eviction::kS3Fifo, Eviction::kLru}) {
    TestStore store({.max_memory = 100'000, .eviction = policy});
    TestClient client(store);
    for (int i = 0; i < 10'000; ++i) {
      ASSERT_EQ(client.Ask("SET k" + std::to_string(i) + " v"), "+OK\r\n");
      // The bound is kept before each command, so that one command's worth may be too much.
      ASSERT_LE(store.store.usage().memory, 100'200U);
    }
    EXPECT_EQ(client.Ask("GET k9999"), "$1\r\nv\r\n");
    EXPECT_EQ(client.Ask("GET k0"), "$-1\r\n");
    EXPECT_GT(store.store.usage().evicted, 5000U);
    EXPECT_THAT(client.Ask("INFO stats"),
                HasSubstr("evicted_keys:" + std::to_string(store.store.usage().evicted)));
  }
}

TEST(MemoryLimit, AValueThatDoesNotFitGoesAgain) {
  TestStore store({.max_memory = 100'000, .eviction = Eviction::kS3Fifo});
  TestClient client(store);
  for (int i = 0; i < 100; ++i) client.Ask("SET k" + std::to_string(i) + " v");
  EXPECT_EQ(client.Ask({"SET", "big", std::string(1'000'000, 'x')}), "+OK\r\n");
  EXPECT_EQ(client.Ask("SET k v"), "+OK\r\n");
  EXPECT_LE(store.store.usage().memory, 100'100U);
  EXPECT_EQ(client.Ask("GET big"), "$-1\r\n");
}

TEST(MemoryLimit, KeysOfAllDatabasesCount) {
  TestStore store({.max_memory = 200'000, .eviction = Eviction::kS3Fifo});
  TestClient client(store);
  for (int i = 0; i < 4000; ++i) client.Ask("SET k" + std::to_string(i) + " v");
  client.Ask("SELECT 5");
  for (int i = 0; i < 4000; ++i) client.Ask("SET k" + std::to_string(i) + " v");
  EXPECT_EQ(client.Ask("GET k3999"), "$1\r\nv\r\n");
  EXPECT_LE(store.store.usage().memory, 200'200U);
  EXPECT_THAT(client.Ask("INFO keyspace"), HasSubstr("db0:keys="));
}

TEST(MemoryLimit, ConfigKnowsIt) {
  TestStore store({.max_memory = 1 << 20, .eviction = Eviction::kS3Fifo});
  TestClient client(store);
  EXPECT_EQ(client.Ask("CONFIG GET maxmemory"), "*2\r\n$9\r\nmaxmemory\r\n$7\r\n1048576\r\n");
  EXPECT_EQ(client.Ask("CONFIG GET maxmemory-policy"),
            "*2\r\n$16\r\nmaxmemory-policy\r\n$15\r\nallkeys-s3-fifo\r\n");
  EXPECT_EQ(client.Ask("CONFIG SET maxmemory 2mb maxmemory-policy allkeys-lru"), "+OK\r\n");
  EXPECT_EQ(store.store.usage().limit, 2U << 20);
  EXPECT_THAT(client.Ask("INFO memory"), HasSubstr("maxmemory:2097152\r\n"));
  EXPECT_THAT(client.Ask("INFO memory"), HasSubstr("maxmemory_policy:allkeys-lru\r\n"));
  EXPECT_THAT(client.Ask("CONFIG SET maxmemory-policy volatile-ttl"),
              HasSubstr("it has allkeys-s3-fifo, allkeys-lru and noeviction"));
}

// 500 keys a tick of 100 ms, each for 10 s: 50 000 live keys, and the dead among them. The sweep is
// called as a worker calls it.
TEST(MemoryLimit, DeadKeysStayBelowATenth) {
  TestStore store;
  TestClient client(store);
  int next = 0;
  double most = 0;
  for (int tick = 0; tick < 600; ++tick) {
    for (int i = 0; i < 500; ++i) {
      client.Ask("SET session:" + std::to_string(next++) + " v PX 10000");
    }
    for (int left = 50; left > 0 && store.store.Sweep(store.now); --left) store.now += 2;
    store.now += 100 - store.now % 100;
    if (tick < 100) continue;
    const std::string reply = client.Ask("DBSIZE");
    const double dead = std::stod(reply.substr(1)) - 50'000;
    most = std::max(most, dead / 50'000);
  }
  EXPECT_LT(most, 0.1);
}

}  // namespace
}  // namespace keyhole::test
