// Scripts may run for ever: who is behind them, and what those hear who need a new connection
// meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/support/core_harness.h"

namespace keyhole::core {
namespace {

using namespace std::chrono_literals;
using test::Client;
using test::Harness;
using testing::ElementsAre;

// Longer than what a scanner keeps of an error.
constexpr const char* kBusy =
    "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n";
constexpr const char* kAborted =
    "-EXECABORT Transaction discarded because of: BUSY Redis is busy running a script. You can "
    "only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n";

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
  // There is one that waits for its greeting to be answered.
  void AwaitConnection() {
    const size_t had = keyhole.connections();
    for (int i = 0; i < 20 && keyhole.connections() == had; ++i) keyhole.Advance(100ms);
    ASSERT_GT(keyhole.connections(), had);
  }
  // MULTI has been answered, and Redis is still busy.
  void BeginEarly() {
    app.Send("MULTI\r\n");
    keyhole.redis(2).Reply(kBusy);
    keyhole.redis(2).Reply("+OK\r\n");
    ASSERT_EQ(app.Received(), "+OK\r\n");
    ASSERT_FALSE(keyhole.redis(2).open());
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

// Redis takes MULTI even then. What it is asked on is in the wrong database, and is not used.
TEST_F(BusyGreeting, MultiIsTakenAndWhatFollowsIsRefused) {
  app.Send("MULTI\r\nINCR n\r\nEXEC\r\nGET n\r\n");
  keyhole.redis(2).Reply(kBusy);
  EXPECT_THAT(keyhole.redis(2).Greeting(), ElementsAre("select 3", "MULTI"));
  EXPECT_EQ(app.Received(), "");
  keyhole.redis(2).Reply("+OK\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n" + std::string(kBusy) + kAborted + kBusy);
  EXPECT_FALSE(keyhole.redis(2).open());
  app.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("GET a")) << "it is in no transaction";
}

TEST_F(BusyGreeting, EachRequestOfTheTransactionIsToldInItsTurn) {
  BeginEarly();
  app.Send("INCR n\r\n");
  AwaitConnection();
  EXPECT_THAT(keyhole.last().Greeting(), ElementsAre("select 3", "multi"));
  keyhole.last().Reply(kBusy);
  EXPECT_EQ(app.Received(), kBusy);
  app.Send("EXEC\r\n");
  AwaitConnection();
  keyhole.last().Reply(kBusy);
  EXPECT_EQ(app.Received(), kAborted);
}

TEST_F(BusyGreeting, OnceTheScriptHasEndedTheTransactionGoesOn) {
  BeginEarly();
  app.Send("SET a 1\r\nEXEC\r\n");
  AwaitConnection();
  keyhole.last().Reply("+OK\r\n+OK\r\n");
  EXPECT_THAT(keyhole.last().Requests(), ElementsAre("SET a 1", "EXEC"));
  keyhole.last().Reply("+QUEUED\r\n*1\r\n+OK\r\n");
  EXPECT_EQ(app.Received(), "+QUEUED\r\n*1\r\n+OK\r\n");
  app.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("GET a"));
}

TEST_F(BusyGreeting, ButNotIfOneOfItsRequestsWasRefused) {
  BeginEarly();
  app.Send("INCR n\r\n");
  AwaitConnection();
  keyhole.last().Reply(kBusy);
  EXPECT_EQ(app.Received(), kBusy);
  app.Send("INCR n\r\nEXEC\r\n");
  AwaitConnection();
  EXPECT_THAT(keyhole.last().Greeting(), ElementsAre("select 3", "multi", "get"));
  keyhole.last().Reply("+OK\r\n+OK\r\n-ERR wrong number of arguments\r\n");
  EXPECT_THAT(keyhole.last().Requests(), ElementsAre("INCR n", "EXEC"));
}

TEST_F(BusyGreeting, AMultiThatIsRefusedIsNone) {
  app.Send("MULTI\r\n");
  keyhole.redis(2).Reply(kBusy);
  keyhole.redis(2).Reply("-NOPERM no\r\n");
  EXPECT_EQ(app.Received(), "-NOPERM no\r\n");
  EXPECT_FALSE(keyhole.redis(2).open());
  app.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("GET a"));
}

TEST_F(BusyGreeting, AMultiWhoseAnswerIsLostIsSaidAgain) {
  app.Send("MULTI\r\n");
  keyhole.redis(2).Reply(kBusy);
  keyhole.redis(2).Lose();
  ASSERT_EQ(keyhole.connections(), 4u) << "the first attempt is at once";
  keyhole.last().Reply("+OK\r\n");
  EXPECT_THAT(keyhole.last().Requests(), ElementsAre("MULTI"));
}

// The connection that is greeted for ann is in her transaction.
TEST_F(BusyGreeting, NobodyElseGoesOnWhereATransactionHasBegun) {
  BeginEarly();
  Client& bob = keyhole.Connect();
  bob.Send("SELECT 3\r\n");
  keyhole.redis(1).Reply("+OK\r\n+OK\r\n");  // to its name first
  ASSERT_EQ(bob.Received(), "+OK\r\n");
  bob.Send("WATCH k\r\n");
  const size_t bobs = keyhole.connections() - 1;
  keyhole.redis(bobs).Reply(kBusy);
  app.Send("SET a 1\r\n");
  const size_t had = keyhole.connections();
  for (int i = 0; i < 3; ++i) keyhole.Advance(100ms);
  std::vector<std::string> anns;
  for (size_t i = had; i < keyhole.connections(); ++i) {
    if (keyhole.redis(i).Greeting().size() != 2) continue;
    keyhole.redis(i).Reply("+OK\r\n+OK\r\n");
    anns = keyhole.redis(i).Requests();
  }
  EXPECT_THAT(anns, ElementsAre("SET a 1"));
}

TEST_F(BusyGreeting, ALostRedisEndsWhatHasBegun) {
  BeginEarly();
  app.Send("SET a 1\r\n");
  keyhole.HoldConnections();
  keyhole.redis(0).Lose();
  for (int i = 0; i < 50 && !app.closed(); ++i) keyhole.Advance(100ms);
  EXPECT_TRUE(app.closed());
}

// What depends on the database waits, for longer than for a Redis that is lost.
TEST_F(BusyGreeting, WhatABusyRedisTakesWaits) {
  app.Send("WATCH k\r\n");
  keyhole.redis(2).Reply(kBusy);
  for (int i = 0; i < 100; ++i) {
    keyhole.Advance(100ms);
    if (keyhole.last().open() && !keyhole.last().Greeting().empty()) keyhole.last().Reply(kBusy);
  }
  EXPECT_EQ(app.Received(), "");
  EXPECT_FALSE(app.closed());
  AwaitConnection();
  keyhole.last().Reply("+OK\r\n");
  EXPECT_THAT(keyhole.last().Requests(), ElementsAre("WATCH k"));
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
