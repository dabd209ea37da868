// HyperLogLogs, against the plainest way to keep one. That the bytes are Redis' is shown by
// tests/conformance.
#include "proxy/store/types/hyperloglog.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "proxy/base/random.h"

namespace keyhole::store::hll {
namespace {

constexpr size_t kMost = 3000;

Registers RegistersOf(const std::string& value) {
  Registers registers{};
  EXPECT_TRUE(MergeInto(value, &registers));
  return registers;
}

// Any register in any order, up to where it becomes dense, and beyond.
TEST(HyperLogLog, SparseAndDenseHoldTheSame) {
  for (const uint64_t seed : {1U, 2U, 3U}) {
    uint64_t random = seed;
    Registers model{};
    std::string value = Empty();
    for (int i = 0; i < 4000; ++i) {
      // Near each other, so that runs are split and joined.
      const size_t index = (NextRandom(&random) % 40 * 401 + NextRandom(&random) % 12) % kRegisters;
      const auto count = static_cast<uint8_t>(1 + NextRandom(&random) % (i < 3000 ? 4 : 40));
      if (IsDense(value)) break;
      const Added added = SetSparse(&value, index, count, kMost);
      EXPECT_EQ(added == Added::kChanged, count > model[index]);
      model[index] = std::max(model[index], count);
      if (i % 100 == 0) {
        ASSERT_EQ(RegistersOf(value), model) << i;
      }
    }
    EXPECT_EQ(RegistersOf(value), model);
    EXPECT_TRUE(MakeDense(&value));
    EXPECT_EQ(value.size(), kDenseSize);
    EXPECT_EQ(RegistersOf(value), model);
    uint64_t count = 0;
    EXPECT_TRUE(Count(value, &count));
    EXPECT_EQ(count, Count(model));
  }
}

TEST(HyperLogLog, CountsWithinItsError) {
  std::string value = Empty();
  for (int i = 1; i <= 100'000; ++i) {
    AddToSparse(&value, "element:" + std::to_string(i), kMost);
    if (i != 100 && i != 1000 && i != 10'000 && i != 100'000) continue;
    uint64_t count = 0;
    ASSERT_TRUE(Count(value, &count));
    EXPECT_NEAR(static_cast<double>(count), i, i * 0.025) << i;
  }
  EXPECT_TRUE(IsDense(value));
}

TEST(HyperLogLog, KeepsItsCountUntilItChanges) {
  std::string value = Empty();
  uint64_t count = 0;
  EXPECT_TRUE(KeptCount(value, &count));
  EXPECT_EQ(count, 0U);
  ForgetCount(value.data());
  EXPECT_FALSE(KeptCount(value, &count));
  KeepCount(value.data(), 77);
  EXPECT_TRUE(KeptCount(value, &count));
  EXPECT_EQ(count, 77U);
}

// Runs that make too few registers, too many, or end in the middle: nothing is read beyond them.
TEST(HyperLogLog, CorruptOnesAreSeen) {
  const std::string header = Empty().substr(0, kHeader);
  for (const std::string& runs :
       {std::string(), std::string("\x7F", 1), std::string("\x7F\xFF\x80"),
        std::string(300, '\x83'), std::string("\x3F"), std::string("\x7F\xFF\x7F\xFF")}) {
    std::string value = header + runs;
    Registers registers{};
    uint64_t count = 0;
    EXPECT_FALSE(MergeInto(value, &registers) && Count(value, &count));
    std::string copy = value;
    EXPECT_FALSE(MakeDense(&copy) && runs.size() != 3);
    AddToSparse(&value, "x", kMost);
  }
}

}  // namespace
}  // namespace keyhole::store::hll
