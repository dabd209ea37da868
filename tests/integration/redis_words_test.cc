// A Redis that refuses for reasons of its own: it loads, has lost its master, cannot write to disk,
// is full. Its clients hear its own words, and what they were doing is left as Redis leaves it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;

// One line for each reply to what an application may be doing.
std::string Tell(RawClient client) {
  std::string told;
  for (const char* request : {"PING",
                              "GET k",
                              "SET k 1",
                              "INCR k",
                              "SELECT 3",
                              "GET k",
                              "SELECT 0",
                              "MULTI",
                              "SET k 2",
                              "GET k",
                              "EXEC",
                              "WATCH k",
                              "MULTI",
                              "DISCARD",
                              "BLPOP q 0.01",
                              "PUBLISH c x",
                              "EVAL \"return redis.call('set', 'k', 1)\" 1 k",
                              "EVAL \"return 1\" 0",
                              "SUBSCRIBE c",
                              "UNSUBSCRIBE c",
                              "ECHO end"}) {
    client.Send(std::string(request) + "\r\n");
    told += client.ReadReply();
  }
  return told;
}

class RedisWordsTest : public ProxyTest {
 protected:
  // Both are told the same, and it is about this.
  void Compare(const std::string& word) {
    const std::string direct = Tell(RedisClient());
    EXPECT_EQ(Tell(Client()), direct);
    EXPECT_THAT(direct, HasSubstr(word));
  }
};

TEST_P(RedisWordsTest, Loading) {
  Start({"loading-process-events-interval-bytes 1024"});
  RawClient admin = RedisClient();
  admin.Ask({"DEBUG", "POPULATE", "2000", "key", "2000"});
  admin.Ask({"CONFIG", "SET", "key-load-delay", "20000"});
  RawClient loader = RedisClient();
  loader.SendCommand({"DEBUG", "RELOAD"});
  AwaitReply(admin, {"PING"},
             [](const std::string& reply) { return reply.starts_with("-LOADING"); });
  Compare("-LOADING Redis is loading the dataset in memory");
  admin.Ask({"CONFIG", "SET", "key-load-delay", "0"});
  EXPECT_EQ(loader.ReadReply(), "+OK\r\n");
  EXPECT_EQ(Client().Ask({"PING"}), "+PONG\r\n");
}

TEST_P(RedisWordsTest, TheMasterIsDown) {
  Start({"replica-serve-stale-data no"});
  RedisClient().Ask({"REPLICAOF", "127.0.0.1", std::to_string(FreePort())});
  Compare("-MASTERDOWN Link with MASTER is down");
}

TEST_P(RedisWordsTest, AReplicaThatOnlyReads) {
  Start();
  RedisClient().Ask({"REPLICAOF", "127.0.0.1", std::to_string(FreePort())});
  Compare("-READONLY You can't write against a read only replica");
}

TEST_P(RedisWordsTest, TooFewReplicas) {
  Start({"min-replicas-to-write 1"});
  Compare("-NOREPLICAS Not enough good replicas to write");
}

TEST_P(RedisWordsTest, NoMoreMemory) {
  Start({"maxmemory 1"});
  Compare("-OOM command not allowed when used memory > 'maxmemory'");
}

// The last snapshot could not be written: its directory has gone.
TEST_P(RedisWordsTest, NoSnapshots) {
  Start({"save 3600 1", "enable-protected-configs yes"});
  const std::filesystem::path gone =
      std::filesystem::temp_directory_path() / ("keyhole-gone-" + std::to_string(::getpid()));
  std::filesystem::create_directory(gone);
  RawClient admin = RedisClient();
  EXPECT_EQ(admin.Ask({"CONFIG", "SET", "dir", gone.string()}), "+OK\r\n");
  std::filesystem::remove(gone);
  admin.Ask({"BGSAVE"});
  AwaitReply(admin, {"INFO", "persistence"}, [](const std::string& reply) {
    return reply.find("rdb_last_bgsave_status:err") != std::string::npos;
  });
  Compare("-MISCONF Redis is configured to save RDB snapshots");
}

// There is no link for a BLPOP: its client hears what a client of Redis is told.
TEST_P(RedisWordsTest, MaxClientsReached) {
  Start({"maxclients 12"}, {"--upstream-wait", "100ms"});
  RawClient early = Client();
  EXPECT_EQ(early.Ask({"GET", "k"}), "$-1\r\n");
  std::vector<RawClient> crowd;
  for (std::string reply = "+PONG\r\n"; reply.starts_with('+');) {
    crowd.push_back(RedisClient());
    try {
      reply = crowd.back().Ask({"PING"});
    } catch (const std::runtime_error&) {
      break;  // refused, and reset
    }
  }
  std::vector<RawClient> waiting;
  std::string last;
  for (int i = 0; i < 12 && last.empty(); ++i) {
    waiting.push_back(Client());
    waiting.back().Send("BLPOP q 0\r\n");
    waiting.back().set_deadline(std::chrono::milliseconds(500));
    try {
      last = waiting.back().ReadReply();
    } catch (const std::runtime_error&) {
      continue;  // it waits, on one of the last places
    }
  }
  EXPECT_EQ(last, "-ERR max number of clients reached\r\n");
  EXPECT_EQ(early.Ask({"GET", "k"}), "$-1\r\n");
}

KEYHOLE_IN_FRONT_OF_REDIS(RedisWordsTest);

}  // namespace
}  // namespace keyhole::test
