#include "proxy/links/cluster/facade.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/links/cluster/two_nodes.h"

namespace keyhole::core {
namespace {

using resp::CommandId;
using resp::Protocol;
using testing::HasSubstr;
using testing::StartsWith;

std::string Ask(CommandId id, std::vector<std::string_view> args = {},
                Protocol protocol = Protocol::kResp2,
                const Endpoint& at = Endpoint::Tcp("10.0.0.9", 6380)) {
  return FacadeReply(resp::Spec(id), args, {.at = at, .covered = 16384}, protocol);
}

std::string Id(const Endpoint& at = Endpoint::Tcp("10.0.0.9", 6380)) {
  const std::string reply = Ask(CommandId::kClusterMyid, {}, Protocol::kResp2, at);
  return reply.substr(5, 40);
}

TEST(FacadeTest, AllSlotsAreHere) {
  EXPECT_EQ(
      Ask(CommandId::kClusterSlots),
      "*1\r\n*3\r\n:0\r\n:16383\r\n*4\r\n$8\r\n10.0.0.9\r\n:6380\r\n$40\r\n" + Id() + "\r\n*0\r\n");
  EXPECT_EQ(
      Ask(CommandId::kClusterNodes),
      "$101\r\n" + Id() + " 10.0.0.9:6380@16380 myself,master - 0 0 0 connected 0-16383\n\r\n");
  EXPECT_THAT(Ask(CommandId::kClusterInfo), HasSubstr("cluster_state:ok\r\n"));
}

// Clients that check it refuse a port beyond 65535.
TEST(FacadeTest, ABusThatHasNoPortIsNotShown) {
  const Endpoint high = Endpoint::Tcp("10.0.0.9", 55536);
  EXPECT_THAT(Ask(CommandId::kClusterNodes, {}, Protocol::kResp2, high), HasSubstr(":55536@0 "));
}

TEST(FacadeTest, ShardsAreMapsWhereTheProtocolHasThem) {
  EXPECT_THAT(Ask(CommandId::kClusterShards),
              StartsWith("*1\r\n*4\r\n$5\r\nslots\r\n*2\r\n:0\r\n"));
  EXPECT_THAT(
      Ask(CommandId::kClusterShards, {}, Protocol::kResp3),
      StartsWith("*1\r\n%2\r\n$5\r\nslots\r\n*2\r\n:0\r\n:16383\r\n$5\r\nnodes\r\n*1\r\n%7"));
}

TEST(FacadeTest, AnAddressHasOneId) {
  EXPECT_EQ(Id(), Id());
  EXPECT_NE(Id(), Id(Endpoint::Tcp("10.0.0.9", 6381)));
  EXPECT_THAT(Id(), testing::MatchesRegex("[0-9a-f]{40}"));
}

TEST(FacadeTest, SlotsOfKeysAndNodesThatThereAreNot) {
  EXPECT_EQ(Ask(CommandId::kClusterKeyslot, {"cluster", "keyslot", "foo"}), ":12182\r\n");
  const std::string id = Id();
  EXPECT_EQ(Ask(CommandId::kClusterReplicas, {"cluster", "replicas", id}), "*0\r\n");
  EXPECT_EQ(Ask(CommandId::kClusterReplicas, {"cluster", "replicas", "abc"}),
            "-ERR Unknown node abc\r\n");
  EXPECT_EQ(Ask(CommandId::kClusterFailover),
            "-ERR CLUSTER FAILOVER is not available in front of a Redis Cluster\r\n");
  EXPECT_THAT(Ask(CommandId::kCluster, {"cluster", "nope"}),
              StartsWith("-ERR unknown subcommand 'nope'"));
}

TEST(FacadeTest, WhoCameByAUnixSocketIsToldNoAddress) {
  EXPECT_THAT(Ask(CommandId::kClusterSlots, {}, Protocol::kResp2, Endpoint{}),
              StartsWith("-ERR this connection has no address"));
}

}  // namespace
}  // namespace keyhole::core

namespace keyhole::test {
namespace {

// Its answer came amid the messages.
TEST(FacadeTest, IsNotShownWhileSubscribed) {
  core::Config config = TwoNodes::InFrontOfIt();
  config.cluster.facade = core::ClusterFacade::kCluster;
  TwoNodes cluster(config);
  Client& app = cluster.Connect();
  app.Send("SUBSCRIBE news\r\n");
  const std::string subscribed = "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n";
  cluster.keyhole().redis(cluster.keyhole().connections() - 1).Reply(subscribed);
  EXPECT_EQ(app.Received(), subscribed);
  app.Send("CLUSTER SLOTS\r\n");
  EXPECT_THAT(app.Received(), testing::StartsWith("-ERR Can't execute 'cluster|slots'"));
}

TEST(FacadeTest, IsShownToClientsInItsPlaceAmongTheReplies) {
  core::Config config = TwoNodes::InFrontOfIt();
  config.cluster.facade = core::ClusterFacade::kCluster;
  TwoNodes cluster(config);
  Client& app = cluster.Connect();
  app.Send("GET b\r\nCLUSTER KEYSLOT foo\r\nREADONLY\r\nGET foo\r\n");
  cluster.at("b").Reply("$1\r\n2\r\n");
  EXPECT_EQ(app.Received(), "");
  cluster.at("a").Reply("$1\r\n1\r\n");
  EXPECT_EQ(app.Received(), "$1\r\n1\r\n:12182\r\n+OK\r\n$1\r\n2\r\n");
  cluster.at("a").Requests();
  cluster.at("b").Requests();
  app.Send("INFO server\r\n");
  constexpr std::string_view kInfo = "$22\r\nredis_mode:cluster\r\n\r\n\r\n";
  const bool at_a = !cluster.at("a").Requests().empty();
  cluster.at(at_a ? "a" : "b").Reply(kInfo);
  EXPECT_EQ(app.Received(), kInfo);
}

TEST(FacadeTest, IsNotShownUnlessAskedFor) {
  TwoNodes cluster;
  Client& app = cluster.Connect();
  app.Send("CLUSTER SLOTS\r\nREADONLY\r\n");
  EXPECT_EQ(app.Received(),
            "-ERR This instance has cluster support disabled\r\n"
            "-ERR This instance has cluster support disabled\r\n");
}

}  // namespace
}  // namespace keyhole::test
