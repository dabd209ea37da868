// COMMAND: what the store serves, in Redis' shape, from the columns of the command table.
#include <optional>
#include <vector>

#include "proxy/core/store/handlers.h"
#include "proxy/core/store/replies.h"
#include "resp/glob.h"

namespace keyhole::store::handlers {

namespace {

using resp::CommandFlag;
using resp::CommandId;
using resp::CommandSpec;

bool IsTop(const CommandSpec& spec) {
  return spec.parent == CommandId::kUnknown;
}

// Calls f(spec) for the served subcommands of a container.
template <typename F>
void ForEachSubcommand(const CommandSpec& container, F&& f) {
  if (!container.has(resp::kContainer)) return;
  for (const CommandSpec& spec : resp::AllCommands()) {
    if (spec.parent == container.id && Serves(spec)) f(spec);
  }
}

template <typename F>
void ForEachTop(F&& f) {
  for (const CommandSpec& spec : resp::AllCommands()) {
    if (IsTop(spec) && Serves(spec)) f(spec);
  }
}

int64_t CountTop() {
  int64_t count = 0;
  ForEachTop([&](const CommandSpec&) { ++count; });
  return count;
}

// The row of "get" or "client|setname"; null if it is not served.
const CommandSpec* FindByFullName(std::string_view name) {
  for (const CommandSpec& spec : resp::AllCommands()) {
    if (resp::EqualsIgnoreCase(spec.full_name, name)) return Serves(spec) ? &spec : nullptr;
  }
  return nullptr;
}

struct FlagWord {
  CommandFlag flag;
  std::string_view word;
  std::string_view category;  // of ACL; empty if the flag makes none
};
constexpr FlagWord kFlagWords[] = {{resp::kWrite, "write", "@write"},
                                   {resp::kRead, "readonly", "@read"},  // layering: not a command
                                   {resp::kAdmin, "admin", "@admin"},
                                   {resp::kPubSub, "pubsub", "@pubsub"},  // layering: not a command
                                   {resp::kBlocking, "blocking", "@blocking"},
                                   {resp::kNoAuth, "no_auth", ""},
                                   {resp::kNoMulti, "no_multi", ""},
                                   {resp::kAllowBusy, "allow_busy", ""},
                                   {resp::kMovableKeys, "movablekeys", ""}};

void WriteFlags(Call& call, const CommandSpec& spec) {
  std::vector<std::string_view> flags;
  std::vector<std::string_view> categories;
  for (const FlagWord& row : kFlagWords) {
    if (!spec.has(row.flag)) continue;
    flags.push_back(row.word);
    if (!row.category.empty()) categories.push_back(row.category);
  }
  const bool ranged = spec.keys.kind == resp::KeySpec::Kind::kRange;
  const bool two = spec.keys.kind == resp::KeySpec::Kind::kTwo;
  call.reply.Set(static_cast<int64_t>(flags.size()));
  for (const std::string_view flag : flags) call.reply.Simple(flag);
  call.reply.Integer(ranged || two ? spec.keys.first : 0);
  call.reply.Integer(ranged || two ? spec.keys.last : 0);
  call.reply.Integer(ranged || two ? spec.keys.step : 0);
  call.reply.Set(static_cast<int64_t>(categories.size()));
  for (const std::string_view category : categories) call.reply.Simple(category);
}

// Name, arity, flags, first and last key, step, categories, tips, key specifications, subcommands.
void WriteSpec(Call& call, const CommandSpec& spec) {
  call.reply.Array(10);
  call.reply.Bulk(spec.full_name);
  call.reply.Integer(spec.arity);
  WriteFlags(call, spec);
  call.reply.Set(0);
  call.reply.Set(0);
  int64_t count = 0;
  ForEachSubcommand(spec, [&](const CommandSpec&) { ++count; });
  call.reply.Set(count);
  ForEachSubcommand(spec, [&](const CommandSpec& sub) { WriteSpec(call, sub); });
}

void WriteAll(Call& call) {
  call.reply.Array(CountTop());
  ForEachTop([&](const CommandSpec& spec) { WriteSpec(call, spec); });
}

void WriteNames(Call& call, const std::vector<std::string_view>& names) {
  call.reply.Array(static_cast<int64_t>(names.size()));
  for (const std::string_view name : names) call.reply.Bulk(name);
}

// Whether COMMAND LIST FILTERBY args[3] args[4] lets the command pass.
bool Passes(Call& call, const CommandSpec& spec) {
  const std::string_view wanted = call.args[4];
  if (call.Is(3, "PATTERN")) return resp::GlobMatches(wanted, spec.full_name, /*ignore_case=*/true);
  if (!call.Is(3, "ACLCAT")) return false;  // MODULE: there are none
  for (const FlagWord& row : kFlagWords) {
    if (row.category.empty() || !spec.has(row.flag)) continue;
    if (resp::EqualsIgnoreCase(row.category.substr(1), wanted)) return true;
  }
  return false;
}

}  // namespace

void Command(Call& call) {
  WriteAll(call);
}

void CommandCount(Call& call) {
  call.reply.Integer(CountTop());
}

void CommandInfo(Call& call) {
  if (call.args.size() == 2) return WriteAll(call);
  call.reply.Array(static_cast<int64_t>(call.args.size()) - 2);
  for (const std::string_view name : call.args.subspan(2)) {
    const CommandSpec* const spec = FindByFullName(name);
    if (spec == nullptr) {
      call.reply.Null();
    } else {
      WriteSpec(call, *spec);
    }
  }
}

// The table has no prose; redis-cli takes an empty map for a server without help texts.
void CommandDocs(Call& call) {
  call.reply.Map(0);
}

void CommandList(Call& call) {
  const bool filtered = call.args.size() == 5 && call.Is(2, "FILTERBY");
  const bool known =
      filtered && (call.Is(3, "MODULE") || call.Is(3, "ACLCAT") || call.Is(3, "PATTERN"));
  if (call.args.size() != 2 && !known) return call.reply.Error(kSyntaxError);
  std::vector<std::string_view> names;
  for (const CommandSpec& spec : resp::AllCommands()) {
    if (Serves(spec) && (!filtered || Passes(call, spec))) names.push_back(spec.full_name);
  }
  WriteNames(call, names);
}

void CommandGetkeys(Call& call) {
  const auto request = call.args.subspan(2);
  const CommandSpec& spec = resp::Find(request);
  const bool unknown_word = spec.has(resp::kContainer) && request.size() > 1;
  if (unknown_word || !Serves(spec)) {
    return call.reply.Error("ERR Invalid command specified");
  }
  if (spec.keys.kind == resp::KeySpec::Kind::kNone) {
    return call.reply.Error("ERR The command has no key arguments");
  }
  if (!spec.AcceptsCount(request.size())) {
    return call.reply.Error("ERR Invalid number of arguments specified for command");
  }
  std::vector<std::string_view> keys;
  resp::ForEachKey(spec, request, [&](std::string_view key) { keys.push_back(key); });
  if (keys.empty()) return call.reply.Error("ERR Invalid arguments specified for command");
  WriteNames(call, keys);
}

void CommandHelp(Call& call) {
  constexpr std::string_view kLines[] = {"(no subcommand)",
                                         "    Return details about all commands served here.",
                                         "COUNT",
                                         "    Return the total number of commands served here.",
                                         "LIST [FILTERBY (MODULE|ACLCAT|PATTERN) <value>]",
                                         "    Return a list of commands.",
                                         "INFO [<command-name> ...]",
                                         "    Return details about multiple commands.",
                                         "DOCS [<command-name> ...]",
                                         "    Return documentation; there is none.",
                                         "GETKEYS <full-command>",
                                         "    Return the keys from a full command."};
  Help(call, kLines);
}

}  // namespace keyhole::store::handlers
