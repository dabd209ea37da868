// Half-open and slow HTTP connections: they are closed in time, and keep nobody out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/integration/http/backends.h"
#include "tests/integration/http/http_client.h"

namespace keyhole::test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr size_t kLimit = 512;
constexpr auto kMadeRoom = "keyhole_http_closed_total{reason=\"made_room\"}";
constexpr auto kSlow = "keyhole_http_closed_total{reason=\"slow_request\"}";

// So many connections that have sent these bytes and no more.
std::vector<HttpClient> HalfOpen(uint16_t port, size_t count, std::string_view bytes) {
  std::vector<HttpClient> clients;
  while (clients.size() < count) {
    clients.emplace_back(port);
    if (!bytes.empty()) clients.back().Send(bytes);
  }
  return clients;
}

class HttpSlow : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(, HttpSlow,
                         testing::Values("", "GET /items/x HTTP/1.1\r\nHost: localhost\r\n",
                                         "PUT /items/x HTTP/1.1\r\nHost: localhost\r\n"
                                         "Content-Length: 100\r\n\r\nhalf"));

TEST_P(HttpSlow, HalfOpenConnectionsDoNotShutOutHealthz) {
  const KeyholeProcess proxy;
  const std::vector<HttpClient> half = HalfOpen(proxy.http_port(), kLimit + 8, GetParam());
  for (int i = 0; i < 5; ++i) {
    HttpClient client(proxy.http_port());
    client.set_deadline(milliseconds(1000));
    EXPECT_EQ(client.Call("GET", "/healthz").status, 200);
  }
  EXPECT_GE(proxy.Metric(kMadeRoom), 8);
}

// Neither do those that wait for nothing after an answer.
TEST(HttpSlowTest, IdleConnectionsMakeRoomTheOldestFirst) {
  const KeyholeProcess proxy;
  std::vector<HttpClient> idle;
  while (idle.size() < kLimit) {
    idle.emplace_back(proxy.http_port());
    ASSERT_EQ(idle.back().Call("GET", "/healthz").status, 200);
  }
  HttpClient next(proxy.http_port());
  EXPECT_EQ(next.Call("GET", "/healthz").status, 200);
  EXPECT_EQ(idle.front().ReadUntilClosed(), "");
  EXPECT_EQ(idle.back().Call("GET", "/healthz").status, 200);
}

// A byte now and then is not a reason to wait longer.
TEST(HttpSlowTest, AHeadThatTricklesIsClosed) {
  const KeyholeProcess proxy({"--http-request-timeout", "400ms"});
  HttpClient slow(proxy.http_port());
  slow.Send("GET /healthz HTTP/1.1\r\nX: ");
  slow.set_deadline(milliseconds(20));
  const auto until = Clock::now() + std::chrono::seconds(20);
  bool closed = false;
  while (!closed && Clock::now() < until) {
    try {
      slow.Send("x");
      slow.ReadUntilClosed();
      closed = true;
    } catch (const std::runtime_error& error) {
      // The deadline: still open. Anything else: reset, as it should be.
      closed = std::string(error.what()).find("deadline") == std::string::npos;
    }
  }
  EXPECT_TRUE(closed);
  EXPECT_EQ(proxy.Metric(kSlow), 1);
}

TEST(HttpSlowTest, ABodyThatDoesNotComeIsClosed) {
  const KeyholeProcess proxy({"--http-request-timeout", "300ms"});
  HttpClient slow(proxy.http_port());
  slow.Send("PUT /items/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf");
  EXPECT_EQ(slow.ReadUntilClosed(), "");
  HttpClient silent(proxy.http_port());
  EXPECT_EQ(silent.ReadUntilClosed(), "") << "who connects is to say something";
  EXPECT_EQ(proxy.Metric(kSlow), 2);
}

// Between requests there is --http-idle-timeout, and each request has its own time.
TEST(HttpSlowTest, OneThatIsIdleIsNotSlow) {
  const KeyholeProcess proxy({"--http-request-timeout", "300ms"});
  HttpClient idle(proxy.http_port());
  EXPECT_EQ(idle.Call("GET", "/healthz").status, 200);
  HttpClient slow(proxy.http_port());
  slow.Send("GET");
  EXPECT_EQ(slow.ReadUntilClosed(), "");  // so much time has passed
  EXPECT_EQ(idle.Call("GET", "/healthz").status, 200);
}

// Nor do requests that wait for a Redis which does not answer.
TEST(HttpSlowTest, RequestsThatWaitForAFrozenRedisDoNotShutOutHealthz) {
  RedisServer redis;
  std::vector<std::string> options = InFrontOf(redis);
  options.insert(options.end(), {"--metrics", "127.0.0.1:0"});
  const KeyholeProcess proxy(options);
  HttpClient first(proxy.http_port());
  ASSERT_EQ(first.Call("GET", "/items/x").status, 404);  // it is connected
  redis.Pause();
  std::vector<HttpClient> waiting =
      HalfOpen(proxy.http_port(), kLimit, HttpClient::Format("GET", "/items/x"));
  // All of them have come when one that is not urgent finds no room.
  const auto until = Clock::now() + std::chrono::seconds(20);
  HttpReply refused;
  while (refused.status != 503 && Clock::now() < until) {
    refused = HttpClient(proxy.http_port()).Call("GET", "/");
  }
  EXPECT_EQ(refused.status, 503);
  for (int i = 0; i < 40; ++i) {  // more than there are places: each gives its own back
    EXPECT_EQ(HttpClient(proxy.http_port()).Call("GET", "/healthz").status, 200);
    HttpClient ready(proxy.http_port());
    EXPECT_EQ(ready.Call("GET", "/readyz").header("connection"), "close");
    EXPECT_EQ(HttpClient(proxy.metrics_port()).Call("GET", "/metrics").status, 200);
  }
  EXPECT_EQ(HttpClient(proxy.http_port()).Call("GET", "/items/x").status, 503);
  // Silence takes none of the places.
  const std::vector<HttpClient> silent = HalfOpen(proxy.http_port(), 64, "");
  EXPECT_EQ(HttpClient(proxy.http_port()).Call("GET", "/healthz").status, 200);
  redis.Resume();
  for (HttpClient& client : waiting) {
    if (const auto reply = client.Read(); reply.status != 404) ADD_FAILURE() << reply;
  }
}

}  // namespace
}  // namespace keyhole::test
