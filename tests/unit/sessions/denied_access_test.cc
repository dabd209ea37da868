// What nobody may run: --deny and --read-only.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proxy/config/config_users.h"
#include "tests/support/core_harness.h"

namespace keyhole::core {
namespace {

using test::Client;
using test::Harness;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

Config Denying(Config config, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    std::string rule;
    EXPECT_EQ(ParseDenied(word, &rule).value_or(""), "") << word;
    config.clients.deny.push_back(rule);
  }
  DenyCommands(&config);
  return config;
}

Config ReadOnly(Config config) {
  config.clients.read_only = true;
  DenyCommands(&config);
  return config;
}

std::string Ask(Client& client, std::string_view bytes) {
  client.Send(bytes);
  return client.Received();
}

TEST(DeniedAccess, WhatIsDeniedNeverComesToRedis) {
  Harness keyhole(
      Denying(Harness::WithUpstream(), {"FLUSHALL", "config *", "client kill", "@scripting"}));
  Client& client = keyhole.Connect();
  EXPECT_EQ(Ask(client, "flushall\r\n"),
            "-NOPERM the proxy refuses 'flushall' to everybody (--deny, --read-only)\r\n");
  for (const char* const request :
       {"CONFIG SET maxmemory 1\r\n", "config get x\r\n", "CLIENT KILL 1.1.1.1:1\r\n",
        "EVAL x 0\r\n", "SCRIPT FLUSH\r\n"}) {
    EXPECT_THAT(Ask(client, request), StartsWith("-NOPERM the proxy refuses '")) << request;
  }
  EXPECT_THAT(Ask(client, "EVAL\r\n"), StartsWith("-ERR wrong number of arguments"));
  EXPECT_THAT(keyhole.redis(0).Requests(), IsEmpty());
  client.Send("FLUSHDB\r\nGET config\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("FLUSHDB", "GET config"));
}

TEST(DeniedAccess, InATransactionItFailsTheTransaction) {
  Harness keyhole(Denying(Harness::WithUpstream(), {"flushall"}));
  Client& client = keyhole.Connect();
  client.Send("MULTI\r\nFLUSHALL\r\nEXEC\r\n");
  test::RedisEnd& redis = keyhole.last();
  redis.Reply("+OK\r\n");
  EXPECT_THAT(redis.Requests(), ElementsAre("MULTI", "get", "EXEC"))
      << "a request that Redis refuses stands for it";
  redis.Reply("-ERR wrong number of arguments for 'get' command\r\n-EXECABORT x\r\n");
  EXPECT_EQ(client.Received(),
            "+OK\r\n-NOPERM the proxy refuses 'flushall' to everybody (--deny, --read-only)\r\n"
            "-EXECABORT x\r\n");
}

TEST(DeniedAccess, WhereRepliesAreNoLongerFollowedItEndsTheConnection) {
  Harness keyhole(Denying(Harness::WithUpstream(), {"flushall"}));
  Client& client = keyhole.Connect();
  client.Send("SYNC\r\n");
  client.Send("FLUSHALL\r\n");
  EXPECT_TRUE(client.closed());
  EXPECT_THAT(keyhole.last().Requests(), ElementsAre("SYNC"));
}

TEST(DeniedAccess, AReadOnlyProxyReads) {
  Harness keyhole(ReadOnly(Config()));
  Client& client = keyhole.Connect();
  for (const char* const request : {"SET k v\r\n", "GETDEL k\r\n", "LPUSH l 1\r\n", "FLUSHALL\r\n",
                                    "EVAL x 0\r\n", "FCALL f 0\r\n", "NOSUCH\r\n", "SORT l\r\n"}) {
    EXPECT_THAT(Ask(client, request), StartsWith("-NOPERM the proxy refuses '")) << request;
  }
  EXPECT_EQ(Ask(client, "GET k\r\nPING\r\nPUBLISH c m\r\n"), "$-1\r\n+PONG\r\n:0\r\n");
}

TEST(DeniedAccess, AWordThatIsNoneIsAnError) {
  std::string rule;
  EXPECT_EQ(ParseDenied("Config Set", &rule).value_or(""), "");
  EXPECT_EQ(rule, "config|set");
  EXPECT_THAT(ParseDenied("flushal", &rule).value_or(""), HasSubstr("flushal"));
  EXPECT_THAT(ParseDenied("@dangerus", &rule).value_or(""), HasSubstr("dangerus"));
  EXPECT_NE(ParseDenied("*", &rule).value_or(""), "");
}

}  // namespace
}  // namespace keyhole::core
