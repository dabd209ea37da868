// Scripts may run for ever: who is behind them, and what those hear who need a new connection
// meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/support/core_harness.h"

namespace keyhole::core {
namespace {

using namespace std::chrono_literals;
using test::Client;
using test::Harness;
using testing::ElementsAre;

constexpr const char* kBusy = "-BUSY Redis is busy running a script.\r\n";

TEST(ScriptLink, NothingButScriptsIsBehindScripts) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  Client& other = keyhole.Connect();
  app.Send("EVAL x 0\r\n");
  other.Send("GET a\r\n");
  Client& third = keyhole.Connect();
  third.Send("EVALSHA y 0\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a"));
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("EVAL x 0", "EVALSHA y 0"));
  keyhole.redis(0).Reply("$-1\r\n");
  EXPECT_EQ(other.Received(), "$-1\r\n");
}

TEST(ScriptLink, ItsSessionsRequestsKeepTheirOrder) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("SET a 1\r\nEVAL x 0\r\nGET a\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("SET a 1"));
  keyhole.redis(0).Reply("+OK\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("EVAL x 0", "GET a"));
  keyhole.redis(1).Reply(":1\r\n$1\r\n1\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n:1\r\n$1\r\n1\r\n");
  app.Send("GET b\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET b"));
}

TEST(ScriptLink, InATransactionItIsTheTransactions) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("MULTI\r\nEVAL x 0\r\nEXEC\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("MULTI", "EVAL x 0", "EXEC"));
}

TEST(ScriptLink, OfSpareLinksOneTakesItsPlace) {
  Config config = Harness::WithUpstream();
  config.links.spares = 1;
  Harness keyhole(config);
  keyhole.HoldConnections();
  keyhole.Connect().Send("EVAL x 0\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), testing::Contains("EVAL x 0"));
}

// The greeting of a connection for another database is refused then, as SELECT is.
class BusyGreeting : public testing::Test {
 public:
  BusyGreeting() {
    app.Send("SELECT 3\r\n");
    keyhole.redis(1).Reply("+OK\r\n");
    keyhole.redis(1).Requests();
    app.Received();
    keyhole.HoldGreetings();
  }

  Harness keyhole;
  Client& app = keyhole.Connect();
};

TEST_F(BusyGreeting, ARequestHearsWhatRedisWouldSay) {
  app.Send("BLPOP q 0\r\nGET a\r\n");
  EXPECT_THAT(keyhole.redis(2).Greeting(), ElementsAre("select 3"));
  keyhole.redis(2).Reply(kBusy);
  EXPECT_EQ(app.Received(), std::string(kBusy) + kBusy);
  EXPECT_FALSE(app.closed());
  EXPECT_FALSE(keyhole.redis(2).open());
  app.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("GET a"));
}

// Redis would take MULTI even then: it waits for a connection that is greeted.
TEST_F(BusyGreeting, WhatABusyRedisTakesWaits) {
  app.Send("MULTI\r\nSET a 1\r\n");
  keyhole.redis(2).Reply(kBusy);
  EXPECT_EQ(app.Received(), "");
  for (int i = 0; i < 5 && keyhole.connections() == 3; ++i) keyhole.Advance(100ms);
  keyhole.last().Reply("+OK\r\n");
  EXPECT_THAT(keyhole.last().Requests(), ElementsAre("MULTI", "SET a 1"));
}

TEST_F(BusyGreeting, TheRestOfALargeRequestIsNoRequest) {
  app.Send("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$100000\r\n" + std::string(1000, 'x'));
  keyhole.redis(2).Reply(kBusy);
  EXPECT_EQ(app.Received(), "");
  for (int i = 0; i < 5 && keyhole.connections() == 3; ++i) keyhole.Advance(100ms);
  keyhole.last().Reply("+OK\r\n");
  app.Send(std::string(99'000, 'x') + "\r\n");
  keyhole.last().Reply("+OK\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n");
}

}  // namespace
}  // namespace keyhole::core
