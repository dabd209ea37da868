// The rows of types.def against what they must be for the rest of the store.
#include "proxy/store/keyspace/encoding.h"

#include <gtest/gtest.h>

namespace keyhole::store {
namespace {

static_assert(TypeOf(Encoding::kRawString) == ValueType::kString);
static_assert(TypeOf(Encoding::kListHash) == ValueType::kHash);
static_assert(TypeOf(Encoding::kIntegerSet) == ValueType::kSet);

TEST(Encoding, AnObjectIsWhatIsTooLargeForABlock) {
  EXPECT_TRUE(IsObject(Encoding::kTableHash));
  EXPECT_TRUE(IsObject(Encoding::kTableSet));
  EXPECT_TRUE(IsObject(Encoding::kChunkedList));
  EXPECT_TRUE(IsObject(Encoding::kTreeZset));
  EXPECT_FALSE(IsObject(Encoding::kString));
  EXPECT_FALSE(IsObject(Encoding::kPackedSet));
  EXPECT_FALSE(IsObject(Encoding::kPackedList));
}

// What is shown by the length of its text must be a text.
TEST(Encoding, OnlyStringsAreShownByTheirText) {
  for (size_t i = 0; i < kEncodingCount; ++i) {
    const auto encoding = static_cast<Encoding>(i);
    const Shown shown = ShownOf(encoding);
    if (shown == Shown::kAlways || shown == Shown::kUnlessListed) continue;
    EXPECT_EQ(TypeOf(encoding), ValueType::kString) << i;
    EXPECT_EQ(LayoutOf(encoding), Layout::kText) << i;
  }
}

TEST(Encoding, NamesAreThoseOfRedis) {
  EXPECT_EQ(TypeName(ValueType::kString), "string");
  EXPECT_EQ(TypeName(ValueType::kHash), "hash");
  EXPECT_EQ(EncodingName(Encoding::kListHash), "listpack");
  EXPECT_EQ(EncodingName(Encoding::kPackedHash), "hashtable");
  EXPECT_EQ(EncodingName(Encoding::kIntegerSet), "intset");
}

}  // namespace
}  // namespace keyhole::store
