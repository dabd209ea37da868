// What one client may take, and that others do not suffer from it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

using LimitsTest = ProxyTest;

TEST_P(LimitsTest, TooManyClients) {
  Start({}, {"--max-clients", "3"});
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(Client());
    EXPECT_EQ(clients.back().Ask({"PING"}), "+PONG\r\n");
  }
  EXPECT_EQ(Client().ReadUntilClosed(), "-ERR max number of clients reached\r\n");
  EXPECT_EQ(proxy_->Metric("keyhole_clients_refused_total"), 1);
  clients.pop_back();
  proxy_->AwaitMetric("keyhole_clients_closed_total{reason=\"by_client\"}", 1);
  EXPECT_EQ(Client().Ask({"PING"}), "+PONG\r\n");
}

TEST_P(LimitsTest, SilentClientsAreClosed) {
  Start({}, {"--client-idle-timeout", "300ms"});
  RawClient silent = Client();
  RawClient busy = Client();
  EXPECT_EQ(silent.Ask({"PING"}), "+PONG\r\n");
  EXPECT_EQ(busy.Ask({"SET", "k", "v"}), "+OK\r\n");
  EXPECT_EQ(silent.ReadUntilClosed(), "");
  EXPECT_EQ(proxy_->Metric("keyhole_clients_closed_total{reason=\"idle\"}") >= 1, true);
}

KEYHOLE_IN_FRONT_OF_ALL(LimitsTest);

using RedisLimitsTest = ProxyTest;

TEST_P(RedisLimitsTest, WhoWaitsIsNotSilent) {
  Start({}, {"--client-idle-timeout", "200ms"});
  RawClient blocked = Client();
  RawClient subscriber = Client();
  RawClient silent = Client();
  blocked.SendCommand({"BLPOP", "l", "0"});
  subscriber.Ask({"SUBSCRIBE", "c"});
  silent.Ask({"PING"});
  EXPECT_EQ(silent.ReadUntilClosed(), "");
  EXPECT_EQ(Client().Ask({"RPUSH", "l", "x"}), ":1\r\n");
  EXPECT_EQ(blocked.ReadReply(), "*2\r\n$1\r\nl\r\n$1\r\nx\r\n");
  EXPECT_EQ(Client().Ask({"PUBLISH", "c", "m"}), ":1\r\n");
  EXPECT_TRUE(subscriber.ReadReply().starts_with("*3\r\n$7\r\nmessage"));
}

// Its link is taken out of sharing; if others wait on it, it is closed at the limit.
TEST(OutputLimit, OthersGoOnBesideASlowReader) {
  const RedisServer redis;
  const KeyholeProcess proxy({"--upstream", "redis://127.0.0.1:" + std::to_string(redis.port()),
                              "--client-output-limit", "8mb"});
  RawClient other = RawClient::Connect(proxy.port());
  EXPECT_EQ(other.Ask({"SETRANGE", "big", std::to_string(kMegabyte - 1), "x"}), ":1048576\r\n");
  RawClient slow = RawClient::Connect(proxy.port());
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += "GET big\r\n";
  slow.Send(requests);
  for (int i = 1; i <= 200; ++i) {
    ASSERT_EQ(other.Ask({"INCR", "n"}), ":" + std::to_string(i) + "\r\n");
  }
  EXPECT_EQ(other.Ask({"PING"}), "+PONG\r\n");
  EXPECT_LT(proxy.PeakResidentBytes(), kMemoryLimit);
}

// On a link of its own it is waited for.
TEST(OutputLimit, ASlowReaderWithAPrivateLinkGetsAll) {
  const RedisServer redis;
  const KeyholeProcess proxy({"--upstream", "redis://127.0.0.1:" + std::to_string(redis.port()),
                              "--client-output-limit", "8mb", "--sharing", "off"});
  RawClient other = RawClient::Connect(proxy.port());
  EXPECT_EQ(other.Ask({"SETRANGE", "big", std::to_string(kMegabyte - 1), "x"}), ":1048576\r\n");
  RawClient slow = RawClient::Connect(proxy.port());
  std::string requests;
  for (int i = 0; i < 50; ++i) requests += "GET big\r\n";
  slow.Send(requests);
  for (int i = 1; i <= 200; ++i) {
    ASSERT_EQ(other.Ask({"INCR", "n"}), ":" + std::to_string(i) + "\r\n");
  }
  const size_t reply = Bulk(std::string(kMegabyte, 'x')).size();
  for (int i = 0; i < 50; ++i) ASSERT_EQ(slow.ReadReply().size(), reply);
  EXPECT_EQ(slow.Ask({"PING"}), "+PONG\r\n");
}

KEYHOLE_IN_FRONT_OF_REDIS(RedisLimitsTest);

}  // namespace
}  // namespace keyhole::test
