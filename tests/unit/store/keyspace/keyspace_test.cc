#include "proxy/store/keyspace/keyspace.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace keyhole::store {
namespace {

constexpr UnixMillis kStart = 1'000'000;

std::string Key(int i) {
  return "key:" + std::to_string(i);
}

TEST(Keyspace, ForgetsAKeyTheMomentItExpires) {
  Keyspace keys;
  keys.Put("k", "v", kStart + 10);
  EXPECT_NE(keys.Find("k", kStart + 9), nullptr);
  EXPECT_EQ(keys.Find("k", kStart + 10), nullptr);
  EXPECT_EQ(keys.size(), 0U);
  EXPECT_EQ(keys.expired(), 1U);
}

// Of keys that are there, have gone, have expired or never were.
TEST(Keyspace, PrefetchingChangesNothing) {
  Keyspace keys;
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) names.push_back(Key(i));
  const auto prefetch = [&] {
    std::vector<resp::HashedKey> hashed;
    for (const std::string& name : names) hashed.emplace_back(name);
    for (size_t i = 0; i < hashed.size(); i += 10) keys.Prefetch({&hashed[i], 10});
    keys.Prefetch(hashed);
  };
  prefetch();
  for (int i = 0; i < 500; ++i) keys.Put(Key(i), "v", i % 3 == 0 ? kStart : kNever);
  for (int i = 0; i < 500; i += 2) keys.Erase(keys.Find(Key(i), 0));
  const size_t memory = keys.memory();
  prefetch();
  EXPECT_EQ(keys.size(), 250U);
  EXPECT_EQ(keys.expired(), 0U);
  EXPECT_EQ(keys.memory(), memory);
  EXPECT_NE(keys.Find(Key(1), 0), nullptr);
  EXPECT_EQ(keys.Find(Key(2), 0), nullptr);
}

TEST(Keyspace, CountsWhatExpires) {
  Keyspace keys;
  keys.Put("a", "1", kNever);
  keys.Put("b", "2", kStart);
  keys.Put("c", "3", kStart);
  EXPECT_EQ(keys.expiring(), 2U);
  keys.Put("b", "2", kNever);
  EXPECT_EQ(keys.expiring(), 1U);
  keys.SetExpire(keys.Find("a", 0), kStart);
  EXPECT_EQ(keys.expiring(), 2U);
  keys.Erase(keys.Find("c", 0));
  EXPECT_EQ(keys.expiring(), 1U);
  keys.Rename(keys.Find("a", 0), "d");
  EXPECT_EQ(keys.expiring(), 1U);
  keys.Rename(keys.Find("b", 0), "d");
  EXPECT_EQ(keys.expiring(), 0U);
  keys.Clear();
  EXPECT_EQ(keys.expiring(), 0U);
}

TEST(Keyspace, MemoryGoesBackToWhereItWas) {
  Keyspace keys;
  EXPECT_EQ(keys.memory(), 0U);
  keys.Put("stays", "v", kNever);
  const size_t before = keys.memory();
  keys.Put("k", "short", kNever);
  keys.Overwrite(keys.Find("k", 0), std::string(5000, 'x'), kStart);
  EXPECT_GT(keys.memory(), before + 5000);
  keys.Resize(keys.Find("k", 0), 9000);
  EXPECT_GT(keys.memory(), before + 9000);
  keys.SetExpire(keys.Find("k", 0), kNever);
  keys.Rename(keys.Find("k", 0), std::string(300, 'k'));
  keys.Erase(keys.Find(std::string(300, 'k'), 0));
  EXPECT_EQ(keys.memory(), before);
  keys.Clear();
  EXPECT_EQ(keys.memory(), 0U);
}

TEST(Keyspace, ResizeFillsWithZeros) {
  Keyspace keys;
  Entry* const slot = keys.Put("k", "abc", kNever);
  keys.Resize(slot, 2);
  keys.Resize(slot, 5);
  EXPECT_EQ(slot->value(), std::string("ab\0\0\0", 5));
}

TEST(Keyspace, SweepFindsExpiredKeysThatNobodyAsksFor) {
  Keyspace keys;
  for (int i = 0; i < 10'000; ++i) keys.Put(Key(i), "v", i % 2 == 0 ? kStart : kNever);
  int ticks = 0;
  while (keys.expiring() > 0 && ticks < 1000) {
    keys.Sweep(kStart, 2000);
    ++ticks;
  }
  EXPECT_EQ(keys.size(), 5000U);
  EXPECT_EQ(keys.expired(), 5000U);
  EXPECT_GT(ticks, 5) << "one sweep must not do everything";
  EXPECT_LT(ticks, 100);
}

TEST(Keyspace, SweepKeepsToItsBudget) {
  Keyspace keys;
  for (int i = 0; i < 10'000; ++i) keys.Put(Key(i), "v", kStart);
  EXPECT_EQ(keys.Sweep(kStart, 100), 0U);
  EXPECT_GT(keys.expired(), 0U);
  EXPECT_LT(keys.expired(), 100U);
}

TEST(Keyspace, SweepCostsNothingWhereNothingExpires) {
  Keyspace keys;
  keys.Put("k", "v", kNever);
  EXPECT_EQ(keys.Sweep(kStart, 100), 100U);
}

TEST(Keyspace, SweepMeasuresTheMeanTtl) {
  Keyspace keys;
  for (int i = 0; i < 100; ++i) keys.Put(Key(i), "v", kStart + (i % 2 == 0 ? 10'000'000 : 0));
  for (int i = 0; i < 100; ++i) keys.Put(Key(i), "v", kStart + 5'000'000);
  keys.Sweep(kStart, 100'000);
  EXPECT_NEAR(static_cast<double>(keys.mean_ttl()), 5'000'000, 10'000);
  keys.Clear();
  EXPECT_EQ(keys.mean_ttl(), 0);
}

TEST(Keyspace, SweepShrinksAnIdleTable) {
  Keyspace keys;
  for (int i = 0; i < 50'000; ++i) keys.Put(Key(i), "v", kStart);
  const size_t full = keys.memory();
  for (int i = 0; i < 2000; ++i) keys.Sweep(kStart, 2000);
  EXPECT_EQ(keys.size(), 0U);
  EXPECT_LT(keys.memory(), full / 100);
}

TEST(Keyspace, ExpiryBreaksWatches) {
  Keyspace keys;
  std::atomic<bool> broken = false;
  keys.Put("k", "v", kStart);
  keys.Watch("k", &broken);
  keys.Sweep(kStart - 1, 100);
  EXPECT_FALSE(broken);
  keys.Sweep(kStart, 100);
  EXPECT_TRUE(broken);
  keys.Unwatch("k", &broken);
}

TEST(Keyspace, ScanAndRandomHideExpiredKeys) {
  Keyspace keys;
  keys.Put("dead", "v", kStart);
  keys.Put("live", "v", kNever);
  int seen = 0;
  keys.Scan(0, kStart, [&](const Entry& entry) { seen += entry.key() == "live" ? 1 : 100; });
  uint64_t random = 5;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(keys.Random(&random, kStart)->key(), "live");
  keys.Put("live", "v", kStart);
  EXPECT_EQ(keys.Random(&random, kStart), nullptr);
  EXPECT_EQ(keys.size(), 0U);
}

TEST(Keyspace, EntriesMoveFromOneToAnother) {
  Keyspace from;
  Keyspace to;
  from.Put("k", "v", kStart + 10);
  const size_t weight = from.memory();
  to.Put("k", "old", kNever);
  to.Insert(from.Take(from.Find("k", 0)));
  EXPECT_EQ(from.size(), 0U);
  EXPECT_EQ(from.expiring(), 0U);
  EXPECT_EQ(to.Find("k", kStart)->value(), "v");
  EXPECT_EQ(to.expiring(), 1U);
  EXPECT_EQ(to.memory(), weight);
}

TEST(Keyspace, SwapTakesKeysAndCountsButNotWatches) {
  Keyspace one;
  Keyspace two;
  one.Put("a", "1", kStart);
  std::atomic<bool> on_a = false;
  std::atomic<bool> on_b = false;
  one.Watch("a", &on_a);
  two.Watch("b", &on_b);
  one.Swap(two, 0);
  EXPECT_TRUE(on_a);
  EXPECT_FALSE(on_b);
  EXPECT_EQ(one.size(), 0U);
  EXPECT_EQ(one.expiring(), 0U);
  EXPECT_EQ(two.Find("a", 0)->value(), "1");
  two.Put("b", "2", kNever);
  EXPECT_TRUE(on_b);
}

}  // namespace
}  // namespace keyhole::store
