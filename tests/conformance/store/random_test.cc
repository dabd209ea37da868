// Requests put together by chance, on a real Redis and on the embedded store. Finds what nobody
// thought of writing into a script. The seed is fixed: a failure can be repeated.
#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "tests/conformance/script/script.h"
#include "tests/conformance/script/servers.h"

namespace keyhole::test {
namespace {

// K a key, H one of a hash, Y one of a set, L one of a list, Z one of a sorted set, q one of a
// stream (now and then one of those is another), X one of a sorted set whose scores are all 0, V a
// value, M a member, field or element, C a score, R an end of a range of scores, j one of members,
// A an option of ZADD, G a key of positions, Q a position, t a distance, U its unit, n the ID of a
// new entry, i any ID, g a group, c a consumer, I a number, S a small one, F a number or a float, O
// any option, E an end of a list, P a pattern, D a database; T a type of BITFIELD, J the key of a
// HyperLogLog, W a way to overflow, B a unit, N an operation on bits. Numbers are far from zero or
// beyond the limits, so that no key expires while the test runs. DBSIZE is not here: it counts
// expired keys that the server has not removed yet.
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
                                        "ZADD Z C M",
                                        "ZADD Z C M C M",
                                        "ZADD Z C M C M C M",
                                        "ZADD Z A C M",
                                        "ZADD Z A A C M C M",
                                        "ZADD Z A A A C M",
                                        "ZADD Z C M C",
                                        "ZINCRBY Z C M",
                                        "ZREM Z M",
                                        "ZREM Z M M",
                                        "ZCARD Z",
                                        "ZSCORE Z M",
                                        "ZMSCORE Z M M M",
                                        "ZRANK Z M",
                                        "ZREVRANK Z M",
                                        "ZCOUNT Z R R",
                                        "ZRANGE Z S S",
                                        "ZRANGE Z S S WITHSCORES",
                                        "ZRANGE Z S S REV WITHSCORES",
                                        "ZRANGE Z R R BYSCORE",
                                        "ZRANGE Z R R BYSCORE REV LIMIT S S",
                                        "ZREVRANGE Z S S WITHSCORES",
                                        "ZRANGEBYSCORE Z R R WITHSCORES",
                                        "ZRANGEBYSCORE Z R R LIMIT S S",
                                        "ZREVRANGEBYSCORE Z R R WITHSCORES LIMIT S S",
                                        "ZRANGESTORE Z Z S S",
                                        "ZRANGESTORE Z Z R R BYSCORE REV",
                                        "ZREMRANGEBYRANK Z S S",
                                        "ZREMRANGEBYSCORE Z R R",
                                        "ZPOPMIN Z",
                                        "ZPOPMAX Z S",
                                        "ZMPOP 2 Z Z MIN",
                                        "ZMPOP S Z Z MAX COUNT S",
                                        "ZRANDMEMBER Z 1000",
                                        "ZSCAN Z 0 COUNT 1000",
                                        "ZSCAN Z 0 COUNT 1000 MATCH P",
                                        "ZUNION 2 Z Z WITHSCORES",
                                        "ZUNION 3 Z Z Y WEIGHTS C C C WITHSCORES",
                                        "ZINTER 2 Z Z AGGREGATE MIN WITHSCORES",
                                        "ZINTER 2 Z Y WITHSCORES",
                                        "ZDIFF 3 Z Z Y WITHSCORES",
                                        "ZINTERCARD S Z Z LIMIT S",
                                        "ZUNIONSTORE Z 2 Z Z",
                                        "ZUNIONSTORE Z 2 Z Z WEIGHTS C C AGGREGATE MAX",
                                        "ZINTERSTORE Z 2 Z Z",
                                        "ZDIFFSTORE Z 2 Z Z",
                                        "ZADD X 0 M 0 M 0 M",
                                        "ZADD X 0 M 0 M",
                                        "ZREM X M",
                                        "ZRANGEBYLEX X j j",
                                        "ZREVRANGEBYLEX X j j LIMIT S S",
                                        "ZRANGE X j j BYLEX",
                                        "ZRANGE X j j BYLEX REV LIMIT S S",
                                        "ZLEXCOUNT X j j",
                                        "ZREMRANGEBYLEX X j j",
                                        "ZRANGESTORE X X j j BYLEX",
                                        "OBJECT ENCODING Z",
                                        "OBJECT ENCODING X",
                                        "TYPE Z",
                                        "COPY Z Z REPLACE",
                                        "RENAME Z Z",
                                        "MOVE Z D",
                                        "EXPIRE Z I",
                                        "DEL Z",
                                        "WATCH Z X",
                                        "HGET Z M",
                                        "GET Z",
                                        "GEOADD G Q M",
                                        "GEOADD G Q M Q M Q M",
                                        "GEOADD G A Q M",
                                        "GEOPOS G M M",
                                        "GEOHASH G M M",
                                        "GEODIST G M M",
                                        "GEODIST G M M U",
                                        "GEORADIUS G Q t U",
                                        "GEORADIUS G Q t U ASC WITHDIST",
                                        "GEORADIUS G Q t U COUNT S ANY",
                                        "GEORADIUS G Q t U STORE Z",
                                        "GEORADIUSBYMEMBER G M t U DESC WITHCOORD WITHHASH",
                                        "GEOSEARCH G FROMLONLAT Q BYBOX t t U",
                                        "GEOSEARCH G FROMLONLAT Q BYRADIUS t U DESC",
                                        "GEOSEARCH G FROMMEMBER M BYRADIUS t U",
                                        "GEOSEARCHSTORE G G FROMMEMBER M BYBOX t t U",
                                        "DEL G",
                                        "OBJECT ENCODING G",
                                        "SORT L",
                                        "SORT L ALPHA",
                                        "SORT L ALPHA DESC LIMIT S S",
                                        "SORT L BY x GET # GET K",
                                        "SORT L BY x LIMIT S S DESC",
                                        "SORT L BY *a ALPHA GET #",
                                        "SORT Y ALPHA LIMIT S S",
                                        "SORT Y ALPHA STORE L",
                                        "SORT Z ALPHA",
                                        "SORT Z BY x DESC",
                                        "SORT Z BY x LIMIT S S STORE L",
                                        "GET H",
                                        "HGET Y M",
                                        "LPUSH Y M",
                                        "SADD L M",
                                        "SADD H M",
                                        "XADD q n M V",
                                        "XADD q n M V",
                                        "XADD q n M V M V",
                                        "XADD q n M S",
                                        "XADD q i M V",
                                        "XADD q MAXLEN ~ S n M V",
                                        "XADD q MINID ~ i n M V",
                                        "XADD q MAXLEN S NOMKSTREAM n M V",
                                        "XADD q MAXLEN ~ S LIMIT S n M V",
                                        "XLEN q",
                                        "XDEL q i",
                                        "XDEL q i i",
                                        "XTRIM q MAXLEN S",
                                        "XTRIM q MAXLEN ~ S LIMIT S",
                                        "XTRIM q MINID = i",
                                        "XTRIM q MINID ~ i",
                                        "XSETID q i",
                                        "XSETID q i ENTRIESADDED S MAXDELETEDID i",
                                        "XRANGE q - +",
                                        "XRANGE q i i",
                                        "XRANGE q i i COUNT S",
                                        "XREVRANGE q i i",
                                        "XREVRANGE q + i COUNT S",
                                        "XREAD STREAMS q i",
                                        "XREAD COUNT S STREAMS q q i i",
                                        "XINFO STREAM q",
                                        "XINFO STREAM q FULL",
                                        "XINFO STREAM q FULL COUNT S",
                                        "XINFO GROUPS q",
                                        "XINFO CONSUMERS q g",
                                        "XGROUP CREATE q g i",
                                        "XGROUP CREATE q g i MKSTREAM",
                                        "XGROUP CREATE q g 0 ENTRIESREAD S",
                                        "XGROUP SETID q g i",
                                        "XGROUP SETID q g i ENTRIESREAD S",
                                        "XGROUP DESTROY q g",
                                        "XGROUP CREATECONSUMER q g c",
                                        "XGROUP DELCONSUMER q g c",
                                        "XREADGROUP GROUP g c STREAMS q >",
                                        "XREADGROUP GROUP g c COUNT 2 STREAMS q >",
                                        "XREADGROUP GROUP g c COUNT 1 STREAMS q q > >",
                                        "XREADGROUP GROUP g c NOACK COUNT 1 STREAMS q >",
                                        "XREADGROUP GROUP g c STREAMS q i",
                                        "XREADGROUP GROUP g c COUNT S STREAMS q i",
                                        "XACK q g i",
                                        "XACK q g i i i",
                                        "XPENDING q g",
                                        "XPENDING q g - + 10",
                                        "XPENDING q g i i S c",
                                        "XPENDING q g IDLE 0 - + 10 c",
                                        "XCLAIM q g c 0 i i",
                                        "XCLAIM q g c 0 i FORCE",
                                        "XCLAIM q g c 0 i i JUSTID RETRYCOUNT S",
                                        "XCLAIM q g c 1000000 i",
                                        "XCLAIM q g c 0 i LASTID i FORCE JUSTID",
                                        "XAUTOCLAIM q g c 0 i",
                                        "XAUTOCLAIM q g c 0 i COUNT S",
                                        "XAUTOCLAIM q g c 0 0 COUNT 1 JUSTID",
                                        "COPY q q REPLACE",
                                        "RENAME q q",
                                        "MOVE q D",
                                        "DEL q",
                                        "WATCH q",
                                        "OBJECT ENCODING q",
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
constexpr std::string_view kSortedSetKeys[] = {"z1", "z2", "z2", "z3", "z3", "z3", "z3", "s1"};
constexpr std::string_view kLexicalKeys[] = {"x1", "x2"};
constexpr std::string_view kScores[] = {"0", "1",   "2",    "2",   "3",    "-1",   "-0",
                                        "4", "2.5", "-0.1", "inf", "-inf", "1e17", "x"};
constexpr std::string_view kScoreEnds[] = {"-inf", "+inf", "0", "(1", "1",
                                           "2",    "(2",   "3", "-1", "x"};
constexpr std::string_view kMemberEnds[] = {"-", "+", "[1", "(5", "[hello", "(x", "[x", "[yy", "x"};
constexpr std::string_view kGeoKeys[] = {"g1", "g1", "g2", "z1"};
// Two words each.
constexpr std::string_view kPositions[] = {"13.361389 38.115556",
                                           "15.087269 37.502669",
                                           "15 37",
                                           "0 0",
                                           "179.99 1",
                                           "-179.99 1",
                                           "10 85",
                                           "-10 -85",
                                           "2 48",
                                           "9 45",
                                           "181 0",
                                           "180 85.05112878"};
constexpr std::string_view kRadii[] = {"0", "1", "50", "200", "1000", "3000.5", "9000", "-1", "x"};
constexpr std::string_view kLengths[] = {"m", "km", "km", "km", "mi", "FT", "yd"};
constexpr std::string_view kAddOptions[] = {"NX", "XX", "GT", "LT", "CH", "CH", "INCR", "incr"};
constexpr std::string_view kStreamKeys[] = {"q1", "q2", "q2", "q3", "q3", "q3", "q3", "a", "s1"};
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
      if (word == "Q") {
        std::istringstream two{Fill('Q')};
        for (std::string one; two >> one;) line.args.push_back(one);
        continue;
      }
      line.args.push_back(word.size() == 1 ? Fill(word[0]) : word);
    }
    for (const std::string& arg : line.args) line.text.append(" ").append(arg);
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
      case 'G':
        return std::string(Pick(kGeoKeys));
      case 'Q':
        return std::string(Pick(kPositions));
      case 't':
        return std::string(Pick(kRadii));
      case 'U':
        return std::string(Pick(kLengths));
      case 'Z':
        return std::string(Pick(kSortedSetKeys));
      case 'X':
        return std::string(Pick(kLexicalKeys));
      case 'C':
        return std::string(Pick(kScores));
      case 'R':
        return std::string(Pick(kScoreEnds));
      case 'j':
        return std::string(Pick(kMemberEnds));
      case 'A':
        return std::string(Pick(kAddOptions));
      case 'q':
        return std::string(Pick(kStreamKeys));
      case 'n':
        return std::string(Pick(kNewIds));
      case 'i':
        return std::string(Pick(kIds));
      case 'g':
        return std::string(Pick(kGroups));
      case 'c':
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

Compare HowToCompare(const ScriptLine& line) {
  const std::string_view command = line.args[0];
  // BY may leave the members of a set in any order.
  if (command == "SORT" && line.text.find(" BY ") != std::string::npos) return Compare::kSorted;
  constexpr std::string_view kUnordered[] = {
      "KEYS",   "SCAN",   "HGETALL", "HKEYS", "HVALS", "HRANDFIELD",  "HSCAN",       "SMEMBERS",
      "SINTER", "SUNION", "SDIFF",   "SSCAN", "SPOP",  "SRANDMEMBER", "ZRANDMEMBER", "ZSCAN"};
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
  constexpr size_t kRequests = 130'000;
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
                 "zset-max-listpack-entries",
                 "4",
                 "zset-max-listpack-value",
                 "6",
                 "stream-node-max-entries",
                 "3"};
  script.lines.push_back(limits);
  Generator generator(20260501);
  for (size_t i = 0; i < kRequests; ++i) {
    script.lines.push_back(generator.Next(i));
    script.lines.back().compare = HowToCompare(script.lines.back());
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
