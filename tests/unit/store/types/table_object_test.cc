#include "proxy/store/types/table_object.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "proxy/base/random.h"
#include "proxy/store/memory/object_heap.h"

namespace keyhole::store {
namespace {

std::map<std::string, std::string> Contents(const TableObject& table) {
  std::map<std::string, std::string> all;
  table.ForEach([&all](const Item& item) { all.emplace(item.key(), item.value()); });
  return all;
}

// Also while its blocks move about.
TEST(TableObject, IsAMapUnderRandomUseAndCompaction) {
  ObjectHeap heap;
  std::map<std::string, std::string> model;
  uint64_t random = 3;
  {
    TableObject table(heap);
    for (int i = 0; i < 60'000; ++i) {
      const bool grow = (i / 20'000) % 2 == 0;
      const std::string name = "field:" + std::to_string(NextRandom(&random) % 20'000);
      if (NextRandom(&random) % 10 < (grow ? 8U : 1U)) {
        const std::string value(NextRandom(&random) % 40, 'v');
        EXPECT_EQ(table.Set(name, value), model.insert_or_assign(name, value).second);
      } else {
        EXPECT_EQ(table.Remove(name), model.erase(name) == 1);
      }
      size_t budget = 20;
      if (heap.compactable()) table.Compact(&budget);
    }
    EXPECT_EQ(Contents(table), model);
    EXPECT_EQ(table.size(), model.size());
    const auto copy = table.Clone(MallocHeap());
    EXPECT_EQ(Contents(static_cast<const TableObject&>(*copy)), model);
  }
  EXPECT_EQ(heap.memory(), 0U);
}

TEST(TableObject, WeighsWhatItTakes) {
  ObjectHeap heap;
  TableObject table(heap);
  for (int i = 0; i < 30'000; ++i) {
    table.Set("field:" + std::to_string(i), std::string(static_cast<size_t>(i) % 300, 'v'));
    if (i % 1000 == 0) {
      EXPECT_GE(table.memory(), heap.memory());
      EXPECT_LT(table.memory(), heap.memory() + sizeof(table) + static_cast<size_t>(i) + 64);
    }
  }
}

// Members of 15 bytes: 16 each and a share of a bucket.
TEST(TableObject, TakesLittleForAMember) {
  ObjectHeap heap;
  TableObject table(heap);
  constexpr size_t kCount = 100'000;
  for (size_t i = 0; i < kCount; ++i) table.Set("member:" + std::to_string(10'000'000 + i), "");
  EXPECT_LT(table.memory(), kCount * 34);
}

TEST(TableObject, IsFreedInParts) {
  ObjectHeap heap;
  TableObject table(heap);
  for (int i = 0; i < 50'000; ++i) table.Set("member:" + std::to_string(i), "");
  size_t before = table.memory();
  bool done = false;
  int parts = 0;
  for (; !done && parts < 1000; ++parts) {
    size_t budget = 1000;
    done = table.FreeSome(&budget);
    EXPECT_LT(table.memory(), before);
    before = table.memory();
  }
  EXPECT_GT(parts, 50);
  EXPECT_LT(parts, 1000);
  EXPECT_EQ(heap.memory(), 0U);
}

// A set from which most has gone gives its pages back.
TEST(TableObject, CompactionGivesMemoryBack) {
  ObjectHeap heap;
  TableObject table(heap);
  for (int i = 0; i < 200'000; ++i) table.Set("member:" + std::to_string(i), "");
  const size_t full = heap.resident();
  for (int i = 0; i < 200'000; ++i) {
    if (i % 8 != 0) table.Remove("member:" + std::to_string(i));
  }
  int rounds = 0;
  while (heap.compactable() && rounds < 10'000) {
    size_t budget = 10'000;
    table.Compact(&budget);
    ++rounds;
  }
  EXPECT_LT(rounds, 10'000);
  for (int i = 0; i < 5000; ++i) heap.Trim(1);
  EXPECT_LT(heap.resident(), full / 3);
  for (int i = 0; i < 200'000; ++i) {
    ASSERT_EQ(table.Find("member:" + std::to_string(i)) != nullptr, i % 8 == 0);
  }
}

}  // namespace
}  // namespace keyhole::store
