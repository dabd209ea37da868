// A client that asks for a lot and does not read it harms nobody else, on the same shared link or
// not, and costs no more memory than its sockets hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr size_t kBig = 10 * kMegabyte;
#else
constexpr size_t kBig = 100 * kMegabyte;
#endif
constexpr int kRequests = 2000;

// The 99th percentile of a GET's time, microseconds.
int64_t AskForALittle(RawClient& client) {
  std::vector<int64_t> micros;
  for (int i = 0; i < kRequests; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(client.Ask({"GET", "small"}), "$1\r\nv\r\n");
    const auto took = std::chrono::steady_clock::now() - begin;
    micros.push_back(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  }
  std::sort(micros.begin(), micros.end());
  return micros[micros.size() * 99 / 100];
}

class SlowReaderTest : public ProxyTest {
 protected:
  void Start(const std::vector<std::string>& options) {
    ProxyTest::Start({}, options);
    RawClient redis = RedisClient();
    redis.Ask({"SET", "small", "v"});
    redis.Ask({"SETRANGE", "big", std::to_string(kBig - 1), "x"});
  }

  // One client asks for big values and does not read them, another asks for little ones.
  void Ask(RawClient& slow, int values) {
    RawClient other = Client();
    EXPECT_EQ(slow.Ask({"GET", "small"}), "$1\r\nv\r\n");  // on the shared link, if there is one
    const int64_t before = AskForALittle(other);
    for (int i = 0; i < values; ++i) slow.SendCommand({"GET", "big"});
    slow.Send("GET small\r\n");
    const int64_t during = AskForALittle(other);
    // Shown, not judged: how fast this machine is now is no property of the proxy.
    std::printf("p99 of GET, us: %lld before, %lld while another does not read %zu MB\n",
                static_cast<long long>(before), static_cast<long long>(during),
                static_cast<size_t>(values) * kBig / kMegabyte);
  }
};

TEST_P(SlowReaderTest, DoesNotSlowOthers) {
  Start({"--client-output-limit", "256mb"});
  RawClient slow = Client();
  Ask(slow, 2);
  EXPECT_LT(proxy_->PeakResidentBytes(), kMemoryLimit + 256 * kMegabyte);
  // It has lost nothing.
  slow.set_deadline(std::chrono::seconds(60));
  for (int i = 0; i < 2; ++i) EXPECT_GT(slow.ReadReply().size(), kBig);
  EXPECT_EQ(slow.ReadReply(), "$1\r\nv\r\n");
}

// While others wait on its link that goes on being read. The limit then decides, for this one
// alone.
TEST_P(SlowReaderTest, CostsNoMoreThanItsLimit) {
  Start({"--client-output-limit", "8mb"});
  RawClient slow = Client();
  Ask(slow, 5);
  EXPECT_LT(proxy_->PeakResidentBytes(), kMemoryLimit);
}

KEYHOLE_OVER_TLS(SlowReaderTest);
KEYHOLE_IN_FRONT_OF_REDIS(SlowReaderTest);

}  // namespace
}  // namespace keyhole::test
