#include "resp/command_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace keyhole::resp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Words = std::vector<std::string_view>;

const CommandSpec& FindRow(std::initializer_list<std::string_view> args) {
  return Find(std::span(args.begin(), args.size()));
}

// The keys of a request, by the row that Find() gives.
std::vector<std::string> KeysOf(std::initializer_list<std::string_view> words) {
  const std::span<const std::string_view> args(words.begin(), words.size());
  std::vector<std::string> keys;
  ForEachKey(Find(args), args, [&keys](std::string_view key) { keys.emplace_back(key); });
  return keys;
}

std::string Upper(std::string_view name) {
  std::string upper;
  for (const char c : name) upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper;
}

TEST(CommandTable, EveryRowIsFoundByItsNameInAnyCase) {
  for (const CommandSpec& row : AllCommands()) {
    for (const std::string& name : {std::string(row.name), Upper(row.name)}) {
      Words args = {name};
      if (row.parent != CommandId::kUnknown) args = {Spec(row.parent).name, name};
      EXPECT_EQ(&Find(args), &row) << row.full_name;
    }
  }
}

TEST(CommandTable, SplitAndMergeAreColumns) {
  EXPECT_EQ(RequestPolicy(Spec(CommandId::kDel).shards.split), "multi_shard");
  EXPECT_EQ(ResponsePolicy(Spec(CommandId::kDel).shards.merge), "agg_sum");
  EXPECT_EQ(RequestPolicy(Spec(CommandId::kScan).shards.split), "special");
  EXPECT_EQ(ResponsePolicy(Spec(CommandId::kScan).shards.merge), "");
  EXPECT_EQ(ResponsePolicy(Spec(CommandId::kScriptExists).shards.merge), "agg_logical_and");
  EXPECT_EQ(ResponsePolicy(Spec(CommandId::kInfo).shards.merge), "special");
  EXPECT_EQ(ResponsePolicy(Merge::kAggLogicalOr), "agg_logical_or");
  EXPECT_EQ(ResponsePolicy(Merge::kAggMax), "agg_max");
  EXPECT_EQ(RequestPolicy(Spec(CommandId::kUnknown).shards.split), "");
}

// What is cut by its keys has its keys in one run; what goes to one shard has nothing to merge.
TEST(CommandTable, OnlyWhatIsSplitIsMerged) {
  for (const CommandSpec& row : AllCommands()) {
    if (row.shards.split == Split::kMultiShard) {
      EXPECT_EQ(row.keys.kind, KeySpec::Kind::kRange) << row.full_name;
      EXPECT_EQ(row.keys.last, -1) << row.full_name;
    }
    if (row.shards.split == Split::kOneSlot) {
      EXPECT_EQ(row.shards.merge, Merge::kConcat) << row.full_name;
    }
  }
}

TEST(CommandTable, RowsStandInTheOrderOfTheirIds) {
  size_t id = 0;
  for (const CommandSpec& row : AllCommands()) {
    EXPECT_EQ(static_cast<size_t>(row.id), ++id) << row.full_name;
    EXPECT_EQ(&Spec(row.id), &row);
  }
  EXPECT_EQ(id + 1, kCommandCount);
}

TEST(CommandTable, FullNamesAreUniqueAndWrittenAsRedisDoes) {
  std::set<std::string_view> seen;
  for (const CommandSpec& row : AllCommands()) {
    EXPECT_TRUE(seen.insert(row.full_name).second) << row.full_name;
  }
  EXPECT_EQ(Spec(CommandId::kGet).full_name, "get");
  EXPECT_EQ(Spec(CommandId::kClientSetname).full_name, "client|setname");
  EXPECT_EQ(Spec(CommandId::kClientSetname).name, "setname");
}

TEST(CommandTable, OnlyContainersHaveSubcommands) {
  for (const CommandSpec& row : AllCommands()) {
    if (row.parent != CommandId::kUnknown) {
      EXPECT_TRUE(Spec(row.parent).has(kContainer)) << row.full_name;
      EXPECT_FALSE(row.has(kContainer)) << row.full_name;
    }
  }
}

TEST(CommandTable, WhatIsNotInTheTableIsPinnedAndUncounted) {
  for (const std::string_view name :
       {"", "GE", "GETT", "get ", "JSON.GET", "g\xc5t", "-", "client|setname", "setname",
        "a-name-that-is-longer-than-any-name-in-the-table"}) {
    const CommandSpec& row = FindRow({name, "key"});
    EXPECT_EQ(row.id, CommandId::kUnknown) << name;
    EXPECT_EQ(row.effect, Effect::kTaint);
    EXPECT_EQ(row.hit.rule, HitRule::kNone);
    EXPECT_THAT(KeysOf({name, "key"}), IsEmpty());
  }
}

TEST(CommandTable, NoByteButALetterHasTwoCases) {
  // '@' and '`', '[' and '{', '-' and CR differ in the same bit as 'A' and 'a'.
  for (const CommandSpec& row : AllCommands()) {
    for (size_t i = 0; i < row.name.size(); ++i) {
      std::string name(row.name);
      name[i] = static_cast<char>(name[i] ^ 0x20);
      Words args = {name};
      if (row.parent != CommandId::kUnknown) args = {Spec(row.parent).name, name};
      const bool letter = std::isalpha(static_cast<unsigned char>(row.name[i])) != 0;
      EXPECT_EQ(Find(args).id == row.id, letter) << row.full_name << " at " << i;
    }
  }
}

TEST(CommandTable, NamesWithZeroBytesAreDifferentNames) {
  using namespace std::string_view_literals;
  EXPECT_EQ(FindRow({"get\0"sv}).id, CommandId::kUnknown);
  EXPECT_EQ(FindRow({"\0get"sv}).id, CommandId::kUnknown);
}

TEST(CommandTable, ContainerStandsForMissingAndUnknownSubcommands) {
  EXPECT_EQ(FindRow({"CONFIG"}).id, CommandId::kConfig);
  EXPECT_EQ(FindRow({"CONFIG", "nonsense"}).id, CommandId::kConfig);
  EXPECT_EQ(FindRow({"CONFIG", ""}).id, CommandId::kConfig);
  EXPECT_EQ(FindRow({"Config", "gEt", "save"}).id, CommandId::kConfigGet);
  EXPECT_EQ(FindRow({"CONFIG", "setname"}).id, CommandId::kConfig);
  EXPECT_EQ(Spec(CommandId::kConfig).effect, Effect::kPrivateOnce);
  EXPECT_EQ(Spec(CommandId::kClient).effect, Effect::kTaint);
  EXPECT_EQ(Spec(CommandId::kCommand).effect, Effect::kNone);
}

TEST(CommandTable, ArgumentsOfPlainCommandsAreNoSubcommands) {
  EXPECT_EQ(FindRow({"GET", "get"}).id, CommandId::kGet);
  EXPECT_EQ(FindRow({"SET", "setname", "v"}).id, CommandId::kSet);
}

TEST(CommandTable, Arity) {
  const CommandSpec& get = Spec(CommandId::kGet);
  EXPECT_FALSE(get.AcceptsCount(1));
  EXPECT_TRUE(get.AcceptsCount(2));
  EXPECT_FALSE(get.AcceptsCount(3));
  const CommandSpec& del = Spec(CommandId::kDel);
  EXPECT_FALSE(del.AcceptsCount(1));
  EXPECT_TRUE(del.AcceptsCount(2));
  EXPECT_TRUE(del.AcceptsCount(1000));
}

TEST(CommandTable, BrowsersAreHungUpOn) {
  EXPECT_EQ(FindRow({"POST", "/", "HTTP/1.1"}).effect, Effect::kHangUp);
  EXPECT_EQ(FindRow({"Host:", "localhost"}).effect, Effect::kHangUp);
}

TEST(CommandTable, WhatBlocksNeverSharesALink) {
  for (const CommandSpec& row : AllCommands()) {
    if (!row.has(kBlocking)) continue;
    EXPECT_NE(row.effect, Effect::kNone) << row.full_name;
  }
}

TEST(Keys, None) {
  EXPECT_THAT(KeysOf({"PING", "key"}), IsEmpty());
  EXPECT_THAT(KeysOf({"SUBSCRIBE", "channel"}), IsEmpty());
  EXPECT_THAT(KeysOf({"SSUBSCRIBE", "channel"}), IsEmpty());
}

TEST(Keys, Range) {
  EXPECT_THAT(KeysOf({"GET", "a"}), ElementsAre("a"));
  EXPECT_THAT(KeysOf({"get"}), IsEmpty());
  EXPECT_THAT(KeysOf({"MGET", "a", "b", "a"}), ElementsAre("a", "b", "a"));
  EXPECT_THAT(KeysOf({"MGET"}), IsEmpty());
  EXPECT_THAT(KeysOf({"MSET", "a", "1", "b", "2"}), ElementsAre("a", "b"));
  EXPECT_THAT(KeysOf({"MSET", "a", "1", "b"}), ElementsAre("a", "b"));
  EXPECT_THAT(KeysOf({"BLPOP", "a", "b", "0"}), ElementsAre("a", "b"));
  EXPECT_THAT(KeysOf({"BLPOP", "0"}), IsEmpty());
  EXPECT_THAT(KeysOf({"BLPOP"}), IsEmpty());
  EXPECT_THAT(KeysOf({"BITOP", "AND", "to", "a", "b"}), ElementsAre("to", "a", "b"));
  EXPECT_THAT(KeysOf({"BITOP", "AND"}), IsEmpty());
  EXPECT_THAT(KeysOf({"OBJECT", "ENCODING", "a"}), ElementsAre("a"));
  EXPECT_THAT(KeysOf({"OBJECT", "ENCODING"}), IsEmpty());
}

TEST(Keys, Two) {
  EXPECT_THAT(KeysOf({"RENAME", "a", "b"}), ElementsAre("a", "b"));
  EXPECT_THAT(KeysOf({"RENAME", "a"}), ElementsAre("a"));
  EXPECT_THAT(KeysOf({"RENAME"}), IsEmpty());
  EXPECT_THAT(KeysOf({"COPY", "a", "b", "REPLACE"}), ElementsAre("a", "b"));
}

TEST(Keys, CountAt) {
  EXPECT_THAT(KeysOf({"EVAL", "return 1", "2", "a", "b", "x"}), ElementsAre("a", "b"));
  EXPECT_THAT(KeysOf({"EVAL", "return 1", "0", "x"}), IsEmpty());
  EXPECT_THAT(KeysOf({"LMPOP", "1", "a", "LEFT"}), ElementsAre("a"));
  for (const std::string_view count :
       {"3", "-1", "x", "", "1.5", " 1", "18446744073709551615", "9223372036854775807"}) {
    EXPECT_THAT(KeysOf({"EVAL", "return 1", count, "a", "b"}), IsEmpty()) << count;
  }
  EXPECT_THAT(KeysOf({"EVAL", "return 1"}), IsEmpty());
}

TEST(Keys, CountAtAndADestination) {
  EXPECT_THAT(KeysOf({"ZUNIONSTORE", "to", "2", "a", "b", "WEIGHTS", "1", "2"}),
              ElementsAre("to", "a", "b"));
  EXPECT_THAT(KeysOf({"ZUNIONSTORE", "to", "3", "a", "b"}), ElementsAre("to"));
  EXPECT_THAT(KeysOf({"ZUNIONSTORE", "to"}), ElementsAre("to"));
  EXPECT_THAT(KeysOf({"ZUNIONSTORE"}), IsEmpty());
}

TEST(Keys, AfterStreams) {
  EXPECT_THAT(KeysOf({"XREAD", "COUNT", "2", "streams", "a", "b", "0", "0"}),
              ElementsAre("a", "b"));
  EXPECT_THAT(KeysOf({"XREADGROUP", "GROUP", "streams", "streams", "NOACK", "STREAMS", "a", ">"}),
              ElementsAre("a"));
  EXPECT_THAT(KeysOf({"XREAD", "STREAMS", "streams", "$"}), ElementsAre("streams"));
  EXPECT_THAT(KeysOf({"XREAD", "STREAMS", "a", "b", "0"}), IsEmpty());
  EXPECT_THAT(KeysOf({"XREAD", "STREAMS"}), IsEmpty());
  EXPECT_THAT(KeysOf({"XREAD", "COUNT", "STREAMS"}), IsEmpty());
  EXPECT_THAT(KeysOf({"XREAD"}), IsEmpty());
}

TEST(Keys, Migrate) {
  EXPECT_THAT(KeysOf({"MIGRATE", "host", "1", "a", "0", "10"}), ElementsAre("a"));
  EXPECT_THAT(KeysOf({"MIGRATE", "host", "1", "", "0", "10", "KEYS", "a", "b"}),
              ElementsAre("a", "b"));
  EXPECT_THAT(KeysOf({"MIGRATE", "host", "1", "", "0", "10", "AUTH", "keys", "keys", "a"}),
              ElementsAre("a"));
  EXPECT_THAT(KeysOf({"MIGRATE", "host", "1", "a", "0", "10", "KEYS", "b"}), ElementsAre("a"));
  EXPECT_THAT(KeysOf({"MIGRATE", "host", "1", "", "0", "10"}), ElementsAre(""));
  EXPECT_THAT(KeysOf({"MIGRATE", "host", "1", "", "0", "10", "KEYS"}), IsEmpty());
  EXPECT_THAT(KeysOf({"MIGRATE", "host", "1"}), IsEmpty());
}

TEST(Keys, Sort) {
  EXPECT_THAT(KeysOf({"SORT", "a"}), ElementsAre("a"));
  EXPECT_THAT(KeysOf({"SORT", "a", "LIMIT", "0", "1", "store", "to"}), ElementsAre("a", "to"));
  EXPECT_THAT(KeysOf({"SORT", "a", "BY", "store", "GET", "store"}), ElementsAre("a"));
  EXPECT_THAT(KeysOf({"SORT", "a", "STORE", "x", "STORE", "to"}), ElementsAre("a", "to"));
  EXPECT_THAT(KeysOf({"SORT", "a", "STORE"}), ElementsAre("a"));
  EXPECT_THAT(KeysOf({"SORT"}), IsEmpty());
  EXPECT_THAT(KeysOf({"GEORADIUS", "a", "0", "0", "9", "km", "STOREDIST", "to"}),
              ElementsAre("a", "to"));
  EXPECT_THAT(KeysOf({"GEORADIUSBYMEMBER", "a", "store", "9", "km", "STORE", "to"}),
              ElementsAre("a", "to"));
}

// Every row with every number of arguments: no index is out of range.
TEST(Keys, AnyNumberOfArgumentsIsSafe) {
  for (const CommandSpec& row : AllCommands()) {
    for (const std::string_view filler : {"", "1", "9", "keys", "store", "streams"}) {
      for (size_t count = 1; count < 12; ++count) {
        const Words args(count, filler);
        for (const KeyRun& run : LocateKeys(row, args).run) {
          EXPECT_LE(run.end, count) << row.full_name;
          EXPECT_GE(run.step, 1U);
        }
      }
    }
  }
}

TEST(EqualsIgnoreCase, OnlyLettersHaveCase) {
  EXPECT_TRUE(EqualsIgnoreCase("", ""));
  EXPECT_TRUE(EqualsIgnoreCase("NoMkStream", "nomkSTREAM"));
  EXPECT_FALSE(EqualsIgnoreCase("abc", "abcd"));
  EXPECT_FALSE(EqualsIgnoreCase("a[", "a{"));
  EXPECT_FALSE(EqualsIgnoreCase("a@", "a`"));
  EXPECT_FALSE(EqualsIgnoreCase("\xc4", "\xe4"));
}

}  // namespace
}  // namespace keyhole::resp
