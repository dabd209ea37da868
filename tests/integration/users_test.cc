// The proxy's own users beside those of a redis-server that has read the same file: byte for byte,
// but for what the proxy cannot check and so refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "resp/command_rights.h"
#include "tests/integration/proxy_test.h"
#include "tests/support/temp_file.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kUsers =
    "user default on >secret ~* &* +@all\n"
    "user alice on >apass ~a:* %R~ro:* %W~wo:* &news:* -@all +@read +@write +@pubsub +@connection"
    " +@transaction +acl|whoami\n"
    "user few on >fpass ~* -@all +get +select|0 +client|getname +client|setname +config|get\n"
    "user parts on >ppass -@all +ping (+get ~x:*) (+set ~y:*)\n"
    "user noexec on >npass ~* +@all -exec -discard\n"
    "user away off >gone ~* &* +@all\n"
    "user nothing on nopass\n"
    "user digest on #2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b ~* +@all"
    " -@dangerous\n";

// Each line is said by a new client, one request after the other.
const std::vector<std::vector<std::string>> kTalks = {
    // Before anybody has logged in.
    {"GET a",
     "GET",
     "PING",
     "MULTI",
     "EXEC",
     "SUBSCRIBE x",
     "CLIENT NOSUCH",
     "SELECT 1",
     "CLIENT",
     "HELLO",
     "HELLO 3",
     "HELLO 9",
     "HELLO x",
     "HELLO 3 SETNAME bob",
     "HELLO 2 FOO",
     "AUTH",
     "AUTH wrong",
     "AUTH a b c",
     "AUTH alice secret",
     "AUTH away gone",
     "AUTH nobody x",
     "AUTH default apass",
     "GET a",
     "RESET",
     "GET a",
     "AUTH secret",
     "ACL WHOAMI",
     "GET a",
     "AUTH alice wrong",
     "ACL WHOAMI",
     "AUTH alice apass",
     "ACL WHOAMI",
     "GET a",
     "RESET",
     "ACL WHOAMI",
     "QUIT"},
    {"HELLO 3 AUTH default wrong", "GET a", "HELLO 3 AUTH alice apass FOO", "ACL WHOAMI"},
    {"HELLO 2 SETNAME x AUTH few fpass", "CLIENT GETNAME", "GET a"},
    {"AUTH nothing whatever", "GET a", "PING", "ACL WHOAMI"},
    {"AUTH digest secret", "SET a 1", "GET a", "KEYS *", "FLUSHALL", "SORT a",
     "CONFIG GET maxmemory"},
    // Keys, read and written.
    {"{alice}",
     "SET a:1 v",
     "GET a:1",
     "GET b",
     "SET b v",
     "SET ro:1 v",
     "GET ro:1",
     "SET wo:1 v",
     "SET wo:1 v GET",
     "GET wo:1",
     "EXISTS wo:1 ro:1",
     "STRLEN wo:1",
     "APPEND wo:1 x",
     "INCR wo:1",
     "MGET a:1 ro:1",
     "MGET a:1 b",
     "MSET a:1 1 wo:1 2",
     "MSET a:1 1 ro:1 2",
     "COPY ro:1 wo:1",
     "COPY wo:1 ro:1",
     "RENAME a:1 wo:1",
     "RENAME a:2 ro:1",
     "DEL ro:1",
     "DEL wo:1 a:1",
     "GETSET wo:1 x",
     "EXPIRE wo:1 10",
     "TTL wo:1",
     "TYPE ro:1",
     "TOUCH b",
     "OBJECT ENCODING b",
     "OBJECT NOSUCH",
     "OBJECT HELP",
     "WATCH ro:1",
     "WATCH b",
     "UNWATCH",
     "SINTERSTORE wo:1 ro:1",
     "SINTERSTORE ro:1 a:1",
     "SADD a:set 1 2",
     "SMEMBERS a:set",
     "SMOVE a:set b 1",
     "HSET a:h f v",
     "HGET a:h f",
     "HGET ro:h f",
     "HSET ro:h f v",
     "SCAN 0 MATCH no*",
     "GETEX ro:1",
     "GETDEL ro:1",
     "MEMORY USAGE b",
     "EXPIRETIME b",
     "PERSIST b"},
    // Commands.
    {"{alice}", "CONFIG GET x", "CLIENT NOSUCH", "CLIENT", "GET", "GET a:1 b", "DEBUG SLEEP 0",
     "PUBSUB CHANNELS no*", "ACL WHOAMI", "ACL LIST", "SHUTDOWN NOSAVE", "SWAPDB 0 1", "SELECT 1",
     "GET a:1", "DBSIZE", "ECHO x", "PING", "LASTSAVE", "SLOWLOG LEN"},
    {"{few}", "GET a", "SET a b", "SELECT 0", "SELECT 1", "SELECT", "CLIENT GETNAME",
     "CLIENT SETNAME few", "CLIENT GETNAME", "CLIENT ID", "CONFIG GET nosuch", "CONFIG RESETSTAT",
     "PING", "MULTI", "ACL WHOAMI", "EXEC"},
    {"{parts}", "GET x:1", "GET y:1", "SET y:1 v", "SET x:1 v", "DEL x:1", "PING", "ACL WHOAMI"},
    // Channels.
    {"{alice}", "PUBLISH news:1 x", "PUBLISH other x", "SPUBLISH news:1 x", "SPUBLISH other x",
     "SUBSCRIBE other", "SSUBSCRIBE other", "PSUBSCRIBE news:1*", "PSUBSCRIBE news:*",
     "PUNSUBSCRIBE", "SUBSCRIBE news:1", "UNSUBSCRIBE", "UNSUBSCRIBE other",
     "SUBSCRIBE news:1 other", "GET a:1"},
    // Transactions.
    {"{alice}",
     "MULTI",
     "SET a:1 v",
     "GET b",
     "EXEC",
     "GET a:1",
     "MULTI",
     "GET a:1",
     "EXEC",
     "MULTI",
     "CONFIG GET x",
     "DISCARD",
     "MULTI",
     "GET",
     "EXEC",
     "MULTI",
     "PUBLISH other x",
     "EXEC",
     "MULTI",
     "SET b v",
     "SET a:9 v",
     "RESET",
     "GET a:9",
     "AUTH alice apass",
     "GET a:9",
     "EXEC",
     "DISCARD",
     "WATCH a:1",
     "MULTI",
     "SET b 1",
     "EXEC",
     "MULTI",
     "SET a:1 2",
     "EXEC"},
    {"{noexec}", "MULTI", "SET n 1", "EXEC", "EXEC", "GET n", "MULTI", "DISCARD", "GET n", "RESET",
     "GET n"},
    {"{few}", "MULTI", "GET a", "EXEC", "DISCARD"},
};

// Only in front of a Redis: the store does not have these.
const std::vector<std::vector<std::string>> kMoreTalks = {
    {"{alice}",
     "RPUSH a:l 1 2",
     "LPUSH b 1",
     "LMPOP 1 a:l LEFT",
     "LMPOP 2 a:l b LEFT",
     "BLPOP b 1",
     "LMOVE a:l ro:1 LEFT LEFT",
     "ZADD a:z 1 m",
     "ZUNIONSTORE wo:z 1 a:z",
     "ZUNIONSTORE wo:z 2 a:z wo:1",
     "ZUNIONSTORE ro:z 1 a:z",
     "ZRANGESTORE a:x b 0 -1",
     "XADD a:s 1-1 f v",
     "XREAD COUNT 1 STREAMS a:s 0",
     "XREAD STREAMS a:s b 0 0",
     "XINFO STREAM b",
     "XGROUP CREATE b g $",
     "BITFIELD ro:1 GET u8 0",
     "BITFIELD ro:1 SET u8 0 1",
     "BITOP NOT wo:b ro:1",
     "BITOP NOT ro:1 a:1",
     "PFADD a:p 1",
     "PFMERGE a:p b",
     "PFCOUNT ro:p",
     "GEOADD a:g 1 1 m",
     "GEORADIUS a:g 1 1 1 km STORE ro:g",
     "GEOSEARCHSTORE a:g2 b FROMLONLAT 1 1 BYRADIUS 1 km"},
    {"{digest}", "RPUSH list 2 1", "SORT list", "SORT_RO list"},
};

std::vector<std::string> Words(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

void Say(RawClient& client, const std::string& line) {
  const std::vector<std::string> words = Words(line);
  const std::vector<std::string_view> args(words.begin(), words.end());
  client.SendCommand(args);
}

// HELLO tells the number of the connection.
std::string WithoutId(std::string reply) {
  constexpr std::string_view kId = "$2\r\nid\r\n:";
  const size_t at = reply.find(kId);
  if (at == std::string::npos) return reply;
  const size_t begin = at + kId.size();
  return reply.erase(begin, reply.find('\r', begin) - begin);
}

class UsersTest : public ProxyTest {
 protected:
  UsersTest() : like_({"aclfile " + file_.path()}) { Start({}, {"--users", file_.path()}); }

  RawClient Like() const { return RawClient::Connect(like_.port()); }

  // One request after the other, of both.
  void Compare(const std::vector<std::string>& talk, bool resp3) {
    RawClient ours = Client();
    RawClient theirs = Like();
    for (std::string line : talk) {
      if (line.front() == '{') {
        const std::string name = line.substr(1, line.size() - 2);
        const std::string password = name == "digest" ? "secret" : name.substr(0, 1) + "pass";
        line = resp3 ? "HELLO 3 AUTH " + name + " " + password : "AUTH " + name + " " + password;
      }
      Say(ours, line);
      Say(theirs, line);
      ASSERT_EQ(WithoutId(ours.ReadReply()), WithoutId(theirs.ReadReply()))
          << talk.front() << ": " << line;
    }
  }
  void CompareAll(const std::vector<std::vector<std::string>>& talks) {
    for (const bool resp3 : {false, true}) {
      for (const auto& talk : talks) Compare(talk, resp3);
    }
  }

  TempFile file_{kUsers};
  RedisServer like_;
};

TEST_P(UsersTest, AreToldTheBytesThatRedisTellsThem) {
  CompareAll(kTalks);
  if (GetParam() != Behind::kStore) CompareAll(kMoreTalks);
}

TEST_P(UsersTest, PipelinesKeepTheOrder) {
  const std::string login = Request({"AUTH", "alice", "apass"});
  std::string bytes = Request({"GET", "a:1"}) + login;
  for (int i = 0; i < 50; ++i) {
    const std::string number = std::to_string(i);
    bytes += Request({"SET", "a:" + number, number}) + Request({"GET", "b"}) +
             Request({"GET", "a:" + number}) + Request({"AUTH", "wrong"}) + Request({"MULTI"}) +
             Request({"GET", "a:" + number}) + (i % 2 == 0 ? Request({"GET", "b"}) : "") +
             Request({"EXEC"}) + Request({"ACL", "WHOAMI"});
  }
  bytes += Request({"QUIT"});
  for (int round = 0; round < 2; ++round) {
    RawClient ours = Client();
    RawClient theirs = Like();
    ours.Send(bytes);
    theirs.Send(bytes);
    EXPECT_EQ(ours.ReadUntilClosed(), theirs.ReadUntilClosed());
  }
}

// Random requests of every command: what Redis refuses to a user, the proxy refuses. It may refuse
// more, as of a malformed ZUNIONSTORE, in which Redis finds no key.
TEST_P(UsersTest, AreNeverAllowedWhatRedisRefuses) {
  constexpr std::string_view kWords[] = {"a:1", "a:2", "ro:1",    "wo:1", "b",
                                         "2",   "1",   "0",       "GET",  "STORE",
                                         "x*",  "BY",  "STREAMS", "KEYS", "LEFT"};
  std::minstd_rand random(7);
  const auto pick = [&random](size_t count) { return random() % count; };
  const auto refused = [](const std::string& reply) {
    return reply.starts_with("-NOPERM") || reply.find("denied due") != std::string::npos;
  };
  size_t refusals = 0;
  for (const std::string name : {"alice", "few", "parts", "digest"}) {
    RawClient ours = Client();
    RawClient theirs = Like();
    const std::string password = name == "digest" ? "secret" : name.substr(0, 1) + "pass";
    ASSERT_EQ(ours.Ask({"AUTH", name, password}), "+OK\r\n");
    ASSERT_EQ(theirs.Ask({"AUTH", name, password}), "+OK\r\n");
    for (const resp::CommandSpec& row : resp::AllCommands()) {
      // Of those that change more than keys, other tests tell.
      if (row.effect != resp::Effect::kNone || row.has(resp::kAdmin) || row.has(resp::kNewer) ||
          resp::RightsOf(row.id).has(resp::kUnbounded)) {
        continue;
      }
      for (int round = 0; round < 2; ++round) {
        std::vector<std::string_view> args;
        if (row.parent != resp::CommandId::kUnknown) args.push_back(resp::Spec(row.parent).name);
        args.push_back(row.name);
        for (size_t more = pick(6); more > 0; --more) args.push_back(kWords[pick(15)]);
        ours.SendCommand(args);
        theirs.SendCommand(args);
        const std::string our_reply = ours.ReadReply();
        if (!refused(theirs.ReadReply())) continue;
        ++refusals;
        EXPECT_TRUE(refused(our_reply))
            << name << ": " << testing::PrintToString(args) << our_reply;
      }
    }
  }
  EXPECT_GT(refusals, 500U);
}

// What Redis would check inside, and the proxy cannot.
TEST_P(UsersTest, ScriptsNeedAUserWhoMayDoEverything) {
  RawClient alice = Client();
  alice.Ask({"AUTH", "digest", "secret"});
  const std::string refusal = alice.Ask({"EVAL", "return redis.call('keys', '*')", "0"});
  EXPECT_THAT(refusal, StartsWith("-NOPERM the proxy cannot check what 'eval' does"));
  EXPECT_THAT(alice.Ask({"FCALL", "f", "0"}), StartsWith("-NOPERM the proxy cannot check"));
  if (GetParam() == Behind::kStore) return;
  RawClient master = Client();
  master.Ask({"AUTH", "secret"});
  EXPECT_EQ(master.Ask({"EVAL", "return 1", "0"}), ":1\r\n");
}

TEST_P(UsersTest, BigValuesAreCheckedByTheirKey) {
  const std::string value(300'000, 'x');
  RawClient alice = Client();
  alice.Ask({"AUTH", "alice", "apass"});
  EXPECT_EQ(alice.Ask({"SET", "a:big", value}), "+OK\r\n");
  EXPECT_THAT(alice.Ask({"SET", "b:big", value}), StartsWith("-NOPERM"));
  EXPECT_EQ(alice.Ask({"GET", "a:big"}), Bulk(value));
  alice.Send(Request({"MULTI"}) + Request({"SET", "b:big", value}) + Request({"EXEC"}));
  EXPECT_EQ(alice.ReadReply(), "+OK\r\n");
  EXPECT_THAT(alice.ReadReply(), StartsWith("-NOPERM"));
  EXPECT_THAT(alice.ReadReply(), StartsWith("-EXECABORT"));
  RawClient stranger = Client();
  stranger.Send(Request({"SET", "a:big", value}));
  EXPECT_THAT(stranger.ReadUntilClosed(), HasSubstr("unauthenticated bulk length"));
}

KEYHOLE_IN_FRONT_OF_ALL(UsersTest);

}  // namespace
}  // namespace keyhole::test
