// GET /api/keys and GET /api/slow: what may be asked, and what is said.
#include "proxy/http/reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <string>

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

std::string Order(const std::string& query) {
  KeysQuery parsed;
  EXPECT_EQ(ParseKeysQuery(query, &parsed), std::nullopt) << query;
  const auto json = boost::json::parse(KeysJson(SomeTable(), parsed));
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
  EXPECT_EQ(Order("limit=10000&other=x"), "a user:* b never");
}

TEST(KeysReport, SaysAllOfAKey) {
  KeysQuery query;
  query.limit = 1;
  EXPECT_EQ(KeysJson(SomeTable(), query),
            R"({"sort":"requests","limit":1,"tracked":3,"keys":[{"key":"a","hits":1,"misses":9,)"
            R"("requests":12,"bytes":10,"ratio":0.1,"rate":1.5}],"other":{"key":"__other__",)"
            R"("hits":100,"misses":0,"requests":100,"bytes":0,"ratio":1},)"
            R"("retired":{"hits":7,"misses":8,"bytes":9}})");
  EXPECT_THAT(KeysJson(SomeTable(), {}), HasSubstr(R"("ratio":null,"rate":0})"));
  EXPECT_THAT(KeysJson({}, {}), HasSubstr(R"("keys":[],)"));
}

TEST(KeysReport, WrongParametersAreExplained) {
  KeysQuery query;
  for (const char* wrong : {"sort=", "sort=hit", "sort=%", "sort=HITS"}) {
    EXPECT_THAT(ParseKeysQuery(wrong, &query).value_or(""),
                HasSubstr("sort must be one of hits, misses"))
        << wrong;
  }
  for (const char* wrong : {"limit=", "limit=0", "limit=10001", "limit=x", "limit=-1", "limit=%zz",
                            "sort=hits&limit=99999999999999999999"}) {
    EXPECT_THAT(ParseKeysQuery(wrong, &query).value_or(""),
                HasSubstr("limit must be a whole number from 1 to 10000"))
        << wrong;
  }
}

TEST(SlowReport, ListsTheLargestFirst) {
  const metrics::TopList::Instant now{std::chrono::minutes(5)};
  const TopEntry get{CommandId::kGet, "a\"b", 10, now - std::chrono::milliseconds(1500)};
  const TopEntry ping{CommandId::kPing, std::nullopt, 20, now};
  const TopEntry unknown{CommandId::kUnknown, std::nullopt, 1, now};
  EXPECT_EQ(SlowJson({get}, {unknown, get, ping}, now),
            R"({"big":[{"command":"get","key":"a\"b","bytes":10,"age_seconds":1.5}],)"
            R"("slow":[{"command":"ping","key":null,"microseconds":20,"age_seconds":0},)"
            R"({"command":"get","key":"a\"b","microseconds":10,"age_seconds":1.5},)"
            R"({"command":"unknown","key":null,"microseconds":1,"age_seconds":0}]})");
  EXPECT_EQ(SlowJson({}, {}, now), R"({"big":[],"slow":[]})");
}

}  // namespace
}  // namespace keyhole::core
