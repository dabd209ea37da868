#include "metrics/http_stats.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace keyhole::metrics {
namespace {

using std::chrono::milliseconds;

TEST(HttpStatsTest, NothingHappened) {
  const auto stats = std::make_unique<HttpStats>();
  HttpCounts counts;
  stats->AddTo(&counts);
  EXPECT_TRUE(counts.requests.empty());
  EXPECT_TRUE(counts.durations.empty());
}

TEST(HttpStatsTest, TellsMethodEndpointAndStatus) {
  const auto stats = std::make_unique<HttpStats>();
  stats->Record(HttpMethod::kGet, HttpEndpoint::kGetItem, 200, milliseconds(1));
  stats->Record(HttpMethod::kGet, HttpEndpoint::kGetItem, 200, milliseconds(2));
  stats->Record(HttpMethod::kGet, HttpEndpoint::kGetItem, 404, milliseconds(3));
  stats->Record(HttpMethod::kPost, HttpEndpoint::kAddItem, 201, milliseconds(4));
  HttpCounts counts;
  stats->AddTo(&counts);
  ASSERT_EQ(counts.requests.size(), 3u);
  EXPECT_EQ(counts.requests[0].status, 200);
  EXPECT_EQ(counts.requests[0].count, 2u);
  EXPECT_EQ(counts.requests[1].status, 404);
  EXPECT_EQ(counts.requests[2].method, HttpMethod::kPost);
  ASSERT_EQ(counts.durations.size(), 2u);
  EXPECT_EQ(counts.durations[0].latency.count, 3u);
  EXPECT_EQ(counts.durations[0].latency.sum_nanos, 6'000'000u);
}

TEST(HttpStatsTest, SeveralAddUp) {
  const auto one = std::make_unique<HttpStats>();
  const auto two = std::make_unique<HttpStats>();
  one->Record(HttpMethod::kGet, HttpEndpoint::kHello, 200, milliseconds(1));
  two->Record(HttpMethod::kGet, HttpEndpoint::kHello, 200, milliseconds(1));
  two->Record(HttpMethod::kGet, HttpEndpoint::kHealth, 503, milliseconds(1));
  HttpCounts counts;
  one->AddTo(&counts);
  two->AddTo(&counts);
  ASSERT_EQ(counts.requests.size(), 2u);
  EXPECT_EQ(counts.requests[0].count, 2u);
  ASSERT_EQ(counts.durations.size(), 2u);
  EXPECT_EQ(counts.durations[0].latency.count, 2u);
  EXPECT_EQ(counts.durations[1].latency.count, 1u);
}

TEST(HttpStatsTest, StatusesNobodyExpectsShareAPlace) {
  const auto stats = std::make_unique<HttpStats>();
  for (const unsigned status : {0u, 299u, 999u, 100'000u}) {
    stats->Record(HttpMethod::kGet, HttpEndpoint::kOther, status, milliseconds(1));
  }
  HttpCounts counts;
  stats->AddTo(&counts);
  ASSERT_EQ(counts.requests.size(), 1u);
  EXPECT_EQ(counts.requests[0].status, 0);
  EXPECT_EQ(counts.requests[0].count, 4u);
}

TEST(HttpMethodTest, UnknownOnesShareAName) {
  EXPECT_EQ(HttpMethodOf("GET"), HttpMethod::kGet);
  EXPECT_EQ(HttpMethodOf("DELETE"), HttpMethod::kDelete);
  EXPECT_EQ(HttpMethodOf("get"), HttpMethod::kOther);
  EXPECT_EQ(HttpMethodOf("BREW"), HttpMethod::kOther);
  EXPECT_EQ(HttpMethodOf(""), HttpMethod::kOther);
  EXPECT_EQ(Name(HttpMethod::kOther), "OTHER");
}

TEST(HttpMethodTest, NamesLeadBack) {
  for (size_t i = 0; i < static_cast<size_t>(HttpMethod::kCount); ++i) {
    const auto method = static_cast<HttpMethod>(i);
    EXPECT_EQ(HttpMethodOf(Name(method)), method);
  }
}

TEST(HttpEndpointTest, HasTheNamesPeopleKnow) {
  EXPECT_EQ(Name(HttpEndpoint::kHello), "hello");
  EXPECT_EQ(Name(HttpEndpoint::kAddItem), "add_item");
  EXPECT_EQ(Name(HttpEndpoint::kGetItem), "get_item");
  EXPECT_EQ(Name(HttpEndpoint::kListItems), "list_items");
  EXPECT_EQ(Name(HttpEndpoint::kMetrics), "metrics");
  EXPECT_EQ(Name(HttpEndpoint::kOther), "other");
}

}  // namespace
}  // namespace keyhole::metrics
