// No command is left out: each row of the command table is in a script, where it succeeds and where
// it fails; and docs/commands.md says what came of it.
//
// To write that page anew after a change:
//     WRITE_COMMANDS_MD=1 build/dev/tests/conformance/proxy/proxy_conformance_test
//         --gtest_filter='CommandTable.*'
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "absl/strings/str_join.h"
#include "proxy/store/commands/handler_table.h"
#include "resp/command_table.h"
#include "tests/conformance/script/script.h"
#include "tests/conformance/script/servers.h"

namespace keyhole::test {
namespace {

using resp::CommandId;
using resp::CommandSpec;
using resp::Effect;

// What cannot be the same, and why.
const std::map<CommandId, std::string_view> kExceptions = {
    {CommandId::kShutdown,
     "refused, unless started with `--allow-shutdown`: others use this Redis"},
    {CommandId::kClientId, "the number is that of the connection to Redis"},
    {CommandId::kClientInfo, "as Redis sees it: the proxy's address"},
    {CommandId::kClientKill, "by id or address as Redis has it; by type or user: the proxy's own"},
    {CommandId::kClientList, "the proxy's connections; with `--sharing off` one for each client"},
};

// What has no success in a script, and why.
const std::map<CommandId, std::string_view> kNeverSucceeds = {
    {CommandId::kAclLoad, "needs a file"},
    {CommandId::kAclSave, "needs a file"},
    {CommandId::kClusterCountFailureReports, "needs another node"},
    {CommandId::kClusterFailover, "needs another node"},
    {CommandId::kClusterForget, "needs another node"},
    {CommandId::kClusterReplicas, "needs another node"},
    {CommandId::kClusterReplicate, "needs another node"},
    {CommandId::kClusterSlaves, "needs another node"},
    {CommandId::kFailover, "needs a replica"},
    {CommandId::kFunctionKill, "needs something that runs: integration/client_state_test.cc"},
    {CommandId::kScriptKill, "needs something that runs: integration/client_state_test.cc"},
    {CommandId::kShutdown, "would end the server"},
    {CommandId::kModuleLoad, "needs a module"},
    {CommandId::kModuleLoadex, "needs a module"},
    {CommandId::kModuleUnload, "needs a module"},
    {CommandId::kPsync, "is followed by no RESP: integration/replication_test.cc"},
    {CommandId::kSync, "is followed by no RESP: integration/replication_test.cc"},
};

// What takes anything, and never fails.
const std::set<CommandId> kNeverFails = {
    CommandId::kCommandDocs,  CommandId::kCommandInfo,  CommandId::kHost,
    CommandId::kPost,         CommandId::kInfo,         CommandId::kLatencyHistogram,
    CommandId::kLatencyReset, CommandId::kPubsubNumsub, CommandId::kPubsubShardnumsub,
    CommandId::kPunsubscribe, CommandId::kQuit,         CommandId::kSunsubscribe,
    CommandId::kUnsubscribe,
};

struct Row {
  bool succeeded = false;
  bool failed = false;
  std::map<resp::Protocol, bool> differs;
};

std::map<CommandId, Row> RunAll() {
  std::map<CommandId, Row> rows;
  for (const std::string& path : ScriptsFor("proxy")) {
    const Script script = ReadScript(path);
    for (const auto protocol : {resp::Protocol::kResp2, resp::Protocol::kResp3}) {
      RealRedis redis(script.config);
      ProxiedRedis proxied(script.config, {}, false);
      for (const Outcome& outcome : RunScript(script, {.protocol = protocol}, redis, proxied)) {
        if (!outcome.line->sends) continue;
        const std::vector<std::string_view> args(outcome.line->args.begin(),
                                                 outcome.line->args.end());
        Row& row = rows[resp::Find(args).id];
        (outcome.expected.starts_with('-') ? row.failed : row.succeeded) = true;
        row.differs[protocol] = row.differs[protocol] || !outcome.same;
      }
    }
  }
  return rows;
}

std::string FullName(const CommandSpec& spec) {
  std::string name(spec.full_name);
  for (char& c : name) {
    c = c == '|' ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

std::string_view LinkFor(Effect effect) {
  switch (effect) {
    case Effect::kNone:
    case Effect::kPause:
      return "shared";
    case Effect::kScript:
      return "shared by scripts";
    case Effect::kPrivateOnce:
    case Effect::kFreshLink:
    case Effect::kUnpause:
    case Effect::kSentinel:
      return "private until answered";
    case Effect::kSelect:
    case Effect::kHello:
    case Effect::kAuth:
      return "moves to the shared one of the new state";
    case Effect::kSetName:
    case Effect::kSetInfo:
      return "a value of the session";
    case Effect::kMulti:
    case Effect::kWatch:
      return "private until EXEC, DISCARD, UNWATCH";
    case Effect::kExec:
    case Effect::kDiscard:
    case Effect::kUnwatch:
      return "the transaction's";
    case Effect::kSubscribe:
    case Effect::kPsubscribe:
    case Effect::kSsubscribe:
      return "private until nothing is subscribed";
    case Effect::kUnsubscribe:
    case Effect::kPunsubscribe:
    case Effect::kSunsubscribe:
      return "the subscription's";
    case Effect::kQuit:
    case Effect::kReset:
    case Effect::kShutdown:
    case Effect::kHangUp:
      return "answered by the proxy";
    default:
      return "private from then on";
  }
}

std::string_view Counted(const CommandSpec& spec) {
  if (spec.hit.rule == resp::HitRule::kNone) return "no";
  return spec.hit.by_default ? "yes" : "on request";
}

std::string Table(const std::map<CommandId, Row>& rows) {
  std::string text =
      "# Every command, through the proxy\n\n"
      "Made by tests/conformance/proxy: the scripts in tests/conformance/scripts are sent to\n"
      "redis-server 7.0.15 directly and through Keyhole, and the bytes of the replies compared, in "
      "RESP2 and\nRESP3, one by one and pipelined, whole and byte by byte. *same*: no byte differs "
      "(but for times, ids,\nrandom members). Commands of newer servers are compared in their "
      "error.\n\nThe last column says what the embedded store has, which is compared with Redis in "
      "the same way\n(tests/conformance/store); to the others it answers as Redis does to a "
      "command "
      "it does not know.\n\n"
      "| command | RESP2 | RESP3 | connection to Redis | counted | embedded store |\n"
      "|---|---|---|---|---|---|\n";
  std::string notes = "\n## Exceptions\n\n";
  for (const CommandSpec& spec : resp::AllCommands()) {
    const CommandId id = spec.id;
    const auto row = rows.find(id);
    const bool exception = kExceptions.count(id) > 0;
    const auto verdict = [&](resp::Protocol protocol) {
      if (exception) return "see below";
      if (row == rows.end()) return "not tried";
      return row->second.differs.at(protocol) ? "DIFFERS" : "same";
    };
    text.append("| ").append(FullName(spec));
    text.append(" | ").append(verdict(resp::Protocol::kResp2));
    text.append(" | ").append(verdict(resp::Protocol::kResp3));
    text.append(" | ").append(LinkFor(spec.effect)).append(" | ").append(Counted(spec));
    text.append(" | ").append(store::Serves(spec) ? "yes" : "no").append(" |\n");
    if (exception) {
      notes.append("- ").append(FullName(spec)).append(": ").append(kExceptions.at(id));
      notes.append(".\n");
    }
  }
  return text + notes;
}

TEST(CommandTable, EachRowIsTriedAndThePageSaysSo) {
  const std::map<CommandId, Row> rows = RunAll();
  std::set<std::string> missing;
  std::set<std::string> no_success;
  std::set<std::string> no_error;
  for (const CommandSpec& spec : resp::AllCommands()) {
    const CommandId id = spec.id;
    const auto row = rows.find(id);
    const bool newer = spec.has(resp::kNewer);
    if (row == rows.end()) {
      if (id != CommandId::kShutdown) missing.insert(FullName(spec));  // start_stop_test.cc
      continue;
    }
    if (!row->second.succeeded && !newer && !spec.has(resp::kContainer) &&
        kNeverSucceeds.count(id) == 0) {
      no_success.insert(FullName(spec));
    }
    if (!row->second.failed && kNeverFails.count(id) == 0) no_error.insert(FullName(spec));
  }
  EXPECT_EQ(absl::StrJoin(missing, ", "), "") << "in no script";
  EXPECT_EQ(absl::StrJoin(no_success, ", "), "") << "never succeed";
  EXPECT_EQ(absl::StrJoin(no_error, ", "), "") << "never fail";
  const std::string table = Table(rows);
  if (std::getenv("WRITE_COMMANDS_MD") != nullptr) std::ofstream(KEYHOLE_TABLE) << table;
  std::ifstream file(KEYHOLE_TABLE);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  EXPECT_TRUE(page == table) << "docs/commands.md is out of date; the head of " << __FILE__
                             << " says how to write it anew";
}

}  // namespace
}  // namespace keyhole::test
