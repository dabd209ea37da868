// The item calls, as an application makes them, in front of a Redis and on the embedded store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/integration/http/backends.h"
#include "tests/integration/http/http_client.h"

namespace keyhole::test {
namespace {

using std::string_literals::operator""s;

class HttpItems : public testing::TestWithParam<Backend> {
 protected:
  HttpReply Post(const std::string& json) { return http_.Call("POST", "/items", json); }
  HttpReply GetBytes(const std::string& target) {
    return http_.Call("GET", target, {}, {"Accept: application/octet-stream"});
  }

  Stack stack_{GetParam()};
  HttpClient http_{stack_->http_port()};
  RawClient resp_ = RawClient::Connect(stack_->port());
};

INSTANTIATE_TEST_SUITE_P(, HttpItems, testing::Values(Backend::kEmbedded, Backend::kRedis),
                         [](const auto& backend) { return NameOf(backend.param); });

TEST_P(HttpItems, HelloTellsThatItRuns) {
  const HttpReply hello = http_.Call("GET", "/");
  EXPECT_EQ(hello.status, 200);
  EXPECT_EQ(hello.header("content-type"), "application/json");
  EXPECT_THAT(hello.body, testing::StartsWith(R"({"message":)"));
}

TEST_P(HttpItems, AMissThenAPostThenAHit) {
  const HttpReply miss = http_.Call("GET", "/items/foo");
  EXPECT_EQ(miss.status, 404);
  EXPECT_EQ(miss.body, R"({"error":"Key not found"})");
  const HttpReply added = Post(R"({"key":"foo","value":"bar"})");
  EXPECT_EQ(added.status, 201);
  EXPECT_EQ(added.body, R"({"message":"Item added successfully","key":"foo","value":"bar"})");
  const HttpReply hit = http_.Call("GET", "/items/foo");
  EXPECT_EQ(hit.status, 200);
  EXPECT_EQ(hit.header("content-type"), "application/json");
  EXPECT_EQ(hit.body, R"({"key":"foo","value":"bar"})");
  EXPECT_EQ(resp_.Ask({"GET", "foo"}), "$3\r\nbar\r\n");
  EXPECT_EQ(stack_->Metric(R"(redis_app_cache_miss_total{key="foo"})"), 1);
  EXPECT_EQ(stack_->Metric(R"(redis_app_cache_hit_total{key="foo"})"), 2);
}

TEST_P(HttpItems, BadPostsAreToldWhatIsWrong) {
  for (const char* const body : {"", "{}", R"({"key":"k"})", R"({"value":"v"})",
                                 R"({"key":"","value":"v"})", R"({"key":null,"value":"v"})"}) {
    const HttpReply reply = Post(body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_EQ(reply.body, R"({"error":"Missing key or value"})") << body;
  }
  for (const char* const body :
       {"{", "[]", "nonsense", R"({"key":"k","value":"v"}x)", R"({"key":1,"value":"v"})",
        R"({"key":"k","value":{}})", R"({"key":"k","value":"v","ttl":0})",
        R"({"key":"k","value":"v","ttl":"soon"})", "{\"key\":\"\xff\",\"value\":\"v\"}"}) {
    const HttpReply reply = Post(body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_THAT(reply.body, testing::StartsWith(R"({"error":")")) << body;
  }
  EXPECT_EQ(resp_.Ask({"DBSIZE"}), ":0\r\n");
}

TEST_P(HttpItems, KeysAndValuesOfAnyText) {
  EXPECT_EQ(Post(R"({"key":"a/b \u00e9\"","value":"l1\nl2\\"})").status, 201);
  EXPECT_EQ(resp_.Ask({"GET", "a/b \xc3\xa9\""}), "$6\r\nl1\nl2\\\r\n");
  const HttpReply hit = http_.Call("GET", "/items/a%2Fb%20%c3%a9%22");
  EXPECT_EQ(hit.status, 200);
  EXPECT_EQ(hit.body, "{\"key\":\"a/b \xc3\xa9\\\"\",\"value\":\"l1\\nl2\\\\\"}");
  EXPECT_EQ(http_.Call("GET", "/items/a/b%20%c3%a9%22").status, 200) << "a plain slash";
}

TEST_P(HttpItems, BytesInBytesOut) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  EXPECT_EQ(http_.Call("PUT", "/items/%00%ff%0d%0a", all).status, 204);
  const HttpReply hit = GetBytes("/items/%00%ff%0d%0a");
  EXPECT_EQ(hit.status, 200);
  EXPECT_EQ(hit.header("content-type"), "application/octet-stream");
  EXPECT_EQ(hit.body, all);
  EXPECT_EQ(resp_.Ask({"STRLEN", "\0\xff\r\n"s}), ":256\r\n");
  EXPECT_EQ(http_.Call("PUT", "/items/nothing", {}, {"Content-Length: 0"}).status, 204);
  EXPECT_EQ(GetBytes("/items/nothing").body, "");
}

TEST_P(HttpItems, FiveMegabytes) {
  std::mt19937_64 random(1);
  std::string value;
  while (value.size() < 5'000'000) value.push_back(static_cast<char>(random()));
  EXPECT_EQ(http_.Call("PUT", "/items/big", value).status, 204);
  EXPECT_TRUE(GetBytes("/items/big").body == value);
  EXPECT_EQ(http_.Call("GET", "/items/big").status, 200);
}

TEST_P(HttpItems, DeleteTellsWhetherThereWasSomething) {
  EXPECT_EQ(http_.Call("DELETE", "/items/foo").status, 404);
  EXPECT_EQ(http_.Call("PUT", "/items/foo", "bar").status, 204);
  EXPECT_EQ(http_.Call("DELETE", "/items/foo").status, 204);
  EXPECT_EQ(http_.Call("GET", "/items/foo").status, 404);
}

TEST_P(HttpItems, TimeToLive) {
  EXPECT_EQ(Post(R"({"key":"posted","value":"v","ttl":100})").status, 201);
  EXPECT_EQ(http_.Call("PUT", "/items/put?ttl=100", "v").status, 204);
  EXPECT_THAT(resp_.Ask({"TTL", "posted"}), testing::AnyOf(":100\r\n", ":99\r\n"));
  EXPECT_THAT(resp_.Ask({"TTL", "put"}), testing::AnyOf(":100\r\n", ":99\r\n"));
  EXPECT_EQ(http_.Call("PUT", "/items/put?ttl=0", "v").status, 400);
  EXPECT_EQ(http_.Call("PUT", "/items/put?ttl=9e9", "v").status, 400);
  EXPECT_EQ(http_.Call("PUT", "/items/put", "v").status, 204);
  EXPECT_EQ(resp_.Ask({"TTL", "put"}), ":-1\r\n");
}

TEST_P(HttpItems, BadKeysAndMethods) {
  EXPECT_EQ(http_.Call("GET", "/items/").status, 400);
  for (const char* const key : {"%", "%1", "%zz", "a%2", "%%30"}) {
    const HttpReply reply = http_.Call("GET", "/items/" + std::string(key));
    EXPECT_EQ(reply.status, 400) << key;
    EXPECT_THAT(reply.body, testing::StartsWith(R"({"error":")")) << key;
  }
  const HttpReply post = http_.Call("POST", "/items/foo", "x");
  EXPECT_EQ(post.status, 405);
  EXPECT_EQ(post.header("allow"), "GET, HEAD, PUT, DELETE");
  EXPECT_EQ(http_.Call("DELETE", "/items").header("allow"), "GET, HEAD, POST");
  EXPECT_EQ(http_.Call("POST", "/metrics", "x").status, 405);
  EXPECT_EQ(http_.Call("BREW", "/").status, 405);
  EXPECT_EQ(http_.Call("GET", "/nowhere").status, 404);
  EXPECT_EQ(http_.Call("GET", "/itemsx").status, 404);
  EXPECT_EQ(http_.Call("GET", "/").status, 200) << "the connection goes on";
}

TEST_P(HttpItems, HealthAndReadiness) {
  stack_->AwaitMetric("keyhole_upstream_up", 1);
  for (const char* const path : {"/healthz", "/readyz"}) {
    const HttpReply reply = http_.Call("GET", path);
    EXPECT_EQ(reply.status, 200) << path;
    EXPECT_EQ(reply.body, R"({"status":"ok"})") << path;
  }
}

TEST(HttpItemsOfRedis, AnotherTypeIsAConflict) {
  Stack stack(Backend::kRedis);
  HttpClient http(stack->http_port());
  EXPECT_EQ(RawClient::Connect(stack->port()).Ask({"LPUSH", "list", "a"}), ":1\r\n");
  const HttpReply reply = http.Call("GET", "/items/list");
  EXPECT_EQ(reply.status, 409);
  EXPECT_THAT(reply.body, testing::HasSubstr("WRONGTYPE"));
  EXPECT_EQ(stack->Metric(R"(redis_app_cache_hit_total{key="list"})"), 0);
  EXPECT_EQ(
      stack->Metric(R"(http_requests_total{method="GET",endpoint="get_item",status_code="409"})"),
      1);
}

TEST(HttpItemsOfRedis, WritesThatRedisRefusesAreABadGateway) {
  Stack stack(Backend::kRedis);
  HttpClient http(stack->http_port());
  RawClient resp = RawClient::Connect(stack->port());
  EXPECT_EQ(resp.Ask({"CONFIG", "SET", "maxmemory", "1"}), "+OK\r\n");
  const HttpReply reply = http.Call("POST", "/items", R"({"key":"k","value":"v"})");
  EXPECT_EQ(reply.status, 502);
  EXPECT_THAT(reply.body, testing::HasSubstr("OOM"));
  EXPECT_EQ(
      stack->Metric(R"(http_requests_total{method="POST",endpoint="add_item",status_code="502"})"),
      1);
}

TEST(HttpItemsOfRedis, TheDatabaseIsTheOneOfTheUrl) {
  RedisServer redis;
  KeyholeProcess proxy({"--upstream", "redis://127.0.0.1:" + std::to_string(redis.port()) + "/5"});
  HttpClient http(proxy.http_port());
  EXPECT_EQ(http.Call("PUT", "/items/k", "v").status, 204);
  RawClient direct = RawClient::Connect(redis.port());
  EXPECT_EQ(direct.Ask({"SELECT", "5"}), "+OK\r\n");
  EXPECT_EQ(direct.Ask({"GET", "k"}), "$1\r\nv\r\n");
}

}  // namespace
}  // namespace keyhole::test
