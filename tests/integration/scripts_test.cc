// Scripts of the embedded store over sockets: one that does not end must not hold up the process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ScriptsTest : public testing::TestWithParam<std::string> {
 protected:
  RawClient Client() const { return RawClient::Connect(proxy_.port()); }

  // Until others are told of it.
  void AwaitBusy() const {
    RawClient client = Client();
    AwaitReply(client, {"PING"},
               [](const std::string& reply) { return reply.starts_with("-BUSY"); });
  }

  KeyholeProcess proxy_{{"--workers", GetParam()}};
};

INSTANTIATE_TEST_SUITE_P(, ScriptsTest, testing::Values("1", "3"),
                         [](const auto& workers) { return "Workers" + workers.param; });

TEST_P(ScriptsTest, OneThatDoesNotEndIsKilled) {
  RawClient admin = Client();
  EXPECT_EQ(admin.Ask({"CONFIG", "SET", "lua-time-limit", "10"}), "+OK\r\n");
  EXPECT_EQ(admin.Ask({"SET", "k", "v"}), "+OK\r\n");
  RawClient runner = Client();
  runner.SendCommand({"EVAL", "while true do pcall(function() while true do end end) end", "0"});
  runner.SendCommand({"GET", "k"});
  AwaitBusy();
  EXPECT_THAT(admin.Ask({"GET", "k"}), StartsWith("-BUSY Redis is busy running a script."));
  EXPECT_THAT(admin.Ask({"EVAL", "return 1", "0"}), StartsWith("-BUSY"));
  EXPECT_EQ(admin.Ask({"MULTI"}), "+OK\r\n");
  EXPECT_THAT(admin.Ask({"SET", "k", "w"}), StartsWith("-BUSY"));
  EXPECT_THAT(admin.Ask({"EXEC"}), StartsWith("-EXECABORT"));
  EXPECT_EQ(admin.Ask({"SCRIPT", "KILL"}), "+OK\r\n");
  EXPECT_THAT(runner.ReadReply(), HasSubstr("Script killed by user with SCRIPT KILL."));
  EXPECT_EQ(runner.ReadReply(), Bulk("v"));
  EXPECT_EQ(admin.Ask({"GET", "k"}), Bulk("v"));
  EXPECT_EQ(admin.Ask({"SCRIPT", "KILL"}), "-NOTBUSY No scripts in execution right now.\r\n");
}

TEST_P(ScriptsTest, OneThatHasWrittenIsNotKilled) {
  RawClient admin = Client();
  EXPECT_EQ(admin.Ask({"CONFIG", "SET", "busy-reply-threshold", "10"}), "+OK\r\n");
  RawClient waiting = Client();
  waiting.SendCommand({"BLPOP", "l", "0"});
  AwaitReply(admin, {"INFO", "clients"}, [](const std::string& reply) {
    return reply.find("blocked_clients:1\r\n") != std::string::npos;
  });
  RawClient runner = Client();
  // In a transaction, too; who waits is served when all of it is done.
  runner.SendCommand({"MULTI"});
  runner.SendCommand({"EVAL",
                      "redis.call('rpush', 'l', 'x') local n = 0 "
                      "for i = 1, 3e7 do n = n + 1 end return n",
                      "0"});
  runner.SendCommand({"RPUSH", "l", "y"});
  runner.SendCommand({"EXEC"});
  AwaitBusy();
  EXPECT_THAT(admin.Ask({"SCRIPT", "KILL"}), StartsWith("-UNKILLABLE"));
  EXPECT_EQ(runner.ReadReply(), "+OK\r\n");
  EXPECT_EQ(runner.ReadReply(), "+QUEUED\r\n");
  EXPECT_EQ(runner.ReadReply(), "+QUEUED\r\n");
  EXPECT_EQ(runner.ReadReply(), "*2\r\n:30000000\r\n:2\r\n");
  EXPECT_EQ(waiting.ReadReply(), "*2\r\n" + Bulk("l") + Bulk("x"));
  EXPECT_EQ(admin.Ask({"LLEN", "l"}), ":1\r\n");
}

TEST_P(ScriptsTest, OneGoesOnWithoutItsClient) {
  RawClient admin = Client();
  EXPECT_EQ(admin.Ask({"CONFIG", "SET", "busy-reply-threshold", "10"}), "+OK\r\n");
  {
    RawClient runner = Client();
    runner.SendCommand(
        {"EVAL", "redis.call('set', 'k', 1) for i = 1, 3e7 do end redis.call('incr', 'k')", "0"});
    AwaitBusy();
  }
  AwaitReply(admin, {"GET", "k"}, [](const std::string& reply) { return reply == Bulk("2"); });
}

TEST_P(ScriptsTest, TheProcessEndsWhileOneRuns) {
  RawClient admin = Client();
  EXPECT_EQ(admin.Ask({"CONFIG", "SET", "busy-reply-threshold", "10"}), "+OK\r\n");
  RawClient runner = Client();
  runner.SendCommand({"EVAL", "while true do end", "0"});
  AwaitBusy();
  proxy_.Terminate();
  EXPECT_EQ(proxy_.Wait(), 0);
}

TEST_P(ScriptsTest, ManyClientsCountTogether) {
  constexpr int kClients = 8;
  constexpr int kEach = 200;
  std::vector<RawClient> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(Client());
  for (int i = 0; i < kEach; ++i) {
    for (RawClient& client : clients) {
      client.SendCommand({"EVAL",
                          "local n = redis.call('get', KEYS[1]) or 0 "
                          "redis.call('set', 'undeclared', n) "
                          "return redis.call('set', KEYS[1], n + 1)",
                          "1", "n"});
    }
  }
  for (int i = 0; i < kEach; ++i) {
    for (RawClient& client : clients) EXPECT_EQ(client.ReadReply(), "+OK\r\n");
  }
  EXPECT_EQ(clients[0].Ask({"GET", "n"}), Bulk(std::to_string(kClients * kEach)));
  EXPECT_EQ(clients[0].Ask({"GET", "undeclared"}), Bulk(std::to_string(kClients * kEach - 1)));
}

}  // namespace
}  // namespace keyhole::test
