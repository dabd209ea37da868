// Bits of strings, against the plainest way to read and write them.
#include "proxy/store/types/bits.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "proxy/base/random.h"

namespace keyhole::store {
namespace {

std::string RandomBytes(uint64_t* random, size_t size) {
  std::string bytes;
  const uint64_t kind = NextRandom(random) % 3;
  for (size_t i = 0; i < size; ++i) {
    bytes += static_cast<char>(kind == 0 ? NextRandom(random) : kind == 1 ? 0 : 0xFF);
  }
  if (size > 0) bytes[NextRandom(random) % size] = static_cast<char>(NextRandom(random));
  return bytes;
}

TEST(Bits, AreCountedAndFound) {
  uint64_t random = 1;
  for (int i = 0; i < 3000; ++i) {
    const std::string bytes = RandomBytes(&random, 1 + NextRandom(&random) % 70);
    const uint64_t bits = bytes.size() * 8;
    const uint64_t first = NextRandom(&random) % bits;
    const uint64_t last = first + NextRandom(&random) % (bits - first);
    uint64_t set = 0;
    uint64_t found[2] = {kNoBit, kNoBit};
    for (uint64_t bit = first; bit <= last; ++bit) {
      const bool is_set = BitAt(bytes, bit);
      set += is_set ? 1 : 0;
      if (found[is_set ? 1 : 0] == kNoBit) found[is_set ? 1 : 0] = bit;
    }
    EXPECT_EQ(CountBits(bytes, first, last), set);
    EXPECT_EQ(FindBit(bytes, false, first, last), found[0]);
    EXPECT_EQ(FindBit(bytes, true, first, last), found[1]);
  }
  EXPECT_EQ(CountBits(std::string(1001, '\xFF')), 8008U);
  EXPECT_EQ(CountBits(""), 0U);
  EXPECT_FALSE(BitAt("\xFF", 8));
}

TEST(Bits, MakeIntegersOfAnyWidth) {
  uint64_t random = 2;
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = RandomBytes(&random, 1 + NextRandom(&random) % 20);
    const auto width = static_cast<unsigned>(1 + NextRandom(&random) % 64);
    const uint64_t bit = NextRandom(&random) % (bytes.size() * 8 + 20);
    uint64_t expected = 0;
    for (unsigned j = 0; j < width; ++j) expected = expected << 1 | (BitAt(bytes, bit + j) ? 1 : 0);
    EXPECT_EQ(ReadBits(bytes, bit, width), expected);
    if (bit + width > bytes.size() * 8) continue;
    const uint64_t value = NextRandom(&random);
    const std::string before = bytes;
    WriteBits(bytes.data(), bit, width, value);
    EXPECT_EQ(ReadBits(bytes, bit, width), value << (64 - width) >> (64 - width));
    for (uint64_t j = 0; j < bytes.size() * 8; ++j) {
      if (j < bit || j >= bit + width) {
        EXPECT_EQ(BitAt(bytes, j), BitAt(before, j));
      }
    }
  }
}

struct Sum {
  int64_t value;
  int64_t more;
  IntegerType type;
  int64_t wrapped;
  int64_t saturated;
  bool fits;
};

TEST(Bits, IntegersOverflow) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  const Sum sums[] = {
      {250, 5, {false, 8}, 255, 255, true},     {250, 6, {false, 8}, 0, 255, false},
      {5, -6, {false, 8}, 255, 0, false},       {-1, 0, {false, 8}, 255, 255, false},
      {300, 0, {false, 8}, 44, 255, false},     {kMax, 1, {false, 63}, 0, kMax, false},
      {0, kMin, {false, 63}, 0, 0, false},      {127, 1, {true, 8}, -128, 127, false},
      {-128, -1, {true, 8}, 127, -128, false},  {100, -228, {true, 8}, -128, -128, true},
      {kMax, 1, {true, 64}, kMin, kMax, false}, {kMin, -1, {true, 64}, kMax, kMin, false},
      {kMin, kMax, {true, 64}, -1, -1, true},   {0, 1, {true, 1}, -1, 0, false},
      {-1, 0, {true, 1}, -1, -1, true},         {-1, kMax, {true, 8}, -2, 127, false},
  };
  for (const Sum& sum : sums) {
    int64_t result = 0;
    EXPECT_EQ(AddIntegers(sum.value, sum.more, sum.type, Overflow::kWrap, &result), sum.fits);
    EXPECT_EQ(result, sum.wrapped) << sum.value << " + " << sum.more;
    EXPECT_EQ(AddIntegers(sum.value, sum.more, sum.type, Overflow::kSaturate, &result), sum.fits);
    EXPECT_EQ(result, sum.saturated) << sum.value << " + " << sum.more;
  }
}

}  // namespace
}  // namespace keyhole::store
