// Reads that replicas answer: "ra" is the replica of the master "a", "rb" that of "b".
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/unit/links/cluster/two_nodes.h"

namespace keyhole::test {
namespace {

using core::ReplicaReads;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

std::string Node(std::string_view host) {
  return "*3\r\n$" + std::to_string(host.size()) + "\r\n" + std::string(host) +
         "\r\n:1\r\n$2\r\nid\r\n";
}

std::string Half(int from, int to, std::string_view master, std::string_view replica) {
  const std::string range = ":" + std::to_string(from) + "\r\n:" + std::to_string(to) + "\r\n";
  if (replica.empty()) return "*3\r\n" + range + Node(master);
  return "*4\r\n" + range + Node(master) + Node(replica);
}

core::Config Where(ReplicaReads where) {
  core::Config config = TwoNodes::InFrontOfIt();
  config.cluster.replica_reads = where;
  return config;
}

class Cluster : public TwoNodes {
 public:
  explicit Cluster(ReplicaReads where) : TwoNodes(Where(where), false) {
    TellMap("*2\r\n" + Half(0, 8191, "a", "ra") + Half(8192, 16383, "b", "rb"));
    for (const std::string_view node : {"a", "b", "ra", "rb"}) at(node).Requests();
  }
};

TEST(ReplicaReadsTest, ReadsGoToReplicasAndWritesToMasters) {
  Cluster cluster(ReplicaReads::kPrefer);
  EXPECT_THAT(cluster.at("ra").Greeting(), Contains("readonly"));
  EXPECT_THAT(cluster.at("a").Greeting(), Not(Contains("readonly")));
  Client& app = cluster.Connect();
  app.Send("GET b\r\nSET foo 1\r\n");
  EXPECT_THAT(cluster.at("ra").Requests(), ElementsAre("GET b"));
  EXPECT_THAT(cluster.at("b").Requests(), ElementsAre("SET foo 1"));
  cluster.at("b").Reply("+OK\r\n");
  cluster.at("ra").Reply("$1\r\n1\r\n");
  EXPECT_EQ(app.Received(), "$1\r\n1\r\n+OK\r\n");
  EXPECT_EQ(cluster.keyhole().Counted(), "b 1/0");
}

TEST(ReplicaReadsTest, WhatMayWriteAfterAllOrIsNotKnownThereGoesToTheMaster) {
  Cluster cluster(ReplicaReads::kPrefer);
  Client& app = cluster.Connect();
  app.Send("PFCOUNT b\r\n");
  app.Send("EVALSHA_RO abc 1 b\r\n");
  EXPECT_THAT(cluster.at("a").Requests(), ElementsAre("PFCOUNT b", "EVALSHA_RO abc 1 b"));
  EXPECT_THAT(cluster.at("ra").Requests(), IsEmpty());
}

// What a replica that lags says would be written over what the watched key has become since.
TEST(ReplicaReadsTest, WhatIsReadBehindWatchComesFromTheMaster) {
  for (const ReplicaReads where : {ReplicaReads::kPrefer, ReplicaReads::kOnly}) {
    Cluster cluster(where);
    Client& app = cluster.Connect();
    app.Send("WATCH b\r\n");
    cluster.last_at("a").Reply("+OK\r\n");
    EXPECT_EQ(app.Received(), "+OK\r\n");
    app.Send("GET b\r\n");
    EXPECT_THAT(cluster.at("a").Requests(), Contains("GET b"));
    EXPECT_THAT(cluster.at("ra").Requests(), IsEmpty());
  }
}

// Replicas do not share a hash seed, and another may be asked for the next part.
TEST(ReplicaReadsTest, CursorsStayWithTheMaster) {
  Cluster cluster(ReplicaReads::kPrefer);
  cluster.Connect().Send("HSCAN b 0\r\nSSCAN b 0\r\nZSCAN b 0\r\n");
  EXPECT_THAT(cluster.at("a").Requests(), ElementsAre("HSCAN b 0", "SSCAN b 0", "ZSCAN b 0"));
  EXPECT_THAT(cluster.at("ra").Requests(), IsEmpty());
}

TEST(ReplicaReadsTest, TouchReachesTheMasterThatEvicts) {
  Cluster cluster(ReplicaReads::kPrefer);
  cluster.Connect().Send("TOUCH b\r\n");
  EXPECT_THAT(cluster.at("a").Requests(), ElementsAre("TOUCH b"));
  EXPECT_THAT(cluster.at("ra").Requests(), IsEmpty());
}

// It was told TRYAGAIN: the second had overtaken it.
TEST(ReplicaReadsTest, AReadThatAnotherReadOvertookIsAnswered) {
  Cluster cluster(ReplicaReads::kPrefer);
  Client& app = cluster.Connect();
  app.Send("GET b\r\nGET b\r\n");
  cluster.at("ra").Reply("-LOADING Redis is loading the dataset in memory\r\n$1\r\n1\r\n");
  EXPECT_THAT(cluster.at("a").Requests(), Contains("GET b"));
  cluster.at("a").Reply("$1\r\n2\r\n");
  EXPECT_EQ(app.Received(), "$1\r\n2\r\n$1\r\n1\r\n");
}

// Its links as a master and as a replica share what is counted, and each counted the other's state.
TEST(ReplicaReadsTest, ASeedThatIsAReplicaIsNotLost) {
  core::Config config = Where(ReplicaReads::kPrefer);
  config.upstream->seeds = {core::Endpoint::Tcp("ra", 1)};
  config.upstream->endpoint = config.upstream->seeds.front();
  TwoNodes cluster(config, false);
  cluster.keyhole().HoldConnections();
  cluster.TellMap("*2\r\n" + Half(0, 8191, "a", "ra") + Half(8192, 16383, "b", "rb"), 1, "ra");
  metrics::NodeCell& node = cluster.keyhole().metrics().nodes.At("ra:1");
  for (int i = 0; i < 3; ++i) cluster.Advance(100);
  EXPECT_EQ(node.known.Load(), 2);
  EXPECT_EQ(node.up.Load(), 1);
  EXPECT_EQ(node.losses.Load(), 0u);
}

// Those beyond what is kept of masters were connected to, too.
TEST(ReplicaReadsTest, ReplicasAreLimitedAsMastersAre) {
  TwoNodes cluster(Where(ReplicaReads::kPrefer), false);
  std::string map = "*1\r\n*1004\r\n:0\r\n:16383\r\n" + Node("a");
  for (int i = 0; i <= 1000; ++i) map += Node("r" + std::to_string(i));
  cluster.TellMap(map);
  EXPECT_NO_THROW(cluster.at("r999"));
  EXPECT_THROW(cluster.at("r1000"), std::out_of_range);
}

TEST(ReplicaReadsTest, AReadBehindAWriteInFlightGoesWhereThatIs) {
  Cluster cluster(ReplicaReads::kPrefer);
  Client& app = cluster.Connect();
  app.Send("SET b 1\r\nGET b\r\n");
  EXPECT_THAT(cluster.at("a").Requests(), ElementsAre("SET b 1", "GET b"));
  cluster.at("a").Reply("+OK\r\n$1\r\n1\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n$1\r\n1\r\n");
  app.Send("GET b\r\n");
  EXPECT_THAT(cluster.at("ra").Requests(), ElementsAre("GET b"));
}

// The replica could hear of the write before it gets to the read.
TEST(ReplicaReadsTest, AWriteBehindAReadInFlightWaits) {
  Cluster cluster(ReplicaReads::kPrefer);
  Client& app = cluster.Connect();
  app.Send("GET b\r\nSET b 2\r\n");
  EXPECT_THAT(cluster.at("a").Requests(), IsEmpty());
  cluster.at("ra").Reply("$1\r\n1\r\n");
  EXPECT_THAT(cluster.at("a").Requests(), ElementsAre("SET b 2"));
}

TEST(ReplicaReadsTest, MgetIsSplitOverReplicas) {
  Cluster cluster(ReplicaReads::kPrefer);
  Client& app = cluster.Connect();
  app.Send("MGET b foo\r\n");
  EXPECT_THAT(cluster.at("ra").Requests(), ElementsAre("MGET b"));
  EXPECT_THAT(cluster.at("rb").Requests(), ElementsAre("MGET foo"));
}

TEST(ReplicaReadsTest, AReplicaThatRefusesIsNotAskedAgain) {
  Cluster cluster(ReplicaReads::kPrefer);
  Client& app = cluster.Connect();
  for (const std::string_view refusal :
       {"-MOVED 3300 b:1\r\n", "-LOADING Redis is loading the dataset in memory\r\n",
        "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n"}) {
    app.Send("GET b\r\n");
    cluster.at("ra").Reply(refusal);
    // A replica that has not heard yet does not change the map.
    EXPECT_THAT(cluster.at("a").Requests(), Contains("GET b")) << refusal;
    cluster.at("a").Reply("$1\r\n1\r\n");
    EXPECT_EQ(app.Received(), "$1\r\n1\r\n");
  }
}

TEST(ReplicaReadsTest, WithoutItsReplicaTheMasterIsAsked) {
  Cluster cluster(ReplicaReads::kPrefer);
  cluster.keyhole().HoldConnections();
  cluster.at("ra").Lose();
  Client& app = cluster.Connect();
  app.Send("GET b\r\n");
  EXPECT_THAT(cluster.at("a").Requests(), Contains("GET b"));
}

TEST(ReplicaReadsTest, OnlyMeansNever) {
  Cluster cluster(ReplicaReads::kOnly);
  cluster.keyhole().HoldConnections();
  cluster.at("ra").Lose();
  Client& app = cluster.Connect();
  app.Send("GET b\r\n");
  for (int i = 0; i < 12; ++i) {
    cluster.Advance(100);
    EXPECT_THAT(cluster.at("a").Requests(), Not(Contains("GET b")));
  }
  EXPECT_EQ(app.Received(), "-CLUSTERDOWN Hash slot not served\r\n");
  app.Send("SET b 1\r\n");
  EXPECT_THAT(cluster.at("a").Requests(), Contains("SET b 1"));
}

TEST(ReplicaReadsTest, OnlyWaitsForAReplicaThatIsNotReady) {
  Cluster cluster(ReplicaReads::kOnly);
  Client& app = cluster.Connect();
  app.Send("GET b\r\n");
  cluster.at("ra").Requests();
  cluster.at("ra").Reply("-LOADING Redis is loading the dataset in memory\r\n");
  cluster.Advance(50);
  EXPECT_THAT(cluster.at("ra").Requests(), Contains("GET b"));
  cluster.at("ra").Reply("$-1\r\n");
  EXPECT_EQ(app.Received(), "$-1\r\n");
}

// It answers what is in flight there, and nobody is closed for it.
TEST(ReplicaReadsTest, AReplicaThatIsToldOfNoMoreIsLeftAfterAWhile) {
  Cluster cluster(ReplicaReads::kPrefer);
  Client& app = cluster.Connect();
  app.Send("GET b\r\n");
  cluster.at("ra").Requests();
  app.Send("GET foo\r\n");
  cluster.at("rb").Reply("-MOVED 12182 b:1\r\n");  // somebody asks for the map
  cluster.at("b").Reply("$-1\r\n");
  for (const std::string_view node : {"a", "b"}) cluster.at(node).Requests();
  std::string_view asked;
  for (int i = 0; i < 20 && asked.empty(); ++i) {
    cluster.Advance(50);
    for (const std::string_view node : {"a", "b"}) {
      if (!cluster.at(node).Requests().empty()) asked = node;
    }
  }
  ASSERT_FALSE(asked.empty());
  cluster.TellMap("*2\r\n" + Half(0, 8191, "a", "") + Half(8192, 16383, "b", "rb"), 1, asked);
  cluster.at("ra").Reply("$1\r\n1\r\n");
  EXPECT_EQ(app.Received(), "$1\r\n1\r\n$-1\r\n");
  app.Send("GET b\r\n");
  EXPECT_THAT(cluster.at("a").Requests(), Contains("GET b"));
  for (int i = 0; i < 12; ++i) cluster.Advance(100);
  EXPECT_THROW(cluster.at("ra"), std::out_of_range) << "it is still connected";
  EXPECT_FALSE(app.closed());
}

}  // namespace
}  // namespace keyhole::test
