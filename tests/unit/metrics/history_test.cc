// An hour of seconds, a day of minutes; and the same of keys.
#include "metrics/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <initializer_list>
#include <memory>
#include <string>

#include "metrics/key_history.h"
#include "metrics/key_stats.h"

namespace keyhole::metrics {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr int64_t kBegin = 1'000'000'020;  // 0 s of a minute

CurveValues Worth(float hits, float p99 = 0) {
  CurveValues values{};
  values[Curve::kHits] = hits;
  values[Curve::kClientP99] = p99;
  return values;
}

TEST(History, RemembersSeconds) {
  History history;
  EXPECT_TRUE(history.empty());
  EXPECT_THAT(history.Read(Curve::kHits, 0).values, SizeIs(0));
  for (int i = 0; i < 5; ++i) history.Record(kBegin + i, Worth(static_cast<float>(i)));
  const History::Points all = history.Read(Curve::kHits, 0);
  EXPECT_EQ(all.begin, kBegin);
  EXPECT_EQ(all.step, 1);
  EXPECT_THAT(all.values, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(history.Read(Curve::kHits, kBegin + 3).values, ElementsAre(3, 4));
  EXPECT_EQ(history.Mean(Curve::kHits, 2), 3.5);
  EXPECT_EQ(history.Mean(Curve::kHits, 3600), 2);
  history.Record(kBegin + 2, Worth(9));  // the clock was set back a little
  EXPECT_THAT(history.Read(Curve::kHits, kBegin + 3).values, ElementsAre(3, 4));
}

TEST(History, AShortPauseIsFilledAndALongOneIsNot) {
  History history;
  history.Record(kBegin, Worth(1));
  history.Record(kBegin + 3, Worth(2));
  EXPECT_THAT(history.Read(Curve::kHits, 0).values, ElementsAre(1, 2, 2, 2));
  history.Record(kBegin + 13, Worth(3));
  const auto values = history.Read(Curve::kHits, kBegin + 3).values;
  ASSERT_THAT(values, SizeIs(11));
  EXPECT_TRUE(std::isnan(values[1]));
  EXPECT_TRUE(std::isnan(values[9]));
  EXPECT_EQ(values[10], 3);
  history.Record(kBegin + 100'000, Worth(4));  // the machine has slept
  EXPECT_THAT(history.Read(Curve::kHits, 0).values, ElementsAre(4));
}

TEST(History, AfterAnHourMinutesAreLeft) {
  History history;
  for (int64_t s = 0; s < 7200; ++s) {
    const int64_t minute = s / 60;
    history.Record(kBegin + s, Worth(static_cast<float>(minute), s % 60 == 7 ? 5.0F : 1.0F));
  }
  const History::Points hour = history.Read(Curve::kHits, kBegin + 3600);
  EXPECT_EQ(hour.begin, kBegin + 3600);
  EXPECT_THAT(hour.values, SizeIs(3600));
  const History::Points day = history.Read(Curve::kHits, 0);
  EXPECT_EQ(day.begin, kBegin);
  EXPECT_EQ(day.step, 60);
  ASSERT_THAT(day.values, SizeIs(120));
  EXPECT_EQ(day.values[0], 0);
  EXPECT_EQ(day.values[119], 119);
  EXPECT_EQ(history.Read(Curve::kClientP99, 0).values[50], 5) << "the worst of its minute";
}

TEST(History, NamesAreFoundAgain) {
  for (size_t i = 0; i < static_cast<size_t>(Curve::kCount); ++i) {
    const auto curve = static_cast<Curve>(i);
    EXPECT_EQ(CurveCalled(Name(curve)), curve);
  }
  EXPECT_EQ(CurveCalled("nothing"), std::nullopt);
}

TEST(History, ComparesTwoMoments) {
  Snapshot before;
  Snapshot now;
  now.other.hits = 30;
  now.other.misses = 10;
  now.replies[RequestFamily::kRead][ReplyResult::kOk] = 40;
  LatencyCounts& latency = now.request_latency[RequestFamily::kRead];
  latency.count = 100;
  latency.buckets[LatencyBucketOf(1'000'000)] = 98;
  latency.buckets[LatencyBucketOf(50'000'000)] = 2;
  const CurveValues values = Compare(before, now, 2);
  EXPECT_EQ(values[Curve::kHits], 15);
  EXPECT_EQ(values[Curve::kMisses], 5);
  EXPECT_EQ(values[Curve::kHitRatio], 0.75F);
  EXPECT_EQ(values[Curve::kReads], 20);
  EXPECT_NEAR(values[Curve::kClientP50], 0.001, 0.0002);
  EXPECT_NEAR(values[Curve::kClientP99], 0.05, 0.007);
  EXPECT_TRUE(std::isnan(values[Curve::kUpstreamP99]));
  EXPECT_TRUE(std::isnan(Compare(now, now, 1)[Curve::kHitRatio]));
}

class KeyHistoryTest : public testing::Test {
 protected:
  void Ask(const std::string& key, int hits, int misses) {
    for (int i = 0; i < hits; ++i) stats_.Record(key, true);
    for (int i = 0; i < misses; ++i) stats_.Record(key, false);
  }
  void Step() { history_.Tick(now_ += history_.step()); }

  KeyDirectory directory_{10};
  KeyStats stats_{directory_};
  KeyHistory history_{directory_};
  KeyHistory::Instant now_{std::chrono::hours(1)};
};

TEST_F(KeyHistoryTest, CountsInSteps) {
  Ask("a", 1, 0);
  Step();
  Ask("a", 2047, 3);
  Ask("b", 0, 5);
  Step();
  const auto a = history_.Read(*history_.SlotOf("a"), 10);
  ASSERT_THAT(a, SizeIs(2));
  EXPECT_EQ(a[0].hits, 1u);
  EXPECT_EQ(a[1].hits, 2047u) << "exact up to here";
  EXPECT_EQ(a[1].misses, 3u);
  const auto b = history_.Read(*history_.SlotOf("b"), 10);
  ASSERT_THAT(b, SizeIs(1)) << "since it is there";
  EXPECT_EQ(b[0].misses, 5u);
  EXPECT_EQ(history_.SlotOf("c"), std::nullopt);
}

TEST_F(KeyHistoryTest, LargeNumbersAreKnownToThreeDigits) {
  Ask("a", 100'000, 0);
  Step();
  const uint64_t hits = history_.Read(*history_.SlotOf("a"), 1)[0].hits;
  EXPECT_NEAR(static_cast<double>(hits), 100'000, 100);
}

TEST(KeyHistories, ManyKeysHaveLongerSteps) {
  KeyDirectory few(1000);
  EXPECT_EQ(KeyHistory(few).step(), std::chrono::seconds(10));
  EXPECT_EQ(KeyHistory(few).steps(), 360u);
  KeyDirectory many(100'000);
  const KeyHistory history(many);
  EXPECT_LE(history.steps() * 100'000 * 4, 3u << 20);
}

// The hour, the day and the keys together, for as many keys as can be tracked.
TEST(HistoryMemory, IsAtMostFourMebibytes) {
  for (const size_t keys :
       std::initializer_list<size_t>{1, 100, 1000, 2000, 2100, 3000, 5000, 9000, 10'000}) {
    KeyDirectory directory(keys);
    EXPECT_LE(History::kMemory + KeyHistory(directory).memory(), size_t{4} << 20) << keys;
  }
}

}  // namespace
}  // namespace keyhole::metrics
