// Which link a session is given, and what becomes of those given back.
#include "proxy/links/upstream/link_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/support/core_harness.h"

namespace keyhole::core {
namespace {

using metrics::LinkKind;
using test::Client;
using test::Harness;
using testing::ElementsAre;
using testing::IsEmpty;

// Takes a private link and gives it back.
void Block(Harness& keyhole, Client& client) {
  client.Send("BLPOP q 1\r\n");
  for (size_t i = 1; i < keyhole.connections(); ++i) {
    if (keyhole.redis(i).open() && !keyhole.redis(i).Requests().empty()) {
      keyhole.redis(i).Reply("*-1\r\n");
    }
  }
  EXPECT_EQ(client.Received(), "*-1\r\n");
}

TEST(LinkPool, TheMainLinkIsThereFromTheStart) {
  Harness keyhole;
  EXPECT_EQ(keyhole.connections(), 1u);
  EXPECT_EQ(keyhole.links(LinkKind::kShared), 1);
  EXPECT_TRUE(keyhole.pool().up());
}

TEST(LinkPool, SaysWhereToConnect) {
  Config config = Harness::WithUpstream();
  config.upstream->endpoint = Endpoint::Unix("/run/redis.sock");
  config.near.memory = 1 << 20;
  Harness keyhole(config);
  keyhole.Connect().Send("BLPOP q 0\r\n");
  keyhole.Advance(std::chrono::milliseconds(100));
  ASSERT_EQ(keyhole.connections(), 3u);  // the main link, a private one, the near cache's
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(keyhole.redis(i).endpoint(), config.upstream->endpoint);
}

TEST(LinkPool, AnIdleLinkIsUsedAgain) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  Client& bob = keyhole.Connect();
  Block(keyhole, ann);
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 1);
  keyhole.redis(1).Greeting();
  bob.Send("BLPOP q 2\r\n");
  EXPECT_THAT(keyhole.redis(1).Greeting(), IsEmpty());  // it is where it has to be
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("BLPOP q 2"));
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 0);
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 1);
  EXPECT_EQ(keyhole.connections(), 2u);
}

TEST(LinkPool, InAnotherDatabaseOrWithAnotherName) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  Block(keyhole, ann);
  keyhole.redis(1).Greeting();
  keyhole.redis(1).Requests();
  Client& bob = keyhole.Connect();
  bob.Send("CLIENT SETNAME bob\r\n");
  keyhole.redis(0).Reply("+OK\r\n");
  bob.Send("CLIENT GETNAME\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("client setname bob", "CLIENT GETNAME"));
  keyhole.redis(1).Reply("+OK\r\n$3\r\nbob\r\n");
  // And whoever comes next does not have his name.
  ann.Send("CLIENT GETNAME\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("client setname ", "CLIENT GETNAME"));
  EXPECT_THAT(keyhole.redis(1).Greeting(), IsEmpty());
}

TEST(LinkPool, ALinkLeftInADatabaseIsBroughtBack) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  ann.Send("MULTI\r\nSELECT 4\r\nEXEC\r\n");
  keyhole.redis(1).Reply("+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kShared), 2);  // the first one there: it is to be shared
  Client& bob = keyhole.Connect();
  bob.Send("MULTI\r\nSELECT 4\r\nEXEC\r\n");
  keyhole.redis(2).Reply("+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 1);
  keyhole.redis(2).Greeting();
  Client& carl = keyhole.Connect();
  carl.Send("BLPOP q 1\r\n");
  EXPECT_THAT(keyhole.redis(2).Greeting(), ElementsAre("select 0"));
}

TEST(LinkPool, AnIdleLinkOfAnotherIdentityIsNotTaken) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  ann.Send("AUTH ann secret\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  keyhole.redis(1).Requests();
  ann.Send("BLPOP q 1\r\n");
  keyhole.redis(2).Reply("*-1\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 1);
  keyhole.redis(2).Requests();
  Client& bob = keyhole.Connect();
  bob.Send("BLPOP q 1\r\n");
  EXPECT_THAT(keyhole.redis(2).Requests(), IsEmpty());
  EXPECT_THAT(keyhole.redis(3).Requests(), ElementsAre("BLPOP q 1"));
}

TEST(LinkPool, NorOneThatSpeaksTheOtherProtocol) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  Block(keyhole, ann);
  Client& modern = keyhole.Connect();
  modern.Send("HELLO 3\r\n");  // changes the idle link itself, which is then shared
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("HELLO 3"));
  keyhole.redis(1).Reply("%0\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 0);
  ann.Send("BLPOP q 1\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("client setname keyhole"));
  EXPECT_THAT(keyhole.redis(2).Requests(), ElementsAre("BLPOP q 1"));
}

// So many clients wait at once, each on a link of its own; then all are answered.
void BlockAtOnce(Harness& keyhole, size_t count) {
  const size_t had = keyhole.connections();
  for (size_t i = 0; i < count; ++i) keyhole.Connect().Send("BLPOP q 0\r\n");
  ASSERT_EQ(keyhole.connections(), had + count);
  for (size_t i = had; i < keyhole.connections(); ++i) keyhole.redis(i).Reply("*-1\r\n");
}

TEST(LinkPool, KeepsAsManyAsWereInUseAtOnce) {
  Harness keyhole;
  BlockAtOnce(keyhole, 100);
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 100);
  keyhole.Advance(std::chrono::seconds(49));
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 100);
  const size_t had = keyhole.connections();
  keyhole.Connect().Send("BLPOP q 0\r\n");
  EXPECT_EQ(keyhole.connections(), had) << "one of them was used";
}

TEST(LinkPool, GivesBackSlowlyWhatIsNoLongerNeeded) {
  Harness keyhole;
  BlockAtOnce(keyhole, 100);
  keyhole.Advance(std::chrono::seconds(60));
  const int64_t left = keyhole.links(LinkKind::kIdle);
  EXPECT_LT(left, 100);
  EXPECT_GE(left, 90) << "one each tick";
  for (int i = 0; i < 100; ++i) keyhole.Advance(std::chrono::milliseconds(100));
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 0);
}

TEST(LinkPool, KeepsNoMoreThanItMay) {
  core::Config config = Harness::WithUpstream();
  config.links.max_idle = 3;
  Harness keyhole(config);
  BlockAtOnce(keyhole, 5);
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 3);
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 0);
}

TEST(LinkPool, ASharedLinkThatNobodyUsesIsClosed) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  ann.Send("SELECT 3\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  ann.Send("GET a\r\n");
  keyhole.redis(1).Reply("+OK\r\n$-1\r\n");  // to its name, and to her
  EXPECT_EQ(keyhole.links(LinkKind::kShared), 2);
  for (int i = 0; i < 100; ++i) keyhole.Advance(std::chrono::seconds(1));
  EXPECT_EQ(keyhole.links(LinkKind::kShared), 2) << "she is still there";
  ann.Leave(metrics::CloseReason::kByClient);
  for (int i = 0; i < 59; ++i) keyhole.Advance(std::chrono::seconds(1));
  EXPECT_EQ(keyhole.links(LinkKind::kShared), 2);
  for (int i = 0; i < 3; ++i) keyhole.Advance(std::chrono::seconds(1));
  EXPECT_EQ(keyhole.links(LinkKind::kShared), 1);
  Client& bob = keyhole.Connect();
  bob.Send("SELECT 3\r\n");
  EXPECT_EQ(keyhole.connections(), 3u);
  EXPECT_THAT(keyhole.last().Requests(), ElementsAre("SELECT 3"));
  keyhole.last().Reply("+OK\r\n");
  EXPECT_EQ(bob.Received(), "+OK\r\n");
}

TEST(LinkPool, AnIdleLinkThatIsLostIsForgotten) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  Block(keyhole, ann);
  keyhole.redis(1).Lose();
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 0);
  EXPECT_EQ(keyhole.connections(), 2u);
  ann.Send("BLPOP q 1\r\n");
  EXPECT_THAT(keyhole.redis(2).Requests(), ElementsAre("BLPOP q 1"));
}

TEST(LinkPool, AnIdleLinkThatSpeaksUnaskedIsClosed) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  Block(keyhole, ann);
  keyhole.redis(1).Reply("+surprise\r\n");
  EXPECT_FALSE(keyhole.redis(1).open());
  EXPECT_FALSE(ann.closed());
}

TEST(LinkPool, StoppedAllIsClosed) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  Block(keyhole, ann);
  Client& bob = keyhole.Connect();
  bob.Send("SELECT 1\r\nGET a\r\n");
  keyhole.worker().links.Stop();
  keyhole.Settle();
  for (size_t i = 0; i < keyhole.connections(); ++i) EXPECT_FALSE(keyhole.redis(i).open()) << i;
  for (const LinkKind kind : {LinkKind::kShared, LinkKind::kPrivate, LinkKind::kIdle}) {
    EXPECT_EQ(keyhole.links(kind), 0);
  }
  EXPECT_FALSE(ann.closed());
  EXPECT_TRUE(bob.closed());
}

}  // namespace
}  // namespace keyhole::core
