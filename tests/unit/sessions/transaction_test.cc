// MULTI, EXEC and WATCH: on a private link, and back again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/core_harness.h"

namespace keyhole::core {
namespace {

using metrics::CloseReason;
using metrics::LinkKind;
using test::Client;
using test::Harness;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Transaction, RunsOnALinkOfItsOwn) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  Client& other = keyhole.Connect();
  app.Send("MULTI\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  app.Send("SET a 1\r\n");
  other.Send("GET x\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET x"));
  keyhole.redis(1).Reply("+QUEUED\r\n");
  app.Send("EXEC\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("MULTI", "SET a 1", "EXEC"));
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 1);
  keyhole.redis(1).Reply("*1\r\n+OK\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 0);
  app.Send("GET y\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET y"));
}

TEST(Transaction, TheLinkIsUsedAgain) {
  Harness keyhole;
  for (int i = 0; i < 3; ++i) {
    Client& app = keyhole.Connect();
    app.Send("MULTI\r\nEXEC\r\n");
    keyhole.redis(1).Reply("+OK\r\n*0\r\n");
    EXPECT_EQ(app.Received(), "+OK\r\n*0\r\n");
  }
  EXPECT_EQ(keyhole.connections(), 2u);
}

TEST(Transaction, DiscardEndsItToo) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("MULTI\r\nGET a\r\nDISCARD\r\n");
  keyhole.redis(1).Reply("+OK\r\n+QUEUED\r\n+OK\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 0);
  EXPECT_EQ(keyhole.Counted(), "");
}

TEST(Transaction, WhatFollowsInThePipelineWaitsItsTurn) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("GET a\r\nMULTI\r\nGET b\r\nEXEC\r\nGET c\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a"));
  keyhole.redis(0).Reply("$1\r\na\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("MULTI", "GET b", "EXEC", "GET c"));
  keyhole.redis(1).Reply("+OK\r\n+QUEUED\r\n*1\r\n$1\r\nb\r\n$-1\r\n");
  EXPECT_EQ(app.Received(), "$1\r\na\r\n+OK\r\n+QUEUED\r\n*1\r\n$1\r\nb\r\n$-1\r\n");
  EXPECT_EQ(keyhole.Counted(), "a 1/0, b 1/0, c 0/1");
}

TEST(Transaction, AClientThatVanishesInItTakesTheLinkAlong) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("MULTI\r\nSET a 1\r\n");
  keyhole.redis(1).Reply("+OK\r\n+QUEUED\r\n");
  app.Vanish();
  EXPECT_FALSE(keyhole.redis(1).open());  // which is how Redis learns that it is over
}

TEST(Transaction, LostWithItsLinkTheClientIsClosed) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("MULTI\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  keyhole.redis(1).Lose();  // nothing is in flight, but what was queued is gone
  EXPECT_TRUE(app.closed());
  EXPECT_EQ(keyhole.counters().clients_closed[CloseReason::kUpstreamLost].Load(), 1u);
}

// ---- WATCH ----

TEST(Watch, KeepsTheLinkUntilExec) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("WATCH a\r\nGET a\r\n");
  keyhole.redis(1).Reply("+OK\r\n$1\r\n1\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 1);
  app.Send("MULTI\r\nSET a 2\r\nEXEC\r\n");
  keyhole.redis(1).Reply("+OK\r\n+QUEUED\r\n*-1\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n$1\r\n1\r\n+OK\r\n+QUEUED\r\n*-1\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 0);
}

TEST(Watch, OrUntilUnwatch) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("WATCH a\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  app.Send("UNWATCH\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 0);
}

TEST(Watch, UnwatchInATransactionIsOnlyQueued) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("WATCH a\r\nMULTI\r\nUNWATCH\r\nDISCARD\r\n");
  keyhole.redis(1).Reply("+OK\r\n+OK\r\n+QUEUED\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 1);
  keyhole.redis(1).Reply("+OK\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 0);
}

// Redis answers with an error and goes on watching; the next one on this link would suffer from it.
TEST(Watch, ExecAndDiscardWithoutMultiDoNotEndIt) {
  for (const std::string end : {"EXEC", "DISCARD"}) {
    Harness keyhole;
    Client& app = keyhole.Connect();
    app.Send("WATCH a\r\n" + end + "\r\n");
    keyhole.redis(1).Reply("+OK\r\n-ERR " + end + " without MULTI\r\n");
    EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 1) << end;
    app.Vanish();
    EXPECT_FALSE(keyhole.redis(1).open()) << end;
  }
}

// Somebody without the right to say MULTI has no transaction, and EXEC does not end his WATCH.
TEST(Watch, NorDoesExecAfterAMultiThatWasRefused) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("WATCH a\r\nMULTI\r\nEXEC\r\n");
  keyhole.redis(1).Reply("+OK\r\n-NOPERM no\r\n-ERR EXEC without MULTI\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 1);
}

TEST(Watch, ExecOutOfTheBlueNeedsNoLinkOfItsOwn) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("EXEC\r\nDISCARD\r\nUNWATCH\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("EXEC", "DISCARD", "UNWATCH"));
  keyhole.redis(0).Reply("-ERR EXEC without MULTI\r\n-ERR DISCARD without MULTI\r\n+OK\r\n");
  EXPECT_EQ(app.Received(), "-ERR EXEC without MULTI\r\n-ERR DISCARD without MULTI\r\n+OK\r\n");
}

// ---- what EXEC's reply tells ----

TEST(ExecReply, ItsElementsAreCounted) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("MULTI\r\nGET a\r\nSET x 1\r\nMGET b c d\r\nHGETALL h\r\nGET e\r\nEXEC\r\n");
  keyhole.redis(1).Reply("+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n");
  EXPECT_EQ(keyhole.Counted(), "");
  const std::string reply =
      "*5\r\n$-1\r\n+OK\r\n*3\r\n$1\r\nb\r\n$-1\r\n$1\r\nd\r\n*0\r\n-WRONGTYPE no\r\n";
  app.Received();
  for (const char c : reply) keyhole.redis(1).Reply({&c, 1});
  EXPECT_EQ(app.Received(), reply);
  EXPECT_EQ(keyhole.Counted(), "a 0/1, b 1/0, c 0/1, d 1/0, h 0/1");
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 0);
}

TEST(ExecReply, AbortedItTellsNothing) {
  for (const std::string reply : {"*-1\r\n", "_\r\n", "-EXECABORT Transaction discarded\r\n"}) {
    Harness keyhole;
    Client& app = keyhole.Connect();
    app.Send("MULTI\r\nGET a\r\nEXEC\r\n");
    keyhole.redis(1).Reply("+OK\r\n+QUEUED\r\n" + reply);
    EXPECT_EQ(app.Received(), "+OK\r\n+QUEUED\r\n" + reply);
    EXPECT_EQ(keyhole.Counted(), "");
    app.Send("GET b\r\n");
    keyhole.redis(0).Reply("$-1\r\n");
    EXPECT_EQ(keyhole.Counted(), "b 0/1");
  }
}

TEST(ExecReply, WhatWasRefusedIsNoneOfItsElements) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  // Redis 7.0 goes on with the transaction after MULTI in MULTI, and after WATCH in it.
  app.Send("MULTI\r\nGET a\r\nMULTI\r\nWATCH x\r\nGET b\r\nEXEC\r\n");
  keyhole.redis(1).Reply(
      "+OK\r\n+QUEUED\r\n-ERR MULTI calls can not be nested\r\n"
      "-ERR WATCH inside MULTI is not allowed\r\n+QUEUED\r\n*2\r\n$1\r\na\r\n$-1\r\n");
  EXPECT_EQ(keyhole.Counted(), "a 1/0, b 0/1");
}

TEST(ExecReply, APushMayComeBeforeIt) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("HELLO 3\r\n");
  keyhole.redis(1).Reply("%0\r\n");
  app.Send("CLIENT TRACKING ON\r\n");
  test::RedisEnd& redis = keyhole.last();
  redis.Reply("+OK\r\n");
  app.Send("MULTI\r\nGET a\r\nEXEC\r\nGET b\r\n");
  app.Received();
  const std::string push = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n";
  const std::string reply = "+OK\r\n+QUEUED\r\n" + push + "*1\r\n$1\r\na\r\n" + push + "_\r\n";
  redis.Reply(reply);
  EXPECT_EQ(app.Received(), reply);
  EXPECT_EQ(keyhole.Counted(), "a 1/0, b 0/1");
  EXPECT_TRUE(redis.open());
}

TEST(ExecReply, StateChangesTakeEffectWithIt) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("MULTI\r\nSELECT 5\r\n");
  keyhole.redis(1).Reply("+OK\r\n+QUEUED\r\n");
  EXPECT_EQ(app.session().session().state().db, 0);
  app.Send("EXEC\r\n");
  keyhole.redis(1).Reply("*1\r\n+OK\r\n");
  EXPECT_EQ(app.session().session().state().db, 5);
  app.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), IsEmpty());
}

TEST(ExecReply, BlockingCommandsInItDoNotBlock) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("MULTI\r\nBLPOP q 0\r\nEXEC\r\n");
  EXPECT_FALSE(app.session().session().blocked());
  keyhole.redis(1).Reply("+OK\r\n+QUEUED\r\n*1\r\n*-1\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n+QUEUED\r\n*1\r\n*-1\r\n");
}

// The confirmation among EXEC's elements belonged to no request any more.
TEST(TransactionLimits, AnElementOfExecMayBeOneTooManyForTheOutput) {
  Config config = Harness::WithUpstream();
  config.clients.output_limit = 10'000;
  Harness keyhole(config);
  Client& app = keyhole.Connect();
  app.StopReading();
  app.Send("MULTI\r\nECHO x\r\nSUBSCRIBE c\r\nEXEC\r\n");
  keyhole.redis(1).Reply("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$9960\r\n" + std::string(9960, 'x') +
                         "\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
  EXPECT_TRUE(app.closed());
  EXPECT_FALSE(keyhole.redis(1).open());
}

}  // namespace
}  // namespace keyhole::core
