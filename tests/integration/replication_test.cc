// Replication through the proxy, and WAIT, which asks about the writes of its own connection.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

class ReplicationTest : public ProxyTest {
 protected:
  void SetUp() override { Start({"repl-diskless-sync-delay 0"}); }

  // Until Redis sends its replica every write.
  void AwaitReplica() {
    RawClient redis = RedisClient();
    AwaitReply(redis, {"INFO", "replication"}, [](const std::string& reply) {
      return reply.find("state=online") != std::string::npos;
    });
  }
};

TEST_P(ReplicationTest, ABackupByRedisCli) {
  RawClient client = Client();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(client.Ask({"SET", "key" + std::to_string(i), std::string(5000, 'x')}), "+OK\r\n");
  }
  const std::string file = testing::TempDir() + "keyhole-" + std::to_string(proxy_->pid()) + ".rdb";
  ChildProcess cli({"redis-cli", "-p", std::to_string(proxy_->port()), "--rdb", file});
  EXPECT_EQ(cli.Wait(), 0) << cli.out() << cli.err();
  std::ifstream in(file, std::ios::binary);
  const std::string data((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::filesystem::remove(file);
  EXPECT_TRUE(data.starts_with("REDIS00")) << data.substr(0, 100);
  EXPECT_NE(data.find("key99"), std::string::npos);
  EXPECT_EQ(client.Ask({"PING"}), "+PONG\r\n");
}

TEST_P(ReplicationTest, AReplicaBehindTheProxy) {
  const RedisServer replica({"replicaof 127.0.0.1 " + std::to_string(proxy_->port())});
  RawClient writer = Client();
  EXPECT_EQ(writer.Ask({"SET", "k", "v"}), "+OK\r\n");
  RawClient reader = RawClient::Connect(replica.port());
  AwaitReply(reader, {"GET", "k"}, [](const std::string& reply) { return reply == "$1\r\nv\r\n"; });
  EXPECT_EQ(writer.Ask({"SET", "k", "w"}), "+OK\r\n");
  AwaitReply(reader, {"GET", "k"}, [](const std::string& reply) { return reply == "$1\r\nw\r\n"; });
}

TEST_P(ReplicationTest, WaitIsAboutTheClientsOwnWrites) {
  RedisServer replica({"replicaof 127.0.0.1 " + std::to_string(redis_->port())});
  AwaitReplica();
  RawClient client = Client();
  EXPECT_EQ(client.Ask({"SET", "k", "v"}), "+OK\r\n");
  EXPECT_EQ(client.Ask({"WAIT", "1", "20000"}), ":1\r\n");
  replica.Pause();
  for (int i = 0; i < 3; ++i) {
    // Whether it has waited before or not.
    RawClient fresh = Client();
    EXPECT_EQ(fresh.Ask({"SET", "k", "w"}), "+OK\r\n");
    EXPECT_EQ(fresh.Ask({"WAIT", "1", "50"}), ":0\r\n");
    EXPECT_EQ(client.Ask({"SET", "k", "w"}), "+OK\r\n");
    EXPECT_EQ(client.Ask({"WAIT", "1", "50"}), ":0\r\n");
  }
  replica.Resume();
  EXPECT_EQ(client.Ask({"WAIT", "1", "20000"}), ":1\r\n");
}

// From Redis 7.2 on WAIT looks at what its own connection has sent to the replicas. So before the
// first WAIT of a session something is.
TEST_P(ReplicationTest, WaitIsPrecededByWhatReplicasSee) {
  const RedisServer replica({"replicaof 127.0.0.1 " + std::to_string(redis_->port())});
  AwaitReplica();
  RawClient client = Client();
  EXPECT_EQ(client.Ask({"SET", "k", "v"}), "+OK\r\n");
  EXPECT_EQ(client.Ask({"WAIT", "1", "20000"}), ":1\r\n");
  const std::string stats = RawClient::Connect(replica.port()).Ask({"INFO", "commandstats"});
  // Without sharing it is the connection that wrote.
  const bool fenced = GetParam() == Behind::kShared;
  EXPECT_EQ(stats.find("cmdstat_spublish") != std::string::npos, fenced) << stats;
}

KEYHOLE_IN_FRONT_OF_REDIS(ReplicationTest);

}  // namespace
}  // namespace keyhole::test
