// The same bytes sent to Redis and to the proxy in front of it must bring the same bytes back,
// however they are cut: all in one write, a command at a time, or byte by byte.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

struct Script {
  const char* name;
  std::vector<std::string> lines;  // inline commands; sent with CRLF
};

const std::vector<Script>& Scripts() {
  static const std::vector<Script> scripts = {
      {"Basics", {"PING", "SET k v", "GET k", "GET absent", "MGET k absent", "DEL k", "ECHO hi"}},
      {"EmptyRequestsHaveNoReply", {"", "PING", "", "*0", "*-1", "PING 2"}},
      {"UnknownCommands",
       {"NOSUCHCOMMAND", "NOSUCH a b 'c d'", "PING", "CLIENT NOSUCH", "CONFIG", "GET k"}},
      {"WrongNumberOfArguments", {"GET", "SET k", "SELECT", "MULTI x", "AUTH", "HELLO x", "PING"}},
      {"Select",
       {"SET k 0", "SELECT 3", "GET k", "SET k 3", "SELECT 0", "GET k", "SELECT 99", "GET k",
        "SELECT x", "SELECT 3", "GET k", "SELECT 3", "GET k"}},
      {"Resp3", {"HSET h f v", "GET absent", "HELLO 3 x", "HGETALL h", "HELLO 9", "HGETALL h"}},
      {"Transaction", {"MULTI", "SET a 1", "GET a", "INCR a", "EXEC", "GET a"}},
      {"TransactionDiscarded", {"SET a 1", "MULTI", "SET a 2", "DISCARD", "GET a"}},
      {"TransactionAborted",
       {"MULTI", "SET a", "GET a", "EXEC", "GET a", "MULTI", "NOSUCH", "EXEC"}},
      {"TransactionMisused",
       {"EXEC", "DISCARD", "MULTI", "MULTI", "WATCH a", "SET a 1", "EXEC", "GET a", "EXEC",
        "UNWATCH"}},
      {"TransactionEmpty", {"MULTI", "EXEC", "GET a", "MULTI", "DISCARD", "PING"}},
      {"TransactionWithErrors",
       {"SET s x", "MULTI", "LPUSH s 1", "GET s", "INCR s", "EXEC", "GET s"}},
      {"TransactionOfLookups",
       {"SET a 1", "HSET h f v", "MULTI", "MGET a b", "HGETALL h", "HMGET h f g", "GET b", "EXEC",
        "MGET a b"}},
      {"TransactionSelects",
       {"SET a 0", "MULTI", "SELECT 3", "GET a", "SET a 3", "EXEC", "GET a", "SELECT 0", "GET a"}},
      {"TransactionSelectsWrong",
       {"SET a 0", "MULTI", "SELECT 99", "SELECT 3", "EXEC", "GET a", "SELECT 0", "GET a"}},
      {"TransactionQuits", {"MULTI", "SET a 1", "QUIT", "GET a"}},
      {"TransactionReset", {"MULTI", "SET a 1", "RESET", "GET a", "EXEC"}},
      {"TransactionRefusesSync", {"MULTI", "PSYNC ? -1", "EXEC", "PING"}},
      {"Watch", {"WATCH a", "SET a 1", "MULTI", "GET a", "EXEC", "MULTI", "GET a", "EXEC"}},
      {"Unwatch", {"WATCH a b", "SET a 1", "UNWATCH", "MULTI", "GET a", "EXEC"}},
      {"WatchThenSelect", {"WATCH a", "SELECT 1", "SET a 1", "SELECT 0", "MULTI", "PING", "EXEC"}},
      {"Blocking",
       // The last one waits when the input ends; a short wait might be over by then, or not.
       {"RPUSH l a b c", "BLPOP l 0", "BRPOP l 0", "BLMOVE l m LEFT RIGHT 0", "LRANGE m 0 -1",
        "BLPOP l 100", "GET k"}},
      {"BlockingInTransaction", {"MULTI", "BLPOP l 0", "BLPOP l 0", "EXEC", "PING"}},
      {"ReplyOff",
       {"SET k 0", "CLIENT REPLY OFF", "SET k 1", "GET k", "PING", "CLIENT REPLY ON", "GET k"}},
      {"ReplySkip",
       {"CLIENT REPLY SKIP", "SET k 1", "GET k", "CLIENT REPLY SKIP", "GET k", "PING",
        "CLIENT REPLY SKIP", "CLIENT REPLY SKIP", "PING", "GET k"}},
      {"ReplySkipWhileOff",
       {"CLIENT REPLY OFF", "CLIENT REPLY SKIP", "PING", "PING", "CLIENT REPLY ON", "PING"}},
      {"ReplyOffThenSelect",
       {"CLIENT REPLY OFF", "SELECT 2", "SET k 2", "CLIENT REPLY ON", "GET k", "SELECT 0",
        "GET k"}},
      {"ReplyWrong", {"CLIENT REPLY MAYBE", "CLIENT REPLY", "PING"}},
      {"ReplyOffThenReset", {"CLIENT REPLY OFF", "PING", "RESET", "PING"}},
      {"ReplyOffThenQuit", {"CLIENT REPLY OFF", "PING", "QUIT", "PING"}},
      {"Name",
       {"CLIENT GETNAME", "CLIENT SETNAME me", "CLIENT GETNAME", "GET k", "CLIENT GETNAME",
        "CLIENT SETNAME 'a b'", "CLIENT GETNAME", "CLIENT SETNAME ''", "CLIENT GETNAME"}},
      {"NameKeptOverDatabases",
       {"CLIENT SETNAME me", "SELECT 2", "CLIENT GETNAME", "MULTI", "CLIENT GETNAME", "EXEC",
        "RESET", "CLIENT GETNAME"}},
      {"HelloWithName", {"HELLO 2 SETNAME you x", "CLIENT GETNAME", "HELLO 3 SETNAME", "PING"}},
      {"Quit", {"SET k v", "GET k", "QUIT", "GET k"}},
      {"Reset", {"SELECT 3", "SET k 3", "RESET", "GET k", "SET k 0", "SELECT 3", "GET k"}},
      {"Subscribe",
       {"SUBSCRIBE a b", "GET k", "PING", "PING hi", "UNSUBSCRIBE a", "SUBSCRIBE c", "UNSUBSCRIBE",
        "GET k", "PING"}},
      {"SubscribeManyWays",
       {"SUBSCRIBE a", "PSUBSCRIBE p* q*", "SSUBSCRIBE s", "UNSUBSCRIBE", "PUNSUBSCRIBE p*", "PING",
        "PUNSUBSCRIBE", "SUNSUBSCRIBE", "GET k"}},
      {"UnsubscribeFromNothing",
       {"UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "UNSUBSCRIBE a b", "GET k"}},
      {"SubscribeTwice", {"SUBSCRIBE a", "SUBSCRIBE a", "UNSUBSCRIBE a", "GET k"}},
      {"SubscribeReset", {"SUBSCRIBE a", "RESET", "GET k", "UNSUBSCRIBE"}},
      {"SubscribeQuit", {"SUBSCRIBE a", "QUIT", "GET k"}},
      {"SubscribeInTransaction", {"MULTI", "SUBSCRIBE a", "EXEC", "PING", "UNSUBSCRIBE", "PING"}},
      {"SubscribeManyInTransaction",
       {"MULTI", "GET a", "SUBSCRIBE a b", "PSUBSCRIBE p", "UNSUBSCRIBE", "PUNSUBSCRIBE", "GET b",
        "EXEC", "GET c", "PING"}},
      {"SubscribeInTransactionInResp3",
       {"HELLO 3 x", "MULTI", "SUBSCRIBE a b", "GET a", "UNSUBSCRIBE a", "EXEC", "GET c"}},
      {"Post", {"POST / HTTP/1.1", "SET k w"}},
      {"Host", {"Host: example.com", "SET k w"}},
      {"UnbalancedQuotes", {"SET k v", "GET k", "SET k \"v", "GET k"}},
      {"BadBulkLength", {"SET k v", "*2\r\n$3\r\nGET\r\n$x\r\nk", "GET k"}},
      {"BadCount", {"PING", "*x", "PING"}},
      {"NoDollar", {"PING", "*1\r\n!4\r\nPING", "PING"}},
      {"NegativeBulk", {"PING", "*1\r\n$-1", "PING"}},
      {"Scripts",
       {"EVAL 'return redis.call(\"SET\",KEYS[1],ARGV[1])' 1 k v", "GET k",
        "SCRIPT EXISTS ffffffffffffffffffffffffffffffffffffffff",
        "EVALSHA ffffffffffffffffffffffffffffffffffffffff 0"}},
      // Not one that has to wait: whether Redis sees its time-out first or the end of the input,
      // which comes right behind, is a matter of luck.
      {"Wait", {"SET k v", "WAIT 0 10", "GET k", "WAIT 0 1", "GET k"}},
      {"Tracking",
       {"CLIENT TRACKING ON", "CLIENT CACHING YES", "CLIENT GETREDIR", "CLIENT TRACKINGINFO",
        "CLIENT TRACKING OFF", "CLIENT GETREDIR", "PING"}},
  };
  return scripts;
}

std::string InOneWrite(uint16_t port, const Script& script) {
  std::string bytes;
  for (const std::string& line : script.lines) bytes += line + "\r\n";
  RawClient client = RawClient::Connect(port);
  client.Send(bytes);
  client.ShutdownWrite();
  return client.ReadUntilClosed();
}

std::string ByteByByte(uint16_t port, const Script& script) {
  RawClient client = RawClient::Connect(port);
  try {
    for (const std::string& line : script.lines) {
      for (const char c : line + "\r\n") client.Send(std::string_view(&c, 1));
    }
    client.ShutdownWrite();
  } catch (const std::runtime_error&) {
    // Closed by the other side, which is part of the story.
  }
  return client.ReadUntilClosed();
}

class TranscriptTest : public ProxyTest {
 protected:
  void SetUp() override { Start(); }
  void Compare(std::string (*send)(uint16_t, const Script&), int rounds) {
    for (const Script& script : Scripts()) {
      RedisClient().Ask({"FLUSHALL"});
      const std::string expected = InOneWrite(redis_->port(), script);
      for (int round = 0; round < rounds; ++round) {
        RedisClient().Ask({"FLUSHALL"});
        EXPECT_EQ(send(proxy_->port(), script), expected) << script.name << ", round " << round;
      }
    }
  }
};

TEST_P(TranscriptTest, InOneWrite) {
  Compare(InOneWrite, 3);  // later rounds find links in the pool
}

TEST_P(TranscriptTest, ByteByByte) {
  Compare(ByteByByte, 1);
}

KEYHOLE_IN_FRONT_OF_REDIS(TranscriptTest);

}  // namespace
}  // namespace keyhole::test
