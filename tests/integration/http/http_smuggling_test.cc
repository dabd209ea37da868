// Requests that two readers could take differently, as raw bytes: each is refused, the connection
// closes, and what follows it is never run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/http/backends.h"
#include "tests/integration/http/http_client.h"

namespace keyhole::test {
namespace {

class HttpSmuggling : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    resp_.Ask({"SET", "victim", "1"});
    resp_.Ask({"SET", "doc", "old"});
  }

  // Sends a head and, right behind it, a request that must not run.
  std::string Answer(const std::string& head, const std::string& body = {}) {
    HttpClient client(stack_->http_port());
    client.Send(head + "\r\n" + body + "DELETE /items/victim HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return client.ReadUntilClosed();
  }
  // One answer, with this status, and nothing has happened.
  void ExpectRefused(const std::string& bytes, const std::string& answer, int status = 400) {
    EXPECT_THAT(answer, testing::StartsWith("HTTP/1.1 " + std::to_string(status) + " ")) << bytes;
    EXPECT_THAT(answer, testing::HasSubstr("Connection: close\r\n")) << bytes;
    EXPECT_THAT(answer, testing::EndsWith("\"}\n")) << bytes;
    EXPECT_EQ(answer.find("Server: "), answer.rfind("Server: ")) << bytes << answer;
    EXPECT_EQ(resp_.Ask({"MGET", "victim", "doc"}), "*2\r\n$1\r\n1\r\n$3\r\nold\r\n") << bytes;
  }
  void Refused(const std::string& field, int status = 400, const std::string& body = {}) {
    const std::string head = "PUT /items/doc HTTP/1.1\r\nHost: localhost\r\n" + field + "\r\n";
    ExpectRefused(field, Answer(head, body), status);
  }

  Stack stack_{GetParam()};
  RawClient resp_ = RawClient::Connect(stack_->port());
};

INSTANTIATE_TEST_SUITE_P(, HttpSmuggling, testing::Values(Backend::kEmbedded, Backend::kRedis),
                         [](const auto& backend) { return NameOf(backend.param); });

TEST_P(HttpSmuggling, ATransferEncodingThatIsNotChunked) {
  for (const char* const coding :
       {"gzip", "identity", "xchunked", "chunked, identity", "deflate", "", "chunked;q=1"}) {
    Refused(std::string("Transfer-Encoding: ") + coding);
  }
  Refused("Transfer-Encoding: gzip, chunked", 501, "0\r\n\r\n");
  Refused("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked");
}

TEST_P(HttpSmuggling, TwoLengths) {
  Refused("Content-Length: 5\r\nTransfer-Encoding: chunked", 400, "0\r\n\r\n");
  Refused("Transfer-Encoding: chunked\r\nContent-Length: 0", 400, "0\r\n\r\n");
  Refused("Content-Length: 0\r\nContent-Length: 60");
  Refused("Content-Length: 0\r\nContent-Length: 0");
  Refused("Content-Length: 0, 0");
}

TEST_P(HttpSmuggling, LengthsWithSignsSpacesAndPrefixes) {
  for (const char* const length : {"+0", "-0", "0x0", "0 0", "", "0;", "1e0"}) {
    Refused(std::string("Content-Length: ") + length);
  }
}

TEST_P(HttpSmuggling, LinesThatReadersSplitDifferently) {
  Refused("X: y\r\n Content-Length: 60");
  Refused("X: y\r\n\tTransfer-Encoding: chunked");
  Refused("Content-Length : 60");
  Refused("Content-Length\t: 60");
  Refused("X: y\nContent-Length: 60");
  Refused("X: y\rContent-Length: 60");
  Refused("X: y\r\n\n");
  Refused(std::string("X: a\0b", 6));
  Refused(": x");
}

TEST_P(HttpSmuggling, SizesOfChunks) {
  for (const char* const size :
       {"+3", "-3", "0x3", " 3", "3 ", "3 ;x", "", "g", "0000000000000000003", "3\n"}) {
    Refused("Transfer-Encoding: chunked", 400, std::string(size) + "\r\nnew\r\n0\r\n\r\n");
  }
  Refused("Transfer-Encoding: chunked", 400, "3\r\nnewer\r\n0\r\n\r\n");
  Refused("Transfer-Encoding: chunked", 400, "3\r\nnew\n0\n\n");
  Refused("Transfer-Encoding: chunked", 400, "0\r\nno colon\r\n\r\n");
  Refused("Transfer-Encoding: chunked", 413, "ffffffffffffffff\r\nnew\r\n0\r\n\r\n");
  Refused("Transfer-Encoding: chunked", 413,
          "3;" + std::string(8000, 'x') + "\r\nnew\r\n0\r\n\r\n");
}

TEST_P(HttpSmuggling, HostsThatDiffer) {
  const std::string line = "PUT /items/doc HTTP/1.1\r\n";
  for (const std::string& head :
       {line, line + "Host: localhost\r\nHost: localhost\r\n",
        line + "Host: localhost\r\nHost: evil.example\r\n", line + "Host: local host\r\n",
        line + "Host:\r\n", line + "Host: user@localhost\r\n",
        std::string("PUT http://evil.example/items/doc HTTP/1.1\r\nHost: localhost\r\n"),
        std::string("PUT http://localhost/items/doc HTTP/1.1\r\nHost: localhost:81\r\n"),
        std::string("PUT items/doc HTTP/1.1\r\nHost: localhost\r\n")}) {
    ExpectRefused(head, Answer(head));
  }
}

TEST_P(HttpSmuggling, AnOldVersionHasNoChunks) {
  HttpClient client(stack_->http_port());
  client.Send("PUT /items/doc HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  EXPECT_THAT(client.ReadUntilClosed(), testing::StartsWith("HTTP/1.1 400 "));
  EXPECT_EQ(resp_.Ask({"GET", "doc"}), "$3\r\nold\r\n");
}

// A body that is refused is not read for a request either.
TEST_P(HttpSmuggling, TheBodyOfARefusedRequestDoesNotRun) {
  const std::string inner = "DELETE /items/victim HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string head = "PUT /items/doc HTTP/1.1\r\nHost: evil.example\r\nContent-Length: " +
                           std::to_string(inner.size()) + "\r\n";
  ExpectRefused(head, Answer(head, inner), 421);
}

}  // namespace
}  // namespace keyhole::test
