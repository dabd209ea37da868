// Every hit rule on a live server: on a missing key, on an existing one, in RESP2 and in RESP3.
#include "resp/hit_rule.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/raw_client.h"
#include "tests/support/redis_server.h"

namespace keyhole::resp {
namespace {

using test::RawClient;
using test::RedisServer;
using Request = std::vector<std::string_view>;

// A lookup that misses on an empty database and hits after `setup`.
struct Example {
  Request lookup;
  Request setup;
};

const Request kString = {"SET", "k", "value"};
const Request kHash = {"HSET", "k", "f", "1", "g", "2"};
const Request kList = {"RPUSH", "k", "a", "b", "c"};
const Request kSet = {"SADD", "k", "a", "b"};
const Request kSorted = {"ZADD", "k", "0", "a", "0", "b"};
const Request kStream = {"XADD", "k", "1-1", "f", "v"};
const Request kGeo = {"GEOADD", "k", "13.3", "38.1", "a", "15.0", "37.5", "b"};

// At least one for every row with a rule.
const std::vector<Example> kExamples = {
    {{"GET", "k"}, kString},
    {{"GET", "k"}, {"SET", "k", ""}},
    {{"MGET", "k"}, kString},
    {{"MGET", "k", "k"}, kString},
    {{"GETEX", "k", "EX", "100"}, kString},
    {{"GETDEL", "k"}, kString},
    {{"GETSET", "k", "new"}, kString},
    {{"SET", "k", "new", "GET"}, kString},
    {{"SET", "k", "new", "NX", "GET"}, kString},
    {{"SET", "k", "new", "XX", "get", "PX", "100000"}, kString},
    {{"STRLEN", "k"}, kString},
    {{"GETRANGE", "k", "0", "-1"}, kString},
    {{"SUBSTR", "k", "0", "-1"}, kString},
    {{"HGET", "k", "f"}, kHash},
    {{"HMGET", "k", "f"}, kHash},
    {{"HMGET", "k", "absent", "f"}, kHash},
    {{"HGETALL", "k"}, kHash},
    {{"HKEYS", "k"}, kHash},
    {{"HVALS", "k"}, kHash},
    {{"HLEN", "k"}, kHash},
    {{"HEXISTS", "k", "f"}, kHash},
    {{"HRANDFIELD", "k"}, kHash},
    {{"HRANDFIELD", "k", "2", "WITHVALUES"}, kHash},
    {{"LINDEX", "k", "0"}, kList},
    {{"LRANGE", "k", "0", "-1"}, kList},
    {{"LLEN", "k"}, kList},
    {{"LPOS", "k", "a"}, kList},
    {{"LPOS", "k", "a", "COUNT", "0"}, kList},
    {{"SMEMBERS", "k"}, kSet},
    {{"SISMEMBER", "k", "a"}, kSet},
    {{"SMISMEMBER", "k", "absent", "a"}, kSet},
    {{"SCARD", "k"}, kSet},
    {{"SRANDMEMBER", "k"}, kSet},
    {{"SRANDMEMBER", "k", "2"}, kSet},
    {{"ZSCORE", "k", "a"}, kSorted},
    {{"ZMSCORE", "k", "absent", "a"}, kSorted},
    {{"ZRANK", "k", "a"}, kSorted},
    {{"ZREVRANK", "k", "a"}, kSorted},
    {{"ZCARD", "k"}, kSorted},
    {{"ZRANGE", "k", "0", "-1"}, kSorted},
    {{"ZRANGE", "k", "0", "-1", "WITHSCORES"}, kSorted},
    {{"ZRANGEBYLEX", "k", "-", "+"}, kSorted},
    {{"ZRANGEBYSCORE", "k", "-inf", "+inf"}, kSorted},
    {{"ZREVRANGE", "k", "0", "-1"}, kSorted},
    {{"ZREVRANGEBYLEX", "k", "+", "-"}, kSorted},
    {{"ZREVRANGEBYSCORE", "k", "+inf", "-inf"}, kSorted},
    {{"ZRANDMEMBER", "k"}, kSorted},
    {{"ZRANDMEMBER", "k", "2", "WITHSCORES"}, kSorted},
    {{"XLEN", "k"}, kStream},
    {{"XRANGE", "k", "-", "+"}, kStream},
    {{"XREVRANGE", "k", "+", "-"}, kStream},
    {{"GEODIST", "k", "a", "b"}, kGeo},
    {{"GEOPOS", "k", "absent", "a"}, kGeo},
    {{"EXISTS", "k"}, kString},
    {{"TTL", "k"}, kString},
    {{"TTL", "k"}, {"SET", "k", "v", "EX", "100"}},
    {{"PTTL", "k"}, kString},
    {{"EXPIRETIME", "k"}, {"SET", "k", "v", "EX", "100"}},
    {{"PEXPIRETIME", "k"}, kString},
    {{"TYPE", "k"}, kHash},
    {{"DUMP", "k"}, kString},
    {{"OBJECT", "ENCODING", "k"}, kString},
};

// Lookups that miss although the key is there: the part they ask for is not.
const std::vector<Example> kMissingParts = {
    {{"HGET", "k", "absent"}, kHash},
    {{"HMGET", "k", "absent", "missing"}, kHash},
    {{"HEXISTS", "k", "absent"}, kHash},
    {{"LINDEX", "k", "9"}, kList},
    {{"LRANGE", "k", "7", "9"}, kList},
    {{"LPOS", "k", "absent"}, kList},
    {{"LPOS", "k", "absent", "COUNT", "0"}, kList},
    {{"SISMEMBER", "k", "absent"}, kSet},
    {{"SMISMEMBER", "k", "absent", "missing"}, kSet},
    {{"ZSCORE", "k", "absent"}, kSorted},
    {{"ZMSCORE", "k", "absent", "missing"}, kSorted},
    {{"ZRANK", "k", "absent"}, kSorted},
    {{"GEODIST", "k", "a", "absent"}, kGeo},
    {{"GEOPOS", "k", "absent", "missing"}, kGeo},
    {{"GETRANGE", "k", "100", "200"}, kString},
    {{"STRLEN", "k"}, {"SET", "k", ""}},
};

std::string Shown(const Request& request) {
  std::string text;
  for (const std::string_view arg : request) text.append(arg).append(" ");
  return text;
}

class HitRuleConformance : public testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override { Ask({"HELLO", GetParam()}); }

  std::string Ask(const Request& request) {
    client_.SendCommand(request);
    return client_.ReadReply();
  }

  // Runs the lookup and expects the verdict for every key it names.
  void ExpectVerdict(Verdict expected, const Request& lookup) {
    const HitRule rule = Resolve(Find(lookup), lookup);
    const std::string reply = Ask(lookup);
    ReplyScanner scanner;
    if (NeedsElements(rule)) scanner.WantElements();
    size_t used = 0;
    ASSERT_EQ(scanner.Scan(reply, &used), ReplyScanner::Result::kDone);
    size_t keys = 0;
    ForEachKey(Find(lookup), lookup, [&](std::string_view) {
      EXPECT_EQ(Judge(rule, scanner.head(), keys++), expected) << Shown(lookup) << "-> " << reply;
    });
    EXPECT_GE(keys, 1U) << Shown(lookup);
  }

  RedisServer redis_;
  RawClient client_ = RawClient::ConnectUnix(redis_.socket_path());
};

TEST_P(HitRuleConformance, MissingKeyIsAMissAndExistingKeyAHit) {
  for (const Example& example : kExamples) {
    Ask({"FLUSHALL"});
    ExpectVerdict(Verdict::kMiss, example.lookup);
    Ask({"FLUSHALL"});
    ASSERT_FALSE(Ask(example.setup).starts_with("-")) << Shown(example.setup);
    ExpectVerdict(Verdict::kHit, example.lookup);
  }
}

TEST_P(HitRuleConformance, MissingPartOfAnExistingKeyIsAMiss) {
  for (const Example& example : kMissingParts) {
    Ask({"FLUSHALL"});
    ASSERT_FALSE(Ask(example.setup).starts_with("-")) << Shown(example.setup);
    ExpectVerdict(Verdict::kMiss, example.lookup);
  }
}

TEST_P(HitRuleConformance, MgetTellsItsKeysApart) {
  Ask({"MSET", "a", "1", "c", ""});
  const Request lookup = {"MGET", "a", "b", "c"};
  ReplyScanner scanner;
  scanner.WantElements();
  size_t used = 0;
  const std::string reply = Ask(lookup);
  ASSERT_EQ(scanner.Scan(reply, &used), ReplyScanner::Result::kDone);
  const HitRule rule = Resolve(Find(lookup), lookup);
  EXPECT_EQ(Judge(rule, scanner.head(), 0), Verdict::kHit);
  EXPECT_EQ(Judge(rule, scanner.head(), 1), Verdict::kMiss);
  EXPECT_EQ(Judge(rule, scanner.head(), 2), Verdict::kHit);
}

TEST_P(HitRuleConformance, QueuedIsNeither) {
  Ask({"MULTI"});
  for (const Example& example : kExamples) ExpectVerdict(Verdict::kNeither, example.lookup);
  Ask({"DISCARD"});
}

TEST_P(HitRuleConformance, WrongTypeIsNeither) {
  Ask({"XADD", "k", "1-1", "f", "v"});
  for (const Example& example : kExamples) {
    const CommandSpec& row = Find(example.lookup);
    const std::string reply = Ask(example.lookup);
    if (!reply.starts_with("-WRONGTYPE")) continue;  // MGET, TYPE ... take any type
    ExpectVerdict(Verdict::kNeither, example.lookup);
    EXPECT_NE(row.id, CommandId::kExists);
  }
}

INSTANTIATE_TEST_SUITE_P(Protocols, HitRuleConformance, testing::Values("2", "3"),
                         [](const auto& protocol) { return "Resp" + std::string(protocol.param); });

TEST(HitRuleExamples, EveryRowWithARuleHasOne) {
  std::set<CommandId> examples;
  for (const Example& example : kExamples) examples.insert(Find(example.lookup).id);
  for (const CommandSpec& row : AllCommands()) {
    if (row.hit.rule == HitRule::kNone) continue;
    EXPECT_TRUE(examples.contains(row.id)) << row.full_name << " has a rule but no example";
  }
}

}  // namespace
}  // namespace keyhole::resp
