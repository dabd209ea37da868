// Every row of commands.def against what COMMAND of the installed redis-server says.
#include "resp/command_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "tests/support/hiredis_client.h"
#include "tests/support/redis_server.h"

namespace keyhole::resp {
namespace {

using test::HiredisClient;
using test::RedisServer;
using test::Reply;

// ---- Differences that we mean ----

// Rows that COMMAND does not list, and why.
const std::map<std::string_view, std::string_view> kNotListed = {
    {"post", "no command: the first word of an HTTP request"},
    {"host:", "no command: a header of an HTTP request"},
};

// Rows whose keys we see otherwise, and why.
const std::map<std::string_view, std::string_view> kOtherKeys = {
    {"spublish", "the argument is a shard channel (flag not_key): hashed as a key, but none"},
    {"ssubscribe", "shard channels"},
    {"sunsubscribe", "shard channels"},
};

const std::map<std::string_view, CommandFlag> kFlagNames = {
    {"readonly", kRead},     {"write", kWrite},          {"admin", kAdmin},
    {"blocking", kBlocking}, {"pubsub", kPubSub},        {"no_auth", kNoAuth},
    {"no_multi", kNoMulti},  {"allow_busy", kAllowBusy}, {"movablekeys", kMovableKeys},
    {"denyoom", kDenyOom},
};

struct Reported {
  int64_t arity = 0;
  int flags = kNoFlags;
  std::array<int64_t, 3> keys{};  // first, last, step
  std::string request_policy;
  std::string response_policy;
};
using ReportedCommands = std::map<std::string, Reported>;

// Adds one entry of COMMAND's reply, and those of its subcommands.
void AddEntry(const Reply& entry, ReportedCommands* all) {
  Reported command;
  command.arity = entry.elements.at(1).integer;
  for (const Reply& flag : entry.elements.at(2).elements) {
    const auto known = kFlagNames.find(flag.text);
    if (known != kFlagNames.end()) command.flags |= known->second;
  }
  for (size_t i = 0; i < 3; ++i) command.keys[i] = entry.elements.at(3 + i).integer;
  for (const Reply& tip : entry.elements.at(7).elements) {
    const size_t colon = std::min(tip.text.find(':'), tip.text.size());
    const std::string name = tip.text.substr(0, colon);
    if (name == "request_policy") command.request_policy = tip.text.substr(colon + 1);
    if (name == "response_policy") command.response_policy = tip.text.substr(colon + 1);
  }
  const std::vector<Reply>& subcommands = entry.elements.at(9).elements;
  if (!subcommands.empty()) command.flags |= kContainer;
  all->emplace(entry.elements.at(0).text, command);
  for (const Reply& subcommand : subcommands) AddEntry(subcommand, all);
}

const ReportedCommands& AskRedis() {
  static const ReportedCommands commands = [] {
    const RedisServer redis;
    ReportedCommands all;
    HiredisClient client = HiredisClient::ConnectUnix(redis.socket_path());
    for (const Reply& entry : client.Command({"COMMAND"}).elements) AddEntry(entry, &all);
    return all;
  }();
  return commands;
}

// first, last and step as COMMAND gives them for keys of this kind.
std::array<int64_t, 3> AsReported(const KeySpec& keys) {
  switch (keys.kind) {
    case KeySpec::Kind::kNone:
    case KeySpec::Kind::kAfterStreams:
      return {0, 0, 0};
    case KeySpec::Kind::kRange:
      return {keys.first, keys.last, keys.step};
    case KeySpec::Kind::kTwo:
      return {keys.first, keys.last, 1};
    case KeySpec::Kind::kCountAt:
      if (keys.last == 0) return {0, 0, 0};
      return {keys.last, keys.last, 1};
    case KeySpec::Kind::kMigrate:
      return {3, 3, 1};
    case KeySpec::Kind::kSort:
      return {1, 1, 1};
  }
  return {-1, -1, -1};
}

bool IsExpected(const CommandSpec& row) {
  return !row.has(kNewer) && !kNotListed.contains(row.full_name);
}

TEST(CommandTableConformance, ServerIsTheOneTheTableDescribes) {
  const RedisServer redis;
  HiredisClient client = HiredisClient::ConnectUnix(redis.socket_path());
  EXPECT_THAT(client.Command({"INFO", "server"}).text, testing::HasSubstr("redis_version:7.0.15"));
}

TEST(CommandTableConformance, EveryRowIsAsTheServerSays) {
  for (const CommandSpec& row : AllCommands()) {
    if (!IsExpected(row)) continue;
    const auto found = AskRedis().find(std::string(row.full_name));
    if (found == AskRedis().end()) {
      ADD_FAILURE() << row.full_name << " is not in the server";
      continue;
    }
    const Reported& reported = found->second;
    EXPECT_EQ(row.arity, reported.arity) << row.full_name;
    EXPECT_EQ(row.flags & ~(kWhileSubscribed | kProtected | kScripts), reported.flags)
        << row.full_name;
    if (!kOtherKeys.contains(row.full_name)) {
      EXPECT_EQ(AsReported(row.keys), reported.keys) << row.full_name;
    }
    EXPECT_EQ(RequestPolicy(row.shards.split), reported.request_policy) << row.full_name;
    EXPECT_EQ(ResponsePolicy(row.shards.merge), reported.response_policy) << row.full_name;
  }
}

TEST(CommandTableConformance, NoCommandOfTheServerIsMissing) {
  std::set<std::string_view> rows;
  for (const CommandSpec& row : AllCommands()) rows.insert(row.full_name);
  EXPECT_GT(AskRedis().size(), 300U);
  for (const auto& [name, reported] : AskRedis()) EXPECT_TRUE(rows.contains(name)) << name;
}

TEST(CommandTableConformance, NewerRowsAreAbsentFromTheServer) {
  for (const CommandSpec& row : AllCommands()) {
    if (IsExpected(row)) continue;
    EXPECT_FALSE(AskRedis().contains(std::string(row.full_name))) << row.full_name;
  }
}

TEST(CommandTableConformance, EveryListedDifferenceIsReal) {
  for (const auto& [name, reason] : kOtherKeys) {
    for (const CommandSpec& row : AllCommands()) {
      if (row.full_name != name) continue;
      EXPECT_NE(AsReported(row.keys), AskRedis().at(std::string(name)).keys) << name;
    }
  }
}

}  // namespace
}  // namespace keyhole::resp
