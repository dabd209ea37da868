// Values that are too large to be freed, or moved, while somebody waits.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/store/store_client.h"

namespace keyhole::test {
namespace {

using store::Eviction;

void FillSet(TestClient& client, const std::string& key, int members, int from = 0) {
  std::vector<std::string> args = {"SADD", key};
  for (int i = from; i < from + members; ++i) args.push_back("member:" + std::to_string(i));
  client.Ask(args);
}

uint64_t Field(TestClient& client, const std::string& name) {
  const std::string info = client.Ask("INFO");
  const size_t at = info.find("\n" + name + ":");
  return at == std::string::npos ? 0 : std::stoull(info.substr(at + name.size() + 2));
}

// Until there is nothing left to free, or much too long.
void SweepAll(TestStore& test) {
  for (int i = 0; i < 1000 && test.store.Sweep(test.now); ++i) {
  }
}

// Each way in which a value goes; what it leaves is the same.
class LargeValue : public testing::TestWithParam<const char*> {};

TEST_P(LargeValue, IsFreedInParts) {
  TestStore store;
  TestClient client(store);
  client.Ask("SET other v");
  FillSet(client, "one", 3);
  const uint64_t before = Field(client, "used_memory");
  FillSet(client, "big", 100'000);
  const uint64_t full = Field(client, "used_memory");
  EXPECT_GT(full, before + 3'000'000);
  client.Ask(GetParam());
  store.now += 2000;
  client.Ask("GET big");
  EXPECT_GE(Field(client, "lazyfree_pending_objects"), 1U);
  EXPECT_GT(Field(client, "used_memory"), before + 3'000'000) << "not freed yet";
  EXPECT_TRUE(store.store.Sweep(store.now)) << "there is more to do";
  SweepAll(store);
  EXPECT_EQ(Field(client, "lazyfree_pending_objects"), 0U);
  EXPECT_GE(Field(client, "lazyfreed_objects"), 1U);
  EXPECT_LT(Field(client, "used_memory"), before + 2000);
}

INSTANTIATE_TEST_SUITE_P(By, LargeValue,
                         testing::Values("DEL big", "UNLINK big", "SET big v", "PEXPIRE big 1",
                                         "FLUSHALL", "FLUSHDB ASYNC", "RENAME one big",
                                         "COPY one big REPLACE", "SINTERSTORE big one"),
                         [](const auto& test) {
                           std::string name;
                           for (const char* c = test.param; *c != 0; ++c) {
                             if (*c != ' ') name += *c;
                           }
                           return name;
                         });

// What has been evicted is freed before anything else has to go.
TEST(LargeValues, EvictionFreesBeforeItEvictsMore) {
  TestStore store({.max_memory = 5'000'000, .eviction = Eviction::kLru});
  TestClient client(store);
  FillSet(client, "big", 100'000);
  for (int i = 0; i < 60'000; ++i) client.Ask("SET key" + std::to_string(i) + " 0123456789");
  EXPECT_EQ(client.Ask("EXISTS big"), ":0\r\n");
  EXPECT_EQ(Field(client, "evicted_keys"), 1U);
  EXPECT_LE(Field(client, "used_memory"), 5'000'500U);
}

// Without eviction, too: there is room once it has been freed.
TEST(LargeValues, AreFreedBeforeAWriteIsRefused) {
  TestStore store({.max_memory = 5'000'000, .eviction = Eviction::kNone});
  TestClient client(store);
  FillSet(client, "big", 120'000);
  EXPECT_EQ(client.Ask("SET k " + std::string(2'000'000, 'v')), "+OK\r\n");
  EXPECT_EQ(client.Ask("SET l v").substr(0, 4), "-OOM");
  EXPECT_EQ(client.Ask("DEL big"), ":1\r\n");
  EXPECT_EQ(client.Ask("SET l v"), "+OK\r\n");
  EXPECT_LE(Field(client, "used_memory"), 5'000'100U);
}

TEST(LargeValues, GoToAnotherStripeOrDatabase) {
  TestStore store({.workers = 4});
  TestClient client(store);
  FillSet(client, "s", 3000);
  for (int i = 0; i < 50; ++i) {
    const std::string from = i == 0 ? "s" : "s" + std::to_string(i - 1);
    EXPECT_EQ(client.Ask("RENAME " + from + " s" + std::to_string(i)), "+OK\r\n");
  }
  EXPECT_EQ(client.Ask("MOVE s49 3"), ":1\r\n");
  EXPECT_EQ(client.Ask("SELECT 3"), "+OK\r\n");
  EXPECT_EQ(client.Ask("COPY s49 t"), ":1\r\n");
  EXPECT_EQ(client.Ask("DEL s49"), ":1\r\n");
  EXPECT_EQ(client.Ask("SCARD t"), ":3000\r\n");
  EXPECT_EQ(client.Ask("SISMEMBER t member:2999"), ":1\r\n");
  EXPECT_EQ(client.Ask("SWAPDB 3 4"), "+OK\r\n");
  EXPECT_EQ(client.Ask("SELECT 4"), "+OK\r\n");
  FillSet(client, "t", 3000, 10'000);
  EXPECT_EQ(client.Ask("SCARD t"), ":6000\r\n");
  for (int i = 0; i < 200; ++i) store.store.Sweep(store.now);
  EXPECT_EQ(client.Ask("FLUSHALL"), "+OK\r\n");
  for (int i = 0; i < 2000; ++i) store.store.Sweep(store.now);
  EXPECT_EQ(Field(client, "used_memory"), 0U);
}

// The sweeper moves members together, and gives pages back.
TEST(LargeValues, AreCompactedByTheSweeper) {
  TestStore store;
  TestClient client(store);
  for (int k = 0; k < 20; ++k) FillSet(client, "s" + std::to_string(k), 10'000);
  const uint64_t full = Field(client, "used_memory_rss");
  for (int k = 0; k < 20; ++k) {
    for (int i = 0; i < 10'000; ++i) {
      if (i % 10 != 0) {
        client.Ask({"SREM", "s" + std::to_string(k), "member:" + std::to_string(i)});
      }
    }
  }
  for (int i = 0; i < 3000; ++i) store.store.Sweep(store.now);
  EXPECT_LT(Field(client, "used_memory_rss"), full / 3);
  for (int k = 0; k < 20; ++k) {
    EXPECT_EQ(client.Ask("SCARD s" + std::to_string(k)), ":1000\r\n");
    EXPECT_EQ(client.Ask("SISMEMBER s" + std::to_string(k) + " member:9990"), ":1\r\n");
  }
}

}  // namespace
}  // namespace keyhole::test
