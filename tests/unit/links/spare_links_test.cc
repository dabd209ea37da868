// Private links that are there before they are needed, and who gets one when there are too few.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "proxy/links/upstream/link_pool.h"
#include "tests/support/core_harness.h"

namespace keyhole::core {
namespace {

using metrics::LinkKind;
using std::chrono::milliseconds;
using test::Client;
using test::Harness;
using test::RedisEnd;
using testing::ElementsAre;
using testing::IsEmpty;

Config WithSpares(uint64_t spares) {
  Config config = Harness::WithUpstream();
  config.links.spares = spares;
  return config;
}

TEST(SpareLinks, AreThereFromTheStart) {
  Harness keyhole(WithSpares(2));
  EXPECT_EQ(keyhole.connections(), 3u);
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 2);
}

TEST(SpareLinks, ARequestIsWrittenInTheTurnInWhichItCame) {
  Harness keyhole(WithSpares(2));
  keyhole.HoldConnections();
  keyhole.Connect().Send("BLPOP q 0\r\n");
  keyhole.Connect().Send("MULTI\r\n");
  EXPECT_THAT(keyhole.redis(2).Requests(), ElementsAre("BLPOP q 0"));
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("MULTI"));
  EXPECT_EQ(keyhole.connections(), 5u) << "others are opened in their place";
}

TEST(SpareLinks, ANameIsSaidInTheSameWrite) {
  Harness keyhole(WithSpares(1));
  Client& ann = keyhole.Connect();
  ann.Send("CLIENT SETNAME ann\r\n");
  keyhole.redis(0).Reply("+OK\r\n+OK\r\n");
  EXPECT_EQ(ann.Received(), "+OK\r\n");
  ann.Send("BLPOP q 0\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("client setname ann", "BLPOP q 0"));
  keyhole.redis(1).Reply("+OK\r\n*-1\r\n");
  EXPECT_EQ(ann.Received(), "*-1\r\n");
}

TEST(SpareLinks, WaitIsFencedInTheSameWrite) {
  Harness keyhole(WithSpares(1));
  Client& ann = keyhole.Connect();
  ann.Send("WAIT 1 0\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(),
              ElementsAre("spublish __keyhole__:wait ", "ping", "WAIT 1 0"));
  keyhole.redis(1).Reply("-NOPERM no\r\n+PONG\r\n:0\r\n");
  EXPECT_EQ(ann.Received(), ":0\r\n");
}

TEST(SpareLinks, ReplicationIsNotMistakenForTheReplyToAName) {
  Harness keyhole(WithSpares(1));
  Client& ann = keyhole.Connect();
  ann.Send("CLIENT SETNAME ann\r\n");
  keyhole.redis(0).Reply("+OK\r\n+OK\r\n");
  ann.Received();
  ann.Send("PSYNC ? -1\r\n");
  keyhole.redis(1).Reply("+OK\r\n+FULLRESYNC x 0\r\n$3\r\nRDB");
  EXPECT_EQ(ann.Received(), "+FULLRESYNC x 0\r\n$3\r\nRDB");
}

TEST(SpareLinks, EachStateInUseHasItsOwn) {
  Harness keyhole(WithSpares(1));
  Client& ann = keyhole.Connect();
  ann.Send("SELECT 3\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  EXPECT_EQ(ann.Received(), "+OK\r\n");
  keyhole.HoldConnections();
  ann.Send("BLPOP q 0\r\n");
  size_t at = 0;
  for (size_t i = 0; i < keyhole.connections(); ++i) {
    if (keyhole.redis(i).Requests() == std::vector<std::string>{"BLPOP q 0"}) at = i;
  }
  ASSERT_GT(at, 1u);
  EXPECT_THAT(keyhole.redis(at).Greeting(), ElementsAre("select 3"));
}

TEST(SpareLinks, NotWhileRedisIsAway) {
  Harness keyhole(WithSpares(2));
  keyhole.HoldConnections();
  for (size_t i = 0; i < 3; ++i) keyhole.redis(i).Lose();
  for (int i = 0; i < 20; ++i) keyhole.Advance(milliseconds(100));
  EXPECT_EQ(keyhole.connections(), 4u) << "the main link is tried again, and nothing else";
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 0);
}

TEST(SpareLinks, OneThatIsRefusedIsNotTriedAgainAtOnce) {
  Harness keyhole(WithSpares(1));
  keyhole.HoldGreetings();
  keyhole.redis(1).Lose();
  const size_t had = keyhole.connections();
  for (int i = 0; i < 9; ++i) keyhole.Advance(milliseconds(100));
  EXPECT_EQ(keyhole.connections(), had);
  for (int i = 0; i < 3; ++i) keyhole.Advance(milliseconds(100));
  EXPECT_EQ(keyhole.connections(), had + 1);
}

TEST(SpareLinks, NoMoreThanMayBeIdle) {
  Config config = WithSpares(5);
  config.links.max_idle = 2;
  Harness keyhole(config);
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 2);
}

TEST(SpareLinks, StayWhenDemandHasGone) {
  Harness keyhole(WithSpares(2));
  for (int i = 0; i < 200; ++i) keyhole.Advance(std::chrono::seconds(1));
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 2);
  EXPECT_EQ(keyhole.connections(), 3u);
}

TEST(SpareLinks, GoWithTheLastSessionInTheirState) {
  Harness keyhole(WithSpares(1));
  Client& ann = keyhole.Connect();
  ann.Send("SELECT 3\r\n");
  keyhole.redis(1).Reply("+OK\r\n+OK\r\n");
  ann.Send("GET a\r\n");
  keyhole.redis(1).Reply("$-1\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 2);
  ann.Leave(metrics::CloseReason::kByClient);
  for (int i = 0; i < 70; ++i) keyhole.Advance(std::chrono::seconds(1));
  EXPECT_EQ(keyhole.links(LinkKind::kShared), 1);
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 1);
}

// ---- too few

// Two clients that wait for connections, number 1 and number 2.
struct TwoWaiting {
  TwoWaiting() {
    keyhole.HoldConnections();
    ann.Send("BLPOP q 0\r\n");
    bob.Send("BLPOP q 0\r\n");
  }
  Harness keyhole;
  Client& ann = keyhole.Connect();
  Client& bob = keyhole.Connect();
};

TEST(OpeningLinks, WhoHasWaitedLongestGoesFirst) {
  TwoWaiting two;
  two.keyhole.redis(2).Accept();  // it was opened for bob
  EXPECT_THAT(two.keyhole.redis(2).Requests(), ElementsAre("BLPOP q 0"));
  two.keyhole.redis(2).Reply("*2\r\n$1\r\nq\r\n$1\r\n1\r\n");
  EXPECT_EQ(two.ann.Received(), "*2\r\n$1\r\nq\r\n$1\r\n1\r\n");
  EXPECT_EQ(two.bob.Received(), "");
}

TEST(OpeningLinks, TheSecondIsServedByTheOtherOne) {
  TwoWaiting two;
  two.keyhole.redis(2).Accept();
  two.keyhole.redis(1).Accept();
  EXPECT_THAT(two.keyhole.redis(1).Requests(), ElementsAre("BLPOP q 0"));
  two.keyhole.redis(1).Reply("*-1\r\n");
  EXPECT_EQ(two.bob.Received(), "*-1\r\n");
}

TEST(OpeningLinks, NamesAreThoseOfTheirOwners) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  Client& bob = keyhole.Connect();
  ann.Send("CLIENT SETNAME ann\r\n");
  keyhole.redis(0).Reply("+OK\r\n+OK\r\n");
  keyhole.HoldConnections();
  ann.Send("BLPOP q 0\r\n");
  bob.Send("BLPOP q 0\r\n");
  keyhole.redis(2).Accept();
  EXPECT_THAT(keyhole.redis(2).Requests(), ElementsAre("client setname ann", "BLPOP q 0"));
  keyhole.redis(1).Accept();
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("BLPOP q 0")) << "bob has no name";
}

TEST(OpeningLinks, ALinkThatIsGivenBackIsForWhoWaits) {
  Harness keyhole;
  Client& zoe = keyhole.Connect();
  zoe.Send("MULTI\r\n");
  keyhole.HoldConnections();
  Client& ann = keyhole.Connect();
  ann.Send("BLPOP q 0\r\n");
  zoe.Send("EXEC\r\n");
  keyhole.redis(1).Reply("+OK\r\n*0\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("MULTI", "EXEC", "BLPOP q 0"));
  keyhole.redis(1).Reply("*-1\r\n");
  EXPECT_EQ(ann.Received(), "*-1\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 2) << "what was opened for her is one more";
}

TEST(OpeningLinks, KeysAreCountedForWhoeverAsked) {
  Harness keyhole;
  keyhole.HoldConnections();
  Client& ann = keyhole.Connect();
  Client& bob = keyhole.Connect();
  ann.Send("MULTI\r\nGET a\r\nEXEC\r\n");
  bob.Send("MULTI\r\nGET b\r\nEXEC\r\n");
  keyhole.redis(2).Accept();
  keyhole.redis(1).Accept();
  keyhole.redis(2).Reply("+OK\r\n+QUEUED\r\n*1\r\n$1\r\n1\r\n");
  keyhole.redis(1).Reply("+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n");
  EXPECT_EQ(ann.Received(), "+OK\r\n+QUEUED\r\n*1\r\n$1\r\n1\r\n");
  EXPECT_EQ(bob.Received(), "+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n");
  EXPECT_EQ(keyhole.Counted(), "a 1/0, b 0/1");
}

TEST(OpeningLinks, WhoHasLeftWaitsNoMore) {
  TwoWaiting two;
  two.ann.Leave(metrics::CloseReason::kByClient);
  two.keyhole.redis(2).Accept();
  EXPECT_THAT(two.keyhole.redis(2).Requests(), ElementsAre("BLPOP q 0"));
  two.keyhole.redis(2).Reply("*-1\r\n");
  EXPECT_EQ(two.bob.Received(), "*-1\r\n");
}

TEST(OpeningLinks, ARefusalIsHeardBeforeTheEnd) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  ann.Send("SELECT 3\r\n");
  keyhole.last().Reply("+OK\r\n");
  ASSERT_EQ(ann.Received(), "+OK\r\n");
  keyhole.HoldGreetings();
  ann.Send("BLPOP q 0\r\n");
  for (int i = 0; i < 15 && !ann.closed(); ++i) {
    if (keyhole.last().open()) keyhole.last().Reply("-ERR max number of clients reached\r\n");
    keyhole.Advance(milliseconds(100));
  }
  EXPECT_EQ(ann.Received(), "-ERR max number of clients reached\r\n");
  EXPECT_TRUE(ann.closed());
}

// ---- come and go

// Redis says +OK to all that has come.
void AnswerAll(Harness& keyhole) {
  for (bool any = true; any;) {
    any = false;
    for (size_t i = 0; i < keyhole.connections(); ++i) {
      if (!keyhole.redis(i).open()) continue;
      for (size_t n = keyhole.redis(i).Requests().size(); n > 0; --n) {
        keyhole.redis(i).Reply("+OK\r\n");
        any = true;
      }
    }
  }
}

TEST(ComeAndGo, WhatWasOpenedForClientsIsClosedAfterThem) {
  Harness keyhole(WithSpares(2));
  for (int i = 0; i < 100; ++i) {
    Client& each = keyhole.Connect();
    each.Send("AUTH user" + std::to_string(i % 20) + " pw\r\n");
    AnswerAll(keyhole);
    each.Send("SELECT " + std::to_string(i % 3) + "\r\n");
    AnswerAll(keyhole);
    each.Send("CLIENT SETNAME c" + std::to_string(i) + "\r\n");
    AnswerAll(keyhole);
    each.Send("GET a\r\n");
    AnswerAll(keyhole);
    each.Send("BLPOP q 0\r\n");
    AnswerAll(keyhole);
    EXPECT_EQ(each.Received(), "+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n");
    each.Leave(metrics::CloseReason::kByClient);
    keyhole.Advance(milliseconds(100));
    AnswerAll(keyhole);
  }
  EXPECT_GT(keyhole.links(LinkKind::kShared), 20);
  for (int i = 0; i < 300; ++i) {
    keyhole.Advance(std::chrono::seconds(1));
    AnswerAll(keyhole);
  }
  EXPECT_EQ(keyhole.links(LinkKind::kShared), 1);
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 2);
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 0);
}

}  // namespace
}  // namespace keyhole::core
