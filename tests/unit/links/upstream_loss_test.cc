// The upstream goes away: who is closed, who waits and for how long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
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
using namespace std::chrono_literals;

TEST(UpstreamLost, RequestsThatWereWrittenCloseTheirSessions) {
  Harness keyhole;
  Client& asking = keyhole.Connect();
  Client& idle = keyhole.Connect();
  Client& answered = keyhole.Connect();
  answered.Send("GET x\r\n");
  keyhole.redis(0).Reply("$-1\r\n");
  asking.Send("INCR a\r\n");
  keyhole.redis(0).Lose();
  EXPECT_TRUE(asking.closed());
  EXPECT_EQ(asking.Received(), "");  // no made-up error
  EXPECT_FALSE(idle.closed());
  EXPECT_FALSE(answered.closed());
  EXPECT_EQ(keyhole.counters().clients_closed[CloseReason::kUpstreamLost].Load(), 1u);

  idle.Send("GET b\r\n");
  answered.Send("GET c\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("GET b", "GET c"));
  keyhole.redis(1).Reply("$-1\r\n$1\r\nc\r\n");
  EXPECT_EQ(idle.Received(), "$-1\r\n");
  EXPECT_EQ(keyhole.Counted(), "b 0/1, c 1/0, x 0/1");
}

TEST(UpstreamLost, ThoseThatWereNotWaitAndAreSentInOrder) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  Client& bob = keyhole.Connect();
  Client& carl = keyhole.Connect();
  keyhole.redis(0).TakeOnly(7);
  keyhole.HoldConnections();
  ann.Send("GET a\r\n");  // these seven bytes
  bob.Send("MGET b1 b2\r\n");
  carl.Send("GET c\r\n");
  bob.Send("GET b3\r\n");
  keyhole.redis(0).Lose();
  EXPECT_TRUE(ann.closed());
  EXPECT_FALSE(bob.closed());
  EXPECT_FALSE(carl.closed());
  carl.Send("GET c2\r\n");
  keyhole.redis(1).Accept();
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("MGET b1 b2", "GET c", "GET b3", "GET c2"));
  keyhole.redis(1).Reply("*2\r\n$-1\r\n$1\r\nx\r\n$-1\r\n:3\r\n$1\r\nx\r\n");
  EXPECT_EQ(bob.Received(), "*2\r\n$-1\r\n$1\r\nx\r\n:3\r\n");
  EXPECT_EQ(carl.Received(), "$-1\r\n$1\r\nx\r\n");
  EXPECT_EQ(keyhole.Counted(), "b1 0/1, b2 1/0, b3 1/0, c 0/1, c2 1/0");
}

TEST(UpstreamLost, WhatWasWrittenInPartIsWrittenToo) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  Client& bob = keyhole.Connect();
  keyhole.redis(0).TakeOnly(3);
  ann.Send("GET a\r\n");
  bob.Send("GET b\r\n");
  keyhole.redis(0).Lose();
  EXPECT_TRUE(ann.closed());
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("GET b"));
}

// A session that is closed for one request has its others taken out: they must not run.
// Ann has been told that her connection is lost, and may try again. Who has left cannot.
TEST(UpstreamLost, NothingOfAClosedSessionIsSentLater) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  Client& bob = keyhole.Connect();
  Client& gone = keyhole.Connect();
  keyhole.redis(0).TakeOnly(8);
  keyhole.HoldConnections();
  ann.Send("INCR a\r\n");
  gone.Send("INCR gone\r\n");
  bob.Send("GET b\r\n");
  ann.Send("INCR a\r\nMGET x y\r\n");
  bob.Send("GET c\r\n");
  gone.Vanish();
  keyhole.redis(0).Lose();
  EXPECT_TRUE(ann.closed());
  keyhole.redis(1).Accept();
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("INCR gone", "GET b", "GET c"));
  keyhole.redis(1).Reply(":1\r\n$-1\r\n$1\r\nc\r\n");
  EXPECT_EQ(keyhole.Counted(), "b 0/1, c 1/0");
  EXPECT_TRUE(gone.closed());
}

// What Redis has answered is known, and is delivered before the end.
TEST(UpstreamLost, RepliesThatCameBeforeAreDelivered) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("GET a\r\nINCR b\r\n");
  app.StopReading();
  keyhole.redis(0).Reply("$-1\r\n");
  const auto& session = app.session();
  EXPECT_EQ(session.PrepareWrite(), "$-1\r\n");
  const boost::intrusive_ptr<const ClientSession> kept(&session);
  keyhole.redis(0).Lose();
  EXPECT_TRUE(kept->finished());
  EXPECT_EQ(kept->PrepareWrite(), "$-1\r\n");
}

TEST(UpstreamLost, InTheMiddleOfAReplyTheClientIsClosed) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  Client& other = keyhole.Connect();
  app.Send("GET a\r\n");
  keyhole.redis(0).Reply("$100\r\nhalf of");
  keyhole.redis(0).Lose();
  EXPECT_EQ(app.Received(), "$100\r\nhalf of");
  EXPECT_TRUE(app.closed());
  // The new connection starts anew.
  other.Send("GET b\r\n");
  keyhole.redis(1).Reply("$-1\r\n");
  EXPECT_EQ(other.Received(), "$-1\r\n");
}

// ---- how long ----

TEST(UpstreamWait, TooLongAndTheClientIsClosed) {
  Config config = Harness::WithUpstream();
  config.links.wait = 1000ms;
  Harness keyhole(config);
  keyhole.HoldConnections();
  keyhole.redis(0).Lose();
  Client& ann = keyhole.Connect();
  Client& bob = keyhole.Connect();
  ann.Send("GET a\r\nGET a2\r\n");
  keyhole.Advance(600ms);
  bob.Send("GET b\r\n");
  keyhole.Advance(300ms);
  EXPECT_FALSE(ann.closed());
  keyhole.Advance(200ms);
  EXPECT_TRUE(ann.closed());
  EXPECT_FALSE(bob.closed());
  keyhole.redis(1).Accept();
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("GET b"));
  EXPECT_EQ(keyhole.counters().clients_closed[CloseReason::kUpstreamLost].Load(), 1u);
}

TEST(UpstreamWait, HoldsForPrivateLinksToo) {
  Harness keyhole;
  keyhole.HoldConnections();
  Client& app = keyhole.Connect();
  app.Send("BLPOP q 0\r\n");
  keyhole.Advance(900ms);
  EXPECT_FALSE(app.closed());
  keyhole.Advance(200ms);
  EXPECT_TRUE(app.closed());
  EXPECT_FALSE(keyhole.redis(1).open());
}

TEST(UpstreamWait, OfNothingAtAll) {
  Config config = Harness::WithUpstream();
  config.links.wait = 0ms;
  Harness keyhole(config);
  keyhole.HoldConnections();
  keyhole.redis(0).Lose();
  Client& app = keyhole.Connect();
  app.Send("GET a\r\n");
  keyhole.Advance(100ms);
  EXPECT_TRUE(app.closed());
}

TEST(UpstreamWait, HowManyWaitIsTold) {
  Harness keyhole;
  keyhole.HoldConnections();
  keyhole.redis(0).Lose();
  Client& app = keyhole.Connect();
  app.Send("GET a\r\nGET b\r\n");
  keyhole.Advance(100ms);
  EXPECT_EQ(keyhole.counters().requests_waiting.Load(), 2);
  keyhole.redis(1).Accept();
  keyhole.redis(1).Reply("$-1\r\n$-1\r\n");
  keyhole.Advance(100ms);
  EXPECT_EQ(keyhole.counters().requests_waiting.Load(), 0);
}

// Nothing of it was written, so nothing of it is lost: it waits like any other request.
TEST(UpstreamWait, HoldsForTheFirstCommandsOfAConnectionWithState) {
  for (const std::string command :
       {"MULTI", "WATCH a", "SUBSCRIBE c", "MONITOR", "CLIENT TRACKING ON", "WAIT 1 0", "BLPOP q 0",
        "FOO.BAR", "CLIENT REPLY SKIP"}) {
    Harness keyhole;
    keyhole.HoldConnections();
    Client& app = keyhole.Connect();
    app.Send(command + "\r\nPING\r\n");
    keyhole.redis(1).Lose();
    keyhole.Advance(100ms);
    ASSERT_FALSE(app.closed()) << command;
    ASSERT_TRUE(keyhole.last().open()) << command;
    keyhole.last().Accept();
    EXPECT_THAT(keyhole.last().Requests(), ElementsAre(command, "PING"));
  }
}

TEST(UpstreamWait, HoldsWithoutSharing) {
  Config config = Harness::WithUpstream();
  config.links.sharing = false;
  Harness keyhole(config);
  keyhole.HoldConnections();
  Client& app = keyhole.Connect();
  app.Send("GET a\r\n");
  keyhole.redis(1).Lose();
  EXPECT_FALSE(app.closed());
  keyhole.last().Accept();
  EXPECT_THAT(keyhole.last().Requests(), ElementsAre("GET a"));
}

// ---- the way back ----

TEST(Reconnecting, AtOnceAndThenLaterAndLater) {
  Harness keyhole;
  keyhole.HoldConnections();
  keyhole.redis(0).Lose();
  ASSERT_EQ(keyhole.connections(), 2u);  // at once
  auto wait_for_next = [&keyhole] {
    const size_t before = keyhole.connections();
    keyhole.last().Lose();
    auto waited = 0ms;
    while (keyhole.connections() == before && waited < 1h) {
      keyhole.Advance(10ms);
      waited += 10ms;
    }
    return waited;
  };
  auto longest = 0ms;
  for (int i = 0; i < 5; ++i) longest = std::max(longest, wait_for_next());
  EXPECT_GE(longest, 300ms);
  for (int i = 0; i < 50; ++i) longest = std::max(longest, wait_for_next());
  EXPECT_LE(longest, 1300ms);  // 1 s and the jitter
  // Once there, it is tried at once again.
  keyhole.last().Accept();
  const size_t before = keyhole.connections();
  keyhole.last().Lose();
  EXPECT_EQ(keyhole.connections(), before + 1);
}

TEST(Reconnecting, EveryLossAndRecoveryIsOneLine) {
  Harness keyhole;
  keyhole.HoldConnections();
  keyhole.redis(0).Lose();
  for (int i = 0; i < 10; ++i) {
    keyhole.last().Lose();
    keyhole.Advance(2s);
  }
  keyhole.last().Accept();
  EXPECT_THAT(keyhole.log(),
              ElementsAre("upstream is connected",
                          "upstream is lost; trying again until it is back", "upstream is back"));
  EXPECT_EQ(keyhole.counters().link_losses.Load(), 1u);
  EXPECT_EQ(keyhole.counters().link_connects.Load(), 2u);
  EXPECT_EQ(keyhole.counters().link_connect_failures.Load(), 10u);
  EXPECT_EQ(keyhole.counters().upstream_up.Load(), 1);
}

TEST(Reconnecting, AwayFromTheStart) {
  Config config = Harness::WithUpstream();
  Harness keyhole(config);
  EXPECT_TRUE(keyhole.pool().up());
  keyhole.HoldConnections();
  keyhole.redis(0).Lose();
  EXPECT_FALSE(keyhole.pool().up());
  EXPECT_EQ(keyhole.counters().upstream_up.Load(), 0);
}

TEST(Reconnecting, LinksThatNobodyNeedsAreLetGo) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("SELECT 3\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  keyhole.redis(1).Lose();
  EXPECT_EQ(keyhole.links(LinkKind::kShared), 1);
  EXPECT_EQ(keyhole.connections(), 2u);
  app.Send("GET a\r\n");  // and made again when they are
  EXPECT_THAT(keyhole.redis(2).Greeting(), ElementsAre("select 3", "client setname keyhole"));
  EXPECT_THAT(keyhole.redis(2).Requests(), ElementsAre("GET a"));
  EXPECT_FALSE(app.closed());
}

TEST(Reconnecting, ASessionWithALinkOfItsOwnAndNothingInItStays) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("BLPOP q 1\r\n");
  keyhole.redis(1).Reply("*-1\r\n");
  keyhole.redis(1).Lose();  // idle by now
  EXPECT_FALSE(app.closed());
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 0);
  app.Send("BLPOP q 1\r\n");
  EXPECT_THAT(keyhole.redis(2).Requests(), ElementsAre("BLPOP q 1"));
}

}  // namespace
}  // namespace keyhole::core
