#include "resp/hit_rule.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "resp/reply_scanner.h"

namespace keyhole::resp {
namespace {

HitRule RuleFor(std::initializer_list<std::string_view> words) {
  const std::span<const std::string_view> args(words.begin(), words.size());
  return Resolve(Find(args), args);
}

// The verdict on a reply, given as the bytes that Redis would send.
Verdict JudgeBytes(HitRule rule, std::string_view reply, size_t key = 0) {
  ReplyScanner scanner;
  if (NeedsElements(rule)) scanner.WantElements();
  size_t used = 0;
  EXPECT_EQ(scanner.Scan(reply, &used), ReplyScanner::Result::kDone) << reply;
  EXPECT_EQ(used, reply.size());
  return Judge(rule, scanner.head(), key);
}

TEST(Resolve, SetIsALookupOnlyWithGet) {
  EXPECT_EQ(RuleFor({"SET", "k", "v"}), HitRule::kNone);
  EXPECT_EQ(RuleFor({"SET", "k", "v", "GET"}), HitRule::kNullIsMiss);
  EXPECT_EQ(RuleFor({"set", "k", "v", "nx", "get"}), HitRule::kNullIsMiss);
  EXPECT_EQ(RuleFor({"SET", "k", "v", "EX", "10", "Get"}), HitRule::kNullIsMiss);
  EXPECT_EQ(RuleFor({"SET", "k", "v", "EX", "10", "NX"}), HitRule::kNone);
}

TEST(Resolve, ValuesAndKeysCalledGetAreNoOption) {
  EXPECT_EQ(RuleFor({"SET", "k", "get"}), HitRule::kNone);
  EXPECT_EQ(RuleFor({"SET", "get", "get", "KEEPTTL"}), HitRule::kNone);
  EXPECT_EQ(RuleFor({"SET", "k", "v", "IFEQ", "get"}), HitRule::kNone);
  EXPECT_EQ(RuleFor({"SET", "k", "v", "ifeq", "x", "GET"}), HitRule::kNullIsMiss);
  EXPECT_EQ(RuleFor({"SET", "k"}), HitRule::kNone);
  EXPECT_EQ(RuleFor({"SET"}), HitRule::kNone);
}

TEST(Resolve, ExistsTellsOfOneKeyOnly) {
  EXPECT_EQ(RuleFor({"EXISTS", "a"}), HitRule::kZeroIsMiss);
  EXPECT_EQ(RuleFor({"EXISTS", "a", "b"}), HitRule::kNone);
  EXPECT_EQ(RuleFor({"EXISTS", "a", "a"}), HitRule::kNone);
  EXPECT_EQ(RuleFor({"EXISTS"}), HitRule::kNone);
}

TEST(Resolve, OthersKeepTheRuleOfTheirRow) {
  EXPECT_EQ(RuleFor({"GET", "a"}), HitRule::kNullIsMiss);
  EXPECT_EQ(RuleFor({"MGET", "a", "b"}), HitRule::kEachNullIsMiss);
  EXPECT_EQ(RuleFor({"HMGET", "a", "f", "g"}), HitRule::kAllNullIsMiss);
  EXPECT_EQ(RuleFor({"OBJECT", "encoding", "a"}), HitRule::kNullIsMiss);
  EXPECT_EQ(RuleFor({"INCR", "a"}), HitRule::kNone);
  EXPECT_EQ(RuleFor({"NONSENSE", "a"}), HitRule::kNone);
}

TEST(Resolve, TheDefaultSet) {
  std::string counted;
  for (const CommandSpec& row : AllCommands()) {
    if (row.hit.by_default) counted += std::string(row.full_name) + " ";
  }
  EXPECT_EQ(counted, "get getdel getex getset mget set hget hgetall hmget ");
}

TEST(Judge, EveryRuleOnBothOutcomes) {
  struct Case {
    HitRule rule;
    std::string_view miss, hit;
  };
  for (const Case& c : std::initializer_list<Case>{
           {HitRule::kNullIsMiss, "$-1\r\n", "$3\r\nbar\r\n"},
           {HitRule::kNullIsMiss, "_\r\n", "$0\r\n\r\n"},  // an empty value is a value
           {HitRule::kNullIsMiss, "_\r\n", ",1.5\r\n"},
           {HitRule::kNullIsMiss, "*-1\r\n", "*2\r\n:0\r\n$1\r\n1\r\n"},
           {HitRule::kNullIsMiss, "$-1\r\n", ":0\r\n"},
           {HitRule::kEachNullIsMiss, "*1\r\n$-1\r\n", "*1\r\n$0\r\n\r\n"},
           {HitRule::kAllNullIsMiss, "*2\r\n$-1\r\n$-1\r\n", "*2\r\n$-1\r\n$1\r\nx\r\n"},
           {HitRule::kAllNullIsMiss, "*2\r\n_\r\n_\r\n", "*2\r\n_\r\n*1\r\n_\r\n"},
           {HitRule::kEmptyIsMiss, "*0\r\n", "*1\r\n$-1\r\n"},
           {HitRule::kEmptyIsMiss, "%0\r\n", "%1\r\n+a\r\n+b\r\n"},
           {HitRule::kEmptyIsMiss, "~0\r\n", "~1\r\n+a\r\n"},
           {HitRule::kEmptyIsMiss, "$0\r\n\r\n", "$1\r\nx\r\n"},
           {HitRule::kNullOrEmptyIsMiss, "*0\r\n", "*1\r\n$-1\r\n"},
           {HitRule::kNullOrEmptyIsMiss, "$-1\r\n", ":0\r\n"},
           {HitRule::kZeroIsMiss, ":0\r\n", ":7\r\n"},
           {HitRule::kAllZeroIsMiss, "*2\r\n:0\r\n:0\r\n", "*2\r\n:0\r\n:1\r\n"},
           {HitRule::kMinusTwoIsMiss, ":-2\r\n", ":-1\r\n"},
           {HitRule::kMinusTwoIsMiss, ":-2\r\n", ":0\r\n"},
           {HitRule::kNoneIsMiss, "+none\r\n", "+string\r\n"},
       }) {
    EXPECT_EQ(JudgeBytes(c.rule, c.miss), Verdict::kMiss) << c.miss;
    EXPECT_EQ(JudgeBytes(c.rule, c.hit), Verdict::kHit) << c.hit;
  }
}

TEST(Judge, EachKeyOfMgetHasItsOwnVerdict) {
  const std::string_view reply = "*3\r\n$1\r\na\r\n$-1\r\n$0\r\n\r\n";
  EXPECT_EQ(JudgeBytes(HitRule::kEachNullIsMiss, reply, 0), Verdict::kHit);
  EXPECT_EQ(JudgeBytes(HitRule::kEachNullIsMiss, reply, 1), Verdict::kMiss);
  EXPECT_EQ(JudgeBytes(HitRule::kEachNullIsMiss, reply, 2), Verdict::kHit);
  EXPECT_EQ(JudgeBytes(HitRule::kEachNullIsMiss, reply, 3), Verdict::kNeither);
}

TEST(Judge, ErrorsAndQueuedAreNeither) {
  for (int rule = 0; rule <= static_cast<int>(HitRule::kSetGet); ++rule) {
    for (const std::string_view reply :
         {"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
          "!5\r\nERR x\r\n", "+QUEUED\r\n", ">1\r\n$1\r\nx\r\n"}) {
      EXPECT_EQ(JudgeBytes(static_cast<HitRule>(rule), reply), Verdict::kNeither)
          << rule << " " << reply;
    }
  }
}

TEST(Judge, RepliesThatDoNotFitTheRuleAreNeither) {
  EXPECT_EQ(JudgeBytes(HitRule::kZeroIsMiss, "$1\r\n0\r\n"), Verdict::kNeither);
  EXPECT_EQ(JudgeBytes(HitRule::kMinusTwoIsMiss, "$2\r\n-2\r\n"), Verdict::kNeither);
  EXPECT_EQ(JudgeBytes(HitRule::kNoneIsMiss, "$4\r\nnone\r\n"), Verdict::kNeither);
  EXPECT_EQ(JudgeBytes(HitRule::kEachNullIsMiss, "$1\r\nx\r\n"), Verdict::kNeither);
  EXPECT_EQ(JudgeBytes(HitRule::kAllNullIsMiss, "*0\r\n"), Verdict::kNeither);
  EXPECT_EQ(Judge(HitRule::kAllNullIsMiss, ReplyHead{}, 0), Verdict::kNeither);
}

TEST(Judge, NoRuleNoVerdict) {
  EXPECT_EQ(JudgeBytes(HitRule::kNone, "$-1\r\n"), Verdict::kNeither);
  EXPECT_EQ(JudgeBytes(HitRule::kSetGet, "$-1\r\n"), Verdict::kNeither);
}

}  // namespace
}  // namespace keyhole::resp
