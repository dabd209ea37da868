// The upstream goes and comes back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/http/backends.h"
#include "tests/integration/http/http_client.h"
#include "tests/support/eventually.h"

namespace keyhole::test {
namespace {

constexpr const char* kAway = R"({"error":"Cannot connect to Redis"})";

HttpReply AskUntil(HttpClient& http, const std::string& target, int status) {
  return Eventually([&] { return http.Call("GET", target); },
                    [&](const HttpReply& reply) { return reply.status == status; });
}

class HttpUpstream : public testing::TestWithParam<const char*> {
 protected:
  std::vector<std::string> Options() {
    std::vector<std::string> options = InFrontOf(redis_);
    options.insert(options.end(), {"--sharing", GetParam(), "--upstream-wait", "200ms"});
    return options;
  }
  RedisServer redis_;
};

INSTANTIATE_TEST_SUITE_P(Sharing, HttpUpstream, testing::Values("on", "off"),
                         [](const auto& sharing) { return std::string(sharing.param); });

TEST_P(HttpUpstream, AwayAndBack) {
  KeyholeProcess proxy(Options());
  HttpClient http(proxy.http_port());
  EXPECT_EQ(AskUntil(http, "/readyz", 200).status, 200);
  EXPECT_EQ(http.Call("PUT", "/items/k", "v").status, 204);
  redis_.Stop();
  const HttpReply not_ready = AskUntil(http, "/readyz", 503);
  EXPECT_EQ(not_ready.status, 503);
  EXPECT_EQ(not_ready.body, kAway);
  for (const HttpReply& reply : {http.Call("GET", "/items/k"), http.Call("GET", "/items"),
                                 http.Call("PUT", "/items/k", "v"), http.Call("DELETE", "/items/k"),
                                 http.Call("POST", "/items", R"({"key":"k","value":"v"})")}) {
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.body, kAway);
    EXPECT_NE(reply.header("connection"), "close");
  }
  EXPECT_EQ(http.Call("GET", "/healthz").status, 200);
  EXPECT_EQ(proxy.Metric("keyhole_upstream_up"), 0);
  redis_.Start();
  EXPECT_EQ(AskUntil(http, "/readyz", 200).status, 200);
  EXPECT_EQ(http.Call("PUT", "/items/k", "w").status, 204);
  EXPECT_EQ(http.Call("GET", "/items/k").body, R"({"key":"k","value":"w"})");
  EXPECT_EQ(proxy.Metric("keyhole_upstream_up"), 1);
}

TEST_P(HttpUpstream, NotThereFromTheStart) {
  redis_.Stop();
  KeyholeProcess proxy(Options());
  HttpClient http(proxy.http_port());
  EXPECT_EQ(http.Call("GET", "/readyz").status, 503);
  EXPECT_EQ(http.Call("GET", "/items/k").status, 503);
  EXPECT_EQ(http.Call("GET", "/healthz").status, 200);
  redis_.Start();
  EXPECT_EQ(AskUntil(http, "/readyz", 200).status, 200);
  EXPECT_EQ(AskUntil(http, "/items/k", 404).status, 404);
}

TEST_P(HttpUpstream, KilledWithRequestsInFlight) {
  KeyholeProcess proxy(Options());
  std::vector<HttpClient> clients;
  for (int i = 0; i < 10; ++i) clients.emplace_back(proxy.http_port());
  for (HttpClient& http : clients) EXPECT_EQ(AskUntil(http, "/items/k", 404).status, 404);
  const double sent = proxy.Metric(R"(keyhole_upstream_bytes_total{direction="out"})");
  redis_.Pause();
  const std::string requests[] = {HttpClient::Format("GET", "/items/k"),
                                  HttpClient::Format("PUT", "/items/k", "v"),
                                  HttpClient::Format("GET", "/items")};
  for (size_t i = 0; i < clients.size(); ++i) clients[i].Send(requests[i % 3]);
  proxy.AwaitMetric(R"(keyhole_upstream_bytes_total{direction="out"})", sent + 200);
  redis_.Kill();
  for (HttpClient& http : clients) {
    const HttpReply reply = http.Read();
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.body, kAway);
  }
  redis_.Start();
  for (HttpClient& http : clients) EXPECT_EQ(AskUntil(http, "/items/k", 404).status, 404);
  EXPECT_GE(proxy.Metric("keyhole_upstream_losses_total"), 1);
}

// A client that leaves while Redis is thinking: its reply is nobody's, and nobody else gets it.
TEST_P(HttpUpstream, RepliesOfThoseWhoLeftAreDropped) {
  KeyholeProcess proxy(Options());
  HttpClient stays(proxy.http_port());
  EXPECT_EQ(AskUntil(stays, "/items/stays", 404).status, 404);
  redis_.Pause();
  for (int i = 0; i < 5; ++i) {
    HttpClient leaves(proxy.http_port());
    leaves.Send(HttpClient::Format("PUT", "/items/left", "v"));
  }
  stays.Send(HttpClient::Format("GET", "/items/stays"));
  redis_.Resume();
  EXPECT_EQ(stays.Read().body, R"({"error":"Key not found"})");
}

TEST(HttpLoading, RedisThatIsNotReadyIsUnavailable) {
  RedisServer redis({"enable-debug-command yes"});
  KeyholeProcess proxy(InFrontOf(redis));
  HttpClient http(proxy.http_port());
  EXPECT_EQ(AskUntil(http, "/items/k", 404).status, 404);
  RawClient script = RawClient::Connect(redis.port());
  ASSERT_EQ(script.Ask({"CONFIG", "SET", "busy-reply-threshold", "1"}), "+OK\r\n");
  script.SendCommand({"EVAL", "while true do end", "0"});
  const HttpReply busy = AskUntil(http, "/items/k", 503);
  EXPECT_EQ(busy.status, 503);
  EXPECT_THAT(busy.body, testing::HasSubstr("BUSY"));
  RawClient killer = RawClient::Connect(redis.port());
  EXPECT_EQ(killer.Ask({"SCRIPT", "KILL"}), "+OK\r\n");
  EXPECT_EQ(AskUntil(http, "/items/k", 404).status, 404);
}

}  // namespace
}  // namespace keyhole::test
