#include "proxy/store/types/timed_table.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "proxy/base/random.h"
#include "proxy/store/memory/object_heap.h"

namespace keyhole::store {
namespace {

using Model = std::map<std::string, std::pair<std::string, UnixMillis>>;

Model Contents(const TimedTable& table) {
  Model all;
  table.ForEach([&all](const Item& item) {
    all.emplace(item.key(), std::pair{std::string(item.value()), item.expire()});
  });
  return all;
}

UnixMillis FirstEnd(const Model& model) {
  UnixMillis first = kNever;
  for (const auto& [name, field] : model) first = std::min(first, field.second);
  return first;
}

// Also while its blocks move about.
TEST(TimedTable, IsAMapWhoseFieldsEndUnderRandomUseAndCompaction) {
  ObjectHeap heap;
  Model model;
  uint64_t random = 5;
  {
    TimedTable table(heap, /*listed=*/false);
    UnixMillis now = 1000;
    for (int i = 0; i < 40'000; ++i) {
      const std::string name = "field:" + std::to_string(NextRandom(&random) % 3000);
      const UnixMillis end = NextRandom(&random) % 2 == 0
                                 ? kNever
                                 : now + 1 + static_cast<UnixMillis>(NextRandom(&random) % 5000);
      switch (NextRandom(&random) % 4) {
        case 0: {
          const std::string value(NextRandom(&random) % 40, 'v');
          const bool is_new = model.insert_or_assign(name, std::pair{value, end}).second;
          EXPECT_EQ(table.Set(name, value, end), is_new);
          break;
        }
        case 1:
          if (const auto field = model.find(name); field != model.end()) {
            field->second.second = end;
            table.SetExpire(name, end);
          }
          break;
        case 2:
          EXPECT_EQ(table.Remove(name), model.erase(name) == 1);
          break;
        default: {
          now += static_cast<UnixMillis>(NextRandom(&random) % 10);
          std::erase_if(model, [now](const auto& field) { return field.second.second <= now; });
          size_t budget = SIZE_MAX;
          EXPECT_EQ(table.EndParts(now, &budget), !model.empty());
        }
      }
      size_t budget = 20;
      if (heap.compactable()) table.Compact(&budget);
      if (i % 1000 == 0) {
        ASSERT_EQ(table.due(), FirstEnd(model));
        ASSERT_EQ(Contents(table), model);
        EXPECT_GE(table.memory(), heap.memory());
      }
    }
    const auto copy = table.Clone(MallocHeap());
    EXPECT_EQ(Contents(static_cast<const TimedTable&>(*copy)), model);
    EXPECT_EQ(copy->due(), table.due());
    size_t budget = 100;
    while (!table.FreeSome(&budget)) budget = 100;
    EXPECT_EQ(table.size(), 0U);
  }
  EXPECT_EQ(heap.memory(), 0U);
}

TEST(TimedTable, EndsNoMoreThanItsBudgetAllows) {
  ObjectHeap heap;
  TimedTable table(heap, /*listed=*/false);
  for (int i = 0; i < 1000; ++i) table.Set("f" + std::to_string(i), "v", 10);
  size_t budget = 800;
  EXPECT_TRUE(table.EndParts(10, &budget));
  EXPECT_EQ(budget, 0U);
  EXPECT_EQ(table.size(), 900U);
}

// A large hash becomes one without a copy of its fields.
TEST(TimedTable, TakesTheFieldsOfAnother) {
  ObjectHeap heap;
  TableObject table(heap);
  table.Set("a", "1");
  table.Set("b", "");
  const char* const place = table.Find("a")->raw();
  TimedTable timed(heap, /*listed=*/true);
  timed.TakeFrom(table);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(timed.Find("a")->raw(), place);
  EXPECT_EQ(Contents(timed), (Model{{"a", {"1", kNever}}, {"b", {"", kNever}}}));
  timed.SetExpire("b", 7);
  EXPECT_EQ(timed.due(), 7);
}

}  // namespace
}  // namespace keyhole::store
