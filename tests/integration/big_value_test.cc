// Values of any size pass through in bounded memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr size_t kValueSize = 32 * kMegabyte;
#else
constexpr size_t kValueSize = 512 * kMegabyte;
#endif

// A megabyte that repeats itself at no power of two.
std::string Pattern() {
  std::string pattern(kMegabyte, 0);
  for (size_t i = 0; i < pattern.size(); ++i) pattern[i] = static_cast<char>(i % 251);
  return pattern;
}

void SendValue(RawClient& client, const std::string& pattern) {
  for (size_t sent = 0; sent < kValueSize; sent += pattern.size()) client.Send(pattern);
}

size_t ReadSome(RawClient& client, char* to, size_t most) {
  const size_t n = client.ReadSome(to, most);
  if (n == 0) throw std::runtime_error("closed in the middle of the value");
  return n;
}

// Reads a reply that consists of `head`, the value and CRLF, and compares it with the pattern.
bool ReadValue(RawClient& client, const std::string& head, const std::string& pattern) {
  std::string got(head.size(), 0);
  for (size_t n = 0; n < head.size();) n += ReadSome(client, got.data() + n, head.size() - n);
  if (got != head) throw std::runtime_error("unexpected reply: " + got);
  bool same = true;
  std::string chunk(pattern.size(), 0);
  for (size_t at = 0; at < kValueSize;) {
    const size_t offset = at % pattern.size();
    const size_t n = ReadSome(client, chunk.data(), pattern.size() - offset);
    same = same && std::memcmp(chunk.data(), pattern.data() + offset, n) == 0;
    at += n;
  }
  char end[2];
  for (size_t n = 0; n < sizeof(end);) n += ReadSome(client, end + n, sizeof(end) - n);
  return same && std::string_view(end, sizeof(end)) == "\r\n";
}

class BigValueTest : public ProxyTest {
 protected:
  void SetUp() override { Start({"client-query-buffer-limit 2gb"}); }
};

TEST_P(BigValueTest, StreamsThroughInBothDirections) {
  const std::string pattern = Pattern();
  const std::string size = std::to_string(kValueSize);
  RawClient client = Client();
  client.set_deadline(std::chrono::seconds(60));
  client.Send("*5\r\n$3\r\nSET\r\n$3\r\nbig\r\n$" + size + "\r\n");
  SendValue(client, pattern);
  client.Send("\r\n$2\r\nNX\r\n$3\r\nGET\r\n");
  EXPECT_EQ(client.ReadReply(), "$-1\r\n");
  EXPECT_EQ(client.Ask({"STRLEN", "big"}), ":" + size + "\r\n");
  EXPECT_LT(proxy_->PeakResidentBytes(), kMemoryLimit);
  client.SendCommand({"GET", "big"});
  EXPECT_TRUE(ReadValue(client, "$" + size + "\r\n", pattern));
  EXPECT_LT(proxy_->PeakResidentBytes(), kMemoryLimit);
  EXPECT_EQ(proxy_->Metric("redis_app_cache_miss_total{key=\"big\"}"), 1);
  EXPECT_EQ(proxy_->Metric("redis_app_cache_hit_total{key=\"big\"}"), 1);
}

KEYHOLE_OVER_TLS(BigValueTest);
KEYHOLE_IN_FRONT_OF_REDIS(BigValueTest);

using BigRequestTest = ProxyTest;

// Half of a request and then nothing: it never happened.
TEST_P(BigRequestTest, GivenUpHalfWay) {
  Start();
  const std::string pattern = Pattern();
  {
    RawClient client = Client();
    client.Send("SET before 1\r\n*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$20000000\r\n");
    for (int i = 0; i < 10; ++i) client.Send(pattern);
    EXPECT_EQ(client.ReadReply(), "+OK\r\n");
  }
  RawClient other = Client();
  EXPECT_EQ(other.Ask({"EXISTS", "before", "big"}), ":1\r\n");
}

TEST_P(BigRequestTest, BetweenSmallOnesAndInTransactions) {
  Start();
  const std::string value(300'000, 'v');
  RawClient client = Client();
  RawClient other = Client();
  client.Send("SET a 1\r\nMULTI\r\n");
  client.SendCommand({"SET", "big", value});
  client.Send("GET a\r\nEXEC\r\n");
  client.SendCommand({"APPEND", "big", value});
  client.Send("GET a\r\n");
  EXPECT_EQ(client.ReadReply(), "+OK\r\n");
  EXPECT_EQ(client.ReadReply(), "+OK\r\n");
  EXPECT_EQ(client.ReadReply(), "+QUEUED\r\n");
  EXPECT_EQ(client.ReadReply(), "+QUEUED\r\n");
  EXPECT_EQ(client.ReadReply(), "*2\r\n+OK\r\n$1\r\n1\r\n");
  EXPECT_EQ(client.ReadReply(), ":600000\r\n");
  EXPECT_EQ(client.ReadReply(), "$1\r\n1\r\n");
  EXPECT_EQ(other.Ask({"STRLEN", "big"}), ":600000\r\n");
}

TEST_P(BigRequestTest, RefusedInTheMiddle) {
  Start();
  RawClient client = Client();
  client.SendCommand({"LPUSH", "l", std::string(200'000, 'x')});
  client.SendCommand({"SET", "k", std::string(200'000, 'x'), "NOSUCHOPTION"});
  client.SendCommand({"NOSUCH", "k", std::string(200'000, 'x')});
  client.Send("PING\r\n");
  EXPECT_EQ(client.ReadReply(), ":1\r\n");
  EXPECT_EQ(client.ReadReply(), "-ERR syntax error\r\n");
  EXPECT_TRUE(client.ReadReply().starts_with("-ERR unknown command"));
  EXPECT_EQ(client.ReadReply(), "+PONG\r\n");
}

TEST_P(BigRequestTest, LargerThanAllowed) {
  Start();
  RawClient client = Client();
  client.Send("PING\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870913\r\n");
  EXPECT_EQ(client.ReadUntilClosed(), "+PONG\r\n-ERR Protocol error: invalid bulk length\r\n");
}

KEYHOLE_OVER_TLS(BigRequestTest);
KEYHOLE_IN_FRONT_OF_REDIS(BigRequestTest);

}  // namespace
}  // namespace keyhole::test
