#include "proxy/base/high_water.h"

#include <gtest/gtest.h>

namespace keyhole::core {
namespace {

using std::chrono::seconds;

constexpr Instant kBegin{seconds(1000)};

TEST(HighWater, IsTheHighestOfTheLastMinute) {
  HighWater water;
  EXPECT_EQ(water.mark(kBegin), 0U);
  water.Note(kBegin, 3);
  water.Note(kBegin, 12);
  water.Note(kBegin, 4);
  EXPECT_EQ(water.mark(kBegin), 12U);
  water.Note(kBegin + seconds(20), 7);
  EXPECT_EQ(water.mark(kBegin + seconds(59)), 12U);
  EXPECT_EQ(water.mark(kBegin + seconds(60)), 7U);
  EXPECT_EQ(water.mark(kBegin + seconds(80)), 0U);
}

TEST(HighWater, ForgetsAllAfterALongSilence) {
  HighWater water;
  water.Note(kBegin, 5);
  water.Note(kBegin + seconds(100000), 1);
  EXPECT_EQ(water.mark(kBegin + seconds(100000)), 1U);
}

}  // namespace
}  // namespace keyhole::core
