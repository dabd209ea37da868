// GET /api/keys and GET /api/slow: what may be asked, and what is said.
#include "proxy/http/reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <chrono>
#include <string>

#include "metrics/key_stats.h"

namespace keyhole::core {
namespace {

using metrics::KeyCounts;
using metrics::KeyTable;
using metrics::TopEntry;
using resp::CommandId;
using testing::HasSubstr;

KeyCounts Key(const std::string& label, uint64_t hits, uint64_t misses, uint64_t bytes = 0) {
  KeyCounts key;
  key.label = label;
  key.hits = hits;
  key.misses = misses;
  key.bytes = bytes;
  return key;
}

KeyTable SomeTable() {
  KeyTable table;
  table.patterns = {Key("user:*", 5, 5, 30)};
  table.keys = {Key("a", 1, 9, 10), Key("b", 9, 0, 20), Key("never", 0, 0)};
  table.keys[0].errors = 2;
  table.keys[0].rate = 1.5;
  table.other = Key("__other__", 100, 0);
  table.retired = {.hits = 7, .misses = 8, .errors = 0, .bytes = 9};
  return table;
}

std::string Json(const KeyTable& table, const KeysQuery& query) {
  metrics::KeyDirectory directory(10);
  return KeysJson(table, metrics::KeyHistory(directory), query, 1000);
}

std::string Order(const std::string& query) {
  KeysQuery parsed;
  EXPECT_EQ(ParseKeysQuery(query, &parsed), std::nullopt) << query;
  const auto json = boost::json::parse(Json(SomeTable(), parsed));
  std::string labels;
  for (const auto& key : json.at("keys").as_array()) {
    labels.append(labels.empty() ? "" : " ").append(key.at("key").as_string().c_str());
  }
  return labels;
}

TEST(KeysReport, SortsByWhatIsAskedFor) {
  EXPECT_EQ(Order(""), "a user:* b never");  // by requests
  EXPECT_EQ(Order("sort=requests"), Order(""));
  EXPECT_EQ(Order("sort=hits"), "b user:* a never");
  EXPECT_EQ(Order("sort=misses"), "a user:* b never");
  EXPECT_EQ(Order("sort=bytes"), "user:* b a never");
  EXPECT_EQ(Order("sort=ratio"), "b user:* a never");
  EXPECT_EQ(Order("sort=rate"), "a b never user:*");
  EXPECT_EQ(Order("sort=misses&limit=2"), "a user:*");
  EXPECT_EQ(Order("limit=10000"), "a user:* b never");
  EXPECT_EQ(Order("prefix=us"), "user:*");
  EXPECT_EQ(Order("match=*e*"), "user:* never");
  EXPECT_EQ(Order("match=?&sort=hits"), "b a");
}

TEST(KeysReport, SaysAllOfAKey) {
  KeysQuery query;
  query.limit = 1;
  EXPECT_EQ(
      Json(SomeTable(), query),
      R"({"sort":"requests","limit":1,"tracked":3,"matching":4,"keys":[{"key":"a","hits":1,"misses":9,)"
      R"("requests":12,"bytes":10,"ratio":0.1,"rate":1.5}],"other":{"key":"__other__",)"
      R"("hits":100,"misses":0,"requests":100,"bytes":0,"ratio":1},)"
      R"("retired":{"hits":7,"misses":8,"bytes":9}})"
      "\n");
  EXPECT_THAT(Json(SomeTable(), {}), HasSubstr(R"("ratio":null,"rate":0})"));
  EXPECT_THAT(Json({}, {}), HasSubstr(R"("keys":[],)"));
}

TEST(KeysReport, WrongParametersAreExplained) {
  KeysQuery query;
  for (const char* wrong : {"sort=", "sort=hit", "sort=HITS"}) {
    EXPECT_THAT(ParseKeysQuery(wrong, &query).value_or(""),
                HasSubstr("sort must be one of requests, hits"))
        << wrong;
  }
  for (const char* wrong : {"limit=", "limit=0", "limit=10001", "limit=x", "limit=-1",
                            "sort=hits&limit=99999999999999999999"}) {
    EXPECT_THAT(ParseKeysQuery(wrong, &query).value_or(""),
                HasSubstr("limit must be a whole number from 1 to 10000"))
        << wrong;
  }
}

TEST(KeysReport, AParameterThatIsNotKnownIsTold) {
  KeysQuery query;
  EXPECT_EQ(ParseKeysQuery("limt=1", &query), "There is no parameter 'limt'; did you mean limit?");
  EXPECT_THAT(ParseKeysQuery("zzzzzzzz=1", &query).value_or(""),
              HasSubstr("there are sort, limit"));
  EXPECT_EQ(ParseKeysQuery("sort=hits&sort=hits", &query), "The parameter sort is given twice");
  EXPECT_THAT(ParseKeysQuery("sort=mises", &query).value_or(""), HasSubstr("did you mean misses?"));
  EXPECT_THAT(ParseKeysQuery("prefix=%4", &query).value_or(""), HasSubstr("write %25"));
}

TEST(SlowReport, ListsTheLargestFirst) {
  const metrics::TopList::Instant now{std::chrono::minutes(5)};
  const TopEntry get{.command = CommandId::kGet,
                     .label = "a\"b",
                     .value = 10,
                     .at = now - std::chrono::milliseconds(1500),
                     .bytes = 7,
                     .client = "billing 10.0.0.1:5"};
  const TopEntry ping{
      .command = CommandId::kPing, .label = std::nullopt, .value = 20, .at = now, .client = {}};
  const TopEntry unknown{
      .command = CommandId::kUnknown, .label = std::nullopt, .value = 1, .at = now, .client = {}};
  EXPECT_EQ(
      SlowJson({get}, {unknown, get, ping}, now),
      R"({"big":[{"command":"get","key":"a\"b","bytes":10,"age_seconds":1.5}],)"
      R"("slow":[{"command":"ping","key":null,"microseconds":20,"bytes":0,"client":null,"age_seconds":0},)"
      R"({"command":"get","key":"a\"b","microseconds":10,"bytes":7,"client":"billing 10.0.0.1:5",)"
      R"("age_seconds":1.5},)"
      R"({"command":"unknown","key":null,"microseconds":1,"bytes":0,"client":null,)"
      R"("age_seconds":0}]})"
      "\n");
  EXPECT_EQ(SlowJson({}, {}, now), "{\"big\":[],\"slow\":[]}\n");
}

// Also while there are places for all, where no key takes that of another.
TEST(KeysReport, AKeyIsNewInItsFirstMinute) {
  metrics::KeyDirectory directory(10);
  metrics::KeyStats stats(directory);
  metrics::KeyHistory history(directory);
  metrics::KeyHistory::Instant now{std::chrono::hours(1)};
  KeyTable table;
  table.keys = {Key("old", 1, 0), Key("young", 1, 0)};
  table.keys[1].slot = 1;
  KeysQuery query;
  query.spark = 30;
  const auto trend = [&](size_t key) {
    const auto json = boost::json::parse(KeysJson(table, history, query, 1000));
    const auto& value = json.at("keys").as_array().at(key).at("trend");
    return value.is_null() ? std::string() : std::string(value.as_string());
  };
  stats.Record("old", true);
  for (int i = 0; i < 6; ++i) history.Tick(now += history.step());
  EXPECT_EQ(trend(0), "") << "all are as old as the process";
  stats.Record("young", true);
  for (int i = 0; i < 6; ++i) {
    history.Tick(now += history.step());
    EXPECT_EQ(trend(0), "");
    EXPECT_EQ(trend(1), "new");
  }
  history.Tick(now += history.step());
  EXPECT_EQ(trend(1), "");
}

}  // namespace
}  // namespace keyhole::core
