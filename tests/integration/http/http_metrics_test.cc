// What is counted of HTTP itself, to the last request, and that /metrics is clean.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <tuple>

#include "tests/integration/counting/exposition.h"
#include "tests/integration/http/backends.h"
#include "tests/integration/http/http_client.h"

namespace keyhole::test {
namespace {

class HttpMetrics : public testing::TestWithParam<Backend> {
 protected:
  Stack stack_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(, HttpMetrics, testing::Values(Backend::kEmbedded, Backend::kRedis),
                         [](const auto& backend) { return NameOf(backend.param); });

struct Step {
  const char* method;
  const char* target;
  const char* body;
  const char* endpoint;
  int status;
};

constexpr Step kSteps[] = {
    {"GET", "/", "", "hello", 200},
    {"GET", "/items/foo", "", "get_item", 404},
    {"POST", "/items", R"({"key":"foo","value":"bar"})", "add_item", 201},
    {"GET", "/items/foo", "", "get_item", 200},
    {"HEAD", "/items/foo", "", "get_item", 200},
    {"POST", "/items", "{", "add_item", 400},
    {"GET", "/items", "", "list_items", 200},
    {"GET", "/items?limit=0", "", "list_items", 400},
    {"GET", "/items/%", "", "get_item", 400},
    {"PUT", "/items/k", "v", "put_item", 204},
    {"DELETE", "/items/k", "", "delete_item", 204},
    {"DELETE", "/items/k", "", "delete_item", 404},
    {"GET", "/healthz", "", "health", 200},
    {"GET", "/readyz", "", "health", 200},
    {"GET", "/nowhere", "", "other", 404},
    {"BREW", "/", "", "other", 405},
    {"PATCH", "/items", "", "other", 405},
    {"GET", "/metrics", "", "metrics", 200},
};

TEST_P(HttpMetrics, EveryRequestIsCountedOnce) {
  constexpr int kRounds = 5;
  using Key = std::tuple<std::string, std::string, std::string>;
  std::map<Key, double> expected;
  std::map<std::pair<std::string, std::string>, double> durations;
  HttpClient http(stack_->http_port());
  for (int round = 0; round < kRounds; ++round) {
    for (const Step& step : kSteps) {
      const bool second_round_hit =
          round > 0 && step.status == 404 && step.target == kSteps[1].target;
      const int status = second_round_hit ? 200 : step.status;
      ASSERT_EQ(http.Call(step.method, step.target, step.body).status, status) << step.target;
      const std::string method = std::string(step.method) == "BREW" ? "OTHER" : step.method;
      ++expected[{method, step.endpoint, std::to_string(status)}];
      ++durations[{method, step.endpoint}];
    }
  }
  // This very request is counted when it has been answered.
  const Exposition metrics(http.Call("GET", "/metrics").body);
  double total = 0;
  for (const auto& [key, count] : expected) {
    const auto& [method, endpoint, status] = key;
    EXPECT_EQ(metrics.Value("http_requests_total",
                            {{"method", method}, {"endpoint", endpoint}, {"status_code", status}}),
              count)
        << method << " " << endpoint << " " << status;
    total += count;
  }
  EXPECT_EQ(metrics.Sum("http_requests_total"), total);
  for (const auto& [key, count] : durations) {
    const Labels labels{{"method", key.first}, {"endpoint", key.second}};
    Labels all = labels;
    all["le"] = "+Inf";
    EXPECT_EQ(metrics.Value("http_request_duration_seconds_count", labels), count);
    EXPECT_EQ(metrics.Value("http_request_duration_seconds_bucket", all), count);
    EXPECT_GT(metrics.Value("http_request_duration_seconds_sum", labels), 0);
  }
  EXPECT_EQ(metrics.Sum("http_request_duration_seconds_count"), total);
}

TEST_P(HttpMetrics, ItemCallsAreRequestsLikeOthers) {
  HttpClient http(stack_->http_port());
  RawClient resp = RawClient::Connect(stack_->port());
  for (int i = 0; i < 3; ++i) http.Call("GET", "/items/shared");
  http.Call("PUT", "/items/shared", "v");
  for (int i = 0; i < 4; ++i) http.Call("GET", "/items/shared");
  for (int i = 0; i < 5; ++i) resp.Ask({"GET", "shared"});
  const Exposition metrics(http.Call("GET", "/metrics").body);
  EXPECT_EQ(metrics.Value("redis_app_cache_miss_total", {{"key", "shared"}}), 3);
  EXPECT_EQ(metrics.Value("redis_app_cache_hit_total", {{"key", "shared"}}), 9);
  EXPECT_EQ(metrics.Value("keyhole_requests_total", {{"command", "get"}}), 12);
  EXPECT_EQ(metrics.Value("keyhole_requests_total", {{"command", "set"}}), 1);
  EXPECT_EQ(metrics.Value("keyhole_clients"), 1) << "clients of RESP";
}

TEST_P(HttpMetrics, PromtoolHasNothingToSay) {
  HttpClient http(stack_->http_port());
  for (const Step& step : kSteps) http.Call(step.method, step.target, step.body);
  const HttpReply reply = http.Call("GET", "/metrics");
  EXPECT_EQ(reply.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  ChildProcess promtool({"promtool", "check", "metrics"}, reply.body);
  EXPECT_EQ(promtool.Wait(), 0);
  EXPECT_EQ(promtool.out() + promtool.err(), "");
}

}  // namespace
}  // namespace keyhole::test
