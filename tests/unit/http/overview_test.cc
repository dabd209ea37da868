// What is wrong, in words, and the figures beside it.
#include "proxy/http/overview.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <chrono>
#include <string>
#include <vector>

namespace keyhole::core {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class OverviewTest : public testing::Test {
 protected:
  Overview Now() {
    return {.now = 1000,
            .started = 100,
            .max_clients = 10,
            .behind = {false, "Redis at 127.0.0.1:6379", away_since_},
            .totals = totals_,
            .minute_ago = before_,
            .history = history_,
            .nodes = nodes_};
  }
  std::vector<std::string> Troubles() {
    std::vector<std::string> texts;
    for (const Trouble& trouble : TroublesOf(Now())) texts.push_back(trouble.text);
    return texts;
  }

  double away_since_ = 0;
  metrics::Snapshot totals_;
  metrics::Snapshot before_;
  metrics::History history_;
  std::vector<NodeInfo> nodes_;
};

TEST_F(OverviewTest, AllIsWell) {
  EXPECT_THAT(Troubles(), IsEmpty());
}

TEST_F(OverviewTest, TheWorstStandsFirst) {
  totals_.errors[metrics::ErrorClass::kWrongType] = 7;
  totals_.errors[metrics::ErrorClass::kErr] = 2;
  before_.errors[metrics::ErrorClass::kErr] = 1;
  totals_.requests_waiting = 31;
  away_since_ = 988;
  EXPECT_THAT(Troubles(),
              ElementsAre("Redis at 127.0.0.1:6379 has been away for 12 s; 31 requests wait",
                          "8 error replies in the last minute, most of class wrong_type"));
  totals_.requests_waiting = 1;
  EXPECT_THAT(Troubles()[0], EndsWith("; 1 request waits"));
}

TEST_F(OverviewTest, TheStoreIsFull) {
  totals_.store = {
      .memory_bytes = 100, .memory_limit_bytes = 100, .evicted_keys = 5, .expired_keys = 0};
  EXPECT_THAT(Troubles(), ElementsAre("The store is full: 5 keys were evicted in the last minute"));
}

TEST_F(OverviewTest, JsonHasTheFigures) {
  metrics::CurveValues values{};
  values[metrics::Curve::kHits] = 30;
  values[metrics::Curve::kMisses] = 10;
  history_.Record(999, values);
  const std::string text = OverviewJson(Now());
  EXPECT_THAT(text, EndsWith("}\n"));
  const auto json = boost::json::parse(text);
  EXPECT_EQ(json.at("last_hour").at("hit_ratio").to_number<double>(), 0.75);
  EXPECT_EQ(json.at("now").at("hits").to_number<int>(), 30);
  EXPECT_TRUE(json.at("upstream").at("up").as_bool());
  EXPECT_TRUE(json.at("upstream").at("nodes").as_array().empty());
  EXPECT_THAT(OverviewEvent(Now()), StartsWith("data: {"));
  EXPECT_THAT(OverviewEvent(Now()), EndsWith("}\n\n"));
}

TEST_F(OverviewTest, EachNodeOfACluster) {
  nodes_ = {
      {.address = "10.0.0.1:7000",
       .role = NodeInfo::Role::kMaster,
       .slots = 2,
       .ranges = "0, 9",
       .state = NodeInfo::State::kUp,
       .latency = std::chrono::microseconds(250)},
      {.address = "10.0.0.2:7000", .role = NodeInfo::Role::kReplica, .master = "10.0.0.1:7000"}};
  away_since_ = 988;
  EXPECT_THAT(Troubles(), ElementsAre("Redis at 127.0.0.1:6379 has been away for 12 s"));
  nodes_[0].state = NodeInfo::State::kAway;
  EXPECT_THAT(Troubles(), ElementsAre("Of the cluster 10.0.0.1:7000 has been away for 12 s"));
  nodes_[0].state = NodeInfo::State::kUp;
  const std::string text = OverviewJson(Now());
  EXPECT_THAT(text, HasSubstr(R"({"address":"10.0.0.1:7000","role":"master","state":"up",)"
                              R"("slots":2,"ranges":"0, 9","latency":0.00025})"));
  EXPECT_THAT(text, HasSubstr(R"("role":"replica","state":"unasked","slots":0,"ranges":"",)"
                              R"("latency":null,"replica_of":"10.0.0.1:7000"})"));
}

}  // namespace
}  // namespace keyhole::core
