#include "proxy/store/keyspace/entry_table.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "proxy/base/random.h"

namespace keyhole::store {
namespace {

std::string Key(int i) {
  return "key:" + std::to_string(i);
}

void Insert(EntryTable& table, const std::string& key) {
  table.Insert(Entry::MakeString(key, 0, kNever), EntryTable::Hash(key));
}

bool Has(const EntryTable& table, const std::string& key) {
  const Entry* const slot = table.Find(key, EntryTable::Hash(key));
  return slot != nullptr && slot->key() == key;
}

void Erase(EntryTable& table, const std::string& key) {
  Entry* const slot = table.Find(key, EntryTable::Hash(key));
  ASSERT_NE(slot, nullptr) << key;
  Entry::Destroy(table.Take(slot));
  table.Step(1);
}

TEST(EntryTable, IsEmptyAtFirst) {
  EntryTable table;
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(table.memory(), 0U);
  EXPECT_FALSE(Has(table, "a"));
  uint64_t random = 1;
  EXPECT_EQ(table.Random(&random), nullptr);
  EXPECT_EQ(table.Scan(0, [](Entry*) { FAIL(); }), 0U);
  EXPECT_EQ(table.Scan(77, [](Entry*) { FAIL(); }), 0U);
}

TEST(EntryTable, KeepsAllKeysWhileGrowing) {
  EntryTable table;
  for (int i = 0; i < 20'000; ++i) {
    Insert(table, Key(i));
    if (i % 997 != 0) continue;
    for (int j = 0; j <= i; ++j) ASSERT_TRUE(Has(table, Key(j))) << j << " of " << i;
  }
  EXPECT_EQ(table.size(), 20'000U);
  EXPECT_FALSE(Has(table, Key(20'000)));
}

TEST(EntryTable, ShrinksWhenKeysGo) {
  EntryTable table;
  for (int i = 0; i < 20'000; ++i) Insert(table, Key(i));
  const size_t full = table.memory();
  for (int i = 0; i < 19'990; ++i) Erase(table, Key(i));
  for (int i = 0; i < 1000; ++i) table.Step(10);
  EXPECT_LT(table.memory(), full / 100);
  for (int i = 19'990; i < 20'000; ++i) EXPECT_TRUE(Has(table, Key(i)));
  EXPECT_EQ(table.size(), 10U);
}

// One bucket at a time: this is what bounds the longest pause. And so memory per key is the same at
// every size.
TEST(EntryTable, GrowsByOneBucket) {
  EntryTable table;
  Insert(table, "first");
  for (int i = 0; i < 20'000; ++i) {
    const size_t before = table.bucket_count();
    Insert(table, Key(i));
    ASSERT_LE(table.bucket_count(), before + 1);
    if (i < 10'000) continue;
    ASSERT_LT(table.memory(), table.size() * 18);
  }
}

TEST(EntryTable, BehavesLikeAMapUnderRandomUse) {
  EntryTable table;
  std::set<std::string> model;
  uint64_t random = 42;
  for (int i = 0; i < 200'000; ++i) {
    // The number of keys swells and ebbs, so that the table grows and shrinks again and again.
    const uint64_t range = (i / 20'000) % 2 == 0 ? 5000 : 50;
    const std::string key = Key(static_cast<int>(NextRandom(&random) % range));
    ASSERT_EQ(Has(table, key), model.contains(key));
    if (model.contains(key)) {
      Erase(table, key);
      model.erase(key);
    } else if (NextRandom(&random) % 3 != 0) {
      Insert(table, key);
      model.insert(key);
    }
    if (range == 50 && model.size() > 50) {
      const std::string victim = *model.begin();
      Erase(table, victim);
      model.erase(victim);
    }
    ASSERT_EQ(table.size(), model.size());
  }
}

TEST(EntryTable, RandomReachesEveryKey) {
  EntryTable table;
  for (int i = 0; i < 50; ++i) Insert(table, Key(i));
  std::set<std::string> seen;
  uint64_t random = 7;
  for (int i = 0; i < 5000; ++i) seen.insert(std::string(table.Random(&random)->key()));
  EXPECT_EQ(seen.size(), 50U);
}

TEST(EntryTable, ScanSeesEachKeyOnceIfNothingChanges) {
  for (const int count : {1, 7, 100, 5000}) {
    EntryTable table;
    for (int i = 0; i < count; ++i) Insert(table, Key(i));
    std::multiset<std::string> seen;
    uint64_t cursor = 0;
    do {
      cursor = table.Scan(cursor, [&](Entry* entry) { seen.insert(std::string(entry->key())); });
    } while (cursor != 0);
    EXPECT_EQ(seen.size(), static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) EXPECT_EQ(seen.count(Key(i)), 1U);
  }
}

TEST(EntryTable, ScanTakesAnyCursor) {
  EntryTable table;
  for (int i = 0; i < 1000; ++i) Insert(table, Key(i));
  uint64_t random = 3;
  for (int i = 0; i < 1000; ++i) table.Scan(NextRandom(&random), [](Entry*) {});
  table.Scan(UINT64_MAX, [](Entry*) {});
}

// The guarantee: what is there from the first to the last call is seen, whatever happens between.
// Runs one whole iteration in which `between` changes the table after each step.
template <typename F>
void ExpectScanSees(EntryTable& table, const std::set<std::string>& staying, F&& between) {
  std::set<std::string> seen;
  uint64_t cursor = 0;
  int steps = 0;
  do {
    cursor = table.Scan(cursor, [&](Entry* entry) { seen.insert(std::string(entry->key())); });
    between(steps++);
    ASSERT_LT(steps, 1'000'000) << "the iteration does not end";
  } while (cursor != 0);
  for (const std::string& key : staying) ASSERT_TRUE(seen.contains(key)) << key;
}

class ScanGuarantee : public testing::TestWithParam<int> {
 protected:
  void Fill(int count) {
    for (int i = 0; i < count; ++i) {
      Insert(table_, Key(i));
      staying_.insert(Key(i));
    }
  }
  EntryTable table_;
  std::set<std::string> staying_;
};

TEST_P(ScanGuarantee, WhileGrowing) {
  Fill(GetParam());
  int next = 1'000'000;
  ExpectScanSees(table_, staying_, [&](int step) {
    if (step > 2000) return;
    for (int i = 0; i < 37; ++i) Insert(table_, Key(next++));
  });
}

TEST_P(ScanGuarantee, WhileShrinking) {
  Fill(GetParam());
  std::vector<std::string> going;
  for (int i = 0; i < 60'000; ++i) {
    going.push_back("going:" + std::to_string(i));
    Insert(table_, going.back());
  }
  const size_t before = table_.bucket_count();
  ExpectScanSees(table_, staying_, [&](int) {
    for (int i = 0; i < 37 && !going.empty(); ++i) {
      Erase(table_, going.back());
      going.pop_back();
    }
    table_.Step(3);
  });
  EXPECT_LT(table_.bucket_count(), before);
}

TEST_P(ScanGuarantee, WhileGrowingAndShrinkingByTurns) {
  Fill(GetParam());
  std::vector<std::string> extra;
  uint64_t random = 11;
  ExpectScanSees(table_, staying_, [&](int step) {
    const bool growing = (step / 64) % 2 == 0 && step < 5000;
    for (uint64_t i = NextRandom(&random) % 300; i > 0; --i) {
      if (growing) {
        extra.push_back("extra:" + std::to_string(NextRandom(&random)));
        Insert(table_, extra.back());
      } else if (!extra.empty()) {
        Erase(table_, extra.back());
        extra.pop_back();
      }
    }
    table_.Step(NextRandom(&random) % 20);
  });
}

INSTANTIATE_TEST_SUITE_P(Sizes, ScanGuarantee, testing::Values(1, 3, 20, 21, 150, 1000, 10'000));

}  // namespace
}  // namespace keyhole::store
