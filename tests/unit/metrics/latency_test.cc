#include "metrics/latency.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

namespace keyhole::metrics {
namespace {

using std::chrono::nanoseconds;

std::vector<uint64_t> Cumulative(const LatencyCounts& counts) {
  std::vector<uint64_t> out(LatencyBoundaries().size());
  counts.Cumulative(out);
  return out;
}

TEST(LatencyBucketTest, EdgesBelongToTheBucketTheyEnd) {
  for (size_t bucket = 0; bucket + 1 < kLatencyBuckets; ++bucket) {
    const uint64_t edge = LatencyUpperEdge(bucket);
    ASSERT_EQ(LatencyBucketOf(edge), bucket);
    ASSERT_EQ(LatencyBucketOf(edge + 1), bucket + 1);
  }
}

TEST(LatencyBucketTest, EveryBucketIsNarrow) {
  for (size_t bucket = 16; bucket + 1 < kLatencyBuckets; ++bucket) {
    const auto low = static_cast<double>(LatencyUpperEdge(bucket - 1));
    const auto high = static_cast<double>(LatencyUpperEdge(bucket));
    ASSERT_LE((high - low) / low, 0.125) << bucket;
  }
}

TEST(LatencyBucketTest, TakesEveryNumber) {
  EXPECT_EQ(LatencyBucketOf(0), 0u);
  EXPECT_EQ(LatencyBucketOf(1), 0u);
  EXPECT_EQ(LatencyBucketOf(UINT64_MAX), kLatencyBuckets - 1);
}

TEST(LatencyBoundariesTest, RunFromTenMicrosecondsToTenSeconds) {
  const auto boundaries = LatencyBoundaries();
  EXPECT_EQ(boundaries.front(), 10'000u);
  EXPECT_EQ(boundaries[1], 15'000u);
  EXPECT_EQ(boundaries[2], 20'000u);
  EXPECT_EQ(boundaries.back(), 10'485'760'000u);
  EXPECT_TRUE(std::is_sorted(boundaries.begin(), boundaries.end()));
}

TEST(LatencyHistogramTest, CountsADurationOnItsBoundaryBelowIt) {
  for (size_t i = 0; i < LatencyBoundaries().size(); ++i) {
    const auto histogram = std::make_unique<LatencyHistogram>();
    const auto boundary = static_cast<int64_t>(LatencyBoundaries()[i]);
    histogram->Record(nanoseconds(boundary));
    histogram->Record(nanoseconds(boundary + 1));
    LatencyCounts counts;
    histogram->AddTo(&counts);
    ASSERT_EQ(Cumulative(counts)[i], 1u) << boundary;
  }
}

TEST(LatencyHistogramTest, CumulativeCountsAreExact) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> exponent(0, 11);  // 1 ns .. 100 s
  const auto histogram = std::make_unique<LatencyHistogram>();
  std::vector<uint64_t> recorded;
  uint64_t sum = 0;
  for (int i = 0; i < 20'000; ++i) {
    recorded.push_back(static_cast<uint64_t>(std::pow(10, exponent(random))));
    sum += recorded.back();
    histogram->Record(nanoseconds(recorded.back()));
  }
  LatencyCounts counts;
  histogram->AddTo(&counts);
  const auto cumulative = Cumulative(counts);
  for (size_t i = 0; i < cumulative.size(); ++i) {
    const uint64_t boundary = LatencyBoundaries()[i];
    const auto below = std::count_if(recorded.begin(), recorded.end(),
                                     [boundary](uint64_t n) { return n <= boundary; });
    ASSERT_EQ(cumulative[i], static_cast<uint64_t>(below)) << boundary;
  }
  EXPECT_EQ(counts.count, recorded.size());
  EXPECT_EQ(counts.sum_nanos, sum);
}

TEST(LatencyHistogramTest, AClockThatWentBackCountsAsZero) {
  const auto histogram = std::make_unique<LatencyHistogram>();
  histogram->Record(nanoseconds(-5));
  LatencyCounts counts;
  histogram->AddTo(&counts);
  EXPECT_EQ(counts.buckets[0], 1u);
  EXPECT_EQ(counts.count, 1u);
  EXPECT_EQ(counts.sum_nanos, 0u);
}

TEST(LatencyHistogramTest, SeveralAddUp) {
  const auto one = std::make_unique<LatencyHistogram>();
  const auto two = std::make_unique<LatencyHistogram>();
  one->Record(std::chrono::microseconds(12));
  two->Record(std::chrono::microseconds(12));
  two->Record(std::chrono::hours(1));
  LatencyCounts counts;
  one->AddTo(&counts);
  two->AddTo(&counts);
  EXPECT_EQ(counts.count, 3u);
  EXPECT_EQ(Cumulative(counts).front(), 0u);
  EXPECT_EQ(Cumulative(counts)[1], 2u);
  EXPECT_EQ(Cumulative(counts).back(), 2u);
  EXPECT_EQ(counts.buckets.back(), 1u);
}

}  // namespace
}  // namespace keyhole::metrics
