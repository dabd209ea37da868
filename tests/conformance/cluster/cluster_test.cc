// Scripts on a cluster of one master, asked itself, and through the proxy in front of one of three:
// the same requests must get the same bytes. Requests with keys in several slots are not split, so
// both refuse them. Scripts about keys of several slots are not among them, nor hyperloglog, whose
// PFSELFTEST takes Redis seconds each time.
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <tuple>

#include "tests/conformance/script/script.h"
#include "tests/conformance/script/servers.h"
#include "tests/support/redis_cluster.h"

namespace keyhole::test {
namespace {

// A node of its own, or a proxy in front of several.
class ByPort final : public Server {
 public:
  ByPort(uint16_t port, uint16_t redis) : port_(port), redis_(redis) {}
  std::unique_ptr<Peer> Connect() override {
    return std::make_unique<SocketPeer>(port_, false, redis_);
  }

 private:
  const uint16_t port_;
  const uint16_t redis_;
};

using Case = std::tuple<std::string, resp::Protocol, bool>;

class ClusterConformance : public testing::TestWithParam<Case> {
 protected:
  static void SetUpTestSuite() {
    one = std::make_unique<RedisCluster>(1);
    three = std::make_unique<RedisCluster>(3);
  }
  static void TearDownTestSuite() {
    one = nullptr;
    three = nullptr;
  }

  static std::unique_ptr<RedisCluster> one;
  static std::unique_ptr<RedisCluster> three;
};
std::unique_ptr<RedisCluster> ClusterConformance::one;
std::unique_ptr<RedisCluster> ClusterConformance::three;

TEST_P(ClusterConformance, AnswersLikeANode) {
  const auto& [name, protocol, pipelined] = GetParam();
  const Script script = ReadScript(KEYHOLE_SCRIPTS "/" + name + ".txt");
  ASSERT_TRUE(script.config.empty()) << "a cluster is not made anew for each script";
  for (RedisCluster* cluster : {one.get(), three.get()}) {
    for (size_t i = 0; i < cluster->size(); ++i) {
      HiredisClient node = cluster->Client(i);
      node.Command({"FLUSHALL"});
      // What a script has set would stay for the next one.
      node.Command(
          {"CONFIG", "SET", "hash-max-listpack-entries", "512", "hash-max-listpack-value", "64"});
    }
  }
  KeyholeProcess proxy({"--upstream", three->url(), "--cluster-split", "off"});
  ByPort node(one->node(0).port(), one->node(0).port());
  ByPort proxied(proxy.port(), three->node(0).port());
  RunScript(script, {.protocol = protocol, .pipelined = pipelined}, node, proxied);
}

std::string CaseName(const testing::TestParamInfo<Case>& test) {
  const auto& [name, protocol, pipelined] = test.param;
  return name + (protocol == resp::Protocol::kResp3 ? "_resp3" : "_resp2") +
         (pipelined ? "_pipelined" : "");
}

// The other scripts have transactions over several slots, HELLO and the like inside MULTI, and SCAN
// of all masters, which differ; docs/cluster.md says how.
INSTANTIATE_TEST_SUITE_P(
    Scripts, ClusterConformance,
    testing::Combine(testing::Values("set_options", "counters", "ranges", "hashes",
                                     "sorted_set_ranges", "bitmaps", "geo", "expire", "watch"),
                     testing::Values(resp::Protocol::kResp2, resp::Protocol::kResp3),
                     testing::Bool()),
    CaseName);

}  // namespace
}  // namespace keyhole::test
