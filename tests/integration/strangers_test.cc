// A house that is full: who has not come in yet makes room, who is in stays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

constexpr auto kMadeRoom = "keyhole_clients_closed_total{reason=\"made_room\"}";
constexpr auto kRefused = "-ERR max number of clients reached\r\n";

class StrangersTest : public ProxyTest {
 protected:
  std::vector<RawClient> Clients(size_t count) const {
    std::vector<RawClient> clients;
    while (clients.size() < count) clients.push_back(Client());
    proxy_->AwaitMetric("keyhole_clients_accepted_total", static_cast<double>(count));
    return clients;
  }
};

TEST_P(StrangersTest, AFullHouseOfSilentOnesLetsNewcomersIn) {
  Start({}, {"--max-clients", "20"});
  std::vector<RawClient> strangers = Clients(20);
  strangers[1].Send("*2\r\n$3\r\nGET\r\n$100\r\n");  // begins, and goes on no more
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(Client().Ask({"PING"}), "+PONG\r\n");
  EXPECT_EQ(strangers[0].ReadUntilClosed(), "") << "the oldest one had to go";
  EXPECT_GE(proxy_->Metric(kMadeRoom), 1);
  EXPECT_EQ(proxy_->Metric("keyhole_clients_refused_total"), 0);
}

TEST_P(StrangersTest, AFullHouseOfClientsRefusesNewcomers) {
  Start({}, {"--max-clients", "5"});
  std::vector<RawClient> clients = Clients(5);
  for (RawClient& client : clients) EXPECT_EQ(client.Ask({"PING"}), "+PONG\r\n");
  EXPECT_EQ(Client().ReadUntilClosed(), kRefused);
  for (RawClient& client : clients) EXPECT_EQ(client.Ask({"PING"}), "+PONG\r\n");
  EXPECT_EQ(proxy_->Metric(kMadeRoom), 0);
}

TEST_P(StrangersTest, TheOldestGoesFirstAndWhoIsInStays) {
  Start({}, {"--max-clients", "4"});
  std::vector<RawClient> clients = Clients(4);
  EXPECT_EQ(clients[0].Ask({"PING"}), "+PONG\r\n");
  EXPECT_EQ(clients[2].Ask({"PING"}), "+PONG\r\n");
  RawClient first = Client();
  EXPECT_EQ(first.Ask({"PING"}), "+PONG\r\n");
  EXPECT_EQ(clients[1].ReadUntilClosed(), "");
  RawClient second = Client();
  EXPECT_EQ(second.Ask({"PING"}), "+PONG\r\n");
  EXPECT_EQ(clients[3].ReadUntilClosed(), "");
  EXPECT_EQ(Client().ReadUntilClosed(), kRefused);
  EXPECT_EQ(clients[0].Ask({"PING"}), "+PONG\r\n");
  EXPECT_EQ(clients[2].Ask({"PING"}), "+PONG\r\n");
}

// Pools connect ahead of time, and may: there is room.
TEST_P(StrangersTest, WhileThereIsRoomSilenceIsNoFault) {
  Start({}, {"--max-clients", "25"});
  std::vector<RawClient> pool = Clients(5);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Client().Ask({"PING"}), "+PONG\r\n");
  for (RawClient& client : pool) EXPECT_EQ(client.Ask({"PING"}), "+PONG\r\n");
}

KEYHOLE_IN_FRONT_OF_ALL(StrangersTest);

// One who waits, listens or says nothing more than CLIENT REPLY OFF has come in all the same.
TEST(Strangers, WhoHasSentARequestIsNone) {
  const RedisServer redis;
  const KeyholeProcess proxy(
      {"--upstream", "127.0.0.1:" + std::to_string(redis.port()), "--max-clients", "3"});
  RawClient waits = RawClient::Connect(proxy.port());
  waits.SendCommand({"BLPOP", "l", "0"});
  RawClient listens = RawClient::Connect(proxy.port());
  listens.Ask({"SUBSCRIBE", "c"});
  RawClient says_nothing = RawClient::Connect(proxy.port());
  says_nothing.SendCommand({"CLIENT", "REPLY", "OFF"});
  proxy.AwaitMetric("keyhole_requests_total{command=\"client|reply\"}", 1);
  proxy.AwaitMetric("keyhole_requests_total{command=\"blpop\"}", 1);
  EXPECT_EQ(RawClient::Connect(proxy.port()).ReadUntilClosed(), kRefused);
}

// An error for want of a password does not make a client.
TEST(Strangers, WithAPasswordTheOneWhoHasItIsIn) {
  for (const std::string workers : {"1", "3"}) {
    const KeyholeProcess proxy(
        {"--requirepass", "secret", "--metrics-open", "--max-clients", "4", "--workers", workers});
    RawClient in = RawClient::Connect(proxy.port());
    EXPECT_EQ(in.Ask({"AUTH", "secret"}), "+OK\r\n");
    std::vector<RawClient> strangers;
    for (int i = 0; i < 3; ++i) {
      strangers.push_back(RawClient::Connect(proxy.port()));
      EXPECT_THAT(strangers.back().Ask({"PING"}), testing::StartsWith("-NOAUTH"));
      EXPECT_THAT(strangers.back().Ask({"AUTH", "guess"}), testing::StartsWith("-WRONGPASS"));
    }
    std::vector<RawClient> more;
    for (int i = 0; i < 3; ++i) {
      more.push_back(RawClient::Connect(proxy.port()));
      EXPECT_EQ(more.back().Ask({"AUTH", "secret"}), "+OK\r\n");
    }
    EXPECT_EQ(proxy.Metric(kMadeRoom), 3);
    EXPECT_EQ(RawClient::Connect(proxy.port()).ReadUntilClosed(), kRefused);
    EXPECT_EQ(in.Ask({"PING"}), "+PONG\r\n");
  }
}

// The same where it is Redis that asks.
TEST(Strangers, WhoOnlyGetsNoauthFromRedisMakesRoom) {
  const RedisServer redis({"requirepass secret"});
  const KeyholeProcess proxy({"--upstream", "127.0.0.1:" + std::to_string(redis.port()),
                              "--metrics-open", "--max-clients", "4"});
  RawClient in = RawClient::Connect(proxy.port());
  EXPECT_EQ(in.Ask({"AUTH", "secret"}), "+OK\r\n");
  std::vector<RawClient> strangers;
  for (int i = 0; i < 3; ++i) {
    strangers.push_back(RawClient::Connect(proxy.port()));
    EXPECT_THAT(strangers.back().Ask({"PING"}), testing::StartsWith("-NOAUTH"));
    EXPECT_THAT(strangers.back().Ask({"NOSUCH"}), testing::StartsWith("-ERR"));
  }
  std::vector<RawClient> more;
  for (int i = 0; i < 3; ++i) {
    more.push_back(RawClient::Connect(proxy.port()));
    EXPECT_EQ(more.back().Ask({"AUTH", "secret"}), "+OK\r\n");
  }
  EXPECT_EQ(proxy.Metric(kMadeRoom), 3);
  EXPECT_EQ(RawClient::Connect(proxy.port()).ReadUntilClosed(), kRefused);
  EXPECT_EQ(in.Ask({"PING"}), "+PONG\r\n");
}

// Workers make room for each other's newcomers.
TEST(Strangers, AFloodOfSilentOnesKeepsNobodyOut) {
  const KeyholeProcess proxy({"--max-clients", "20", "--workers", "3"});
  RawClient in = RawClient::Connect(proxy.port());
  EXPECT_EQ(in.Ask({"PING"}), "+PONG\r\n");
  std::vector<RawClient> flood;
  for (int i = 0; i < 300; ++i) flood.push_back(RawClient::Connect(proxy.port()));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(RawClient::Connect(proxy.port()).Ask({"PING"}), "+PONG\r\n");
  }
  EXPECT_EQ(in.Ask({"PING"}), "+PONG\r\n");
  EXPECT_EQ(proxy.Metric("keyhole_clients_refused_total"), 0);
  EXPECT_GE(proxy.Metric(kMadeRoom), 281);
  EXPECT_LE(proxy.Metric("keyhole_clients"), 20);
}

// Who knocks hard must not fill the log.
TEST(Strangers, TheLogHasOneLineOfManyThatWereRefused) {
  KeyholeProcess proxy({"--max-clients", "1"});
  RawClient in = RawClient::Connect(proxy.port());
  EXPECT_EQ(in.Ask({"PING"}), "+PONG\r\n");
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(RawClient::Connect(proxy.port()).ReadUntilClosed(), kRefused);
  }
  proxy.Terminate();
  EXPECT_EQ(proxy.Wait(), 0);
  const std::string& log = proxy.process().err();
  const size_t line = log.find("refused 127.0.0.1:");
  ASSERT_NE(line, std::string::npos) << log;
  EXPECT_EQ(log.find("refused 127.0.0.1:", line + 1), std::string::npos) << log;
}

}  // namespace
}  // namespace keyhole::test
