// Many clients at once, and clients that leave in the middle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <string>
#include <vector>

#include "tests/integration/http/backends.h"
#include "tests/integration/http/http_client.h"

namespace keyhole::test {
namespace {

class HttpClients : public testing::TestWithParam<Backend> {
 protected:
  Stack stack_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(, HttpClients, testing::Values(Backend::kEmbedded, Backend::kRedis),
                         [](const auto& backend) { return NameOf(backend.param); });

TEST_P(HttpClients, FiftyAtOnce) {
  constexpr size_t kClients = 50;
  constexpr int kRounds = 20;
  std::vector<HttpClient> clients;
  while (clients.size() < kClients) clients.emplace_back(stack_->http_port());
  for (int round = 0; round < kRounds; ++round) {
    for (size_t i = 0; i < kClients; ++i) {
      const std::string key = "k" + std::to_string(i);
      clients[i].Send(HttpClient::Format("PUT", "/items/" + key, std::to_string(round)) +
                      HttpClient::Format("GET", "/items/" + key));
    }
    for (size_t i = 0; i < kClients; ++i) {
      ASSERT_EQ(clients[i].Read().status, 204);
      ASSERT_EQ(clients[i].Read().body, "{\"key\":\"k" + std::to_string(i) + "\",\"value\":\"" +
                                            std::to_string(round) + "\"}");
    }
  }
  EXPECT_EQ(
      stack_->Metric(R"(http_requests_total{method="GET",endpoint="get_item",status_code="200"})"),
      kClients * kRounds);
}

// Who waits for an answer keeps its place; see http_slow_test.cc for the others.
TEST(HttpClientLimit, MoreThanThatAreTurnedAway) {
  constexpr size_t kLimit = 512;
  RedisServer redis;
  std::vector<std::string> options = InFrontOf(redis);
  KeyholeProcess proxy(options);
  EXPECT_EQ(HttpClient(proxy.http_port()).Call("PUT", "/items/k", "v").status, 204);
  redis.Pause();
  std::vector<HttpClient> clients;
  while (clients.size() < kLimit) {
    clients.emplace_back(proxy.http_port());
    clients.back().Send(HttpClient::Format("GET", "/items/k"));
  }
  // Once all are waiting there is no place for one more, but for health.
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  int status = 0;
  while (status != 503 && std::chrono::steady_clock::now() < until) {
    HttpClient next(proxy.http_port());
    try {
      status = next.Call("GET", "/").status;
    } catch (const std::exception&) {
      // Turned away while it was sending.
    }
  }
  EXPECT_EQ(status, 503);
  redis.Resume();
  for (HttpClient& client : clients) EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(HttpClient(proxy.http_port()).Call("GET", "/healthz").status, 200);
  EXPECT_GE(proxy.Metric("keyhole_clients_refused_total"), 1);
}

TEST_P(HttpClients, LeavingInTheMiddleHarmsNobody) {
  HttpClient stays(stack_->http_port());
  EXPECT_EQ(stays.Call("PUT", "/items/big", std::string(4'000'000, 'x')).status, 204);
  const std::string requests[] = {
      "GET /items/bi",
      "PUT /items/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf",
      HttpClient::Format("GET", "/items/big"),
      HttpClient::Format("GET", "/items?limit=1000"),
      HttpClient::Format("GET", "/metrics"),
      HttpClient::Format("GET", "/readyz"),
      "PUT /items/k HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: "
      "100\r\n\r\n"};
  for (int round = 0; round < 10; ++round) {
    for (const std::string& request : requests) {
      HttpClient leaves(stack_->http_port());
      leaves.Send(request + request);
    }
    EXPECT_EQ(stays.Call("GET", "/items/none").status, 404);
  }
  EXPECT_EQ(stays.Call("GET", "/items/big").status, 200);
}

TEST_P(HttpClients, WhatIsInFlightIsAnsweredBeforeTheEnd) {
  std::vector<HttpClient> idle;
  for (int i = 0; i < 5; ++i) idle.emplace_back(stack_->http_port());
  for (HttpClient& client : idle) EXPECT_EQ(client.Call("GET", "/").status, 200);
  stack_->Terminate();
  EXPECT_EQ(stack_->Wait(), 0);
  for (HttpClient& client : idle) EXPECT_EQ(client.ReadUntilClosed(), "");
}

}  // namespace
}  // namespace keyhole::test
