// Requests put together by chance, on a real Redis and on the embedded store. Finds what nobody
// thought of writing into a script. The seed is fixed: a failure can be repeated.
#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "tests/conformance/script/script.h"
#include "tests/conformance/script/servers.h"

namespace keyhole::test {
namespace {

// K a key, H one of a hash, Y one of a set, L one of a list, X one of a stream (now and then one of
// those is the other), V a value, M a member, field or element, I a number, S a small one, F a
// number or a float, O any option, E an end of a list, P a pattern, D a database; T a type of
// BITFIELD, J the key of a HyperLogLog, W a way to overflow, B a unit, N an operation on bits; Z
// the ID of a new entry, U any ID, G a group, C a consumer. Numbers are far from zero or beyond the
// limits, so that no key expires while the test runs. DBSIZE is not here: it counts expired keys
// that the server has not removed yet.
constexpr std::string_view kShapes[] = {"GET K",
                                        "GET K",
                                        "SET K V",
                                        "SET K V",
                                        "SET K F",
                                        "SET K V O",
                                        "SET K V O I",
                                        "SET K V O O I",
                                        "SET K V O I O",
                                        "SET K V O O O I",
                                        "SETNX K V",
                                        "SETEX K I V",
                                        "PSETEX K I V",
                                        "GETSET K V",
                                        "GETDEL K",
                                        "GETEX K",
                                        "GETEX K O I",
                                        "GETEX K O",
                                        "MGET K K K",
                                        "MSET K V K V",
                                        "MSET K V K",
                                        "MSETNX K V K V",
                                        "INCR K",
                                        "DECR K",
                                        "INCRBY K I",
                                        "DECRBY K I",
                                        "INCRBYFLOAT K F",
                                        "APPEND K V",
                                        "STRLEN K",
                                        "GETRANGE K I I",
                                        "GETRANGE K S S",
                                        "SUBSTR K S S",
                                        "SETRANGE K S V",
                                        "SETBIT K S S",
                                        "SETBIT K S 1",
                                        "GETBIT K S",
                                        "BITCOUNT K",
                                        "BITCOUNT K S S",
                                        "BITCOUNT K S S B",
                                        "BITPOS K S",
                                        "BITPOS K 0 S",
                                        "BITPOS K 1 S S",
                                        "BITPOS K 0 S S B",
                                        "BITOP N K K",
                                        "BITOP N K K K",
                                        "BITFIELD K GET T S",
                                        "BITFIELD K SET T S S",
                                        "BITFIELD K INCRBY T S I GET T S",
                                        "BITFIELD K OVERFLOW W INCRBY T S I SET T S I",
                                        "BITFIELD_RO K GET T S",
                                        "BITFIELD_RO K SET T S S",
                                        "PFADD J M",
                                        "PFADD J M V M",
                                        "PFADD J I S V",
                                        "PFCOUNT J",
                                        "PFCOUNT J J",
                                        "PFMERGE J J J",
                                        "PFDEBUG DECODE J",
                                        "GET J",
                                        "PFADD K V",
                                        "DEL K K",
                                        "UNLINK K",
                                        "EXISTS K K K",
                                        "TYPE K",
                                        "TOUCH K K",
                                        "EXPIRE K I",
                                        "EXPIRE K I O",
                                        "EXPIRE K I O O",
                                        "PEXPIRE K I O",
                                        "EXPIREAT K I O",
                                        "PEXPIREAT K I",
                                        "TTL K",
                                        "PTTL K",
                                        "EXPIRETIME K",
                                        "PEXPIRETIME K",
                                        "PERSIST K",
                                        "KEYS P",
                                        "SCAN 0 COUNT 1000 MATCH P",

                                        "RENAME K K",
                                        "RENAMENX K K",
                                        "MULTI",
                                        "MULTI",
                                        "EXEC",
                                        "EXEC",
                                        "EXEC",
                                        "DISCARD",
                                        "WATCH K",
                                        "WATCH K K",
                                        "UNWATCH",
                                        "SELECT D",
                                        "PING",
                                        "ECHO V",
                                        "COPY K K",
                                        "COPY K K O",
                                        "COPY H H REPLACE DB D",
                                        "COPY Y Y REPLACE",
                                        "MOVE K D",
                                        "MOVE H D",
                                        "RENAME Y Y",
                                        "SWAPDB D D",
                                        "OBJECT ENCODING K",
                                        "OBJECT ENCODING H",
                                        "OBJECT ENCODING Y",
                                        "LCS K K",
                                        "LCS K K IDX MINMATCHLEN S",
                                        "DEL H Y",
                                        "TYPE H",
                                        "TYPE Y",
                                        "EXPIRE H I",
                                        "WATCH H Y",
                                        "HSET H M V",
                                        "HSET H M V",
                                        "HSET H M F M V",
                                        "HSET H M V M M M V",
                                        "HSET H M",
                                        "HMSET H M V M V",
                                        "HSETNX H M V",
                                        "HGET H M",
                                        "HMGET H M M M",
                                        "HGETALL H",
                                        "HKEYS H",
                                        "HVALS H",
                                        "HLEN H",
                                        "HEXISTS H M",
                                        "HSTRLEN H M",
                                        "HDEL H M",
                                        "HDEL H M M",
                                        "HINCRBY H M I",
                                        "HINCRBY H M S",
                                        "HINCRBYFLOAT H M F",
                                        "HRANDFIELD H 1000 WITHVALUES",
                                        "HSCAN H 0 COUNT 1000",
                                        "HSCAN H 0 COUNT 1000 MATCH P",
                                        "SADD Y M",
                                        "SADD Y M M M",
                                        "SADD Y I I S",
                                        "SADD Y S S",
                                        "SREM Y M",
                                        "SREM Y S S M",
                                        "SCARD Y",
                                        "SISMEMBER Y M",
                                        "SMISMEMBER Y M S I",
                                        "SMEMBERS Y",
                                        "SRANDMEMBER Y 1000",
                                        "SPOP Y 1000",
                                        "SPOP Y 0",
                                        "SMOVE Y Y M",
                                        "SMOVE Y Y S",
                                        "SINTER Y Y",
                                        "SINTER Y Y Y",
                                        "SUNION Y Y",
                                        "SDIFF Y Y",
                                        "SDIFF Y Y Y",
                                        "SINTERSTORE Y Y Y",
                                        "SUNIONSTORE Y Y Y",
                                        "SDIFFSTORE Y Y Y",
                                        "SINTERCARD 2 Y Y",
                                        "SINTERCARD S Y Y LIMIT S",
                                        "SSCAN Y 0 COUNT 1000 MATCH P",
                                        "LPUSH L M",
                                        "LPUSH L M M S",
                                        "RPUSH L M M",
                                        "RPUSH L S S S M",
                                        "LPUSHX L M",
                                        "RPUSHX L M S",
                                        "LPOP L",
                                        "RPOP L",
                                        "LPOP L S",
                                        "RPOP L S",
                                        "LLEN L",
                                        "LINDEX L S",
                                        "LRANGE L 0 -1",
                                        "LRANGE L S S",
                                        "LRANGE L I I",
                                        "LSET L S M",
                                        "LINSERT L BEFORE M M",
                                        "LINSERT L AFTER S M",
                                        "LREM L S M",
                                        "LREM L S S",
                                        "LTRIM L S S",
                                        "LTRIM L 0 300",
                                        "LPOS L M",
                                        "LPOS L S RANK S COUNT S",
                                        "LPOS L M MAXLEN S RANK S",
                                        "LMOVE L L E E",
                                        "RPOPLPUSH L L",
                                        "LMPOP S L L E",
                                        "LMPOP 1 L E COUNT S",
                                        "TYPE L",
                                        "OBJECT ENCODING L",
                                        "COPY L L REPLACE",
                                        "RENAME L L",
                                        "MOVE L D",
                                        "EXPIRE L I",
                                        "WATCH L",
                                        "DEL L",
                                        "SCAN 0 COUNT 1000 TYPE list",
                                        "GET H",
                                        "HGET Y M",
                                        "LPUSH Y M",
                                        "SADD L M",
                                        "SADD H M",
                                        "XADD X Z M V",
                                        "XADD X Z M V",
                                        "XADD X Z M V M V",
                                        "XADD X Z M S",
                                        "XADD X U M V",
                                        "XADD X MAXLEN ~ S Z M V",
                                        "XADD X MINID ~ U Z M V",
                                        "XADD X MAXLEN S NOMKSTREAM Z M V",
                                        "XADD X MAXLEN ~ S LIMIT S Z M V",
                                        "XLEN X",
                                        "XDEL X U",
                                        "XDEL X U U",
                                        "XTRIM X MAXLEN S",
                                        "XTRIM X MAXLEN ~ S LIMIT S",
                                        "XTRIM X MINID = U",
                                        "XTRIM X MINID ~ U",
                                        "XSETID X U",
                                        "XSETID X U ENTRIESADDED S MAXDELETEDID U",
                                        "XRANGE X - +",
                                        "XRANGE X U U",
                                        "XRANGE X U U COUNT S",
                                        "XREVRANGE X U U",
                                        "XREVRANGE X + U COUNT S",
                                        "XREAD STREAMS X U",
                                        "XREAD COUNT S STREAMS X X U U",
                                        "XINFO STREAM X",
                                        "XINFO STREAM X FULL",
                                        "XINFO STREAM X FULL COUNT S",
                                        "XINFO GROUPS X",
                                        "XINFO CONSUMERS X G",
                                        "XGROUP CREATE X G U",
                                        "XGROUP CREATE X G U MKSTREAM",
                                        "XGROUP CREATE X G 0 ENTRIESREAD S",
                                        "XGROUP SETID X G U",
                                        "XGROUP SETID X G U ENTRIESREAD S",
                                        "XGROUP DESTROY X G",
                                        "XGROUP CREATECONSUMER X G C",
                                        "XGROUP DELCONSUMER X G C",
                                        "XREADGROUP GROUP G C STREAMS X >",
                                        "XREADGROUP GROUP G C COUNT 2 STREAMS X >",
                                        "XREADGROUP GROUP G C COUNT 1 STREAMS X X > >",
                                        "XREADGROUP GROUP G C NOACK COUNT 1 STREAMS X >",
                                        "XREADGROUP GROUP G C STREAMS X U",
                                        "XREADGROUP GROUP G C COUNT S STREAMS X U",
                                        "XACK X G U",
                                        "XACK X G U U U",
                                        "XPENDING X G",
                                        "XPENDING X G - + 10",
                                        "XPENDING X G U U S C",
                                        "XPENDING X G IDLE 0 - + 10 C",
                                        "XCLAIM X G C 0 U U",
                                        "XCLAIM X G C 0 U FORCE",
                                        "XCLAIM X G C 0 U U JUSTID RETRYCOUNT S",
                                        "XCLAIM X G C 1000000 U",
                                        "XCLAIM X G C 0 U LASTID U FORCE JUSTID",
                                        "XAUTOCLAIM X G C 0 U",
                                        "XAUTOCLAIM X G C 0 U COUNT S",
                                        "XAUTOCLAIM X G C 0 0 COUNT 1 JUSTID",
                                        "COPY X X REPLACE",
                                        "RENAME X X",
                                        "MOVE X D",
                                        "DEL X",
                                        "WATCH X",
                                        "OBJECT ENCODING X",
                                        "PUBLISH K V",
                                        "FLUSHDB",
                                        "RESET",
                                        "HELLO I",
                                        "O K V"};
constexpr std::string_view kKeys[] = {"a", "b", "ab", "key:1", "key:2", "", "0"};
constexpr std::string_view kHashKeys[] = {"h1", "h2", "h2", "h3", "h3", "h3", "a", "s1"};
constexpr std::string_view kSetKeys[] = {"s1", "s2", "s2", "s3", "s3", "s3", "b", "h1"};
constexpr std::string_view kListKeys[] = {"l1", "l2", "l2", "l3", "l3", "l3", "ab", "h2"};
constexpr std::string_view kEnds[] = {"LEFT", "RIGHT", "left", "Right", "UP"};
constexpr std::string_view kStreamKeys[] = {"x1", "x2", "x2", "x3", "x3", "x3", "x3", "a", "s1"};
constexpr std::string_view kNewIds[] = {"1-*",   "2-*", "3-*", "3-*", "300-*",
                                        "300-*", "4-7", "301", "*-1", "70000-5"};
constexpr std::string_view kIds[] = {"0",   "1-0",   "1-1",   "2-0",    "2-1", "2-3",   "3",
                                     "3-1", "3-2",   "3-5",   "4-7",    "300", "300-1", "300-2",
                                     "301", "(1-1",  "(300",  "-",      "+",   "$",     ">",
                                     "x",   "70000", "1-0-0", "70000-5"};
constexpr std::string_view kGroups[] = {"g", "g", "g", "h", ""};
constexpr std::string_view kConsumers[] = {"ann", "ann", "bob", ""};
constexpr std::string_view kMembers[] = {
    "1",      "2",  "-5", "70000", "5000000000",
    "x",      "yy", "01", "",      "hello",
    "a\r\nb", "9",  "10", "12345", "longer than it may be in a list"};
constexpr std::string_view kValues[] = {"", "x", "hello", "10", "-1", "a\r\nb", "\x01\xff", "3.5"};
constexpr std::string_view kNumbers[] = {"0",
                                         "-1",
                                         "1000",
                                         "50000000",
                                         "33177117420",
                                         "9223372036854775807",
                                         "-9223372036854775808",
                                         "9223372036854775808",
                                         "x",
                                         "",
                                         "01",
                                         "9223372036854775"};
constexpr std::string_view kSmall[] = {"0", "1", "2", "3", "-1", "-2", "-3", "300", "-300", "x"};
constexpr std::string_view kFloats[] = {"1.5", "-0.25", "1e3", "0.1",  "7",
                                        "inf", "1e400", "abc", "1e-30"};
constexpr std::string_view kOptions[] = {"NX",   "XX",      "GET", "KEEPTTL", "EX", "PX", "EXAT",
                                         "PXAT", "PERSIST", "GT",  "LT",      "nx", "ex", "FOO"};
constexpr std::string_view kPatterns[] = {"*",      "a*", "key:?", "[a-b]*",
                                          "*[0-9]", "",   "\\a*",  "[^a"};
constexpr std::string_view kSketches[] = {"j1", "j2", "j3"};
constexpr std::string_view kTypes[] = {"u1", "u8", "i5", "i64", "u63", "i16", "u64", "u33", "x"};
constexpr std::string_view kOverflows[] = {"WRAP", "SAT", "FAIL", "x"};
constexpr std::string_view kUnits[] = {"BIT", "BYTE", "bit", "x"};
constexpr std::string_view kBitOperations[] = {"AND", "or", "XOR", "NOT"};
constexpr std::string_view kDatabases[] = {"0", "0", "1", "16", "x"};

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  ScriptLine Next(size_t number) {
    ScriptLine line;
    line.number = number;
    line.client = random_() % 3 == 0 ? 'b' : 'a';
    std::istringstream shape{std::string(Pick(kShapes))};
    for (std::string word; shape >> word;) {
      line.args.push_back(word.size() == 1 ? Fill(word[0]) : word);
      line.text.append(" ").append(line.args.back());
    }
    return line;
  }

 private:
  template <size_t kSize>
  std::string_view Pick(const std::string_view (&from)[kSize]) {
    return from[random_() % kSize];
  }

  std::string Fill(char kind) {
    switch (kind) {
      case 'K':
        return std::string(Pick(kKeys));
      case 'H':
        return std::string(Pick(kHashKeys));
      case 'Y':
        return std::string(Pick(kSetKeys));
      case 'L':
        return std::string(Pick(kListKeys));
      case 'E':
        return std::string(Pick(kEnds));
      case 'X':
        return std::string(Pick(kStreamKeys));
      case 'Z':
        return std::string(Pick(kNewIds));
      case 'U':
        return std::string(Pick(kIds));
      case 'G':
        return std::string(Pick(kGroups));
      case 'C':
        return std::string(Pick(kConsumers));
      case 'M':
        return std::string(Pick(kMembers));
      case 'V':
        return std::string(Pick(kValues));
      case 'I':
        return std::string(Pick(kNumbers));
      case 'S':
        return std::string(Pick(kSmall));
      case 'F':
        return std::string(random_() % 2 == 0 ? Pick(kFloats) : Pick(kNumbers));
      case 'O':
        return std::string(Pick(kOptions));
      case 'P':
        return std::string(Pick(kPatterns));
      case 'J':
        return std::string(Pick(kSketches));
      case 'T':
        return std::string(Pick(kTypes));
      case 'W':
        return std::string(Pick(kOverflows));
      case 'B':
        return std::string(Pick(kUnits));
      case 'N':
        return std::string(Pick(kBitOperations));
      case 'D':
        return std::string(Pick(kDatabases));
      default:
        return std::string(1, kind);
    }
  }

  std::minstd_rand random_;
};

Compare HowToCompare(std::string_view command) {
  constexpr std::string_view kUnordered[] = {
      "KEYS",     "SCAN",   "HGETALL", "HKEYS", "HVALS", "HRANDFIELD", "HSCAN",
      "SMEMBERS", "SINTER", "SUNION",  "SDIFF", "SSCAN", "SPOP",       "SRANDMEMBER"};
  for (const std::string_view unordered : kUnordered) {
    if (command == unordered) return Compare::kSorted;
  }
  if (command == "EXEC") return Compare::kLoose;
  for (const std::string_view timed :
       {"TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME", "HELLO", "XINFO", "XPENDING"}) {
    if (command == timed) return Compare::kNear;
  }
  return Compare::kBytes;
}

TEST(StoreConformance, RandomRequestsAreAnsweredLikeRedis) {
  constexpr size_t kRequests = 80'000;
  RealRedis redis;
  EmbeddedStore embedded;
  Script script;
  script.path = "random";
  // So that a few items are enough for one encoding to become the next.
  ScriptLine limits;
  limits.args = {"CONFIG",
                 "SET",
                 "hash-max-listpack-entries",
                 "4",
                 "hash-max-listpack-value",
                 "6",
                 "set-max-intset-entries",
                 "4",
                 "list-max-listpack-size",
                 "3",
                 "stream-node-max-entries",
                 "3"};
  script.lines.push_back(limits);
  Generator generator(20260501);
  for (size_t i = 0; i < kRequests; ++i) {
    script.lines.push_back(generator.Next(i));
    script.lines.back().compare = HowToCompare(script.lines.back().args[0]);
  }
  RunScript(script, {.protocol = resp::Protocol::kResp2}, redis, embedded);
}

// ---- Keyspace events ----

std::string Ask(Peer& peer, const std::vector<std::string>& args) {
  ScriptLine line;
  line.args = args;
  peer.Send({&line});
  return peer.Read();
}

// A server, two clients that write, and one that listens to all events. Expired keys are not
// listened for: when they are removed is a matter of chance.
class Listened {
 public:
  explicit Listened(Server& server)
      : clients_{server.Connect(), server.Connect()}, listener_(server.Connect()) {
    Ask(*clients_[0], {"CONFIG", "SET", "notify-keyspace-events", "KEg$lshzetmn"});
    Ask(*listener_, {"PSUBSCRIBE", "__key*"});
  }
  std::string Run(const ScriptLine& line) {
    return Ask(*clients_[line.client == 'b' ? 1 : 0], line.args);
  }
  // Since the last time.
  std::vector<std::string> Events() {
    ScriptLine ping;
    ping.args = {"PING", "until here"};
    listener_->Send({&ping});
    std::vector<std::string> events;
    for (;;) {
      events.push_back(listener_->Read());
      if (events.back().find("until here") != std::string::npos) return events;
    }
  }

 private:
  std::unique_ptr<Peer> clients_[2];
  std::unique_ptr<Peer> listener_;
};

TEST(StoreConformance, RandomRequestsMakeTheEventsOfRedis) {
  constexpr size_t kRequests = 15'000;
  RealRedis redis;
  EmbeddedStore embedded;
  Listened there(redis);
  Listened here(embedded);
  Generator generator(20261129);
  for (size_t i = 0; i < kRequests; ++i) {
    const ScriptLine line = generator.Next(i);
    if (line.args[0] == "HELLO" || line.args[0] == "SWAPDB") continue;
    there.Run(line);
    here.Run(line);
    ASSERT_EQ(here.Events(), there.Events()) << i << ":" << line.text;
  }
}

}  // namespace
}  // namespace keyhole::test
