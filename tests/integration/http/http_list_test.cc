// Lists of items: pages that together are everything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <map>
#include <string>

#include "tests/integration/http/backends.h"
#include "tests/integration/http/http_client.h"

namespace keyhole::test {
namespace {

using Items = std::map<std::string, std::string>;

class HttpList : public testing::TestWithParam<Backend> {
 protected:
  // Adds the page's items; gives the next cursor.
  std::string ReadPage(const std::string& query, Items* items) {
    const HttpReply reply = http_.Call("GET", "/items?" + query);
    EXPECT_EQ(reply.status, 200) << reply;
    const auto page = boost::json::parse(reply.body).as_object();
    EXPECT_EQ(page.at("count").to_number<size_t>(), page.at("items").as_object().size());
    for (const auto& item : page.at("items").as_object()) {
      (*items)[std::string(item.key())] = std::string(item.value().as_string());
    }
    return std::string(page.at("cursor").as_string());
  }

  Stack stack_{GetParam(), {"--tracked-keys", "3000"}};
  HttpClient http_{stack_->http_port()};
  RawClient resp_ = RawClient::Connect(stack_->port());
};

INSTANTIATE_TEST_SUITE_P(, HttpList, testing::Values(Backend::kEmbedded, Backend::kRedis),
                         [](const auto& backend) { return NameOf(backend.param); });

TEST_P(HttpList, NothingIsAnEmptyPage) {
  const HttpReply reply = http_.Call("GET", "/items");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, R"({"count":0,"items":{},"cursor":"0"})");
}

TEST_P(HttpList, PagesTogetherAreAllItems) {
  constexpr int kItems = 2500;
  Items all;
  std::string requests;
  for (int i = 0; i < kItems; ++i) {
    const std::string key = "item:" + std::to_string(i);
    all[key] = std::to_string(i);
    requests += "SET " + key + " " + std::to_string(i) + "\r\n";
  }
  resp_.Send(requests);
  for (int i = 0; i < kItems; ++i) ASSERT_EQ(resp_.ReadReply(), "+OK\r\n");
  for (const char* const limit : {"1000", "37"}) {
    Items found;
    std::string cursor = "0";
    int pages = 0;
    do {
      cursor = ReadPage("limit=" + std::string(limit) + "&cursor=" + cursor, &found);
    } while (cursor != "0" && ++pages < kItems);
    EXPECT_EQ(cursor, "0");
    EXPECT_TRUE(found == all) << found.size() << " found";
    EXPECT_GT(pages, 1);
  }
  // Who lists what is there looks nothing up: it hits and misses nothing, and no value is seen.
  EXPECT_EQ(stack_->Metric(R"(keyhole_lookups_total{result="hit"})"), 0);
  EXPECT_EQ(stack_->Metric(R"(keyhole_lookups_total{result="miss"})"), 0);
  EXPECT_THAT(http_.Call("GET", "/api/slow").body, testing::HasSubstr(R"("big":[])"));
  EXPECT_EQ(http_.Call("GET", "/items/item:0").status, 200);
  EXPECT_EQ(stack_->Metric(R"(redis_app_cache_hit_total{key="item:0"})"), 1);
}

// Of the near cache neither.
TEST(HttpListBesideTheNearCache, IsNoReadOfIt) {
  Stack stack(Backend::kRedis, {"--near-cache", "16mb", "--near-cache-mget", "on"});
  HttpClient http(stack->http_port());
  RawClient::Connect(stack->port()).Ask({"SET", "k", "v"});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(http.Call("GET", "/items").status, 200);
  EXPECT_EQ(stack->Metric(R"(keyhole_lookups_total{result="hit"})"), 0);
}

TEST_P(HttpList, OfOtherTypesNothingIsShown) {
  if (GetParam() == Backend::kRedis) resp_.Ask({"LPUSH", "list", "a"});
  resp_.Ask({"SET", "a\xff", "\x01\xfe"});
  Items items;
  EXPECT_EQ(ReadPage("limit=1000", &items), "0");
  EXPECT_THAT(items, testing::ElementsAre(testing::Pair("a\\xff", "\x01\\xfe")));
  EXPECT_EQ(stack_->Metric(R"(redis_app_cache_miss_total{key="list"})"), 0);
}

TEST_P(HttpList, BadQueries) {
  for (const char* const query : {"limit=0", "limit=1001", "limit=-1", "limit=x", "limit=%",
                                  "limit=", "cursor=x", "cursor=-1", "cursor=%zz"}) {
    const HttpReply reply = http_.Call("GET", "/items?" + std::string(query));
    EXPECT_EQ(reply.status, 400) << query;
    EXPECT_THAT(reply.body, testing::StartsWith(R"({"error":")")) << query;
  }
  for (const char* const cursor : {"18446744073709551615", "99999999999999999999999"}) {
    const HttpReply reply = http_.Call("GET", "/items?cursor=" + std::string(cursor));
    EXPECT_THAT(reply.status, testing::AnyOf(200, 400)) << cursor << " " << reply.body;
  }
  EXPECT_EQ(http_.Call("GET", "/items?limit=1").status, 200);
}

// A page must not take more memory than what one may ask for.
TEST_P(HttpList, PagesThatAreTooLargeAreRefused) {
  const std::string megabytes(8 * 1024 * 1024, 'x');
  for (int i = 0; i < 9; ++i) {
    ASSERT_EQ(http_.Call("PUT", "/items/" + std::to_string(i), megabytes).status, 204);
  }
  const HttpReply reply = http_.Call("GET", "/items?limit=1000");
  EXPECT_EQ(reply.status, 502);
  EXPECT_THAT(reply.body, testing::HasSubstr("limit="));
  EXPECT_EQ(http_.Call("GET", "/items/0").status, 200) << "the connection goes on";
}

}  // namespace
}  // namespace keyhole::test
