// SENTINEL, answered by the proxy as by a Sentinel that watches the proxy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/core_harness.h"
#include "tests/unit/sessions/access_configs.h"

namespace keyhole::test {
namespace {

using core::Endpoint;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::string_view kWhere = "*2\r\n$9\r\n192.0.2.7\r\n$4\r\n6380\r\n";

core::Config AsSentinel(core::Config config = Harness::WithUpstream()) {
  config.clients.sentinel_name = "mymaster";
  config.clients.sentinel_address = Endpoint::Tcp("192.0.2.7", 6380);
  return config;
}

std::string Ask(Client& client, std::string_view bytes) {
  client.Send(bytes);
  return client.Received();
}

TEST(SentinelAnswer, TheMasterIsTheProxy) {
  Harness keyhole(AsSentinel());
  Client& client = keyhole.Connect();
  EXPECT_EQ(Ask(client, "SENTINEL get-master-addr-by-name mymaster\r\n"), kWhere);
  EXPECT_EQ(Ask(client, "sentinel GET-MASTER-ADDR-BY-NAME mymaster\r\n"), kWhere);
  EXPECT_EQ(Ask(client, "SENTINEL get-master-addr-by-name other\r\n"), "*-1\r\n");
  const std::string master = Ask(client, "SENTINEL MASTER mymaster\r\n");
  EXPECT_THAT(master, StartsWith("*40\r\n$4\r\nname\r\n$8\r\nmymaster\r\n$2\r\nip\r\n"));
  EXPECT_THAT(master, HasSubstr("$5\r\nflags\r\n$6\r\nmaster\r\n"));
  EXPECT_EQ(Ask(client, "SENTINEL MASTERS\r\n"), "*1\r\n" + master);
  for (const char* const nobody : {"REPLICAS", "SLAVES", "SENTINELS"}) {
    EXPECT_EQ(Ask(client, "SENTINEL " + std::string(nobody) + " mymaster\r\n"), "*0\r\n");
  }
  EXPECT_THAT(Ask(client, "SENTINEL CKQUORUM mymaster\r\n"), StartsWith("+OK 1 usable"));
  EXPECT_THAT(keyhole.redis(0).Requests(), IsEmpty());
}

TEST(SentinelAnswer, InResp3ItIsAMap) {
  Harness keyhole(AsSentinel());
  Client& client = keyhole.Connect();
  client.Send("HELLO 3\r\n");
  keyhole.last().Reply("%1\r\n+proto\r\n:3\r\n");
  client.Received();
  EXPECT_THAT(Ask(client, "SENTINEL MASTER mymaster\r\n"), StartsWith("%20\r\n$4\r\nname\r\n"));
  EXPECT_EQ(Ask(client, "SENTINEL GET-MASTER-ADDR-BY-NAME other\r\n"), "_\r\n");
}

TEST(SentinelAnswer, WhatASentinelWouldRefuse) {
  Harness keyhole(AsSentinel());
  Client& client = keyhole.Connect();
  EXPECT_EQ(Ask(client, "SENTINEL MASTER\r\n"),
            "-ERR wrong number of arguments for 'sentinel|master' command\r\n");
  EXPECT_EQ(Ask(client, "SENTINEL MASTER a b\r\n"),
            "-ERR wrong number of arguments for 'sentinel|master' command\r\n");
  EXPECT_EQ(Ask(client, "SENTINEL REPLICAS other\r\n"), "-ERR No such master with that name\r\n");
  EXPECT_EQ(Ask(client, "SENTINEL FAILOVER mymaster\r\n"),
            "-ERR unknown subcommand 'FAILOVER'. The proxy answers in place of a Sentinel "
            "(--serve-sentinel), and only says where its master is.\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), IsEmpty());
}

TEST(SentinelAnswer, ItsReplyIsInItsPlace) {
  Harness keyhole(AsSentinel());
  Client& client = keyhole.Connect();
  client.Send("GET a\r\nSENTINEL GET-MASTER-ADDR-BY-NAME mymaster\r\nGET b\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a", "GET b"));
  EXPECT_EQ(client.Received(), "");
  keyhole.redis(0).Reply("+a\r\n+b\r\n");
  EXPECT_EQ(client.Received(), "+a\r\n" + std::string(kWhere) + "+b\r\n");
}

TEST(SentinelAnswer, WithoutTheOptionAndInMultiItIsPassedOn) {
  Harness plain;
  Client& asks = plain.Connect();
  asks.Send("SENTINEL MASTERS\r\n");
  EXPECT_THAT(plain.last().Requests(), ElementsAre("SENTINEL MASTERS"));
  Harness keyhole(AsSentinel());
  Client& client = keyhole.Connect();
  client.Send("MULTI\r\nSENTINEL MASTERS\r\n");
  EXPECT_THAT(keyhole.last().Requests(), ElementsAre("MULTI", "SENTINEL MASTERS"));
}

TEST(SentinelAnswer, AnAddressThatNobodyKnowsIsNotInvented) {
  core::Config config = AsSentinel();
  config.clients.sentinel_address = {};
  Harness keyhole(config);
  EXPECT_THAT(Ask(keyhole.Connect(), "SENTINEL MASTERS\r\n"),
              HasSubstr("start keyhole with --serve-sentinel-address"));
}

TEST(SentinelAnswer, ItIsForThoseWhoMaySaySentinel) {
  core::Config config = AsSentinel();
  config.users = UsersOf(
      "user default off\nuser app on >a ~app:* +@read +sentinel\nuser other on >o ~* +@read\n");
  Harness keyhole(config);
  Client& client = keyhole.Connect();
  EXPECT_THAT(Ask(client, "SENTINEL MASTERS\r\n"), StartsWith("-NOAUTH"));
  Ask(client, "AUTH other o\r\n");
  EXPECT_THAT(Ask(client, "SENTINEL MASTERS\r\n"), StartsWith("-NOPERM"));
  Ask(client, "AUTH app a\r\n");
  EXPECT_EQ(Ask(client, "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster\r\n"), kWhere);
}

TEST(SentinelAnswer, TheEmbeddedStoreHasItToo) {
  Harness keyhole(AsSentinel(core::Config()));
  EXPECT_EQ(Ask(keyhole.Connect(), "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster\r\n"), kWhere);
}

}  // namespace
}  // namespace keyhole::test
