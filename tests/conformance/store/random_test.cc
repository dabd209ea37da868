// Requests put together by chance, on a real Redis and on the embedded store. Finds what nobody
// thought of writing into a script. The seed is fixed: a failure can be repeated.
#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "tests/conformance/script/script.h"
#include "tests/conformance/script/servers.h"
#include "tests/conformance/store/random_shapes.h"

namespace keyhole::test {
namespace {

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
