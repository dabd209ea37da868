// redis-cli, as people use it.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

class RedisCliTest : public ProxyTest {
 protected:
  void SetUp() override { Start(); }

  std::vector<std::string> CommandLine(const std::vector<std::string>& args) const {
    std::vector<std::string> all = {"redis-cli", "-p", std::to_string(proxy_->port())};
    all.insert(all.end(), args.begin(), args.end());
    return all;
  }
  std::string Run(const std::vector<std::string>& args, std::string_view input = {}) const {
    ChildProcess cli(CommandLine(args), input);
    EXPECT_EQ(cli.Wait(), 0) << cli.out() << cli.err();
    EXPECT_EQ(cli.err(), "");
    return cli.out();
  }
};

TEST_P(RedisCliTest, SingleCommands) {
  EXPECT_EQ(Run({"SET", "k", "v"}), "OK\n");
  EXPECT_EQ(Run({"GET", "k"}), "v\n");
  EXPECT_EQ(Run({"-3", "GET", "k"}), "v\n");
  EXPECT_EQ(Run({"--no-raw", "-3", "GET", "absent"}), "(nil)\n");
  EXPECT_EQ(Run({"-n", "3", "GET", "k"}), "\n");
  EXPECT_EQ(Run({"-n", "3", "SET", "k", "three"}), "OK\n");
  EXPECT_EQ(Run({"-n", "3", "GET", "k"}), "three\n");
  EXPECT_EQ(Run({"-r", "3", "INCR", "n"}), "1\n2\n3\n");
  EXPECT_NE(Run({"INFO"}).find("redis_version:"), std::string::npos);
  EXPECT_EQ(Run({"-x", "SET", "x"}, "from stdin"), "OK\n");
  EXPECT_EQ(Run({"GET", "x"}), "from stdin\n");
}

TEST_P(RedisCliTest, CommandsFromAFile) {
  EXPECT_EQ(Run({}, "SET k v\nGET k\nMULTI\nGET k\nEXEC\nSELECT 2\nGET k\n"),
            "OK\nv\nOK\nQUEUED\nv\nOK\n\n");
}

TEST_P(RedisCliTest, Pipe) {
  constexpr int kRequests = 5000;
  std::string requests;
  for (int i = 0; i < kRequests; ++i) {
    requests += Request({"SET", "k" + std::to_string(i), std::string(50, 'x')});
  }
  const std::string said = Run({"--pipe"}, requests);
  EXPECT_NE(said.find("errors: 0, replies: 5000"), std::string::npos) << said;
  EXPECT_EQ(Run({"DBSIZE"}), "5000\n");
}

TEST_P(RedisCliTest, Scan) {
  std::string requests;
  for (int i = 0; i < 300; ++i) requests += "SET key:" + std::to_string(i) + " v\r\n";
  Run({"--pipe"}, requests);
  const std::string keys = Run({"--scan", "--pattern", "key:*"});
  EXPECT_EQ(std::count(keys.begin(), keys.end(), '\n'), 300);
}

KEYHOLE_IN_FRONT_OF_ALL(RedisCliTest);

class RedisCliOfRedisTest : public RedisCliTest {};

TEST_P(RedisCliOfRedisTest, BigKeys) {
  Run({"RPUSH", "list", "a", "b", "c"});
  Run({"SET", "string", "some text"});
  const std::string said = Run({"--bigkeys"});
  EXPECT_NE(said.find("Biggest   list found '\"list\"' has 3 items"), std::string::npos) << said;
  EXPECT_NE(said.find("Biggest string found '\"string\"' has 9 bytes"), std::string::npos) << said;
}

TEST_P(RedisCliOfRedisTest, CommandDocs) {
  EXPECT_NE(Run({"COMMAND", "DOCS", "get"}).find("Get the value of a key"), std::string::npos);
  EXPECT_GT(Run({"COMMAND", "DOCS"}).size(), 100'000U);
  EXPECT_EQ(Run({"COMMAND", "COUNT"}), Run({"COMMAND", "COUNT"}));
}

TEST_P(RedisCliOfRedisTest, Monitor) {
  ChildProcess cli(CommandLine({"MONITOR"}));
  cli.WaitForOut("OK\n");
  Run({"SET", "seen", "1"});
  cli.WaitForOut("\"SET\" \"seen\" \"1\"");
  cli.Signal(SIGTERM);
  cli.Wait();
}

TEST_P(RedisCliOfRedisTest, Subscribe) {
  for (const char* version : {"-2", "-3"}) {
    ChildProcess cli(CommandLine({version, "SUBSCRIBE", "c"}));
    cli.WaitForOut("subscribe\nc\n1\n");
    EXPECT_EQ(Run({"PUBLISH", "c", "hello"}), "1\n");
    cli.WaitForOut("message\nc\nhello\n");
    cli.Signal(SIGTERM);
    cli.Wait();
    RawClient redis = RedisClient();
    AwaitReply(redis, {"PUBSUB", "NUMSUB", "c"},
               [](const std::string& reply) { return reply.ends_with(":0\r\n"); });
  }
}

TEST_P(RedisCliOfRedisTest, Latency) {
  ChildProcess cli(CommandLine({"--latency", "-i", "1", "--raw"}));
  EXPECT_EQ(cli.Wait(), 0) << cli.err();
  EXPECT_FALSE(cli.out().empty());
}

KEYHOLE_IN_FRONT_OF_REDIS(RedisCliOfRedisTest);

}  // namespace
}  // namespace keyhole::test
