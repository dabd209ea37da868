// The order of a session's requests and replies in front of a cluster whose slots move.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/links/cluster/two_nodes.h"

namespace keyhole::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ClusterOrderTest, APipelineRunsOnBothNodesAndIsAnsweredInOrder) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("GET b\r\nGET foo\r\nGET bar\r\n");
  EXPECT_THAT(cluster.at("a").Requests(), ElementsAre("GET b", "GET bar"));
  EXPECT_THAT(cluster.at("b").Requests(), ElementsAre("GET foo"));
  cluster.at("b").Reply("$1\r\n2\r\n");
  EXPECT_EQ(app.Received(), "");
  cluster.at("a").Reply("$1\r\n1\r\n$-1\r\n");
  EXPECT_EQ(app.Received(), "$1\r\n1\r\n$1\r\n2\r\n$-1\r\n");
}

TEST(ClusterOrderTest, RequestsWaitForTheFirstMap) {
  TwoNodes cluster(TwoNodes::InFrontOfIt(), false);
  Client& app = cluster.Connect();
  app.Send("GET foo\r\n");
  cluster.TellMap(TwoNodes::Map("a", "b"));
  cluster.Advance(10);
  EXPECT_THAT(cluster.at("b").Requests(), ElementsAre("GET foo"));
}

TEST(ClusterOrderTest, WhatGoesToAllMastersWaitsForThemAtTheStart) {
  TwoNodes cluster(TwoNodes::InFrontOfIt(), false);
  Client& app = cluster.Connect();
  app.Send("DBSIZE\r\n");
  EXPECT_EQ(app.Received(), "");
  cluster.TellMap(TwoNodes::Map("a", "b"));
  cluster.Advance(10);
  EXPECT_THAT(cluster.at("b").Requests(), ElementsAre("DBSIZE"));
}

TEST(ClusterOrderTest, ButNotForEver) {
  TwoNodes cluster(TwoNodes::InFrontOfIt(), false);
  Client& app = cluster.Connect();
  app.Send("DBSIZE\r\n");
  for (int i = 0; i < 11; ++i) cluster.Advance(100);
  EXPECT_EQ(app.Received(), "-CLUSTERDOWN The cluster is down\r\n");
}

TEST(ClusterOrderTest, MovedIsFollowedAndNotSeen) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("GET b\r\n");
  cluster.at("a").Reply("-MOVED 3300 b:1\r\n");
  EXPECT_EQ(app.Received(), "");
  EXPECT_THAT(cluster.at("b").Requests(), ElementsAre("GET b"));
  cluster.at("b").Reply("$1\r\n1\r\n");
  EXPECT_EQ(app.Received(), "$1\r\n1\r\n");
  EXPECT_EQ(cluster.keyhole().Counted(), "b 1/0");
  app.Send("GET b\r\n");
  EXPECT_THAT(cluster.at("b").Requests(), ElementsAre("GET b"));
}

// The hazard: the first request is still on its way to the old owner, which is slow, when another
// session learns of the new one.
TEST(ClusterOrderTest, ALaterRequestDoesNotOvertakeOneAtASlowOldOwner) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  Client& other = cluster.Connect();
  other.Send("GET b\r\n");
  app.Send("RPUSH b 1\r\n");
  EXPECT_THAT(cluster.at("a").Requests(), ElementsAre("GET b", "RPUSH b 1"));
  cluster.at("a").Reply("-MOVED 3300 b:1\r\n");
  EXPECT_THAT(cluster.at("b").Requests(), ElementsAre("GET b"));
  app.Send("RPUSH b 2\r\n");
  EXPECT_THAT(cluster.at("b").Requests(), IsEmpty()) << "the first one is not answered yet";
  cluster.at("a").Reply("-MOVED 3300 b:1\r\n");
  EXPECT_THAT(cluster.at("b").Requests(), ElementsAre("RPUSH b 1", "RPUSH b 2"));
  cluster.at("b").Reply("$-1\r\n:1\r\n:2\r\n");
  EXPECT_EQ(app.Received(), ":1\r\n:2\r\n");
}

TEST(ClusterOrderTest, AWholePipelineThatIsRefusedGoesOnInItsOrder) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("RPUSH b 1\r\nRPUSH b 2\r\nRPUSH b 3\r\n");
  cluster.at("a").Reply("-MOVED 3300 b:1\r\n");
  EXPECT_THAT(cluster.at("b").Requests(), IsEmpty()) << "others behind it are not answered yet";
  cluster.at("a").Reply("-MOVED 3300 b:1\r\n-MOVED 3300 b:1\r\n");
  EXPECT_THAT(cluster.at("b").Requests(), ElementsAre("RPUSH b 1", "RPUSH b 2", "RPUSH b 3"));
}

// The slot came back in between: what has run must not be followed by what was sent before it.
TEST(ClusterOrderTest, ARefusedRequestIsNotSentBehindALaterOneThatHasRun) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("RPUSH b 1\r\nRPUSH b 2\r\n");
  cluster.at("a").Reply("-MOVED 3300 b:1\r\n:1\r\n");
  EXPECT_THAT(cluster.at("b").Requests(), IsEmpty());
  EXPECT_EQ(app.Received(), "-TRYAGAIN Multiple keys request during rehashing of slot\r\n:1\r\n");
}

TEST(ClusterOrderTest, OfOneSlotOnlyWhatHasAKeyInCommonCounts) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("GET {b}1\r\nGET {b}2\r\n");
  cluster.at("a").Reply("-ASK 3300 b:1\r\n$1\r\n2\r\n");
  EXPECT_THAT(cluster.at("b").Requests(), ElementsAre("asking", "GET {b}1"));
  cluster.at("b").Reply("+OK\r\n$1\r\n1\r\n");
  EXPECT_EQ(app.Received(), "$1\r\n1\r\n$1\r\n2\r\n");
}

TEST(ClusterOrderTest, AskLeavesTheMapAsItIs) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("GET b\r\n");
  cluster.at("a").Reply("-ASK 3300 b:1\r\n");
  EXPECT_THAT(cluster.at("b").Requests(), ElementsAre("asking", "GET b"));
  cluster.at("a").Requests();
  app.Send("GET b\r\n");
  EXPECT_THAT(cluster.at("a").Requests(), IsEmpty()) << "the first is in flight at b";
  cluster.at("b").Reply("+OK\r\n$1\r\n1\r\n");
  EXPECT_EQ(app.Received(), "$1\r\n1\r\n");
  EXPECT_THAT(cluster.at("a").Requests(), ElementsAre("GET b"));
}

TEST(ClusterOrderTest, TryAgainIsTriedAgainLater) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("MGET {b}1 {b}2\r\n");
  cluster.at("a").Requests();
  cluster.at("a").Reply("-TRYAGAIN Multiple keys request during rehashing of slot\r\n");
  EXPECT_THAT(cluster.at("a").Requests(), IsEmpty());
  cluster.Advance(10);
  EXPECT_THAT(cluster.at("a").Requests(), ElementsAre("MGET {b}1 {b}2"));
}

TEST(ClusterOrderTest, RefusalsAreFollowedForSoLongOnly) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("GET b\r\n");
  for (int i = 0; i < 40; ++i) {
    for (const auto& request : cluster.at("a").Requests()) {
      const bool asked = request == "GET b";
      cluster.at("a").Reply(asked ? "-CLUSTERDOWN The cluster is down\r\n" : "-ERR not now\r\n");
    }
    cluster.Advance(100);
  }
  EXPECT_EQ(app.Received(), "-CLUSTERDOWN The cluster is down\r\n");
  EXPECT_FALSE(app.closed());
}

// Two nodes that send it to each other. A client that saw MOVED would go past the proxy.
TEST(ClusterOrderTest, ALoopOfRedirectsEndsAsTryAgain) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("GET b\r\n");
  for (int i = 0; i < 100; ++i) {
    for (const auto& request : cluster.at("a").Requests())
      cluster.at("a").Reply(request == "GET b" ? "-MOVED 3300 b:1\r\n" : "-ERR not now\r\n");
    for (const auto& request : cluster.at("b").Requests())
      cluster.at("b").Reply(request == "GET b" ? "-MOVED 3300 a:1\r\n" : "-ERR not now\r\n");
    cluster.Advance(20);
  }
  EXPECT_EQ(app.Received(), "-TRYAGAIN Multiple keys request during rehashing of slot\r\n");
}

TEST(ClusterOrderTest, AnErrorOfAScriptIsPassedOn) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("EVAL x 1 b\r\n");
  cluster.at("a").Reply("-MOVED 1 b:1\r\n");  // not the slot of its key
  EXPECT_EQ(app.Received(), "-MOVED 1 b:1\r\n");
}

TEST(ClusterOrderTest, ALargeReplyAtTheFrontStreams) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("GET b\r\nGET foo\r\n");
  const std::string value(40'000, 'x');
  cluster.at("a").Reply("$40000\r\n" + value.substr(0, 20'000));
  cluster.at("a").Reply(value.substr(0, 10'000));
  EXPECT_GT(app.Received().size(), 15'000u);
  cluster.at("b").Reply("$1\r\n2\r\n");
  cluster.at("a").Reply(value.substr(0, 10'000) + "\r\n");
  EXPECT_TRUE(app.Received().ends_with("x\r\n$1\r\n2\r\n"));
}

TEST(ClusterOrderTest, RepliesThatWaitCountTowardsTheOutputLimit) {
  core::Config config = TwoNodes::InFrontOfIt();
  config.clients.output_limit = 5'000'000;
  TwoNodes cluster(config);
  Client& app = cluster.Connect();
  app.Send("GET b\r\nGET foo\r\n");
  cluster.at("b").Reply("$6000000\r\n" + std::string(5'500'000, 'x'));
  EXPECT_TRUE(app.closed());
}

TEST(ClusterOrderTest, MgetIsSplitAndMergedAndCountedOnce) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("MGET b foo bar\r\n");
  EXPECT_THAT(cluster.at("a").Requests(), ElementsAre("MGET b", "MGET bar"));
  EXPECT_THAT(cluster.at("b").Requests(), ElementsAre("MGET foo"));
  cluster.at("b").Reply("*1\r\n$1\r\n2\r\n");
  cluster.at("a").Reply("*1\r\n$1\r\n1\r\n-MOVED 5061 b:1\r\n");
  EXPECT_EQ(app.Received(), "");
  cluster.at("b").Requests();
  cluster.at("b").Reply("*1\r\n$-1\r\n");
  EXPECT_EQ(app.Received(), "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$-1\r\n");
  EXPECT_EQ(cluster.keyhole().Counted(), "b 1/0, bar 0/1, foo 1/0");
}

TEST(ClusterOrderTest, WithoutSplittingTheyCrossSlots) {
  core::Config config = TwoNodes::InFrontOfIt();
  config.cluster.split = false;
  TwoNodes cluster(config);
  Client& app = cluster.Connect();
  app.Send("DEL b foo\r\nRENAME b foo\r\nDEL b\r\n");
  const std::string error = "-CROSSSLOT Keys in request don't hash to the same slot\r\n";
  EXPECT_EQ(app.Received(), error + error);
  EXPECT_THAT(cluster.at("a").Requests(), ElementsAre("DEL b"));
}

// Else half of it would be carried out.
TEST(ClusterOrderTest, AMsetWithoutItsLastValueIsCarriedOutNowhere) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("MSET b 1 foo\r\n");
  EXPECT_THAT(cluster.at("a").Requests(), ElementsAre("MSET"));
  EXPECT_THAT(cluster.at("b").Requests(), IsEmpty());
}

TEST(ClusterOrderTest, APublishWaitsForTheWritesBeforeIt) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("SET b 1\r\nPUBLISH foo new\r\nPUBLISH foo more\r\n");
  EXPECT_THAT(cluster.at("b").Requests(), IsEmpty());
  cluster.at("a").Reply("+OK\r\n");
  EXPECT_THAT(cluster.at("b").Requests(), ElementsAre("PUBLISH foo new", "PUBLISH foo more"));
}

TEST(ClusterOrderTest, WhatIsAskedOfAllIsMerged) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("DBSIZE\r\nFLUSHALL\r\n");
  EXPECT_THAT(cluster.at("a").Requests(), ElementsAre("DBSIZE", "FLUSHALL"));
  EXPECT_THAT(cluster.at("b").Requests(), ElementsAre("DBSIZE", "FLUSHALL"));
  cluster.at("a").Reply(":1\r\n+OK\r\n");
  EXPECT_EQ(app.Received(), "");
  cluster.at("b").Reply(":2\r\n+OK\r\n");
  EXPECT_EQ(app.Received(), ":3\r\n+OK\r\n");
}

TEST(ClusterOrderTest, ALostLinkClosesThoseOfUnknownOutcomeAndNobodyElse) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  Client& other = cluster.Connect();
  app.Send("SET b 1\r\n");
  other.Send("SET foo 1\r\n");
  cluster.at("a").Lose();
  EXPECT_TRUE(app.closed());
  EXPECT_FALSE(other.closed());
  cluster.at("b").Reply("+OK\r\n");
  EXPECT_EQ(other.Received(), "+OK\r\n");
}

TEST(ClusterOrderTest, ARequestForANodeThatIsAwayIsAnsweredInTime) {
  TwoNodes cluster;
  cluster.keyhole().HoldConnections();
  cluster.at("a").Lose();
  Client& app = cluster.Connect();
  app.Send("SET b 1\r\nSET foo 1\r\n");
  cluster.at("b").Reply("+OK\r\n");
  for (int i = 0; i < 12; ++i) cluster.Advance(100);
  EXPECT_EQ(app.Received(), "-CLUSTERDOWN Hash slot not served\r\n+OK\r\n");
  EXPECT_FALSE(app.closed());
}

}  // namespace
}  // namespace keyhole::test
