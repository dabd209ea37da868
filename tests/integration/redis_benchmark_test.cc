// redis-benchmark: every test it has, through the proxy and on the embedded store.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

class RedisBenchmarkTest : public ProxyTest {
 protected:
  void SetUp() override { Start(); }

  // Runs it to its end; the number of tests it has done.
  long Run(std::vector<std::string> args) {
    args.insert(args.begin(),
                {"redis-benchmark", "-p", std::to_string(proxy_->port()), "-q", "--csv"});
    ChildProcess benchmark(args);
    EXPECT_EQ(benchmark.Wait(), 0) << benchmark.err();
    EXPECT_EQ(benchmark.out().find("rror"), std::string::npos) << benchmark.out();
    EXPECT_EQ(benchmark.err().find("rror"), std::string::npos) << benchmark.err();
    // A line of titles, then one of each test.
    return std::count(benchmark.out().begin(), benchmark.out().end(), '\n') - 1;
  }
};

TEST_P(RedisBenchmarkTest, AllTests) {
  if (GetParam() == Behind::kStore) {
    EXPECT_EQ(Run({"-n", "2000", "-t", "ping,set,get,incr,mset"}), 6);
  } else {
    EXPECT_EQ(Run({"-n", "2000"}), 20);
  }
}

TEST_P(RedisBenchmarkTest, Pipelined) {
  EXPECT_EQ(Run({"-n", "5000", "-P", "16", "-r", "1000", "-t", "ping,set,get,incr,mset"}), 6);
}

TEST_P(RedisBenchmarkTest, ManyClients) {
  EXPECT_EQ(Run({"-c", "500", "-n", "20000", "-t", "set,get"}), 2);
}

KEYHOLE_IN_FRONT_OF_ALL(RedisBenchmarkTest);

}  // namespace
}  // namespace keyhole::test
