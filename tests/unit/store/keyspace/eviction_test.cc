// Which keys go when memory is full, told by a database with a bound.
#include "proxy/store/keyspace/eviction.h"

#include <gtest/gtest.h>

#include <string>

#include "proxy/base/random.h"
#include "proxy/store/keyspace/keyspace.h"

namespace keyhole::store {
namespace {

std::string Key(int i) {
  return "key:" + std::to_string(i);
}

class Bounded {
 public:
  explicit Bounded(Eviction policy) : budget(0, policy), keys(budget, 1) {}

  bool Has(const std::string& key) { return keys.Find(key, 0) != nullptr; }
  // As an application asks a cache. True if it was there.
  bool Ask(const std::string& key, size_t size = 10) {
    if (Has(key)) return true;
    keys.Put(key, std::string(size, 'v'), kNever);
    MakeRoom();
    return false;
  }
  void MakeRoom() {
    while (budget.over()) ASSERT_TRUE(keys.shard(0).Evict());
  }

  MemoryBudget budget;
  Keyspace keys;
};

TEST(Eviction, LruTakesWhatHasNotBeenUsedForTheLongest) {
  Bounded cache(Eviction::kLru);
  for (int i = 0; i < 10; ++i) cache.keys.Put(Key(i), "v", kNever);
  EXPECT_TRUE(cache.Has(Key(0)));
  EXPECT_TRUE(cache.Has(Key(2)));
  cache.keys.Put(Key(4), "again", kNever);
  for (const int gone : {1, 3, 5, 6, 7, 8, 9, 0, 2, 4}) {
    ASSERT_TRUE(cache.keys.shard(0).Evict());
    size_t left = 0;
    cache.keys.Scan(0, 0, [&](const Entry& entry) {
      EXPECT_NE(entry.key(), Key(gone));
      ++left;
    });
  }
  EXPECT_EQ(cache.keys.size(), 0U);
  EXPECT_FALSE(cache.keys.shard(0).Evict());
}

TEST(Eviction, S3FifoKeepsWhatIsAskedForAgain) {
  Bounded cache(Eviction::kS3Fifo);
  for (int i = 0; i < 100; ++i) cache.keys.Put(Key(i), "v", kNever);
  for (int i = 0; i < 100; i += 10) {
    cache.Has(Key(i));
    cache.Has(Key(i));
  }
  for (int i = 0; i < 85; ++i) ASSERT_TRUE(cache.keys.shard(0).Evict());
  for (int i = 0; i < 100; i += 10) EXPECT_TRUE(cache.Has(Key(i))) << i;
  EXPECT_EQ(cache.keys.size(), 15U);
}

// The hot keys have been used and are in the main queue; a long scan goes by.
TEST(Eviction, S3FifoLetsAScanPass) {
  for (const auto& [policy, kept] : {std::pair(Eviction::kS3Fifo, 100), {Eviction::kLru, 0}}) {
    Bounded cache(policy);
    for (int i = 0; i < 1000; ++i) cache.Ask(Key(i));
    cache.budget.set_limit(cache.keys.memory() + 1000);
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 100; ++i) cache.Ask(Key(i));
    }
    for (int i = 10'000; i < 20'000; ++i) cache.Ask(Key(i));
    int hot = 0;
    for (int i = 0; i < 100; ++i) hot += cache.Has(Key(i)) ? 1 : 0;
    EXPECT_EQ(hot, kept) << static_cast<int>(policy);
  }
}

// A key that comes back soon after it was evicted was judged too soon: it goes to the main queue,
// where a stream of keys that come once does not reach it.
TEST(Eviction, S3FifoRemembersWhatItEvicted) {
  Bounded cache(Eviction::kS3Fifo);
  for (int i = 0; i < 1000; ++i) cache.Ask(Key(i));
  cache.budget.set_limit(cache.keys.memory());
  for (int i = 1000; i < 1200; ++i) cache.Ask(Key(i));
  ASSERT_FALSE(cache.Has(Key(50)));
  cache.Ask(Key(50));
  for (int i = 10'000; i < 13'000; ++i) cache.Ask(Key(i));
  EXPECT_TRUE(cache.Has(Key(50)));
  EXPECT_FALSE(cache.Has(Key(1150)));
}

TEST(Eviction, AnAccountIsKeptOfEveryByte) {
  for (const Eviction policy : {Eviction::kS3Fifo, Eviction::kLru}) {
    Bounded cache(policy);
    cache.budget.set_limit(200'000);
    uint64_t random = 9;
    for (int i = 0; i < 20'000; ++i) {
      const std::string key = Key(static_cast<int>(NextRandom(&random) % 3000));
      cache.Ask(key, NextRandom(&random) % 800);
      ASSERT_LE(cache.budget.used(), 200'000U);
      ASSERT_EQ(cache.budget.used(), cache.keys.memory());
    }
    EXPECT_GT(cache.budget.evicted(), 1000U);
    EXPECT_GT(cache.keys.memory(), 190'000U) << "what is allowed is used";
    cache.keys.Clear();
    size_t enough = 1'000'000;
    cache.keys.shard(0).objects().FreeSome(&enough);
    EXPECT_EQ(cache.budget.used(), 0U);
  }
}

// First small values fill memory, then larger ones come: their memory is that of the small ones.
TEST(Eviction, MemoryOfOneSizeIsUsedForAnother) {
  Bounded cache(Eviction::kS3Fifo);
  constexpr size_t kLimit = 16 << 20;
  cache.budget.set_limit(kLimit);
  int next = 0;
  for (const size_t size : {20U, 150U, 60U, 250U, 100U, 3000U, 20U}) {
    for (size_t bytes = 0; bytes < kLimit + kLimit / 2; bytes += size + 80)
      cache.Ask(Key(next++), size);
    EXPECT_LE(cache.keys.memory(), kLimit);
    EXPECT_LT(cache.keys.shard(0).resident(), kLimit + kLimit / 8) << size;
  }
}

TEST(Eviction, PoliciesCanBeChangedAtAnyTime) {
  Bounded cache(Eviction::kNone);
  for (int i = 0; i < 1000; ++i) cache.Ask(Key(i));
  cache.budget.set_limit(cache.keys.memory() / 2);
  for (int round = 0; round < 6; ++round) {
    cache.budget.set_policy(round % 2 == 0 ? Eviction::kLru : Eviction::kS3Fifo);
    cache.MakeRoom();
    for (int i = 0; i < 1000; ++i) cache.Ask(Key(round * 500 + i));
    EXPECT_FALSE(cache.budget.over());
    EXPECT_GT(cache.keys.size(), 300U);
  }
}

}  // namespace
}  // namespace keyhole::store
