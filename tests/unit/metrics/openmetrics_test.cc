// OpenMetrics 1.0.0: what differs from the text format, and who gets it.
#include "metrics/openmetrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <sstream>
#include <string>

#include "metrics/exporter.h"

namespace keyhole::metrics {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

class OpenMetricsTest : public testing::Test {
 protected:
  std::string Render() {
    const Exporter exporter(
        [this] {
          const WorkerMetrics* const workers[] = {worker_.get()};
          Snapshot snapshot = Take(workers, directory_);
          snapshot.process.start_time_seconds = 1700000000.5;
          return snapshot;
        },
        "1.2.3");
    return exporter.Render(Exporter::Format::kOpenMetrics);
  }

  KeyDirectory directory_{3};
  std::unique_ptr<WorkerMetrics> worker_ = std::make_unique<WorkerMetrics>(directory_);
};

TEST_F(OpenMetricsTest, CountersHaveTheirTotalAndWhenTheyBegan) {
  worker_->keys.Record("a\"b\n", true, 10'000'000);
  const std::string text = Render();
  EXPECT_THAT(text, AllOf(HasSubstr("# TYPE redis_app_cache_hit counter\n"
                                    "# HELP redis_app_cache_hit Lookups "),
                          HasSubstr("\nredis_app_cache_hit_created{key=\"__other__\"} "
                                    "1700000000.5\n"),
                          HasSubstr("} 10000000\n"), HasSubstr("{key=\"a\\\"b\\\\x0a#"),
                          EndsWith("\n# EOF\n")));
  EXPECT_THAT(text, Not(HasSubstr("_total counter")));
}

TEST_F(OpenMetricsTest, HistogramsAreOfOnePiece) {
  worker_->upstream_latency.Record(std::chrono::microseconds(15));
  EXPECT_THAT(Render(),
              AllOf(HasSubstr("# TYPE keyhole_upstream_duration_seconds histogram\n"),
                    HasSubstr("\nkeyhole_upstream_duration_seconds_bucket{le=\"1.5e-05\"} 1\n"),
                    HasSubstr("\nkeyhole_upstream_duration_seconds_bucket{le=\"+Inf\"} 1\n"
                              "keyhole_upstream_duration_seconds_count 1\n"
                              "keyhole_upstream_duration_seconds_sum 1.5e-05\n"
                              "keyhole_upstream_duration_seconds_created 1700000000.5\n")));
}

TEST_F(OpenMetricsTest, GaugesHaveOneLine) {
  EXPECT_THAT(Render(),
              AllOf(HasSubstr("# TYPE keyhole_clients gauge\n"), HasSubstr("\nkeyhole_clients 0\n"),
                    Not(HasSubstr("keyhole_clients_created"))));
}

TEST_F(OpenMetricsTest, NoSeriesIsThereTwiceAndNoFamilyIsTorn) {
  worker_->counters.requests[resp::CommandId::kGet].Add();
  std::istringstream lines(Render());
  std::set<std::string> series;
  std::set<std::string> families;
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(families.insert(family).second) << line;
    } else if (!line.starts_with("#")) {
      EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line;
      EXPECT_TRUE(line.starts_with(family)) << line;
    }
  }
}

TEST(AcceptsOpenMetricsTest, WhoAsksForItGetsIt) {
  EXPECT_TRUE(AcceptsOpenMetrics("application/openmetrics-text; version=1.0.0; charset=utf-8"));
  EXPECT_TRUE(AcceptsOpenMetrics("application/openmetrics-text"));
  // Prometheus 2.42
  EXPECT_TRUE(
      AcceptsOpenMetrics("application/openmetrics-text;version=1.0.0,application/"
                         "openmetrics-text;version=0.0.1;q=0.75,"
                         "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
  EXPECT_TRUE(AcceptsOpenMetrics("text/plain;q=0.5, application/openmetrics-text;q=0.8"));
}

TEST(AcceptsOpenMetricsTest, OthersDoNot) {
  for (const char* accept :
       {"", "*/*", "text/plain", "text/html,application/xhtml+xml,*/*;q=0.8",
        "application/openmetrics-text;version=0.0.1", "application/openmetrics-text;q=0",
        "text/plain,application/openmetrics-text;q=0.5", "application/openmetrics-text;q=x",
        ",;,=", "application/openmetrics-textual"}) {
    EXPECT_FALSE(AcceptsOpenMetrics(accept)) << accept;
  }
}

}  // namespace
}  // namespace keyhole::metrics
