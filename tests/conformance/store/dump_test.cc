// DUMP and RESTORE across: values of all types and encodings that the store has, made by the same
// commands in a real Redis and in the store, are carried to the other one, which must then show the
// same; the payloads of what has one order are the same bytes, but for what LZF makes of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/conformance/script/script.h"
#include "tests/conformance/script/servers.h"

namespace keyhole::test {
namespace {

using Args = std::vector<std::string>;

struct Value {
  const char* name;
  std::vector<Args> made_by;
  Args shown_by;
  bool ordered;  // and not compressed
};

Args Many(Args args, int count, const std::string& prefix, bool pairs = false) {
  for (int i = 0; i < count; ++i) {
    args.push_back(prefix + std::to_string(i));
    if (pairs) args.push_back("value " + std::to_string(i * i));
  }
  return args;
}

// A stream of several blocks with deleted entries, entries of other fields, and groups in which
// entries are pending for several consumers.
std::vector<Args> LongStream() {
  std::vector<Args> made;
  for (int i = 1; i <= 350; ++i) {
    const std::string number = std::to_string(i);
    made.push_back({"XADD", "k", number + "-" + std::to_string(i % 7), "name", "value " + number});
    if (i % 10 == 0) made.back().insert(made.back().end(), {"other", "77", number, ""});
    if (i % 90 == 0) made.push_back({"XDEL", "k", std::to_string(i - 5) + "-1"});
  }
  made.push_back({"XDEL", "k", "350-0", "1-1"});
  made.push_back({"XGROUP", "CREATE", "k", "late", "300", "ENTRIESREAD", "299"});
  made.push_back({"XGROUP", "CREATE", "k", "empty", "$"});
  made.push_back({"XGROUP", "CREATE", "k", "g", "0"});
  made.push_back({"XREADGROUP", "GROUP", "g", "ann", "COUNT", "130", "STREAMS", "k", ">"});
  made.push_back({"XREADGROUP", "GROUP", "g", "bob", "COUNT", "3", "STREAMS", "k", ">"});
  made.push_back({"XACK", "k", "g", "7-0", "9-2"});
  made.push_back({"XCLAIM", "k", "g", "carl", "0", "5-5", "TIME", "1000", "RETRYCOUNT", "9"});
  made.push_back({"XGROUP", "CREATECONSUMER", "k", "g", "dora"});
  return made;
}

std::vector<Value> Values() {
  const Args get = {"GET", "k"};
  const Args all = {"HGETALL", "k"};
  const Args members = {"SMEMBERS", "k"};
  const Args list = {"LRANGE", "k", "0", "-1"};
  return {
      {"a string", {{"SET", "k", "hello"}}, get, true},
      {"an empty one", {{"SET", "k", ""}}, get, true},
      {"an integer", {{"SET", "k", "-12345"}}, get, true},
      {"a large one", {{"SET", "k", "9223372036854775807"}}, get, true},
      {"a long string", {{"SET", "k", std::string(100'000, 'x') + "y"}}, get, false},
      {"any bytes", {{"SET", "k", std::string("\0\xFF\r\n", 4)}}, get, true},
      {"bits", {{"SETBIT", "k", "70", "1"}}, get, true},
      {"a HyperLogLog", {{"PFADD", "k", "a", "b"}}, get, false},
      {"a small hash", {{"HSET", "k", "f", "v", "n", "77", "long", "70000"}}, all, true},
      {"a hash with a long value", {{"HSET", "k", "f", std::string(65, 'v')}}, all, false},
      {"a large hash", {Many({"HSET", "k"}, 2000, "field:", true)}, all, false},
      {"a set of integers", {{"SADD", "k", "5", "-7", "100000"}}, members, true},
      {"of large ones", {{"SADD", "k", "5", "-9223372036854775808"}}, members, false},
      {"of many", {Many({"SADD", "k"}, 2000, "1")}, members, false},
      {"a set of a word", {{"SADD", "k", "a"}}, members, true},
      {"a large set", {Many({"SADD", "k"}, 2000, "member:")}, members, false},
      {"a small list", {{"RPUSH", "k", "a", "1", "", "-70000"}}, list, true},
      {"a small stream", {{"XADD", "k", "1-1", "f", "v"}}, {"XRANGE", "k", "-", "+"}, true},
      {"an empty stream",
       {{"XGROUP", "CREATE", "k", "g", "$", "MKSTREAM"}, {"XSETID", "k", "7-3"}},
       {"XINFO", "STREAM", "k"},
       true},
      {"a stream", LongStream(), {"XRANGE", "k", "-", "+"}, false},
      {"what XINFO says of it", LongStream(), {"XINFO", "STREAM", "k"}, false},
      {"its groups", LongStream(), {"XINFO", "GROUPS", "k"}, false},
      {"what is pending", LongStream(), {"XPENDING", "k", "g"}, false},
      {"a large list", {Many({"RPUSH", "k"}, 3000, "element:")}, list, false},
  };
}

// Of a bulk string; else the whole reply.
std::string Bulk(const std::string& reply) {
  const size_t begin = reply.find("\r\n") + 2;
  if (!reply.starts_with("$") || reply.size() < begin + 2) return reply;
  return reply.substr(begin, reply.size() - begin - 2);
}

// One client of a server.
class Asker {
 public:
  explicit Asker(Server& server) : peer_(server.Connect()) {}
  std::string Ask(const Args& args) {
    ScriptLine line;
    line.args = args;
    peer_->Send({&line});
    return peer_->Read();
  }
  // Sets and hashes have an order of their own on each side.
  std::string Show(const Value& value) {
    const std::string reply = Ask(value.shown_by);
    if (value.shown_by[0] != "SMEMBERS" && value.shown_by[0] != "HGETALL") return reply;
    const size_t step = value.shown_by[0] == "HGETALL" ? 2 : 1;
    std::vector<std::string> lines;
    for (size_t at = reply.find('$'); at < reply.size();) {
      size_t end = at;
      for (size_t i = 0; i < 2 * step; ++i) end = reply.find("\r\n", end) + 2;
      lines.push_back(reply.substr(at, end - at));
      at = end;
    }
    std::sort(lines.begin(), lines.end());
    std::string sorted;
    for (const std::string& line : lines) sorted += line;
    return sorted;
  }

 private:
  std::unique_ptr<Peer> peer_;
};

TEST(Dump, GoesToRedisAndBack) {
  RealRedis real;
  EmbeddedStore embedded;
  Asker redis(real);
  Asker store(embedded);
  for (const Value& value : Values()) {
    SCOPED_TRACE(value.name);
    std::string payloads[2];
    std::string shown;
    std::string encoding;
    for (Asker* const side : {&redis, &store}) {
      side->Ask({"FLUSHALL"});
      for (const Args& args : value.made_by) side->Ask(args);
      payloads[side == &redis ? 0 : 1] = Bulk(side->Ask({"DUMP", "k"}));
      shown = side->Show(value);
      encoding = side->Ask({"OBJECT", "ENCODING", "k"});
    }
    if (value.ordered) {
      EXPECT_EQ(payloads[0], payloads[1]);
    }
    for (const std::string& payload : payloads) {
      for (Asker* const side : {&redis, &store}) {
        EXPECT_EQ(side->Ask({"RESTORE", "k", "0", payload, "REPLACE"}), "+OK\r\n");
        EXPECT_EQ(side->Show(value), shown);
        EXPECT_EQ(side->Ask({"TYPE", "k"}), redis.Ask({"TYPE", "k"}));
        const bool raw = encoding.find("raw") != std::string::npos;  // forgotten by both
        if (!raw) {
          EXPECT_EQ(side->Ask({"OBJECT", "ENCODING", "k"}), encoding);
        }
      }
    }
  }
}

// Each byte of a payload is changed, with a checksum that is wrong, too: never anything but an
// error or a value.
TEST(Dump, BrokenPayloadsAreRefused) {
  EmbeddedStore embedded;
  Asker store(embedded);
  store.Ask({"HSET", "k", "f", "v", "n", "77"});
  const std::string payload = Bulk(store.Ask({"DUMP", "k"}));
  for (size_t at = 0; at < payload.size(); ++at) {
    std::string broken = payload;
    broken[at] = static_cast<char>(broken[at] ^ 0x11);
    EXPECT_EQ(store.Ask({"RESTORE", "x", "0", broken}),
              "-ERR DUMP payload version or checksum are wrong\r\n");
    EXPECT_EQ(store.Ask({"RESTORE", "x", "0", payload.substr(0, at)}),
              "-ERR DUMP payload version or checksum are wrong\r\n");
  }
}

}  // namespace
}  // namespace keyhole::test
