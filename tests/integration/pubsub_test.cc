// Messages: to those who subscribed, for as long as they are subscribed. And MONITOR.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

class PubsubTest : public ProxyTest {
 protected:
  void SetUp() override { Start(); }

  // Publishes through the proxy; `receivers` must get it.
  void Publish(std::string_view channel, std::string_view message, int receivers) {
    RawClient client = Client();
    EXPECT_EQ(client.Ask({"PUBLISH", channel, message}), ":" + std::to_string(receivers) + "\r\n");
  }
};

std::string Message(char type, std::string_view channel, std::string_view text) {
  return std::string(1, type) + "3\r\n" + Bulk("message") + Bulk(channel) + Bulk(text);
}

TEST_P(PubsubTest, MessagesInResp2) {
  RawClient client = Client();
  EXPECT_EQ(client.Ask({"SUBSCRIBE", "c"}), "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
  EXPECT_EQ(client.Ask({"PSUBSCRIBE", "p*"}), "*3\r\n$10\r\npsubscribe\r\n$2\r\np*\r\n:2\r\n");
  EXPECT_EQ(client.Ask({"SSUBSCRIBE", "s"}), "*3\r\n$10\r\nssubscribe\r\n$1\r\ns\r\n:1\r\n");
  Publish("c", "one", 1);
  EXPECT_EQ(client.ReadReply(), Message('*', "c", "one"));
  Publish("pq", "two", 1);
  EXPECT_EQ(client.ReadReply(), "*4\r\n$8\r\npmessage\r\n$2\r\np*\r\n$2\r\npq\r\n$3\r\ntwo\r\n");
  EXPECT_EQ(Client().Ask({"SPUBLISH", "s", "three"}), ":1\r\n");
  EXPECT_EQ(client.ReadReply(), "*3\r\n$8\r\nsmessage\r\n$1\r\ns\r\n$5\r\nthree\r\n");
  EXPECT_EQ(client.Ask({"PING"}), "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
  EXPECT_TRUE(client.Ask({"GET", "k"}).starts_with("-ERR Can't execute 'get'"));
  client.Send("UNSUBSCRIBE\r\nPUNSUBSCRIBE\r\nSUNSUBSCRIBE\r\nGET k\r\n");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client.ReadReply().starts_with("*3\r\n"));
  EXPECT_EQ(client.ReadReply(), "$-1\r\n");
  Publish("c", "nobody", 0);
  EXPECT_EQ(client.Ask({"PING"}), "+PONG\r\n");
}

TEST_P(PubsubTest, MessagesInResp3) {
  RawClient client = Client();
  EXPECT_TRUE(client.Ask({"HELLO", "3"}).starts_with("%"));
  client.Send("SUBSCRIBE c d\r\nGET k\r\n");
  EXPECT_EQ(client.ReadReply(), ">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
  EXPECT_EQ(client.ReadReply(), ">3\r\n$9\r\nsubscribe\r\n$1\r\nd\r\n:2\r\n");
  EXPECT_EQ(client.ReadReply(), "_\r\n");
  // Not a mode here: commands go on, messages come in between.
  for (int i = 0; i < 20; ++i) {
    Publish("d", std::to_string(i), 1);
    client.Send("SET k " + std::to_string(i) + "\r\nMULTI\r\nGET k\r\nEXEC\r\n");
    EXPECT_EQ(client.ReadReply(), Message('>', "d", std::to_string(i)));
    EXPECT_EQ(client.ReadReply(), "+OK\r\n");
    EXPECT_EQ(client.ReadReply(), "+OK\r\n");
    EXPECT_EQ(client.ReadReply(), "+QUEUED\r\n");
    EXPECT_EQ(client.ReadReply(), "*1\r\n" + Bulk(std::to_string(i)));
  }
  EXPECT_EQ(client.Ask({"PUBLISH", "c", "to myself"}), Message('>', "c", "to myself"));
  EXPECT_EQ(client.ReadReply(), ":1\r\n");
}

TEST_P(PubsubTest, ManyMessages) {
  RawClient client = Client();
  client.Ask({"SUBSCRIBE", "c"});
  RawClient publisher = Client();
  std::string requests;
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    requests += "PUBLISH c " + std::to_string(i) + "\r\n";
    expected += Message('*', "c", std::to_string(i));
  }
  publisher.Send(requests + "PUBLISH c end\r\n");
  client.Send("QUIT\r\n");
  std::string got;
  // All that came before the end of it was sent in order; how much that is, is not certain.
  got = client.ReadUntilClosed();
  ASSERT_TRUE(got.ends_with("+OK\r\n"));
  got.resize(got.size() - 5);
  EXPECT_EQ(got, (expected + Message('*', "c", "end")).substr(0, got.size()));
}

TEST_P(PubsubTest, NobodyInheritsASubscription) {
  for (int i = 0; i < 5; ++i) {
    RawClient client = Client();
    client.Send("SUBSCRIBE c\r\nUNSUBSCRIBE c\r\nGET k\r\n");
    for (int j = 0; j < 2; ++j) client.ReadReply();
    EXPECT_EQ(client.ReadReply(), "$-1\r\n");
  }
  Publish("c", "stray", 0);
  {
    RawClient client = Client();
    client.Ask({"SUBSCRIBE", "c"});
  }
  RawClient redis = RedisClient();
  AwaitReply(redis, {"PUBSUB", "NUMSUB", "c"},
             [](const std::string& reply) { return reply.ends_with(":0\r\n"); });
  RawClient client = Client();
  client.Send("MULTI\r\nEXEC\r\nGET k\r\n");
  EXPECT_EQ(client.ReadReply(), "+OK\r\n");
  EXPECT_EQ(client.ReadReply(), "*0\r\n");
  EXPECT_EQ(client.ReadReply(), "$-1\r\n");
}

// Where the confirmation is one of EXEC's elements.
TEST_P(PubsubTest, NobodyInheritsASubscriptionFromATransaction) {
  RawClient client = Client();
  client.Send("MULTI\r\nSUBSCRIBE c\r\nEXEC\r\n");
  EXPECT_EQ(client.ReadReply(), "+OK\r\n");
  EXPECT_EQ(client.ReadReply(), "+QUEUED\r\n");
  EXPECT_EQ(client.ReadReply(), "*1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
  RawClient other = Client();
  other.Send("MULTI\r\nPING\r\nEXEC\r\n");
  EXPECT_EQ(other.ReadReply(), "+OK\r\n");
  EXPECT_EQ(other.ReadReply(), "+QUEUED\r\n");
  EXPECT_EQ(other.ReadReply(), "*1\r\n+PONG\r\n");
  Publish("c", "hello", 1);
  EXPECT_EQ(client.ReadReply(), Message('*', "c", "hello"));
  EXPECT_EQ(other.Ask({"GET", "k"}), "$-1\r\n");
}

TEST_P(PubsubTest, MonitorShowsAllUntilReset) {
  RawClient monitor = Client();
  EXPECT_EQ(monitor.Ask({"MONITOR"}), "+OK\r\n");
  RawClient other = Client();
  EXPECT_EQ(other.Ask({"SET", "seen", "1"}), "+OK\r\n");
  std::string line;
  for (int i = 0; i < 20 && line.find("\"SET\" \"seen\" \"1\"") == std::string::npos; ++i) {
    line = monitor.ReadReply();
    EXPECT_EQ(line[0], '+');
  }
  EXPECT_NE(line.find("\"SET\" \"seen\" \"1\""), std::string::npos);
  monitor.SendCommand({"RESET"});
  while (line != "+RESET\r\n") line = monitor.ReadReply();
  EXPECT_EQ(other.Ask({"SET", "unseen", "1"}), "+OK\r\n");
  EXPECT_EQ(monitor.Ask({"GET", "unseen"}), "$1\r\n1\r\n");
}

TEST_P(PubsubTest, MonitorEndsWithItsClient) {
  {
    RawClient monitor = Client();
    EXPECT_EQ(monitor.Ask({"MONITOR"}), "+OK\r\n");
  }
  RawClient redis = RedisClient();
  AwaitReply(redis, {"CLIENT", "LIST"},
             [](const std::string& reply) { return reply.find(" flags=O ") == std::string::npos; });
}

TEST_P(PubsubTest, SubscribedInATransactionInResp3) {
  RawClient client = Client();
  EXPECT_TRUE(client.Ask({"HELLO", "3"}).starts_with("%"));
  // A push takes an element's place, which is hard to read one by one.
  client.Send("MULTI\r\nSUBSCRIBE c\r\nGET k\r\nEXEC\r\nGET k\r\nPUBLISH c hello\r\nQUIT\r\n");
  EXPECT_EQ(
      client.ReadUntilClosed(),
      "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n_\r\n_\r\n" +
          Message('>', "c", "hello") + ":1\r\n+OK\r\n");
}

KEYHOLE_OVER_TLS(PubsubTest);
KEYHOLE_IN_FRONT_OF_REDIS(PubsubTest);

// ---- on the embedded store ----

// Clients are given to the workers by turns: two publishers and four listeners are on both.
TEST(StorePubsub, MessagesReachTheClientsOfAllWorkersInOrder) {
  constexpr int kMessages = 1000;
  const KeyholeProcess keyhole({"--workers", "2"});
  std::vector<RawClient> listeners;
  for (int i = 0; i < 4; ++i) {
    listeners.push_back(RawClient::Connect(keyhole.port()));
    listeners.back().Ask({"SUBSCRIBE", "c"});
  }
  std::vector<RawClient> publishers;
  for (int i = 0; i < 2; ++i) publishers.push_back(RawClient::Connect(keyhole.port()));
  for (size_t i = 0; i < publishers.size(); ++i) {
    std::string requests;
    for (int n = 0; n < kMessages; ++n) {
      requests += "PUBLISH c " + std::to_string(i) + ":" + std::to_string(n) + "\r\n";
    }
    publishers[i].Send(requests);
  }
  for (RawClient& listener : listeners) {
    int next[2] = {0, 0};
    for (int n = 0; n < 2 * kMessages; ++n) {
      const std::string message = listener.ReadReply();
      const size_t of = message.find("0:") != std::string::npos ? 0 : 1;
      ASSERT_EQ(message, Message('*', "c", std::to_string(of) + ":" + std::to_string(next[of]++)));
    }
  }
  for (RawClient& publisher : publishers) {
    for (int n = 0; n < kMessages; ++n) ASSERT_EQ(publisher.ReadReply(), ":4\r\n");
  }
  EXPECT_EQ(publishers[0].Ask({"CLIENT", "KILL", "TYPE", "pubsub"}), ":4\r\n");
  for (RawClient& listener : listeners) EXPECT_EQ(listener.ReadUntilClosed(), "");
  EXPECT_EQ(publishers[0].Ask({"PUBLISH", "c", "x"}), ":0\r\n");
}

}  // namespace
}  // namespace keyhole::test
