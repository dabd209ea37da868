// Reads from the replicas of a cluster: --replica-reads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/support/eventually.h"
#include "tests/support/hiredis_client.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/redis_cluster.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Series(RedisCluster& cluster, size_t node, const std::string& name) {
  return "keyhole_upstream_node_" + name +
         "{node=\"127.0.0.1:" + std::to_string(cluster.node(node).port()) + "\"}";
}

// Replication takes its time.
void AwaitValue(HiredisClient& app, const std::string& key, const std::string& value) {
  const std::string got = Eventually(
      [&] {
        return app.Command({"GET", key}).text;
      },
      [&](const std::string& text) { return text == value; });
  EXPECT_EQ(got, value);
}

// The proxy has noticed.
void AwaitDown(const KeyholeProcess& proxy, const std::string& up) {
  EXPECT_EQ(Eventually([&] { return proxy.Metric(up); }, [](double value) { return value == 0; }),
            0);
}

std::string Calls(const RedisCluster& cluster, size_t node) {
  return cluster.Client(node).Command({"INFO", "commandstats"}).text;
}

TEST(ClusterReplicasTest, ReplicasAnswerReadsAndMastersTakeOver) {
  RedisCluster cluster(2, 2);
  KeyholeProcess proxy({"--upstream", cluster.url(1), "--replica-reads", "prefer"});
  HiredisClient app = HiredisClient::Connect("127.0.0.1", proxy.port());
  const std::string key = cluster.KeyAt(0, "k");
  proxy.AwaitMetric(Series(cluster, 2, "up"), 1);
  proxy.AwaitMetric(Series(cluster, 3, "up"), 1);
  EXPECT_TRUE(app.Command({"SET", key, "1"}).ok());
  AwaitValue(app, key, "1");
  EXPECT_THAT(Calls(cluster, 2), HasSubstr("cmdstat_get:"));
  EXPECT_THAT(Calls(cluster, 0), Not(HasSubstr("cmdstat_get:")));
  EXPECT_GT(proxy.Metric(Series(cluster, 2, "requests_total")), 0);
  EXPECT_EQ(proxy.Metric(Series(cluster, 2, "refusals_total")), 0);
  EXPECT_EQ(proxy.Metric(Series(cluster, 2, "slots")), 0);
  EXPECT_GT(proxy.Metric(Series(cluster, 0, "slots")), 0);
  cluster.node(2).Kill();
  AwaitDown(proxy, Series(cluster, 2, "up"));
  EXPECT_EQ(app.Command({"GET", key}).text, "1");
  EXPECT_THAT(Calls(cluster, 0), HasSubstr("cmdstat_get:"));
  EXPECT_TRUE(app.Command({"SET", key, "2"}).ok());
  EXPECT_EQ(app.Command({"GET", key}).text, "2");
}

TEST(ClusterReplicasTest, OnlyReplicasIsKept) {
  RedisCluster cluster(1, 1);
  KeyholeProcess proxy({"--upstream", cluster.url(1), "--replica-reads", "only"});
  HiredisClient app = HiredisClient::Connect("127.0.0.1", proxy.port());
  proxy.AwaitMetric(Series(cluster, 1, "up"), 1);
  EXPECT_TRUE(app.Command({"SET", "k", "1"}).ok());
  AwaitValue(app, "k", "1");
  cluster.node(1).Kill();
  AwaitDown(proxy, Series(cluster, 1, "up"));
  EXPECT_THAT(app.Command({"GET", "k"}).text, HasSubstr("CLUSTERDOWN"));
  EXPECT_TRUE(app.Command({"SET", "k", "2"}).ok());
  cluster.node(1).Start();
  AwaitValue(app, "k", "2");
  EXPECT_THAT(Calls(cluster, 0), Not(HasSubstr("cmdstat_get:")));
}

}  // namespace
}  // namespace keyhole::test
