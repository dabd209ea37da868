// HTTP where the embedded store asks for a password, and where Redis has users.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "tests/integration/http/backends.h"
#include "tests/integration/http/http_client.h"
#include "tests/support/temp_file.h"

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
  HttpClient put(proxy_.http_port());  // a body that is not wanted ends the connection
  for (const auto& reply : {http_.Call("GET", "/items/k"), http_.Call("GET", "/items"),
                            put.Call("PUT", "/items/k", "v"), http_.Call("DELETE", "/items/k"),
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
  EXPECT_THAT(http_.Call("GET", "/metrics", {}, {kNoUser}).body,
              testing::HasSubstr(R"(redis_app_cache_hit_total{key="k"} 1)"));
}

// A crowd that sends bodies would take as much memory as it likes.
TEST_F(HttpPassword, NoBodyIsTakenWithoutIt) {
  const std::string body(7U << 20, 'x');
  std::vector<HttpClient> crowd;
  for (const char* const header : {"X: y", kWrong, kOther, "Authorization: Basic"}) {
    for (int i = 0; i < 10; ++i) {
      crowd.emplace_back(proxy_.http_port());
      const std::string request = HttpClient::Format("PUT", "/items/k", body, {header});
      crowd.back().Send(std::string_view(request).substr(0, request.size() - body.size()));
      const HttpReply reply = crowd.back().Read();  // before a byte of the body
      EXPECT_EQ(reply.status, 401);
      EXPECT_EQ(reply.header("connection"), "close");
    }
  }
  HttpClient right(proxy_.http_port());
  EXPECT_EQ(right.Call("PUT", "/items/k", body, {kNoUser}).status, 204);
  EXPECT_EQ(right.Call("PUT", "/items/k", "v", {kNoUser}).status, 204) << "and it goes on";
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
  for (const char* const target : {"/", "/healthz", "/readyz"}) {
    EXPECT_EQ(http_.Call("GET", target).status, 200) << target;
  }
}

// Names of keys are data: a session's key is what its cookie is made of.
TEST_F(HttpPassword, ReportsAskForIt) {
  const std::pair<const char*, const char*> reports[] = {
      {"GET", "/metrics"},   {"GET", "/api/keys"}, {"GET", "/api/keys?sort=nonsense"},
      {"GET", "/api/slow"},  {"GET", "/api/none"}, {"DELETE", "/api/near-cache?prefix="},
      {"POST", "/api/keys"}, {"POST", "/items"},   {"GET", "/items/%"},
      {"DELETE", "/items"},  {"POST", "/metrics"}};
  for (const auto& [method, target] : reports) {
    EXPECT_EQ(http_.Call(method, target).status, 401) << target;
    EXPECT_EQ(http_.Call(method, target, {}, {kWrong}).status, 401) << target;
    EXPECT_NE(http_.Call(method, target, {}, {kNoUser}).status, 401) << target;
  }
  EXPECT_EQ(http_.Call("GET", "/metrics").body, R"({"error":"NOAUTH Authentication required."})");
  const HttpReply metrics = http_.Call("GET", "/metrics", {}, {kDefault});
  EXPECT_EQ(metrics.status, 200);
  EXPECT_THAT(metrics.body, testing::HasSubstr("keyhole_clients"));
  EXPECT_EQ(http_.Call("GET", "/api/keys", {}, {kNoUser}).status, 200);
}

TEST(HttpMetricsOpen, OneOptionLetsPrometheusIn) {
  KeyholeProcess proxy({"--requirepass", "secret", "--metrics-open"});
  HttpClient http(proxy.http_port());
  EXPECT_EQ(http.Call("GET", "/metrics").status, 200);
  EXPECT_EQ(http.Call("GET", "/api/keys").status, 401);
}

class HttpUsersFile : public testing::TestWithParam<bool> {
 protected:
  HttpUsersFile() {
    std::vector<std::string> options = {"--users", file_.path()};
    if (GetParam()) {
      redis_ = std::make_unique<RedisServer>();
      options.insert(options.end(),
                     {"--upstream", "redis://127.0.0.1:" + std::to_string(redis_->port())});
    }
    proxy_.emplace(options);
    http_.emplace(proxy_->http_port());
  }
  int Status(const char* method, const char* target, const std::string& user,
             const std::string& body = {}) {
    std::vector<std::string> headers;
    if (!user.empty()) headers.push_back("Authorization: Basic " + absl::Base64Escape(user));
    return http_->Call(method, target, body, headers).status;
  }

  TempFile file_{"user alice on >a ~a:* +get +set +scan +mget\nuser prometheus on >p allkeys\n"};
  std::unique_ptr<RedisServer> redis_;
  std::optional<KeyholeProcess> proxy_;
  std::optional<HttpClient> http_;
};

TEST_P(HttpUsersFile, MayDoByHttpWhatTheyMayDoByResp) {
  EXPECT_EQ(Status("PUT", "/items/a:1", "alice:a", "v"), 204);
  EXPECT_EQ(Status("GET", "/items/a:1", "alice:a"), 200);
  EXPECT_EQ(Status("GET", "/items/a:1", "alice:x"), 401);
  EXPECT_EQ(Status("GET", "/items/a:1", ""), 401);
  EXPECT_EQ(Status("GET", "/items/a:1", ":a"), 401) << "there is no default user";
  EXPECT_EQ(Status("GET", "/items/b", "alice:a"), 403);
  EXPECT_EQ(Status("DELETE", "/items/a:1", "alice:a"), 403);
  EXPECT_EQ(Status("GET", "/items/a:1", "prometheus:p"), 403);
  EXPECT_EQ(Status("GET", "/api/keys", "alice:a"), 403);
  EXPECT_EQ(Status("GET", "/metrics", "alice:a"), 403);
  EXPECT_EQ(Status("GET", "/metrics", "prometheus:p"), 200);
  EXPECT_EQ(Status("GET", "/api/keys", "prometheus:p"), 200);
  EXPECT_EQ(Status("GET", "/api/keys", ""), 401);
  EXPECT_EQ(Status("GET", "/readyz", ""), 200);
}

INSTANTIATE_TEST_SUITE_P(, HttpUsersFile, testing::Bool(),
                         [](const auto& one) { return one.param ? "Upstream" : "Store"; });

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

// --upstream without credentials, in front of a Redis that asks for a password.
class HttpOfRedisThatAsks : public testing::Test {
 protected:
  HttpOfRedisThatAsks() {
    RawClient direct = RawClient::Connect(redis_.port());
    direct.Ask({"AUTH", "secret"});
    direct.Ask({"ACL", "SETUSER", "alice", "on", ">a", "~a:*", "+get", "+set"});
    direct.Ask({"ACL", "SETUSER", "prometheus", "on", ">p", "+scan"});
    RawClient client = RawClient::Connect(proxy_.port());
    client.Ask({"AUTH", "secret"});
    EXPECT_EQ(client.Ask({"GET", "private"}), "$-1\r\n");
  }
  HttpReply Call(const char* method, const char* target, const std::string& user,
                 const std::string& body = {}) {
    const std::string header = "Authorization: Basic " + absl::Base64Escape(user);
    return HttpClient(proxy_.http_port())
        .Call(method, target, body,
              user.empty() ? std::vector<std::string>() : std::vector{header});
  }
  int Status(const char* method, const char* target, const std::string& user,
             const std::string& body = {}) {
    return Call(method, target, user, body).status;
  }

  RedisServer redis_{{"requirepass secret"}};
  KeyholeProcess proxy_{InFrontOf(redis_)};
};

TEST_F(HttpOfRedisThatAsks, ReportsWithoutThePasswordShowNothing) {
  for (const auto& [method, target] : {std::pair{"GET", "/api/keys"},
                                       {"GET", "/api/slow"},
                                       {"GET", "/metrics"},
                                       {"DELETE", "/api/near-cache?prefix="},
                                       {"GET", "/items/private"},
                                       {"PUT", "/items/private"}}) {
    for (const char* const user : {"", ":wrong", "default:wrong", "nobody:x", "alice:secret"}) {
      const HttpReply reply = Call(method, target, user, method[0] == 'P' ? "v" : "");
      EXPECT_EQ(reply.status, 401) << target << " " << user;
      EXPECT_EQ(reply.body.find("private"), std::string::npos) << target;
    }
  }
  EXPECT_EQ(Status("GET", "/healthz", ""), 200);
  EXPECT_EQ(Status("GET", "/readyz", ""), 200);
}

TEST_F(HttpOfRedisThatAsks, TheHeaderIsWhatAuthWouldBe) {
  EXPECT_EQ(Status("PUT", "/items/a:1", ":secret", "v"), 204);
  EXPECT_EQ(Status("GET", "/items/a:1", "default:secret"), 200);
  EXPECT_EQ(Status("GET", "/items/a:1", "alice:a"), 200);
  EXPECT_EQ(Status("GET", "/items/b", "alice:a"), 403);
  EXPECT_EQ(Status("GET", "/metrics", "alice:a"), 403) << "she may not scan";
  EXPECT_EQ(Status("GET", "/metrics", "prometheus:p"), 200);
  EXPECT_THAT(Call("GET", "/api/keys", ":secret").body, testing::HasSubstr("private"));
}

TEST_F(HttpOfRedisThatAsks, AlsoWhileRedisIsAway) {
  redis_.Stop();
  EXPECT_EQ(Status("GET", "/api/keys", ""), 401);
  EXPECT_EQ(Status("GET", "/metrics", ""), 401);
  EXPECT_EQ(Status("GET", "/healthz", ""), 200);
}

TEST(HttpOfRedisWithoutPassword, AllIsOpenWhetherItIsThereOrNot) {
  RedisServer redis;
  KeyholeProcess proxy(InFrontOf(redis));
  HttpClient http(proxy.http_port());
  EXPECT_EQ(http.Call("GET", "/api/keys").status, 200);
  EXPECT_EQ(http.Call("GET", "/metrics").status, 200);
  redis.Stop();
  EXPECT_EQ(http.Call("GET", "/metrics").status, 200);
}

}  // namespace
}  // namespace keyhole::test
