// Stories told to a whole store. What does not need a clock of its own is compared with a real
// Redis in tests/conformance.
#include "proxy/store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "tests/unit/store/replies.h"
#include "tests/unit/store/store_client.h"

namespace keyhole::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(Store, AKeyLivesAsLongAsItsTtl) {
  TestStore store;
  TestClient client(store);
  EXPECT_EQ(client.Ask("SET k v PX 1500"), "+OK\r\n");
  EXPECT_EQ(client.Ask("PTTL k"), ":1500\r\n");
  EXPECT_EQ(client.Ask("TTL k"), ":2\r\n");
  store.now += 1001;
  EXPECT_EQ(client.Ask("TTL k"), ":0\r\n");
  EXPECT_EQ(client.Ask("GET k"), "$1\r\nv\r\n");
  store.now += 498;
  EXPECT_EQ(client.Ask("PTTL k"), ":1\r\n");
  EXPECT_EQ(client.Ask("DBSIZE"), ":1\r\n");
  store.now += 1;
  EXPECT_EQ(client.Ask("GET k"), "$-1\r\n");
  EXPECT_EQ(client.Ask("DBSIZE"), ":0\r\n");
}

TEST(Store, IncrKeepsTheTtlAndSetEndsIt) {
  TestStore store;
  TestClient client(store);
  client.Ask("SET n 1 EX 10");
  store.now += 4000;
  EXPECT_EQ(client.Ask("INCR n"), ":2\r\n");
  EXPECT_EQ(client.Ask("TTL n"), ":6\r\n");
  client.Ask("SET n 1");
  store.now += 100'000;
  EXPECT_EQ(client.Ask("GET n"), "$1\r\n1\r\n");
}

TEST(Store, SweepRemovesWhatNobodyAsksFor) {
  TestStore store;
  TestClient client(store);
  for (int i = 0; i < 1000; ++i) client.Ask("SET k" + std::to_string(i) + " v PX 10");
  client.Ask("SELECT 3");
  client.Ask("SET other v PX 10");
  store.now += 10;
  for (int i = 0; i < 20; ++i) store.store.Sweep(store.now);
  EXPECT_THAT(client.Ask("INFO keyspace"), Not(HasSubstr("db")));
  EXPECT_THAT(client.Ask("INFO stats"), HasSubstr("expired_keys:1001\r\n"));
  client.Ask("CONFIG RESETSTAT");
  EXPECT_THAT(client.Ask("INFO stats"), HasSubstr("expired_keys:0\r\n"));
}

TEST(Store, AWatchedKeyThatExpiresBreaksTheTransaction) {
  TestStore store;
  TestClient client(store);
  client.Ask("SET k v PX 10");
  client.Ask("WATCH k");
  store.now += 10;
  client.Ask("MULTI");
  client.Ask("SET k w");
  EXPECT_EQ(client.Ask("EXEC"), "*-1\r\n");
  EXPECT_EQ(client.Ask("GET k"), "$-1\r\n");
}

TEST(Store, AWatchedKeyThatHadExpiredBeforeDoesNot) {
  TestStore store;
  TestClient client(store);
  client.Ask("SET k v PX 10");
  store.now += 10;
  client.Ask("WATCH k");
  client.Ask("MULTI");
  client.Ask("SET k w");
  EXPECT_EQ(client.Ask("EXEC"), "*1\r\n+OK\r\n");
}

TEST(Store, SweepBreaksWatchesToo) {
  TestStore store;
  TestClient client(store);
  client.Ask("SET k v PX 10");
  client.Ask("WATCH k");
  store.now += 10;
  store.store.Sweep(store.now);
  client.Ask("MULTI");
  EXPECT_EQ(client.Ask("EXEC"), "*-1\r\n");
}

TEST(Store, AClientThatLeavesTakesItsWatchesAlong) {
  TestStore store;
  TestClient client(store);
  {
    TestClient watcher(store);
    watcher.Ask("WATCH k");
    watcher.Ask("MULTI");
    watcher.Ask("SET k other");
  }
  EXPECT_EQ(client.Ask("SET k v"), "+OK\r\n");
  EXPECT_EQ(client.Ask("GET k"), "$1\r\nv\r\n");
}

TEST(Store, ScanSeesAllThatStaysWhileTheDatabaseGrowsAndShrinks) {
  TestStore store;
  TestClient client(store);
  for (int i = 0; i < 500; ++i) client.Ask("SET stay:" + std::to_string(i) + " v");
  std::set<std::string> seen;
  std::string cursor = "0";
  int round = 0;
  do {
    const auto bulks = Bulks(client.Ask("SCAN " + cursor + " COUNT 5 MATCH stay:*"));
    cursor = bulks.at(0);
    seen.insert(bulks.begin() + 1, bulks.end());
    const std::string verb = round / 20 % 2 == 0 ? "SET" : "DEL";
    for (int i = 0; i < 100; ++i) {
      const std::string key = " x:" + std::to_string(round % 20 * 100 + i);
      client.Ask(verb + key + (verb == "SET" ? " v" : ""));
    }
    ASSERT_LT(++round, 10'000);
  } while (cursor != "0");
  EXPECT_EQ(seen.size(), 500U);
}

TEST(Store, ScanCountBoundsTheReply) {
  TestStore store;
  TestClient client(store);
  for (int i = 0; i < 10'000; ++i) client.Ask("SET k" + std::to_string(i) + " v");
  EXPECT_LT(Bulks(client.Ask("SCAN 0 COUNT 10")).size(), 40U);
  EXPECT_LT(Bulks(client.Ask("SCAN 0 COUNT 10 MATCH nothing")).size(), 2U);
}

TEST(Store, RepliesAreInTheClientsOwnProtocol) {
  TestStore store;
  TestClient two(store);
  TestClient three(store);
  three.Ask("HELLO 3");
  EXPECT_EQ(two.Ask("GET k"), "$-1\r\n");
  EXPECT_EQ(three.Ask("GET k"), "_\r\n");
}

TEST(Store, ReplyOffWithinATransactionStopsThere) {
  TestStore store;
  TestClient client(store);
  client.Ask("MULTI");
  client.Ask("PING");
  client.Ask("CLIENT REPLY OFF");
  client.Ask("PING");
  EXPECT_EQ(client.Ask("EXEC"), "*3\r\n+PONG\r\n");
  EXPECT_EQ(client.Ask("PING"), "");
  EXPECT_EQ(client.Ask("CLIENT REPLY ON"), "+OK\r\n");
}

// A count costs nothing to send: the reply ends where no value may be longer.
TEST(Store, ARandomReplyWithoutEndLetsItsClientGo) {
  TestStore store;
  TestClient client(store);
  client.Ask({"SADD", "s", std::string(1'000'000, 'x')});
  const std::string reply = client.Ask("SRANDMEMBER s -9223372036854775807");
  EXPECT_TRUE(client.closing());
  EXPECT_GT(reply.size(), size_t{512} << 20);
  EXPECT_LT(reply.size(), (size_t{512} << 20) + 2'000'000);
}

// Nor may a transaction be used to ask for several that are just short enough.
TEST(Store, RandomRepliesInATransactionHaveOneEnd) {
  TestStore store;
  TestClient client(store);
  client.Ask({"SADD", "s", std::string(1'000'000, 'x')});
  client.Ask("MULTI");
  for (int i = 0; i < 3; ++i) client.Ask("SRANDMEMBER s -400");
  const std::string reply = client.Ask("EXEC");
  EXPECT_TRUE(client.closing());
  EXPECT_LT(reply.size(), (size_t{512} << 20) + 2'000'000);
}

TEST(Store, QuitAndKillTellTheSession) {
  TestStore store;
  TestClient admin(store);
  TestClient quitter(store);
  TestClient victim(store, "10.0.0.1:1234");
  EXPECT_FALSE(quitter.closing());
  EXPECT_EQ(quitter.Ask("QUIT"), "+OK\r\n");
  EXPECT_TRUE(quitter.closing());
  EXPECT_EQ(admin.Ask("CLIENT KILL ADDR 10.0.0.1:1234"), ":1\r\n");
  EXPECT_TRUE(victim.closing());
  EXPECT_FALSE(admin.closing());
  EXPECT_EQ(admin.Ask("CLIENT KILL 10.0.0.1:1234"), "-ERR No such client\r\n");
}

TEST(Store, ClientListShowsWhoIsThere) {
  TestStore store;
  TestClient client(store, "10.0.0.1:1");
  client.Ask("CLIENT SETNAME bob");
  store.now += 5000;
  client.Ask("SELECT 2");
  EXPECT_THAT(client.Ask("CLIENT INFO"),
              AllOf(HasSubstr(" addr=10.0.0.1:1 "), HasSubstr(" name=bob "), HasSubstr(" age=5 "),
                    HasSubstr(" idle=0 "), HasSubstr(" db=2 "), HasSubstr(" multi=-1 "),
                    HasSubstr(" cmd=client|info "), HasSubstr(" resp=2\n")));
  TestClient other(store);
  EXPECT_THAT(other.Ask("CLIENT LIST"), HasSubstr(" name=bob "));
}

// Came with Redis 7.2; libraries send it and carry on if it fails.
TEST(Store, ClientSetinfoIsTaken) {
  TestStore store;
  TestClient client(store);
  EXPECT_EQ(client.Ask("CLIENT SETINFO LIB-NAME redis-py"), "+OK\r\n");
  EXPECT_EQ(client.Ask("CLIENT SETINFO lib-ver 5.0"), "+OK\r\n");
  EXPECT_EQ(client.Ask("CLIENT SETINFO FOO x"), "-ERR Unrecognized option 'FOO'\r\n");
  EXPECT_EQ(client.Ask({"CLIENT", "SETINFO", "LIB-NAME", "a b"}),
            "-ERR lib-name cannot contain spaces, newlines or special characters.\r\n");
  EXPECT_THAT(client.Ask("CLIENT INFO"), HasSubstr(" lib-name=redis-py lib-ver=5.0\n"));
  EXPECT_EQ(client.Ask("CLIENT NO-TOUCH ON"), "+OK\r\n");
}

TEST(Store, InfoHasWhatToolsRead) {
  TestStore store;
  TestClient client(store);
  client.Ask("SET a 1");
  client.Ask("SET b 1 EX 100");
  client.Ask("MGET a b c");
  store.now += 3000;
  const std::string info = client.Ask("INFO");
  EXPECT_THAT(info, StartsWith("$"));
  for (const char* field :
       {"redis_version:7.0.15", "keyhole_version:", "redis_mode:standalone", "role:master",
        "connected_clients:1", "uptime_in_seconds:3", "used_memory:", "keyspace_hits:2",
        "keyspace_misses:1", "db0:keys=2,expires=1,avg_ttl=", "maxmemory_policy:noeviction"}) {
    EXPECT_THAT(info, HasSubstr(std::string("\r\n") + field));
  }
  EXPECT_THAT(client.Ask("INFO replication"),
              AllOf(HasSubstr("# Replication\r\n"), Not(HasSubstr("# Server"))));
  client.Ask("CONFIG RESETSTAT");
  EXPECT_THAT(client.Ask("INFO STATS"), HasSubstr("keyspace_hits:0"));
}

TEST(Store, CommandDescribesWhatIsServed) {
  TestStore store;
  TestClient client(store);
  const std::string all = client.Ask("COMMAND");
  const std::string count = client.Ask("COMMAND COUNT");
  EXPECT_EQ(all.substr(1, all.find('\r')), count.substr(1, count.find('\r')));
  EXPECT_THAT(
      client.Ask("COMMAND INFO GET"),
      StartsWith("*1\r\n*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n"));
  EXPECT_EQ(client.Ask("COMMAND INFO migrate"), "*1\r\n$-1\r\n");
  EXPECT_EQ(client.Ask("COMMAND DOCS get nosuch"),
            "*2\r\n$3\r\nget\r\n*6\r\n$7\r\nsummary\r\n$18\r\nThe value of a key\r\n$5\r\nsince\r\n"
            "$5\r\n1.0.0\r\n$5\r\ngroup\r\n$6\r\nstring\r\n");
  EXPECT_THAT(client.Ask("COMMAND DOCS"), Not(HasSubstr("$0\r\n")));  // none without a text
}

TEST(Store, WhatItDoesNotHaveIsUnknown) {
  TestStore store;
  TestClient client(store);
  EXPECT_EQ(client.Ask("MIGRATE list 1"),
            "-ERR unknown command 'MIGRATE', with args beginning with: 'list' '1' \r\n");
  EXPECT_EQ(client.Ask("CLIENT IMPORT-SOURCE ON"),
            "-ERR unknown subcommand 'IMPORT-SOURCE'. Try CLIENT HELP.\r\n");
}

TEST(Store, HelpNamesWhatIsServed) {
  TestStore store;
  TestClient client(store);
  EXPECT_THAT(client.Ask("CLIENT HELP"),
              HasSubstr("+CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n"));
  EXPECT_THAT(client.Ask("CONFIG HELP"), HasSubstr("+RESETSTAT\r\n"));
  EXPECT_THAT(client.Ask("COMMAND HELP"), HasSubstr("+    Prints this help.\r\n"));
}

TEST(Store, SettingsOfTheProcessAreShownAndKept) {
  TestStore store({.databases = 4, .workers = 1, .password = {}, .port = 7777});
  TestClient client(store);
  EXPECT_EQ(client.Ask("CONFIG GET port"), "*2\r\n$4\r\nport\r\n$4\r\n7777\r\n");
  EXPECT_EQ(client.Ask("CONFIG GET databases"), "*2\r\n$9\r\ndatabases\r\n$1\r\n4\r\n");
  EXPECT_EQ(client.Ask("SELECT 3"), "+OK\r\n");
  EXPECT_EQ(client.Ask("SELECT 4"), "-ERR DB index is out of range\r\n");
  EXPECT_THAT(client.Ask("CONFIG SET appendonly yes"),
              StartsWith("-ERR CONFIG SET failed (possibly related to argument 'appendonly') - "));
}

// With several workers every command is atomic.
TEST(Store, WorkersShareIt) {
  TestStore store({.databases = 16, .workers = 2, .password = {}, .port = 1});
  constexpr int kRounds = 20'000;
  const auto work = [&store] {
    TestClient client(store);
    for (int i = 0; i < kRounds; ++i) client.Ask("INCR n");
  };
  {
    std::jthread first(work);
    std::jthread second(work);
  }
  TestClient client(store);
  EXPECT_EQ(client.Ask("GET n"), "$5\r\n40000\r\n");
}

}  // namespace
}  // namespace keyhole::test
