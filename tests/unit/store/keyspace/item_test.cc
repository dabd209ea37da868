#include "proxy/store/keyspace/item.h"

#include <gtest/gtest.h>

#include <string>

#include "proxy/store/memory/object_heap.h"

namespace keyhole::store {
namespace {

// A name, a value and an expiry of all sizes that make a difference.
struct Case {
  size_t name;
  size_t value;
  UnixMillis expire;
  size_t size;  // of the block
};
constexpr Case kCases[] = {
    {0, 0, kNever, 1},    {15, 0, kNever, 16},     {127, 0, kNever, 128},     {128, 0, kNever, 131},
    {14, 14, kNever, 31}, {255, 255, kNever, 513}, {256, 1, kNever, 266},     {1, 256, kNever, 266},
    {15, 0, 77, 26},      {3, 4, 77, 18},          {300, 70'000, 77, 70'317},
};

TEST(Item, KeepsWhatItWasMadeWith) {
  ObjectHeap heap;
  for (const Case& made : kCases) {
    const std::string name(made.name, 'n');
    const std::string value(made.value, 'v');
    const Item item = Item::Make(name, value, made.expire, heap);
    EXPECT_EQ(item.key(), name);
    EXPECT_EQ(item.value(), value);
    EXPECT_EQ(item.expire(), made.expire);
    EXPECT_EQ(item.size(), made.size) << made.name << " " << made.value;
    Item::Destroy(item, heap);
  }
  EXPECT_EQ(heap.memory(), 0U);
}

TEST(Item, BecomesAnyOther) {
  ObjectHeap heap;
  for (const Case& before : kCases) {
    for (const Case& after : kCases) {
      const std::string name(before.name, 'n');
      const std::string value(after.value, 'w');
      Item item = Item::Make(name, std::string(before.value, 'v'), before.expire, heap);
      item = Item::Changed(item, value, after.expire, heap);
      EXPECT_EQ(item.key(), name);
      EXPECT_EQ(item.value(), value);
      EXPECT_EQ(item.expire(), after.expire);
      Item::Destroy(item, heap);
    }
  }
  EXPECT_EQ(heap.memory(), 0U);
}

}  // namespace
}  // namespace keyhole::store
