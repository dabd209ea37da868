// A store that several workers share. Run under ThreadSanitizer too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "proxy/base/random.h"
#include "tests/unit/store/replies.h"
#include "tests/unit/store/store_client.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string Key(uint64_t i) {
  return "key:" + std::to_string(i);
}

TEST(Stripes, AllCommandsFindTheirKeys) {
  TestStore store({.workers = 4});
  TestClient client(store);
  for (uint64_t i = 0; i < 1000; ++i) client.Ask("SET " + Key(i) + " v");
  EXPECT_EQ(client.Ask("DBSIZE"), ":1000\r\n");
  EXPECT_EQ(client.Ask("MSET a 1 b 2 c 3 d 4"), "+OK\r\n");
  EXPECT_EQ(client.Ask("MGET a b c d"), "*4\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n");
  EXPECT_EQ(client.Ask("RENAME a e"), "+OK\r\n");
  EXPECT_EQ(client.Ask("GET e"), "$1\r\n1\r\n");
  EXPECT_EQ(client.Ask("DEL b c d e"), ":4\r\n");
  EXPECT_EQ(client.Ask("COPY key:7 other DB 3"), ":1\r\n");
  EXPECT_EQ(client.Ask("MOVE key:8 3"), ":1\r\n");
  EXPECT_EQ(client.Ask("SWAPDB 0 3"), "+OK\r\n");
  EXPECT_EQ(client.Ask("DBSIZE"), ":2\r\n");
  EXPECT_EQ(client.Ask("GET key:8"), "$1\r\nv\r\n");
  EXPECT_EQ(client.Ask("FLUSHALL"), "+OK\r\n");
  EXPECT_EQ(client.Ask("DBSIZE"), ":0\r\n");
}

TEST(Stripes, ScanGoesThroughAllOfThem) {
  TestStore store({.workers = 4});
  TestClient client(store);
  for (uint64_t i = 0; i < 2000; ++i) client.Ask("SET " + Key(i) + " v");
  std::set<std::string> seen;
  std::string cursor = "0";
  uint64_t next = 10'000;
  do {
    std::vector<std::string> reply = Bulks(client.Ask("SCAN " + cursor + " COUNT 7"));
    cursor = reply.front();
    seen.insert(reply.begin() + 1, reply.end());
    // What comes and goes meanwhile makes tables grow and shrink.
    for (int i = 0; i < 20; ++i) client.Ask("SET " + Key(next++) + " v");
    if (next % 3 == 0) {
      for (int i = 1; i < 50; ++i) client.Ask("DEL " + Key(next - static_cast<uint64_t>(i)));
    }
    ASSERT_LT(next, 100'000U);
  } while (cursor != "0");
  for (uint64_t i = 0; i < 2000; ++i) EXPECT_TRUE(seen.contains(Key(i))) << i;
}

TEST(Stripes, AWatchBreaksWhoeverWrites) {
  TestStore store({.workers = 4});
  TestClient one(store);
  TestClient two(store);
  one.Ask("WATCH a b c");
  two.Ask("SET b 1");
  one.Ask("MULTI");
  one.Ask("GET a");
  EXPECT_EQ(one.Ask("EXEC"), "*-1\r\n");
  one.Ask("MULTI");
  one.Ask("SET x 1");
  one.Ask("DBSIZE");
  EXPECT_EQ(one.Ask("EXEC"), "*2\r\n+OK\r\n:2\r\n");
}

// Moves one unit from one account to another, where that is possible, in all the ways there are.
class Teller {
 public:
  Teller(TestStore& store, uint64_t seed) : client_(store), random_(seed) {}

  void Run(int transfers) {
    for (int i = 0; i < transfers; ++i) {
      const std::string from = Account();
      const std::string to = Account();
      if (i % 3 == 0) {
        Watched(from, to);
      } else {
        client_.Ask("MULTI");
        client_.Ask("DECR " + from);
        client_.Ask("INCR " + to);
        if (i % 50 == 0) client_.Ask("INFO stats");
        client_.Ask("EXEC");
      }
      CheckSum();
    }
  }

 private:
  std::string Account() { return "account:" + std::to_string(NextRandom(&random_) % 8); }
  uint64_t NextRandom(uint64_t* state) { return store::NextRandom(state); }

  void Watched(const std::string& from, const std::string& to) {
    client_.Ask("WATCH " + from + " " + to);
    const std::vector<std::string> before = Bulks(client_.Ask("MGET " + from + " " + to));
    client_.Ask("MULTI");
    if (from != to) {
      client_.Ask("SET " + from + " " + std::to_string(std::stoi(before[0]) - 1));
      client_.Ask("SET " + to + " " + std::to_string(std::stoi(before[1]) + 1));
    }
    client_.Ask("EXEC");
  }
  // At no moment does anybody see money on the way.
  void CheckSum() {
    int sum = 0;
    for (const std::string& text : Bulks(client_.Ask("MGET account:0 account:1 account:2 account:3 "
                                                     "account:4 account:5 account:6 account:7"))) {
      sum += std::stoi(text);
    }
    ASSERT_EQ(sum, 800);
  }

  TestClient client_;
  uint64_t random_;
};

TEST(Stripes, TransactionsAreAtomicAcrossThem) {
  TestStore store({.workers = 4});
  TestClient client(store);
  for (int i = 0; i < 8; ++i) client.Ask("SET account:" + std::to_string(i) + " 100");
  std::vector<std::thread> workers;
  for (uint64_t i = 0; i < 4; ++i) {
    workers.emplace_back([&store, i] { Teller(store, i).Run(1500); });
  }
  for (std::thread& worker : workers) worker.join();
}

// Everything at once: keys that come, expire and are evicted, sweeps, whole databases that go,
// clients that come and go, messages. What counts is that nothing breaks and the accounts agree.
TEST(Stripes, ManyWorkersDoManyThings) {
  TestStore store({.workers = 4, .max_memory = 300'000, .eviction = store::Eviction::kS3Fifo});
  std::vector<std::thread> workers;
  for (uint64_t worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&store, worker] {
      uint64_t random = worker;
      for (int round = 0; round < 20; ++round) {
        TestClient client(store, "127.0.0.1:" + std::to_string(worker));
        client.Ask("SUBSCRIBE news" + std::to_string(worker));
        client.Ask("RESET");
        for (int i = 0; i < 200; ++i) {
          const std::string key = Key(store::NextRandom(&random) % 4000);
          client.Ask({"SET", key, std::string(store::NextRandom(&random) % 300, 'v')});
          client.Ask("GET " + key);
          client.Ask("EXPIRE " + key + " 1");
          client.Ask("HSET hash:" + std::to_string(i % 20) + " f v");
          client.Ask("SRANDMEMBER set");
          client.Ask("MSETNX a:" + std::to_string(i) + " 1 b:" + std::to_string(i) + " 2");
        }
        client.Ask("SCAN 0 COUNT 100");
        client.Ask("PUBLISH news1 hello");
        client.Ask("CLIENT LIST");
        client.Ask("RANDOMKEY");
        store.store.Sweep(store.now + 2000);
        if (round == 10) client.Ask(worker % 2 == 0 ? "FLUSHDB" : "SWAPDB 0 1");
        (void)store.store.usage();
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  TestClient client(store);
  EXPECT_THAT(client.Ask("INFO stats"), HasSubstr("total_commands_processed:96"));
  EXPECT_LT(store.store.usage().memory, 300'000U + 64 * 4096);
  client.Ask("FLUSHALL");
  client.Ask("SELECT 1");
  EXPECT_EQ(client.Ask("DBSIZE"), ":0\r\n");
}

}  // namespace
}  // namespace keyhole::test
