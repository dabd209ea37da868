#include "proxy/store/types/sorted_set_object.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "proxy/base/random.h"
#include "proxy/store/memory/object_heap.h"

namespace keyhole::store {
namespace {

std::map<std::string, double> Contents(const SortedSetObject& set) {
  std::map<std::string, double> all;
  set.tree().Visit(0, set.size(), /*downwards=*/false,
                   [&all](Item item) { all.emplace(item.key(), ScoreOf(item)); });
  return all;
}

// Also while its blocks move about.
TEST(SortedSetObject, IsAMapInOrderUnderRandomUseAndCompaction) {
  ObjectHeap heap;
  std::map<std::string, double> model;
  uint64_t random = 3;
  {
    SortedSetObject set(heap);
    for (int i = 0; i < 60'000; ++i) {
      const bool grow = (i / 20'000) % 2 == 0;
      const std::string member = "member:" + std::to_string(NextRandom(&random) % 20'000);
      const auto score = static_cast<double>(NextRandom(&random) % 5000);
      Item* const found = set.Find(member);
      ASSERT_EQ(found != nullptr, model.contains(member));
      if (NextRandom(&random) % 10 < (grow ? 8U : 1U)) {
        model[member] = score;
        if (found == nullptr) {
          set.Add(member, score);
        } else {
          set.Rescore(*found, score);
        }
      } else if (found != nullptr) {
        model.erase(member);
        set.Remove(found);
      }
      size_t budget = 50;
      if (heap.compactable()) set.Compact(&budget);
      if (i % 5000 == 0) set.tree().Check();
    }
    set.tree().Check();
    EXPECT_EQ(Contents(set), model);
    for (const auto& [member, score] : model) ASSERT_EQ(ScoreOf(*set.Find(member)), score);
    const auto copy = set.Clone(MallocHeap());
    EXPECT_EQ(Contents(static_cast<const SortedSetObject&>(*copy)), model);
  }
  EXPECT_EQ(heap.memory(), 0U);
}

TEST(SortedSetObject, IsFreedInParts) {
  ObjectHeap heap;
  SortedSetObject set(heap);
  for (int i = 0; i < 50'000; ++i) set.Add("member:" + std::to_string(i), i % 1000);
  size_t before = set.memory();
  bool done = false;
  int parts = 0;
  for (; !done && parts < 1000; ++parts) {
    size_t budget = 1000;
    done = set.FreeSome(&budget);
    EXPECT_LE(set.memory(), before);
    before = set.memory();
  }
  EXPECT_GT(parts, 50);
  EXPECT_LT(parts, 1000);
  EXPECT_EQ(heap.memory(), 0U);
}

}  // namespace
}  // namespace keyhole::store
