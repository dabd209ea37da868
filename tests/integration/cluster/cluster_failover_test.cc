// A master dies, and its replica takes its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/support/hiredis_client.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/redis_cluster.h"

namespace keyhole::test {
namespace {

TEST(ClusterFailoverTest, AReplicaTakesOverAndOthersNoticeNothing) {
  RedisCluster cluster(3, 3);
  KeyholeProcess proxy({"--upstream", cluster.url()});
  const auto connect = [&proxy] { return HiredisClient::Connect("127.0.0.1", proxy.port()); };
  const std::string lost = cluster.KeyAt(0, "k");
  const std::string kept = cluster.KeyAt(1, "k");
  HiredisClient other = connect();
  EXPECT_TRUE(other.Command({"SET", kept, "1"}).ok());
  {
    HiredisClient master = cluster.Client(0);
    EXPECT_TRUE(master.Command({"SET", lost, "before"}).ok());
    EXPECT_EQ(master.Command({"WAIT", "1", "5000"}).integer, 1);
  }
  cluster.node(0).Kill();
  // Until the replica has been chosen there are errors, but nobody is closed for what was not sent.
  HiredisClient app = connect();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  Reply reply = app.Command({"GET", lost});
  while (reply.text != "before" && std::chrono::steady_clock::now() < until) {
    if (reply.lost()) app = connect();
    reply = app.Command({"GET", lost});
  }
  EXPECT_EQ(reply.text, "before");
  EXPECT_TRUE(app.Command({"SET", lost, "after"}).ok());
  EXPECT_EQ(cluster.Client(3).Command({"GET", lost}).text, "after");
  EXPECT_EQ(other.Command({"GET", kept}).text, "1");
  // The old master comes back as a replica of the new one.
  cluster.node(0).Start();
  EXPECT_TRUE(app.Command({"SET", lost, "later"}).ok());
  EXPECT_EQ(app.Command({"GET", lost}).text, "later");
}

}  // namespace
}  // namespace keyhole::test
