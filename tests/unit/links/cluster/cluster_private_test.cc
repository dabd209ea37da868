// What needs a connection of its own in front of a cluster: transactions, what waits, what listens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/links/cluster/two_nodes.h"

namespace keyhole::test {
namespace {

using metrics::LinkKind;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(ClusterPrivateTest, MultiIsHeldUntilTheFirstKeyIsKnown) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("MULTI\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n");
  EXPECT_EQ(cluster.keyhole().links(LinkKind::kPrivate), 0);
  app.Send("SET foo 1\r\n");
  RedisEnd& own = cluster.last_at("b");
  EXPECT_THAT(own.Requests(), ElementsAre("multi"));
  own.Reply("+OK\r\n");
  EXPECT_THAT(own.Requests(), ElementsAre("SET foo 1"));
  own.Reply("+QUEUED\r\n");
  EXPECT_EQ(app.Received(), "+QUEUED\r\n");
  app.Send("EXEC\r\n");
  EXPECT_THAT(own.Requests(), ElementsAre("EXEC"));
  own.Reply("*1\r\n+OK\r\n");
  EXPECT_EQ(app.Received(), "*1\r\n+OK\r\n");
  EXPECT_EQ(cluster.keyhole().links(LinkKind::kPrivate), 0);
}

TEST(ClusterPrivateTest, AnEmptyTransactionTakesNoNodeOfItsOwn) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("MULTI\r\nDISCARD\r\nGET foo\r\n");
  RedisEnd& own = cluster.last_at("a");
  own.Reply("+OK\r\n+OK\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n+OK\r\n");
  EXPECT_THAT(cluster.at("b").Requests(), ElementsAre("GET foo"));
}

// The client has been told +QUEUED already; it is told nothing twice.
TEST(ClusterPrivateTest, ATransactionWhoseSlotMovesIsSaidAgain) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("MULTI\r\nSET b 1\r\n");
  RedisEnd& first = cluster.last_at("a");
  first.Reply("+OK\r\n");
  first.Reply("+QUEUED\r\n");
  app.Send("EXEC\r\n");
  first.Reply("-MOVED 3300 b:1\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n+QUEUED\r\n");
  RedisEnd& second = cluster.last_at("b");
  EXPECT_THAT(second.Requests(), ElementsAre("multi"));
  second.Reply("+OK\r\n");
  EXPECT_THAT(second.Requests(), ElementsAre("SET b 1", "EXEC"));
  second.Reply("+QUEUED\r\n*1\r\n+OK\r\n");
  EXPECT_EQ(app.Received(), "*1\r\n+OK\r\n");
}

TEST(ClusterPrivateTest, ATransactionOnAnOpenSlotAsksFirst) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("MULTI\r\nGET b\r\nEXEC\r\n");
  RedisEnd& first = cluster.last_at("a");
  first.Reply("+OK\r\n");
  EXPECT_THAT(first.Requests(), ElementsAre("multi", "GET b", "EXEC"));
  first.Reply("-ASK 3300 b:1\r\n-EXECABORT Transaction discarded because of previous errors.\r\n");
  RedisEnd& second = cluster.last_at("b");
  EXPECT_THAT(second.Requests(), ElementsAre("asking", "multi"));
  second.Reply("+OK\r\n+OK\r\n");
  second.Reply("+QUEUED\r\n*1\r\n$1\r\n7\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n+QUEUED\r\n*1\r\n$1\r\n7\r\n");
  EXPECT_EQ(cluster.keyhole().Counted(), "b 1/0");
}

TEST(ClusterPrivateTest, WhatCrossesSlotsInATransactionAbortsIt) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("MULTI\r\nSET b 1\r\n");
  RedisEnd& own = cluster.last_at("a");
  own.Reply("+OK\r\n");
  own.Reply("+QUEUED\r\n");
  app.Received();
  app.Send("SET foo 1\r\nEXEC\r\n");
  EXPECT_EQ(app.Received(),
            "-CROSSSLOT Keys in request don't hash to the same slot\r\n"
            "-EXECABORT Transaction discarded because of previous errors.\r\n");
  EXPECT_THAT(own.Requests(), ElementsAre("multi", "SET b 1", "discard"));
  own.Reply("+OK\r\n");
  app.Send("SET b 2\r\n");
  EXPECT_THAT(cluster.at("a").Requests(), ElementsAre("SET b 2"));
  EXPECT_EQ(cluster.keyhole().links(LinkKind::kPrivate), 0);
}

TEST(ClusterPrivateTest, WhatGoesToEveryNodeIsRefusedInATransaction) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("MULTI\r\nFLUSHALL\r\n");
  EXPECT_EQ(app.Received(),
            "+OK\r\n-ERR FLUSHALL is not available inside MULTI in front of a Redis Cluster\r\n");
}

TEST(ClusterPrivateTest, WatchedKeysThatMoveFailTheTransaction) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("WATCH b\r\n");
  RedisEnd& own = cluster.last_at("a");
  own.Reply("+OK\r\n");
  app.Send("MULTI\r\nSET b 1\r\n");
  own.Reply("+OK\r\n");
  own.Reply("+QUEUED\r\n");
  app.Send("EXEC\r\n");
  own.Reply("-MOVED 3300 b:1\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n+OK\r\n+QUEUED\r\n*-1\r\n");
}

TEST(ClusterPrivateTest, ARequestThatWaitsHasAConnectionOfItsOwn) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("GET b\r\nBLPOP foo 0\r\nGET b\r\n");
  cluster.at("a").Reply("$-1\r\n");
  RedisEnd& own = cluster.last_at("b");
  EXPECT_NE(&own, &cluster.at("b"));
  EXPECT_THAT(own.Requests(), ElementsAre("BLPOP foo 0"));
  own.Reply("-MOVED 12182 a:1\r\n");
  RedisEnd& next = cluster.last_at("a");
  EXPECT_THAT(next.Requests(), ElementsAre("BLPOP foo 0"));
  next.Reply("*2\r\n$3\r\nfoo\r\n$1\r\n1\r\n");
  EXPECT_EQ(app.Received(), "$-1\r\n*2\r\n$3\r\nfoo\r\n$1\r\n1\r\n");
  EXPECT_EQ(cluster.keyhole().links(LinkKind::kPrivate), 0);
}

TEST(ClusterPrivateTest, AClientThatListensIsToldMessages) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("SUBSCRIBE news\r\n");
  RedisEnd& own = cluster.last_at("a");
  EXPECT_THAT(own.Requests(), ElementsAre("SUBSCRIBE news"));
  own.Reply("*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
  EXPECT_EQ(app.Received(), "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
  own.Reply("*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n");
  EXPECT_EQ(app.Received(), "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n");
  app.Send("GET b\r\n");
  EXPECT_EQ(app.Received().substr(0, 25), "-ERR Can't execute 'get':");
  app.Send("UNSUBSCRIBE\r\n");
  own.Reply("*3\r\n$11\r\nunsubscribe\r\n$4\r\nnews\r\n:0\r\n");
  app.Received();
  EXPECT_EQ(cluster.keyhole().links(LinkKind::kPrivate), 0);
}

TEST(ClusterPrivateTest, ACommandThatIsNotKnownFindsItsNode) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("JSON.GET foo $\r\n");
  RedisEnd& own = cluster.last_at("b");
  EXPECT_THAT(own.Requests(), ElementsAre("JSON.GET foo $"));
  own.Reply("-MOVED 12182 a:1\r\n");
  RedisEnd& next = cluster.last_at("a");
  EXPECT_THAT(next.Requests(), ElementsAre("JSON.GET foo $"));
  next.Reply("$1\r\n1\r\n");
  EXPECT_EQ(app.Received(), "$1\r\n1\r\n");
}

TEST(ClusterPrivateTest, WhatIsAboutOneNodeIsRefused) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("CLIENT REPLY OFF\r\nCLUSTER SLOTS\r\nMONITOR\r\nWAIT 1 0\r\nPING\r\n");
  cluster.at("a").Reply("+PONG\r\n");
  EXPECT_EQ(app.Received(),
            "-ERR CLIENT REPLY is not available in front of a Redis Cluster\r\n"
            "-ERR This instance has cluster support disabled\r\n"
            "-ERR MONITOR is not available in front of a Redis Cluster\r\n"
            "-ERR WAIT is not available in front of a Redis Cluster\r\n"
            "+PONG\r\n");
}

// The identity of a session is that of all its links.
TEST(ClusterPrivateTest, ASessionThatLogsInIsThatUserAtAllNodes) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("AUTH ann secret\r\n");
  RedisEnd& own = cluster.last_at("a");
  EXPECT_THAT(own.Requests(), ElementsAre("AUTH ann secret"));
  own.Reply("+OK\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n");
  app.Send("GET foo\r\n");
  RedisEnd& other = cluster.last_at("b");
  EXPECT_THAT(other.Greeting(), testing::Contains("auth ann secret"));
  EXPECT_THAT(other.Requests(), ElementsAre("GET foo"));
}

TEST(ClusterPrivateTest, AClientThatLeavesTakesNothingForNobody) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("BLPOP foo 0\r\n");
  RedisEnd& own = cluster.last_at("b");
  ASSERT_THAT(own.Requests(), ElementsAre("BLPOP foo 0"));
  app.Leave(metrics::CloseReason::kByClient);
  cluster.keyhole().Settle();
  EXPECT_FALSE(own.open());
}

}  // namespace
}  // namespace keyhole::test
