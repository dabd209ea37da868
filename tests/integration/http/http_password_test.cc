// HTTP where the embedded store asks for a password, and where Redis has users.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/integration/http/backends.h"
#include "tests/integration/http/http_client.h"

namespace keyhole::test {
namespace {

// base64 of ":secret", "default:secret", "other:secret", ":wrong"
constexpr const char* kNoUser = "Authorization: Basic OnNlY3JldA==";
constexpr const char* kDefault = "Authorization: basic ZGVmYXVsdDpzZWNyZXQ=";
constexpr const char* kOther = "Authorization: Basic b3RoZXI6c2VjcmV0";
constexpr const char* kWrong = "Authorization: Basic Ondyb25n";

class HttpPassword : public testing::Test {
 protected:
  KeyholeProcess proxy_{{"--requirepass", "secret"}};
  HttpClient http_{proxy_.http_port()};
};

TEST_F(HttpPassword, ItemsAskForIt) {
  for (const auto& reply : {http_.Call("GET", "/items/k"), http_.Call("GET", "/items"),
                            http_.Call("PUT", "/items/k", "v"), http_.Call("DELETE", "/items/k"),
                            http_.Call("POST", "/items", R"({"key":"k","value":"v"})")}) {
    EXPECT_EQ(reply.status, 401);
    EXPECT_THAT(reply.header("www-authenticate"), testing::StartsWith("Basic realm="));
    EXPECT_EQ(reply.body, R"({"error":"NOAUTH Authentication required."})");
  }
}

TEST_F(HttpPassword, TheRightOneOpens) {
  EXPECT_EQ(http_.Call("PUT", "/items/k", "v", {kNoUser}).status, 204);
  EXPECT_EQ(http_.Call("GET", "/items/k", {}, {kDefault}).body, R"({"key":"k","value":"v"})");
  EXPECT_EQ(http_.Call("GET", "/items", {}, {kNoUser}).status, 200);
  EXPECT_EQ(proxy_.Metric(R"(redis_app_cache_hit_total{key="k"})"), 2);
}

TEST_F(HttpPassword, AWrongOneDoesNot) {
  for (const char* const header :
       {kOther, kWrong, "Authorization: Basic", "Authorization: Basic !!!",
        "Authorization: Basic c2VjcmV0", "Authorization: Bearer OnNlY3JldA=="}) {
    EXPECT_EQ(http_.Call("GET", "/items/k", {}, {header}).status, 401) << header;
  }
  EXPECT_EQ(http_.Call("GET", "/items/k", {}, {kNoUser}).status, 404);
}

// What one request was allowed says nothing of the next on the same connection, which may be a
// gateway's.
TEST_F(HttpPassword, EachRequestIsAskedAnew) {
  EXPECT_EQ(http_.Call("GET", "/items/k", {}, {kNoUser}).status, 404);
  EXPECT_EQ(http_.Call("GET", "/items/k").status, 401);
  EXPECT_EQ(http_.Call("GET", "/items/k", {}, {kWrong}).status, 401);
  EXPECT_EQ(http_.Call("GET", "/items/k", {}, {kNoUser}).status, 404);
}

TEST_F(HttpPassword, WhatIsNotDataIsOpen) {
  for (const char* const target : {"/", "/metrics", "/healthz", "/readyz"}) {
    EXPECT_EQ(http_.Call("GET", target).status, 200) << target;
  }
}

TEST(HttpUsers, WhatRedisDoesNotPermitIsForbidden) {
  RedisServer redis;
  RawClient direct = RawClient::Connect(redis.port());
  ASSERT_EQ(direct.Ask({"ACL", "SETUSER", "reader", "on", ">p", "~open:*", "+@read"}), "+OK\r\n");
  KeyholeProcess proxy(
      {"--upstream", "redis://reader:p@127.0.0.1:" + std::to_string(redis.port())});
  HttpClient http(proxy.http_port());
  EXPECT_EQ(http.Call("GET", "/items/open:1").status, 404);
  const HttpReply closed = http.Call("GET", "/items/closed");
  EXPECT_EQ(closed.status, 403);
  EXPECT_THAT(closed.body, testing::HasSubstr("NOPERM"));
  EXPECT_EQ(http.Call("PUT", "/items/open:1", "v").status, 403);
}

}  // namespace
}  // namespace keyhole::test
