// Commands that wait for the embedded store, over sockets: with one worker, and with several, where
// who pushes runs on another one than who waits.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

class StoreWaitingTest : public testing::TestWithParam<std::string> {
 protected:
  RawClient Client() const { return RawClient::Connect(proxy_.port()); }

  void AwaitBlocked(int count) const {
    RawClient client = Client();
    const std::string line = "blocked_clients:" + std::to_string(count) + "\r\n";
    AwaitReply(client, {"INFO", "clients"},
               [&](const std::string& reply) { return reply.find(line) != std::string::npos; });
  }

  KeyholeProcess proxy_{{"--workers", GetParam()}};
};

INSTANTIATE_TEST_SUITE_P(, StoreWaitingTest, testing::Values("1", "3"),
                         [](const auto& workers) { return "Workers" + workers.param; });

TEST_P(StoreWaitingTest, TheFirstIsServedFirst) {
  constexpr int kClients = 40;
  std::vector<RawClient> waiting;
  for (int i = 0; i < kClients; ++i) {
    waiting.push_back(Client());
    waiting.back().SendCommand({"BLPOP", "l", "0"});
    AwaitBlocked(i + 1);
  }
  RawClient pusher = Client();
  EXPECT_EQ(pusher.Ask({"RPUSH", "l", "0"}), ":1\r\n");
  for (int i = 1; i < kClients; ++i) pusher.Ask({"RPUSH", "l", std::to_string(i)});
  for (int i = 0; i < kClients; ++i) {
    EXPECT_EQ(waiting[static_cast<size_t>(i)].ReadReply(),
              "*2\r\n" + Bulk("l") + Bulk(std::to_string(i)));
  }
}

// Not at the next of the looks that are taken every 100 ms.
TEST_P(StoreWaitingTest, TimeoutsAreKeptToTheMillisecond) {
  constexpr int kWaits = 60;
  RawClient client = Client();
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < kWaits; ++i) EXPECT_EQ(client.Ask({"BLPOP", "l", "0.004"}), "*-1\r\n");
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_GE(took, std::chrono::milliseconds(kWaits * 3));
  EXPECT_LT(took, std::chrono::milliseconds(kWaits * 50));
}

// The shorter one that comes later, of another client.
TEST_P(StoreWaitingTest, EachHasItsOwnTimeout) {
  RawClient patient = Client();
  patient.SendCommand({"BLPOP", "l", "30"});
  RawClient hasty = Client();
  AwaitBlocked(1);
  EXPECT_EQ(hasty.Ask({"BLMOVE", "l", "m", "LEFT", "LEFT", "0.02"}), "*-1\r\n");
  EXPECT_EQ(hasty.Ask({"RPUSH", "l", "x"}), ":1\r\n");
  EXPECT_EQ(patient.ReadReply(), "*2\r\n" + Bulk("l") + Bulk("x"));
}

TEST_P(StoreWaitingTest, WhoHasGoneTakesNothing) {
  {
    RawClient gone = Client();
    gone.SendCommand({"BLPOP", "l", "0"});
    AwaitBlocked(1);
  }
  AwaitBlocked(0);
  RawClient other = Client();
  EXPECT_EQ(other.Ask({"RPUSH", "l", "x"}), ":1\r\n");
  EXPECT_EQ(other.Ask({"LLEN", "l"}), ":1\r\n");
}

TEST_P(StoreWaitingTest, RepliesBeforeAWaitAreNotHeldBack) {
  RawClient client = Client();
  client.Send("SET a 1\r\nGET a\r\nBLPOP l 0\r\nGET a\r\n");
  EXPECT_EQ(client.ReadReply(), "+OK\r\n");
  EXPECT_EQ(client.ReadReply(), Bulk("1"));
  AwaitBlocked(1);
  Client().Ask({"RPUSH", "l", "x"});
  EXPECT_EQ(client.ReadReply(), "*2\r\n" + Bulk("l") + Bulk("x"));
  EXPECT_EQ(client.ReadReply(), Bulk("1"));
}

}  // namespace
}  // namespace keyhole::test
