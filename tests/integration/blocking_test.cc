// Commands that wait: nobody else waits with them, and nothing is taken for a client that has gone.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

class BlockingTest : public ProxyTest {
 protected:
  void SetUp() override { Start(); }

  // Waits until so many clients are blocked in Redis.
  void AwaitBlocked(int count) {
    RawClient redis = RedisClient();
    const std::string line = "blocked_clients:" + std::to_string(count) + "\r\n";
    AwaitReply(redis, {"INFO", "clients"},
               [&](const std::string& reply) { return reply.find(line) != std::string::npos; });
  }
};

TEST_P(BlockingTest, ServedByAnother) {
  RawClient waiting = Client();
  waiting.SendCommand({"BLPOP", "l", "0"});
  AwaitBlocked(1);
  RawClient other = Client();
  EXPECT_EQ(other.Ask({"SET", "k", "v"}), "+OK\r\n");
  EXPECT_EQ(other.Ask({"RPUSH", "l", "x"}), ":1\r\n");
  EXPECT_EQ(waiting.ReadReply(), "*2\r\n$1\r\nl\r\n$1\r\nx\r\n");
  EXPECT_EQ(waiting.Ask({"GET", "k"}), "$1\r\nv\r\n");
}

TEST_P(BlockingTest, EachOfManyGetsItsOwn) {
  constexpr int kClients = 40;
  std::vector<RawClient> waiting;
  for (int i = 0; i < kClients; ++i) {
    waiting.push_back(Client());
    waiting.back().SendCommand({"BLPOP", "l" + std::to_string(i), "0"});
  }
  AwaitBlocked(kClients);
  RawClient other = Client();
  for (int i = kClients - 1; i >= 0; --i) {
    EXPECT_EQ(other.Ask({"RPUSH", "l" + std::to_string(i), std::to_string(i)}), ":1\r\n");
  }
  for (int i = 0; i < kClients; ++i) {
    EXPECT_EQ(waiting[static_cast<size_t>(i)].ReadReply(),
              "*2\r\n" + Bulk("l" + std::to_string(i)) + Bulk(std::to_string(i)));
  }
}

TEST_P(BlockingTest, TimesOutAsInRedis) {
  RawClient client = Client();
  EXPECT_EQ(client.Ask({"BLPOP", "l", "0.05"}), "*-1\r\n");
  EXPECT_EQ(client.Ask({"BLMOVE", "l", "m", "LEFT", "LEFT", "0.05"}), "*-1\r\n");
  EXPECT_EQ(client.Ask({"XREAD", "BLOCK", "50", "STREAMS", "s", "$"}), "*-1\r\n");
  EXPECT_EQ(client.Ask({"BLPOP", "l", "-1"}), "-ERR timeout is negative\r\n");
  EXPECT_EQ(client.Ask({"PING"}), "+PONG\r\n");
}

TEST_P(BlockingTest, WhatIsPipelinedBehindWaitsToo) {
  RawClient client = Client();
  client.Send("BLPOP l 0\r\nRPUSH done 1\r\nLLEN done\r\n");
  AwaitBlocked(1);
  RawClient other = Client();
  EXPECT_EQ(other.Ask({"LLEN", "done"}), ":0\r\n");
  other.Ask({"RPUSH", "l", "x"});
  EXPECT_EQ(client.ReadReply(), "*2\r\n$1\r\nl\r\n$1\r\nx\r\n");
  EXPECT_EQ(client.ReadReply(), ":1\r\n");
  EXPECT_EQ(client.ReadReply(), ":1\r\n");
}

TEST_P(BlockingTest, UnblockedByItsId) {
  RawClient waiting = Client();
  const std::string id = waiting.Ask({"CLIENT", "ID"});
  waiting.SendCommand({"BLPOP", "l", "0"});
  AwaitBlocked(1);
  EXPECT_EQ(Client().Ask({"CLIENT", "UNBLOCK", id.substr(1, id.size() - 3)}), ":1\r\n");
  EXPECT_EQ(waiting.ReadReply(), "*-1\r\n");
}

// A client that waits vanishes; what comes then must stay for others.
TEST_P(BlockingTest, NothingIsTakenForAClientThatHasGone) {
  for (const char* requests :
       {"BLPOP l 0\r\n", "BLPOP l 0\r\nGET k\r\n", "SET k v\r\nBLPOP l 0\r\n",
        "BLPOP l 0\r\nSELECT 1\r\nGET k\r\n", "MULTI\r\nEXEC\r\nBLPOP l 0\r\n"}) {
    RawClient waiting = Client();
    waiting.Send(requests);
    AwaitBlocked(1);
    waiting.Close();
    AwaitBlocked(0);
    RawClient other = Client();
    EXPECT_EQ(other.Ask({"RPUSH", "l", "x"}), ":1\r\n") << requests;
    EXPECT_EQ(other.Ask({"LPOP", "l"}), "$1\r\nx\r\n") << requests;
  }
}

// The end of the connection has to be seen although nothing more is taken from it.
TEST_P(BlockingTest, NorBehindAQuit) {
  RawClient waiting = Client();
  waiting.Send("BLPOP l 0\r\nQUIT\r\n");
  AwaitBlocked(1);
  waiting.Close();
  AwaitBlocked(0);
}

TEST_P(BlockingTest, NorBehindAProtocolError) {
  RawClient waiting = Client();
  waiting.Send("BLPOP l 0\r\n*x\r\n");
  AwaitBlocked(1);
  waiting.Close();
  AwaitBlocked(0);
}

KEYHOLE_OVER_TLS(BlockingTest);
KEYHOLE_IN_FRONT_OF_REDIS(BlockingTest);

}  // namespace
}  // namespace keyhole::test
