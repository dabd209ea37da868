// A cluster whose nodes are reached by TLS: those that are named, those that are learnt from them,
// and those that redirects and failovers lead to.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/support/certificates.h"
#include "tests/support/eventually.h"
#include "tests/support/hiredis_client.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/redis_cluster.h"

namespace keyhole::test {
namespace {

double UpstreamHandshakes(const KeyholeProcess& proxy) {
  return proxy.Metric("keyhole_upstream_tls_handshakes_total{result=\"full\"}") +
         proxy.Metric("keyhole_upstream_tls_handshakes_total{result=\"resumed\"}");
}

TEST(ClusterTlsTest, NodesSlotsAndAFailover) {
  Certificates pki;
  RedisCluster cluster(3, 3, {}, &pki);
  KeyholeProcess proxy({"--upstream", cluster.url(1), "--upstream-tls-ca", pki.authority.cert,
                        "--upstream-wait", "20s"});
  HiredisClient app = HiredisClient::Connect("127.0.0.1", proxy.port());
  constexpr int kKeys = 300;
  for (int i = 0; i < kKeys; ++i) app.Append({"SET", "k" + std::to_string(i), std::to_string(i)});
  for (int i = 0; i < kKeys; ++i) app.Append({"GET", "k" + std::to_string(i)});
  for (int i = 0; i < kKeys; ++i) EXPECT_TRUE(app.Read().ok());
  for (int i = 0; i < kKeys; ++i) EXPECT_EQ(app.Read().text, std::to_string(i));
  for (size_t i = 0; i < 3; ++i) EXPECT_GT(cluster.Client(i).Command({"DBSIZE"}).integer, 50);
  EXPECT_GE(UpstreamHandshakes(proxy), 3) << "each node is reached by TLS";

  // Its replica is known by the nodes alone, and reached by TLS as well.
  const std::string key = cluster.KeyAt(0, "after");
  cluster.node(0).Kill();
  const auto served = [&] {
    return HiredisClient::Connect("127.0.0.1", proxy.port()).Command({"SET", key, "v"}).ok();
  };
  EXPECT_TRUE(Eventually(
      served, [](bool is) { return is; }, std::chrono::seconds(30), std::chrono::milliseconds(20)));
  EXPECT_EQ(cluster.Client(3).Command({"GET", key}).text, "v");
}

// MIGRATE goes from node to node by TLS as well, and so do requests that are redirected.
TEST(ClusterTlsTest, SlotsThatMove) {
  Certificates pki;
  RedisCluster cluster(3, 0, {}, &pki);
  KeyholeProcess proxy({"--upstream", cluster.url(1), "--upstream-tls-ca", pki.authority.cert,
                        "--cluster-refresh", "1h"});
  HiredisClient app = HiredisClient::Connect("127.0.0.1", proxy.port());
  const std::string tag = cluster.KeyAt(0, "t");
  const std::string key = "{" + tag + "}key";
  const uint16_t slot = RedisCluster::SlotOf(tag);
  EXPECT_TRUE(app.Command({"SET", key, "1"}).ok());
  cluster.OpenSlot(slot, 0, 1);
  cluster.MoveKeys(slot, 0, 1);
  EXPECT_EQ(app.Command({"INCR", key}).integer, 2);
  EXPECT_GE(proxy.Metric("keyhole_cluster_redirects_total{kind=\"ask\"}"), 1);
  cluster.CloseSlot(slot, 0, 1);
  EXPECT_EQ(app.Command({"INCR", key}).integer, 3);
  EXPECT_GE(proxy.Metric("keyhole_cluster_redirects_total{kind=\"moved\"}"), 1);

  // Who waits has a connection of its own, and follows.
  const std::string list = "{" + tag + "}list";
  HiredisClient waiting = HiredisClient::Connect("127.0.0.1", proxy.port());
  waiting.Append({"BLPOP", list, "20"});
  int written = 0;
  redisBufferWrite(waiting.context(), &written);
  proxy.AwaitMetric("keyhole_links{kind=\"private\"}", 1);
  cluster.MoveSlot(slot, 1, 2);
  EXPECT_EQ(app.Command({"RPUSH", list, "x"}).integer, 1);
  EXPECT_EQ(waiting.Read().elements.at(1).text, "x");
  EXPECT_EQ(cluster.Client(2).Command({"GET", key}).text, "3");
}

TEST(ClusterTlsTest, ANodeThatIsNotTrustedIsNotUsed) {
  Certificates pki;
  const Certificates others;
  RedisCluster cluster(3, 0, {}, &pki);
  KeyholeProcess proxy({"--upstream", cluster.url(), "--upstream-tls-ca", others.authority.cert});
  proxy.process().WaitForErr("its certificate is not accepted");
  EXPECT_EQ(UpstreamHandshakes(proxy), 0);
}

}  // namespace
}  // namespace keyhole::test
