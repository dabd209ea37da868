// What Redis sees of its clients through the proxy: what they say and no more, and as whom they say
// it. Each was seen first in a test of Redis' own suite.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class SeenInRedisTest : public ProxyTest {
 protected:
  // Until so many links have said all they say before a client comes: a PING, or nothing where the
  // main link was up before. What was sent before a reply has been read before the next one.
  void AwaitGreetings(std::ptrdiff_t links) {
    proxy_->AwaitMetric("keyhole_upstream_up", 1);
    RawClient looker = RedisClient();
    for (std::ptrdiff_t there = 0; there < links;) {
      const std::string list = looker.Ask({"CLIENT", "LIST"});
      there = std::count(list.begin(), list.end(), '\n') - 3;  // the header, the end, this one
    }
    looker.Ask({"CLIENT", "LIST"});
  }
};

// +1700000000.123456 [0 127.0.0.1:50000] "GET" "k": what stands behind the bracket.
std::string WordsOf(const std::string& line) {
  const std::string words = line.substr(line.find("] ") + 2);
  return words.substr(0, words.size() - 2);
}

TEST_P(SeenInRedisTest, MonitorShowsWhatClientsSaidAndNoMore) {
  Start();
  AwaitGreetings(5);  // the main link and the spare ones
  RawClient monitor = RedisClient();
  monitor.Ask({"MONITOR"});
  for (int i = 0; i < 2; ++i) {
    RawClient client = Client();
    client.Send("MULTI\r\nSET k v\r\nEXEC\r\nBLPOP q 0.01\r\n");
    for (int reply = 0; reply < 4; ++reply) client.ReadReply();
  }
  Client().Ask({"ECHO", "end"});
  std::vector<std::string> seen;
  while (seen.empty() || seen.back() != R"("ECHO" "end")") {
    seen.push_back(WordsOf(monitor.ReadReply()));
  }
  EXPECT_THAT(seen, ElementsAre(R"("MULTI")", R"("SET" "k" "v")", R"("EXEC")",
                                R"("BLPOP" "q" "0.01")", R"("MULTI")", R"("SET" "k" "v")",
                                R"("EXEC")", R"("BLPOP" "q" "0.01")", R"("ECHO" "end")"));
}

// A script has a link of its own, which nobody sees being made.
TEST_P(SeenInRedisTest, MonitorShowsAScriptAndNothingOfOursBeforeIt) {
  Start();
  AwaitGreetings(5);
  RawClient monitor = RedisClient();
  monitor.Ask({"MONITOR"});
  EXPECT_EQ(Client().Ask({"EVAL", "return redis.call('set', KEYS[1], 'v')", "1", "k"}), "+OK\r\n");
  Client().Ask({"ECHO", "end"});
  std::vector<std::string> seen;
  while (seen.empty() || seen.back() != R"("ECHO" "end")") {
    seen.push_back(WordsOf(monitor.ReadReply()));
  }
  EXPECT_THAT(seen, ElementsAre(R"-("EVAL" "return redis.call('set', KEYS[1], 'v')" "1" "k")-",
                                R"("set" "k" "v")", R"("ECHO" "end")"));
}

TEST_P(SeenInRedisTest, WhoseConnectionItIsIfNamesAreForwarded) {
  Start({}, {"--client-names", "forward"});
  RawClient looker = RedisClient();
  std::vector<RawClient> clients;
  for (const char* name : {"billing", "search"}) {
    clients.push_back(Client());
    EXPECT_EQ(clients.back().Ask({"CLIENT", "SETNAME", name}), "+OK\r\n");
    EXPECT_EQ(clients.back().Ask({"MULTI"}), "+OK\r\n");
    EXPECT_EQ(clients.back().Ask({"SELECT", "2"}), "+QUEUED\r\n");
    EXPECT_THAT(looker.Ask({"CLIENT", "LIST"}),
                HasSubstr(std::string(" name=") + name + "@127.0.0.1:"));
  }
  clients.push_back(Client());
  clients.back().SendCommand({"BLPOP", "q", "0"});
  AwaitReply(looker, {"CLIENT", "LIST"}, [](const std::string& list) {
    return list.find(" name=127.0.0.1:") != std::string::npos;
  });
}

TEST_P(SeenInRedisTest, AClientFindsItselfInTheList) {
  Start();
  RawClient client = Client();
  client.Send("CLIENT SETNAME it\r\nSELECT 3\r\n");
  for (int reply = 0; reply < 2; ++reply) EXPECT_EQ(client.ReadReply(), "+OK\r\n");
  const std::string list = client.Ask({"CLIENT", "LIST"});
  const size_t self = list.find(" name=it ");
  ASSERT_NE(self, std::string::npos) << list;
  EXPECT_THAT(list.substr(self, list.find('\n', self) - self), HasSubstr(" db=3 "));
  EXPECT_EQ(client.Ask({"RESET"}), "+RESET\r\n");
  EXPECT_THAT(client.Ask({"CLIENT", "LIST"}), HasSubstr(" name= "));
}

// A user who may neither SELECT nor name a connection, in a database where somebody else went.
TEST_P(SeenInRedisTest, AUserWhoMayNotSelectIsWhereTheyWereBefore) {
  Start({"user bob on >pw ~* +set +get +multi +exec +blpop"});
  for (int i = 0; i < 3; ++i) {
    RawClient client = Client();
    EXPECT_EQ(client.Ask({"SELECT", "3"}), "+OK\r\n");
    EXPECT_EQ(client.Ask({"AUTH", "bob", "pw"}), "+OK\r\n");
    EXPECT_EQ(client.Ask({"SET", "k", "bob's"}), "+OK\r\n");
    client.Send("BLPOP q 0.01\r\nMULTI\r\nGET k\r\nEXEC\r\nGET k\r\n");
    for (const char* reply : {"*-1\r\n", "+OK\r\n", "+QUEUED\r\n", "*1\r\n$5\r\nbob's\r\n"}) {
      EXPECT_EQ(client.ReadReply(), reply);
    }
    EXPECT_EQ(client.ReadReply(), Bulk("bob's"));
    EXPECT_THAT(client.Ask({"SELECT", "0"}), StartsWith("-NOPERM"));
    EXPECT_EQ(client.Ask({"GET", "k"}), Bulk("bob's"));
  }
  EXPECT_EQ(RedisClient().Ask({"EXISTS", "k"}), ":0\r\n");
}

TEST_P(SeenInRedisTest, AListThatLooksLikeAMessageIsNone) {
  Start();
  RedisClient().Ask({"RPUSH", "l", "message", "a", "b"});
  RawClient client = Client();
  client.Send(
      "MULTI\r\nSUBSCRIBE c\r\nLRANGE l 0 -1\r\nPUBLISH c x\r\nEXEC\r\nUNSUBSCRIBE\r\nQUIT\r\n");
  RawClient direct = RedisClient();
  direct.Send(
      "MULTI\r\nSUBSCRIBE c\r\nLRANGE l 0 -1\r\nPUBLISH c x\r\nEXEC\r\nUNSUBSCRIBE\r\nQUIT\r\n");
  EXPECT_EQ(client.ReadUntilClosed(), direct.ReadUntilClosed());
}

// The same on the embedded store, where its own messages are told from EXEC's elements as well.
TEST(SeenInTheStoreTest, AListThatLooksLikeAMessageIsNone) {
  const RedisServer redis;
  const KeyholeProcess store;
  RawClient here = RawClient::Connect(store.port());
  RawClient there = RawClient::Connect(redis.port());
  for (RawClient* client : {&here, &there}) {
    client->Send("RPUSH l message a b\r\nMULTI\r\nSUBSCRIBE c\r\nLRANGE l 0 -1\r\nPUBLISH c x\r\n");
    client->Send("EXEC\r\nUNSUBSCRIBE\r\nQUIT\r\n");
  }
  EXPECT_EQ(here.ReadUntilClosed(), there.ReadUntilClosed());
}

TEST_P(SeenInRedisTest, ShutdownInMultiIsRefusedByRedis) {
  Start();
  RawClient client = Client();
  client.Send("MULTI\r\nSHUTDOWN NOSAVE\r\nEXEC\r\nSHUTDOWN NOSAVE\r\n");
  EXPECT_EQ(client.ReadReply(), "+OK\r\n");
  EXPECT_EQ(client.ReadReply(), "-ERR Command not allowed inside a transaction\r\n");
  EXPECT_THAT(client.ReadReply(), StartsWith("-EXECABORT"));
  EXPECT_THAT(client.ReadReply(), StartsWith("-ERR SHUTDOWN is refused by the proxy"));
  EXPECT_EQ(RedisClient().Ask({"PING"}), "+PONG\r\n");
}

KEYHOLE_IN_FRONT_OF_REDIS(SeenInRedisTest);

}  // namespace
}  // namespace keyhole::test
