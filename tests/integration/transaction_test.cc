// MULTI and WATCH of many clients at once, and what becomes of their connections afterwards.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

class TransactionTest : public ProxyTest {
 protected:
  void SetUp() override { Start(); }
};

TEST_P(TransactionTest, AConflictGivesNull) {
  RawClient one = Client();
  RawClient other = Client();
  EXPECT_EQ(one.Ask({"WATCH", "k"}), "+OK\r\n");
  EXPECT_EQ(other.Ask({"SET", "k", "theirs"}), "+OK\r\n");
  one.Send("MULTI\r\nSET k mine\r\nEXEC\r\n");
  EXPECT_EQ(one.ReadReply(), "+OK\r\n");
  EXPECT_EQ(one.ReadReply(), "+QUEUED\r\n");
  EXPECT_EQ(one.ReadReply(), "*-1\r\n");
  EXPECT_EQ(one.Ask({"GET", "k"}), "$6\r\ntheirs\r\n");
}

TEST_P(TransactionTest, AConflictInResp3) {
  RawClient one = Client();
  EXPECT_TRUE(one.Ask({"HELLO", "3"}).starts_with("%"));
  EXPECT_EQ(one.Ask({"WATCH", "k"}), "+OK\r\n");
  EXPECT_EQ(Client().Ask({"SET", "k", "theirs"}), "+OK\r\n");
  one.Send("MULTI\r\nSET k mine\r\nEXEC\r\n");
  EXPECT_EQ(one.ReadReply(), "+OK\r\n");
  EXPECT_EQ(one.ReadReply(), "+QUEUED\r\n");
  EXPECT_EQ(one.ReadReply(), "_\r\n");
}

TEST_P(TransactionTest, ManyAtOnceDoNotMix) {
  constexpr int kClients = 40;  // more than are kept idle
  for (int round = 0; round < 2; ++round) {
    std::vector<RawClient> clients;
    for (int i = 0; i < kClients; ++i) clients.push_back(Client());
    RawClient bystander = Client();
    for (RawClient& client : clients) EXPECT_EQ(client.Ask({"MULTI"}), "+OK\r\n");
    for (RawClient& client : clients) EXPECT_EQ(client.Ask({"INCR", "n"}), "+QUEUED\r\n");
    EXPECT_EQ(bystander.Ask({"GET", "n"}), "$-1\r\n");
    for (int i = 0; i < kClients; ++i) {
      RawClient& client = clients[static_cast<size_t>(i)];
      if (i % 2 == 0) {
        EXPECT_EQ(client.Ask({"EXEC"}), "*1\r\n:" + std::to_string(i / 2 + 1) + "\r\n");
      } else {
        EXPECT_EQ(client.Ask({"DISCARD"}), "+OK\r\n");
      }
    }
    for (RawClient& client : clients) EXPECT_EQ(client.Ask({"GET", "n"}), "$2\r\n20\r\n");
    EXPECT_EQ(bystander.Ask({"DEL", "n"}), ":1\r\n");
  }
}

TEST_P(TransactionTest, OpenOnesEndWithTheirClient) {
  for (int i = 0; i < 5; ++i) {
    RawClient client = Client();
    EXPECT_EQ(client.Ask({"WATCH", "w"}), "+OK\r\n");
    EXPECT_EQ(client.Ask({"MULTI"}), "+OK\r\n");
    EXPECT_EQ(client.Ask({"SET", "k", "v"}), "+QUEUED\r\n");
  }
  for (int i = 0; i < 5; ++i) {
    RawClient client = Client();
    client.Send("MULTI\r\nGET k\r\nEXEC\r\nGET k\r\n");
    client.ShutdownWrite();
    EXPECT_EQ(client.ReadUntilClosed(), "+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n$-1\r\n");
  }
}

TEST_P(TransactionTest, DatabasesOfOneDoNotReachTheNext) {
  for (int round = 0; round < 3; ++round) {
    RawClient one = Client();
    one.Send("MULTI\r\nSELECT 5\r\nSET k five\r\nEXEC\r\nGET k\r\n");
    one.ShutdownWrite();
    EXPECT_EQ(one.ReadUntilClosed(),
              "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n+OK\r\n$4\r\nfive\r\n");
    RawClient other = Client();
    other.Send("MULTI\r\nGET k\r\nEXEC\r\nGET k\r\n");
    other.ShutdownWrite();
    EXPECT_EQ(other.ReadUntilClosed(), "+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n$-1\r\n");
  }
}

TEST_P(TransactionTest, LookupsAreCountedWhenTheyRun) {
  RawClient client = Client();
  client.Ask({"SET", "a", "1"});
  const std::string transaction = "MULTI\r\nGET a\r\nMGET a b\r\nGET b\r\n";
  client.Send(transaction + "EXEC\r\nPING\r\n" + transaction + "DISCARD\r\nPING\r\n");
  for (int i = 0; i < 12; ++i) client.ReadReply();
  EXPECT_EQ(proxy_->Metric("redis_app_cache_hit_total{key=\"a\"}"), 2);
  EXPECT_EQ(proxy_->Metric("redis_app_cache_miss_total{key=\"a\"}"), 0);
  EXPECT_EQ(proxy_->Metric("redis_app_cache_hit_total{key=\"b\"}"), 0);
  EXPECT_EQ(proxy_->Metric("redis_app_cache_miss_total{key=\"b\"}"), 2);
}

TEST_P(TransactionTest, LookupsAreCountedInSpiteOfARefusedMulti) {
  RawClient client = Client();
  client.Ask({"SET", "a", "1"});
  client.Send("MULTI\r\nGET a\r\nMULTI\r\nGET b\r\nEXEC\r\n");
  for (int i = 0; i < 4; ++i) client.ReadReply();
  ASSERT_EQ(client.ReadReply(), "*2\r\n$1\r\n1\r\n$-1\r\n");
  EXPECT_EQ(proxy_->Metric("redis_app_cache_hit_total{key=\"a\"}"), 1);
  EXPECT_EQ(proxy_->Metric("redis_app_cache_miss_total{key=\"b\"}"), 1);
}

KEYHOLE_OVER_TLS(TransactionTest);
KEYHOLE_IN_FRONT_OF_ALL(TransactionTest);

}  // namespace
}  // namespace keyhole::test
