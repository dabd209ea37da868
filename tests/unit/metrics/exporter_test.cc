#include "metrics/exporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "metrics/label.h"

namespace keyhole::metrics {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ExporterTest : public testing::Test {
 protected:
  std::string Render() {
    const Exporter exporter(
        [this] {
          const WorkerMetrics* const workers[] = {worker_.get()};
          return Take(workers, directory_);
        },
        "1.2.3");
    return exporter.Render();
  }

  KeyDirectory directory_{3};
  std::unique_ptr<WorkerMetrics> worker_ = std::make_unique<WorkerMetrics>(directory_);
};

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST_F(ExporterTest, EveryKeyHasBothSeries) {
  worker_->keys.Record("a", true);
  worker_->keys.Record("a", true);
  worker_->keys.Record("b", false);
  EXPECT_THAT(Render(), AllOf(HasSubstr("\nredis_app_cache_hit_total{key=\"a\"} 2\n"),
                              HasSubstr("\nredis_app_cache_miss_total{key=\"a\"} 0\n"),
                              HasSubstr("\nredis_app_cache_hit_total{key=\"b\"} 0\n"),
                              HasSubstr("\nredis_app_cache_miss_total{key=\"b\"} 1\n")));
}

TEST_F(ExporterTest, OtherIsAlwaysThere) {
  EXPECT_THAT(Render(), AllOf(HasSubstr("\nredis_app_cache_hit_total{key=\"__other__\"} 0\n"),
                              HasSubstr("\nredis_app_cache_miss_total{key=\"__other__\"} 0\n")));
  for (const char* key : {"a", "b", "c", "d"}) worker_->keys.Record(key, false);
  EXPECT_THAT(Render(), HasSubstr("\nredis_app_cache_miss_total{key=\"__other__\"} 1\n"));
}

TEST_F(ExporterTest, QuotesAndBackslashesAreEscapedAsTheFormatSays) {
  worker_->keys.Record("a\"b\\c", true);
  worker_->keys.Record("x\ny\r", true);
  EXPECT_THAT(Render(),
              AllOf(HasSubstr("\nredis_app_cache_hit_total{key=\"a\\\"b\\\\c\"} 1\n"),
                    HasSubstr("{key=\"x\\\\x0ay\\\\x0d" + KeyLabel("x\ny\r").substr(10) + "\"} 1"),
                    Not(HasSubstr("\r"))));
}

TEST_F(ExporterTest, CommandsAppearOnceTheyOccur) {
  EXPECT_THAT(Render(), Not(HasSubstr("command=")));
  worker_->counters.requests[resp::CommandId::kGet].Add(7);
  worker_->counters.requests[resp::CommandId::kUnknown].Add(2);
  EXPECT_THAT(Render(), AllOf(HasSubstr("\nkeyhole_requests_total{command=\"get\"} 7\n"),
                              HasSubstr("\nkeyhole_requests_total{command=\"unknown\"} 2\n"),
                              Not(HasSubstr("command=\"mget\""))));
}

TEST_F(ExporterTest, NoTwoCommandsShareASeries) {
  for (size_t i = 0; i < resp::kCommandCount; ++i) {
    worker_->counters.requests[static_cast<resp::CommandId>(i)].Add();
  }
  std::set<std::string> series;
  for (const std::string& line : Lines(Render())) {
    if (!line.starts_with("keyhole_requests_total{")) continue;
    EXPECT_TRUE(series.insert(line).second) << line;
  }
  EXPECT_EQ(series.size(), resp::kCommandCount);
}

TEST_F(ExporterTest, FixedLabelsAreThereBeforeTheFirstEvent) {
  EXPECT_THAT(Render(), AllOf(HasSubstr("\nkeyhole_errors_total{class=\"wrong_type\"} 0\n"),
                              HasSubstr("\nkeyhole_clients_closed_total{reason=\"idle\"} 0\n"),
                              HasSubstr("\nkeyhole_links{kind=\"shared\"} 0\n"),
                              HasSubstr("\nkeyhole_client_bytes_total{direction=\"in\"} 0\n"),
                              HasSubstr("\nkeyhole_upstream_up 0\n")));
}

TEST_F(ExporterTest, ADurationFallsIntoItsBuckets) {
  worker_->request_latency[RequestFamily::kRead].Record(std::chrono::microseconds(15));
  worker_->request_latency[RequestFamily::kRead].Record(std::chrono::milliseconds(20));
  worker_->request_latency[RequestFamily::kRead].Record(std::chrono::seconds(100));
  EXPECT_THAT(
      Render(),
      AllOf(
          HasSubstr("\nkeyhole_request_duration_seconds_bucket{family=\"read\",le=\"1e-05\"} 0\n"),
          HasSubstr(
              "\nkeyhole_request_duration_seconds_bucket{family=\"read\",le=\"1.5e-05\"} 1\n"),
          HasSubstr(
              "\nkeyhole_request_duration_seconds_bucket{family=\"read\",le=\"0.01536\"} 1\n"),
          HasSubstr(
              "\nkeyhole_request_duration_seconds_bucket{family=\"read\",le=\"0.02048\"} 2\n"),
          HasSubstr(
              "\nkeyhole_request_duration_seconds_bucket{family=\"read\",le=\"10.48576\"} 2\n"),
          HasSubstr("\nkeyhole_request_duration_seconds_bucket{family=\"read\",le=\"+Inf\"} 3\n"),
          HasSubstr("\nkeyhole_request_duration_seconds_count{family=\"read\"} 3\n"),
          HasSubstr("\nkeyhole_request_duration_seconds_sum{family=\"read\"} 100.020015\n")));
}

TEST_F(ExporterTest, HttpRequestsHaveAllTheirLabels) {
  worker_->http.Record(HttpMethod::kPost, HttpEndpoint::kAddItem, 201,
                       std::chrono::milliseconds(1));
  worker_->http.Record(HttpMethod::kOther, HttpEndpoint::kOther, 299, std::chrono::milliseconds(1));
  EXPECT_THAT(Render(),
              AllOf(HasSubstr("\nhttp_requests_total"
                              "{method=\"POST\",endpoint=\"add_item\",status_code=\"201\"} 1\n"),
                    HasSubstr("\nhttp_requests_total"
                              "{method=\"OTHER\",endpoint=\"other\",status_code=\"OTHER\"} 1\n"),
                    HasSubstr("\nhttp_request_duration_seconds_count"
                              "{method=\"POST\",endpoint=\"add_item\"} 1\n")));
}

TEST_F(ExporterTest, SaysWhatItIs) {
  EXPECT_THAT(Render(), AllOf(HasSubstr("\nkeyhole_build_info{version=\"1.2.3\"} 1\n"),
                              HasSubstr("\nkeyhole_tracked_keys_limit 3\n"),
                              HasSubstr("\nprocess_resident_memory_bytes "),
                              HasSubstr("\nprocess_start_time_seconds ")));
}

// The sample's family: its name without what histograms add to it.
std::string FamilyOf(const std::string& line, const std::map<std::string, std::string>& types) {
  std::string name = line.substr(0, line.find_first_of("{ "));
  for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
    if (!name.ends_with(suffix)) continue;
    std::string family = name.substr(0, name.size() - suffix.size());
    if (types.contains(family)) return family;
  }
  return name;
}

TEST_F(ExporterTest, EverySampleBelongsToAFamilyWithHelpAndType) {
  worker_->counters.requests[resp::CommandId::kGet].Add();
  worker_->http.Record(HttpMethod::kGet, HttpEndpoint::kHello, 200, std::chrono::milliseconds(1));
  std::map<std::string, std::string> help;
  std::map<std::string, std::string> types;
  std::set<std::string> series;
  for (const std::string& line : Lines(Render())) {
    std::istringstream words(line);
    std::string hash, kind, name, rest;
    if (line.starts_with("# ")) {
      words >> hash >> kind >> name;
      std::getline(words >> std::ws, rest);
      EXPECT_TRUE((kind == "HELP" ? help : types).emplace(name, rest).second) << line;
      continue;
    }
    const std::string family = FamilyOf(line, types);
    EXPECT_TRUE(help.contains(family) && types.contains(family)) << line;
    EXPECT_EQ(types[family] == "counter", family.ends_with("_total")) << line;
    EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line;
  }
  EXPECT_EQ(help.size(), types.size());
  EXPECT_EQ(types["keyhole_request_duration_seconds"], "histogram");
  EXPECT_EQ(types["keyhole_clients"], "gauge");
}

}  // namespace
}  // namespace keyhole::metrics
