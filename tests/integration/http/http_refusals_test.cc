// What is no request, or too large a one, is told so where somebody may listen, and closed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/integration/http/backends.h"
#include "tests/integration/http/http_client.h"

namespace keyhole::test {
namespace {

class HttpRefusals : public testing::Test {
 protected:
  // What comes back to these bytes, to the end of the connection.
  std::string Answer(const std::string& bytes) {
    HttpClient client(proxy_.http_port());
    client.Send(bytes);
    return client.ReadUntilClosed();
  }
  double Counted(const std::string& method, int status) {
    return proxy_.Metric("http_requests_total{method=\"" + method +
                         "\",endpoint=\"other\",status_code=\"" + std::to_string(status) + "\"}");
  }

  KeyholeProcess proxy_{{"--http-body-limit", "100kb"}};
};

TEST_F(HttpRefusals, GarbageIsABadRequest) {
  for (const std::string garbage :
       {"nonsense\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n", "\x01\x02\x03\x04\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "*1\r\n$4\r\nPING\r\n",
        "PUT /items/k HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"}) {
    const std::string answer = Answer(garbage);
    EXPECT_THAT(answer, testing::StartsWith("HTTP/1.1 400 ")) << garbage;
    EXPECT_THAT(answer, testing::HasSubstr("Connection: close")) << garbage;
    EXPECT_THAT(answer, testing::EndsWith("}\n")) << garbage;
  }
  EXPECT_EQ(HttpClient(proxy_.http_port()).Call("GET", "/").status, 200);
}

TEST_F(HttpRefusals, TheAnswersToWhatCameBeforeAreNotLost) {
  const std::string answers = Answer(HttpClient::Format("GET", "/items/none") + "nonsense\r\n\r\n");
  EXPECT_THAT(answers, testing::StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(answers, testing::HasSubstr("HTTP/1.1 400 "));
}

TEST_F(HttpRefusals, ATruncatedRequestIsNotAnswered) {
  for (const std::string part :
       {"GET / HT", "GET / HTTP/1.1\r\nHost: h\r\n",
        "PUT /items/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab"}) {
    HttpClient client(proxy_.http_port());
    client.Send(part);
    client.raw().ShutdownWrite();
    EXPECT_EQ(client.ReadUntilClosed(), "") << part;
  }
  EXPECT_EQ(HttpClient(proxy_.http_port()).Call("GET", "/items/k").status, 404);
}

TEST_F(HttpRefusals, ABodyOverTheLimit) {
  const std::string limit(100 * 1024, 'x');
  EXPECT_EQ(HttpClient(proxy_.http_port()).Call("PUT", "/items/k", limit).status, 204);
  // The whole body is sent, and its client hears why it was in vain.
  for (const std::string& body : {limit + "x", std::string(20'000'000, 'x')}) {
    HttpClient client(proxy_.http_port());
    try {
      client.Send(HttpClient::Format("PUT", "/items/k", body));
    } catch (const std::exception&) {
      // We sent more than the proxy was ready to drop.
    }
    const HttpReply reply = client.Read();
    EXPECT_EQ(reply.status, 413) << body.size();
    EXPECT_EQ(reply.header("connection"), "close");
    EXPECT_THAT(reply.body, testing::HasSubstr("--http-body-limit"));
  }
  // Asked first, it is refused before it is sent.
  const std::string head =
      "PUT /items/k HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: ";
  EXPECT_THAT(Answer(head + "102401\r\n\r\n"), testing::StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(Answer(head + "99999999999\r\n\r\n"), testing::StartsWith("HTTP/1.1 413 "));
  // In chunks its size is not known beforehand.
  std::string chunked =
      "PUT /items/k HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 11; ++i) chunked += "2800\r\n" + std::string(0x2800, 'x') + "\r\n";
  EXPECT_THAT(Answer(chunked + "0\r\n\r\n"), testing::StartsWith("HTTP/1.1 413 "));
  EXPECT_EQ(Counted("PUT", 413), 5);
  EXPECT_EQ(RawClient::Connect(proxy_.port()).Ask({"STRLEN", "k"}), ":102400\r\n");
}

TEST_F(HttpRefusals, HeadersOverTheLimit) {
  const std::string huge(20'000, 'x');
  EXPECT_THAT(Answer("GET / HTTP/1.1\r\nX: " + huge + "\r\n\r\n"),
              testing::StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(Answer("GET /" + huge + " HTTP/1.1\r\n\r\n"), testing::StartsWith("HTTP/1.1 431 "));
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 2'000; ++i) many += "X: 1234567890\r\n";
  EXPECT_THAT(Answer(many + "\r\n"), testing::StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(Answer("GET / HTTP/1.1\r\nX: " + std::string(1'000'000, 'x')),
              testing::StartsWith("HTTP/1.1 431 "));
  EXPECT_EQ(
      HttpClient(proxy_.http_port()).Call("GET", "/", {}, {"X: " + huge.substr(0, 10'000)}).status,
      200);
}

// A number in a header does not take memory; bytes that have come do.
TEST_F(HttpRefusals, APromisedBodyTakesNoMemory) {
  KeyholeProcess proxy({"--http-body-limit", "512mb"});
  const double before = proxy.Metric("process_virtual_memory_bytes");
  std::vector<HttpClient> clients;
  for (int i = 0; i < 10; ++i) {
    clients.emplace_back(proxy.http_port())
        .Send(
            "PUT /items/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000000\r\nExpect: "
            "100-continue\r\n\r\n");
  }
  for (HttpClient& client : clients) {
    EXPECT_EQ(client.Read().status, 100);
    client.Send("some");
  }
  EXPECT_LT(proxy.Metric("process_virtual_memory_bytes") - before, 1e9);
}

TEST_F(HttpRefusals, RandomBytesDoNoHarm) {
  std::mt19937 random(7);
  const std::string valid = HttpClient::Format("PUT", "/items/a%20b?ttl=5", "value") +
                            HttpClient::Format("POST", "/items", R"({"key":"k","value":"v"})") +
                            HttpClient::Format("GET", "/items?limit=5");
  for (int i = 0; i < 300; ++i) {
    std::string bytes = valid;
    for (int flips = 0; flips < 1 + i % 8; ++flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    HttpClient client(proxy_.http_port());
    client.Send(bytes);
    client.raw().ShutdownWrite();
    const std::string answer = client.ReadUntilClosed();
    EXPECT_THAT(answer, testing::AnyOf("", testing::StartsWith("HTTP/1.")));
  }
  EXPECT_EQ(HttpClient(proxy_.http_port()).Call("GET", "/readyz").status, 200);
}

}  // namespace
}  // namespace keyhole::test
