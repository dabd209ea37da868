// What a worker knows of a cluster, and how it learns it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/unit/links/cluster/two_nodes.h"

namespace keyhole::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

size_t Questions(RedisEnd& end) {
  const auto requests = end.Requests();
  return static_cast<size_t>(std::count(requests.begin(), requests.end(), "cluster slots"));
}

TEST(ClusterMapTest, AsksTheFirstNodeThatIsThere) {
  TwoNodes cluster(TwoNodes::InFrontOfIt(), false);
  EXPECT_THAT(cluster.at("a").Requests(), ElementsAre("cluster slots", "cluster info"));
  cluster.TellMap(TwoNodes::Map("a", "b"));
  EXPECT_THAT(cluster.keyhole().log(),
              Contains(AllOf(HasSubstr("masters a:1, b:1"), HasSubstr("16384 of 16384"))));
  EXPECT_EQ(cluster.keyhole().counters().cluster.slots_uncovered.Load(), 0);
  EXPECT_EQ(cluster.keyhole().counters().upstream_up.Load(), 1);
}

TEST(ClusterMapTest, AStormOfMovedMakesOneQuestion) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  for (int i = 0; i < 10; ++i) {
    app.Send("GET b\r\n");
    cluster.at(i % 2 == 0 ? "a" : "b")
        .Reply(i % 2 == 0 ? "-MOVED 3300 b:1\r\n" : "-MOVED 3300 a:1\r\n");
    cluster.at(i % 2 == 0 ? "b" : "a").Reply("$-1\r\n");
  }
  cluster.at("a").Requests();
  cluster.at("b").Requests();
  cluster.Advance(100);
  EXPECT_EQ(Questions(cluster.at("a")) + Questions(cluster.at("b")), 1u);
}

TEST(ClusterMapTest, AsksNowAndThenUnprompted) {
  TwoNodes cluster;
  size_t questions = 0;
  for (int i = 0; i < 130; ++i) {
    cluster.Advance(100);
    for (const std::string_view node : {"a", "b"}) {
      if (Questions(cluster.at(node)) == 0) continue;
      ++questions;
      cluster.TellMap(TwoNodes::Map("a", "b"), 1, node);
    }
  }
  EXPECT_GE(questions, 2u);
  EXPECT_LE(questions, 4u);
}

TEST(ClusterMapTest, AsksAtOnceWhenAMasterIsLost) {
  TwoNodes cluster;
  cluster.Advance(200);
  cluster.keyhole().HoldConnections();
  cluster.at("b").Lose();
  cluster.Advance(100);
  EXPECT_EQ(Questions(cluster.at("a")), 1u);
  EXPECT_EQ(cluster.keyhole().counters().upstream_up.Load(), 0);
}

TEST(ClusterMapTest, ANodeWithoutSlotsIsLeftAfterAWhile) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("SET foo 1\r\n");  // at b, which stands still
  // Somebody is asked after 4 to 6 s; b, which answers nothing, in vain.
  bool told = false;
  for (int i = 0; i < 100 && !told; ++i) {
    cluster.Advance(100);
    told = Questions(cluster.at("a")) > 0;
    if (told) cluster.TellMap(TwoNodes::Map("a", "a"), 2);
  }
  ASSERT_TRUE(told);
  EXPECT_FALSE(app.closed());
  for (int i = 0; i < 12; ++i) cluster.Advance(100);
  // What waits in its socket may still be carried out, by a node that is no master any more.
  EXPECT_TRUE(app.closed());
}

TEST(ClusterMapTest, AnOlderViewIsNotBelievedAtOnce) {
  TwoNodes cluster(TwoNodes::InFrontOfIt(), false);
  cluster.TellMap(TwoNodes::Map("a", "b"), 7);
  cluster.at("a").Requests();
  size_t told = 0;
  Client& app = cluster.Connect();
  for (int i = 0; i < 70 && told == 0; ++i) {
    cluster.Advance(100);
    for (const std::string_view node : {"a", "b"}) {
      if (Questions(cluster.at(node)) == 0) continue;
      cluster.TellMap(TwoNodes::Map("b", "b"), 6, node);
      ++told;
    }
  }
  ASSERT_EQ(told, 1u);
  app.Send("GET b\r\n");
  EXPECT_THAT(cluster.at("a").Requests(), ElementsAre("GET b"));
}

TEST(ClusterMapTest, EachNodeIsCounted) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("GET b\r\n");
  cluster.at("a").Reply("-MOVED 3300 b:1\r\n");
  cluster.at("b").Reply("$-1\r\n");
  cluster.Advance(100);
  metrics::NodeCell& a = cluster.keyhole().metrics().nodes.At("a:1");
  metrics::NodeCell& b = cluster.keyhole().metrics().nodes.At("b:1");
  EXPECT_EQ(a.requests.Load(), 1u);
  EXPECT_EQ(a.refusals.Load(), 1u);
  EXPECT_EQ(b.requests.Load(), 1u);
  EXPECT_EQ(b.slots.Load(), 8192);
  EXPECT_EQ(b.up.Load(), 1);
  cluster.keyhole().HoldConnections();
  cluster.at("b").Lose();
  EXPECT_EQ(b.up.Load(), 0);
  EXPECT_EQ(b.losses.Load(), 1u);
  EXPECT_EQ(b.known.Load(), 1);
}

TEST(ClusterMapTest, UncoveredSlotsAreShown) {
  TwoNodes cluster(TwoNodes::InFrontOfIt(), false);
  cluster.TellMap("*1\r\n*3\r\n:0\r\n:8191\r\n*3\r\n$1\r\na\r\n:1\r\n$2\r\nid\r\n");
  EXPECT_EQ(cluster.keyhole().counters().cluster.slots_uncovered.Load(), 8192);
  Client& app = cluster.Connect();
  app.Send("GET foo\r\n");
  for (int i = 0; i < 12; ++i) cluster.Advance(100);
  EXPECT_EQ(app.Received(), "-CLUSTERDOWN Hash slot not served\r\n");
}

}  // namespace
}  // namespace keyhole::test
