// What is on the wire: keep-alive, pipelining, HEAD, HTTP/1.0, chunks, and patience.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/integration/http/backends.h"
#include "tests/integration/http/http_client.h"

namespace keyhole::test {
namespace {

std::string Put(const std::string& key, const std::string& value) {
  return HttpClient::Format("PUT", "/items/" + key, value);
}

class HttpWire : public testing::TestWithParam<Backend> {
 protected:
  Stack stack_{GetParam()};
  HttpClient http_{stack_->http_port()};
};

INSTANTIATE_TEST_SUITE_P(, HttpWire, testing::Values(Backend::kEmbedded, Backend::kRedis),
                         [](const auto& backend) { return NameOf(backend.param); });

TEST_P(HttpWire, PipelinedRequestsAreAnsweredInOrder) {
  constexpr int kRequests = 200;
  std::string requests;
  for (int i = 0; i < kRequests; ++i) {
    requests += Put("k" + std::to_string(i), "v" + std::to_string(i));
    requests += HttpClient::Format("GET", "/items/k" + std::to_string(i), {},
                                   {"Accept: application/octet-stream"});
    requests += HttpClient::Format("GET", "/metrics");
  }
  http_.Send(requests);
  for (int i = 0; i < kRequests; ++i) {
    ASSERT_EQ(http_.Read().status, 204) << i;
    ASSERT_EQ(http_.Read().body, "v" + std::to_string(i));
    ASSERT_THAT(http_.Read().body, testing::HasSubstr("redis_app_cache_hit_total"));
  }
  EXPECT_TRUE(http_.Quiet());
}

TEST_P(HttpWire, ARequestMayComeByteByByte) {
  for (const char byte : Put("k", "value")) http_.Send(std::string(1, byte));
  EXPECT_EQ(http_.Read().status, 204);
  EXPECT_EQ(http_.Call("GET", "/items/k").body, R"({"key":"k","value":"value"})");
}

TEST_P(HttpWire, HeadIsGetWithoutTheBody) {
  http_.Call("PUT", "/items/k", "value");
  for (const char* const target :
       {"/", "/items/k", "/items/none", "/items", "/healthz", "/readyz"}) {
    const HttpReply get = http_.Call("GET", target);
    const HttpReply head = http_.Call("HEAD", target);
    EXPECT_EQ(head.status, get.status) << target;
    EXPECT_EQ(head.headers, get.headers) << target;
  }
  const HttpReply metrics = http_.Call("HEAD", "/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_GT(std::stoi(metrics.header("content-length")), 1000);
  EXPECT_TRUE(http_.Quiet());
}

TEST_P(HttpWire, Http10ClosesUnlessAskedNotTo) {
  http_.Send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const HttpReply kept = http_.Read();
  EXPECT_EQ(kept.version, "HTTP/1.0");
  EXPECT_EQ(kept.header("connection"), "keep-alive");
  http_.Send("GET /items/none HTTP/1.0\r\n\r\n");
  const std::string last = http_.ReadUntilClosed();
  EXPECT_THAT(last, testing::StartsWith("HTTP/1.0 404 "));
  EXPECT_THAT(last, testing::EndsWith("{\"error\":\"Key not found\"}\n"));
}

TEST_P(HttpWire, ConnectionCloseIsHeeded) {
  http_.Send(HttpClient::Format("GET", "/", {}, {"Connection: close"}) +
             HttpClient::Format("GET", "/"));
  const HttpReply reply = http_.Read();
  EXPECT_EQ(reply.header("connection"), "close");
  EXPECT_EQ(http_.ReadUntilClosed(), "") << "the second request is not answered";
}

TEST_P(HttpWire, ChunkedBodies) {
  const std::string head =
      "PUT /items/k HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  http_.Send(head + "3\r\nabc\r\n");
  http_.Send("A;ext=1\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n");
  EXPECT_EQ(http_.Read().status, 204);
  http_.Send(head + "0\r\n\r\n" + HttpClient::Format("GET", "/items/k"));
  EXPECT_EQ(http_.Read().status, 204);
  EXPECT_EQ(http_.Read().body, R"({"key":"k","value":""})");
}

TEST_P(HttpWire, ABodyThatWaitsToBeWantedIsAskedFor) {
  const std::string body(2'000'000, 'x');
  http_.Send(
      "PUT /items/k HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n");
  EXPECT_EQ(http_.Read().status, 100);
  http_.Send(body);
  EXPECT_EQ(http_.Read().status, 204);
  // With the body right behind it, or none at all, there is nothing to wait for.
  http_.Send(HttpClient::Format("PUT", "/items/k", "v", {"Expect: 100-continue"}));
  HttpReply reply = http_.Read();
  if (reply.status == 100) reply = http_.Read();
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(http_.Call("GET", "/items/k", {}, {"Expect: 100-continue"}).status, 200);
}

TEST_P(HttpWire, AnAbsoluteTarget) {
  http_.Call("PUT", "/items/k", "v");
  EXPECT_EQ(http_.Call("GET", "http://localhost:80/items/k").status, 200);
  EXPECT_EQ(http_.Call("GET", "http://anywhere:80/items/k").status, 400) << "Host says localhost";
}

TEST_P(HttpWire, BodiesAreAllowedWhereNobodyLooksAtThem) {
  EXPECT_EQ(http_.Call("GET", "/items/none", "a body").status, 404);
  EXPECT_EQ(http_.Call("DELETE", "/items/none", "a body").status, 404);
  EXPECT_EQ(http_.Call("GET", "/").status, 200);
}

TEST(HttpIdle, ASilentConnectionIsClosed) {
  KeyholeProcess proxy({"--http-idle-timeout", "200ms"});
  HttpClient fresh(proxy.http_port());
  HttpClient used(proxy.http_port());
  EXPECT_EQ(used.Call("GET", "/").status, 200);
  EXPECT_EQ(fresh.ReadUntilClosed(), "");
  EXPECT_EQ(used.ReadUntilClosed(), "");
}

// Bytes that dribble in do not make a connection less idle.
TEST(HttpIdle, ARequestThatNeverEndsIsCutOff) {
  KeyholeProcess proxy({"--http-idle-timeout", "300ms"});
  for (const std::string head :
       {"GET / HTTP/1.1\r\nX: ",
        "PUT /items/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"}) {
    HttpClient slow(proxy.http_port());
    slow.Send(head);
    slow.set_deadline(std::chrono::milliseconds(20));
    bool closed = false;
    for (int i = 0; i < 500 && !closed; ++i) {
      try {
        slow.Send("x");
        slow.ReadUntilClosed();
        closed = true;
      } catch (const std::runtime_error& error) {
        // The deadline: still open. Anything else: reset, as it should be.
        closed = std::string(error.what()).find("deadline") == std::string::npos;
      }
    }
    EXPECT_TRUE(closed) << head;
  }
}

// Who does not read the answer does not keep it in our memory for ever.
TEST(HttpIdle, AnAnswerThatNobodyReadsIsGivenUp) {
  KeyholeProcess proxy({"--http-idle-timeout", "300ms"});
  const std::string value(8 * 1024 * 1024, 'x');
  EXPECT_EQ(HttpClient(proxy.http_port()).Call("PUT", "/items/k", value).status, 204);
  HttpClient deaf(proxy.http_port());
  for (int i = 0; i < 4; ++i) deaf.Send(HttpClient::Format("GET", "/items/k"));
  const double fds = proxy.Metric("process_open_fds");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (proxy.Metric("process_open_fds") >= fds && std::chrono::steady_clock::now() < until) {
  }
  EXPECT_LT(proxy.Metric("process_open_fds"), fds);
}

}  // namespace
}  // namespace keyhole::test
