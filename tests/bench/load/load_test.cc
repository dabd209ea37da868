// The pieces of the load generator: when requests are due, what they are, how durations are summed
// up, and where it refuses to go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "resp/request_parser.h"
#include "tests/bench/load/generator.h"
#include "tests/bench/load/histogram.h"
#include "tests/bench/load/options.h"
#include "tests/bench/load/schedule.h"
#include "tests/bench/load/workload.h"

namespace keyhole::load {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;
using testing::HasSubstr;

TEST(Schedule, IsConstantAndDoesNotDrift) {
  Schedule schedule(Arrivals::kConstant, 30'000, 1);  // a gap of 33333.3 ns
  EXPECT_EQ(schedule.next(), nanoseconds(33'333));
  for (int i = 1; i < 30'000'000; ++i) schedule.Step();
  EXPECT_EQ(schedule.next(), std::chrono::seconds(1000));
}

TEST(Schedule, PoissonHasTheRateAndExponentialGaps) {
  constexpr int kCount = 1'000'000;
  Schedule schedule(Arrivals::kPoisson, 10'000, 7);
  int longer_than_mean = 0;
  int64_t before = 0;
  for (int i = 0; i < kCount; ++i) {
    if (schedule.next().count() - before > 100'000) ++longer_than_mean;
    before = schedule.next().count();
    schedule.Step();
  }
  EXPECT_NEAR(static_cast<double>(before) / 1e9, 100, 0.5);        // five standard deviations
  EXPECT_NEAR(longer_than_mean / double{kCount}, 0.36788, 0.003);  // 1/e
}

TEST(Schedule, TheSeedDecides) {
  Schedule a(Arrivals::kPoisson, 1000, 1);
  Schedule b(Arrivals::kPoisson, 1000, 1);
  Schedule c(Arrivals::kPoisson, 1000, 2);
  for (int i = 0; i < 10; ++i, a.Step(), b.Step(), c.Step()) {
    EXPECT_EQ(a.next(), b.next());
    EXPECT_NE(a.next(), c.next());
  }
}

TEST(LoadHistogram, PercentilesAreWithinABucketAndNeverBelow) {
  Histogram histogram;
  for (int i = 1; i <= 100'000; ++i) histogram.Record(microseconds(i));
  for (const double q : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    SCOPED_TRACE(q);
    const double exact = q * 100'000;
    EXPECT_GE(histogram.PercentileMicros(q), exact);
    EXPECT_LE(histogram.PercentileMicros(q), exact * 1.008);
  }
  EXPECT_EQ(histogram.count(), 100'000U);
  EXPECT_DOUBLE_EQ(histogram.MaxMicros(), 100'000);
  EXPECT_DOUBLE_EQ(histogram.MeanMicros(), 50'000.5);
}

TEST(LoadHistogram, ShortDurationsAreExact) {
  Histogram histogram;
  for (int i = 0; i < 256; ++i) histogram.Record(nanoseconds(i));
  EXPECT_DOUBLE_EQ(histogram.PercentileMicros(0.5), 0.127);
  EXPECT_DOUBLE_EQ(histogram.PercentileMicros(1), 0.255);
}

TEST(LoadHistogram, HoldsAnything) {
  Histogram histogram;
  EXPECT_EQ(histogram.PercentileMicros(0.99), 0);
  histogram.Record(nanoseconds(-5));
  EXPECT_EQ(histogram.PercentileMicros(1), 0);
  histogram.Record(nanoseconds::max());
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_GT(histogram.PercentileMicros(1), 1e9);
}

// Requests of a workload: how often each, with what is to be told apart of them.
std::map<std::string, int> Draw(const Options& options, int count) {
  Workload workload(options);
  std::map<std::string, int> drawn;
  for (int i = 0; i < count; ++i) {
    std::string bytes;
    workload.Append(&bytes);
    resp::RequestParser parser;
    EXPECT_EQ(parser.Next(bytes), resp::RequestParser::Result::kRequest);
    EXPECT_EQ(parser.consumed(), bytes.size());
    const auto args = parser.request().args;
    ++drawn[std::string(args[0])];
    ++drawn[std::string(args[1])];
    if (args.size() == 3) ++drawn[std::to_string(args[2].size())];
  }
  return drawn;
}

TEST(Workload, MixesCommandsSizesAndKeys) {
  Options options;
  options.get_percent = 75;
  options.sizes = {0, 100};
  options.keys = 4;
  const auto drawn = Draw(options, 10'000);
  EXPECT_NEAR(drawn.at("GET"), 7500, 250);
  EXPECT_NEAR(drawn.at("SET"), 2500, 250);
  EXPECT_NEAR(drawn.at("0"), 1250, 200);
  EXPECT_NEAR(drawn.at("100"), 1250, 200);
  for (const char* key : {"key:000000000000", "key:000000000003"}) {
    EXPECT_NEAR(drawn.at(key), 2500, 250);
  }
  EXPECT_FALSE(drawn.contains("key:000000000004"));
}

TEST(Workload, ZipfMakesTheFirstKeysHeavy) {
  Options options;
  options.keys = 1000;
  options.zipf = 1;  // key k has a share of 1 / ((k + 1) H(1000)); H(1000) = 7.4855
  const auto drawn = Draw(options, 100'000);
  EXPECT_NEAR(drawn.at("key:000000000000"), 13'359, 600);
  EXPECT_NEAR(drawn.at("key:000000000009"), 1336, 200);
}

TEST(Target, IsOnThisMachine) {
  std::string why;
  for (const char* text :
       {"127.0.0.1:6379", "127.1.2.3:1", "localhost:65535", "[::1]:6379", "unix:/x"}) {
    EXPECT_TRUE(ParseTarget(text, &why)) << text << ": " << why;
  }
}

TEST(Target, IsNowhereElse) {
  for (const char* text : {"192.0.2.1:6379", "0.0.0.0:6379", "redis.example:6379",
                           "[2001:db8::1]:6379", "[::]:6379", "10.0.0.1:1"}) {
    std::string why;
    EXPECT_FALSE(ParseTarget(text, &why)) << text;
    EXPECT_THAT(why, HasSubstr("no loopback address"));
  }
}

TEST(Target, SaysWhatIsWrong) {
  for (const char* text :
       {"", "6379", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x"}) {
    std::string why;
    EXPECT_FALSE(ParseTarget(text, &why)) << text;
    EXPECT_THAT(why, HasSubstr("is not HOST:PORT"));
  }
  std::string why;
  EXPECT_FALSE(ParseTarget("unix:", &why));
  EXPECT_THAT(why, HasSubstr("path"));
}

TEST(Result, SaysWhenTheScheduleWasNotKept) {
  Options options;
  Result result;
  for (int i = 0; i < 1000; ++i) result.lag.Record(microseconds(i < 10 ? 5000 : 10));
  EXPECT_TRUE(result.kept(options));
  EXPECT_THAT(ToJson(options, result), HasSubstr("\"kept\": true"));
  result.lag.Record(microseconds(5000));
  EXPECT_FALSE(result.kept(options));
  EXPECT_THAT(ToJson(options, result), HasSubstr("\"kept\": false"));
}

}  // namespace
}  // namespace keyhole::load
