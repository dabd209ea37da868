// COMMAND: what the store serves, in Redis' shape, from the columns of the command table.
#include <functional>
#include <utility>
#include <vector>

#include "proxy/store/commands/command_details.h"
#include "proxy/store/commands/handler_table.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "resp/glob.h"

namespace keyhole::store::handlers {

namespace {

using resp::CommandId;
using resp::CommandSpec;

bool IsTop(const CommandSpec& spec) {
  return spec.parent == CommandId::kUnknown;
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

void WriteAll(Call& call) {
  call.reply.Array(CountTop());
  ForEachTop([&](const CommandSpec& spec) { ReplyInfo(call, spec); });
}

void WriteNames(Call& call, const std::vector<std::string_view>& names) {
  call.reply.Array(static_cast<int64_t>(names.size()));
  for (const std::string_view name : names) call.reply.Bulk(name);
}

// Whether COMMAND LIST FILTERBY args[3] args[4] lets the command pass.
bool Passes(Call& call, const CommandSpec& spec) {
  const std::string_view wanted = call.args[4];
  if (call.Is(3, "PATTERN")) return resp::GlobMatches(wanted, spec.full_name, /*ignore_case=*/true);
  return call.Is(3, "ACLCAT") && IsOfCategory(spec, wanted);  // MODULE: there are none
}

// Calls f(key, flags) for the keys of the request args[2] on. False if it has none; then that is
// the reply.
bool KeysOfRequest(Call& call, const std::function<void(std::string_view, std::string_view)>& f) {
  const auto request = call.args.subspan(2);
  const CommandSpec& spec = resp::Find(request);
  const bool unknown_word = spec.has(resp::kContainer) && request.size() > 1;
  size_t count = 0;
  std::string_view error;
  if (unknown_word || !Serves(spec)) {
    error = "ERR Invalid command specified";
  } else if (spec.keys.kind == resp::KeySpec::Kind::kNone) {
    error = "ERR The command has no key arguments";
  } else if (!spec.AcceptsCount(request.size())) {
    error = "ERR Invalid number of arguments specified for command";
  } else {
    ForEachKeyWithFlags(spec, request, [&](std::string_view key, std::string_view flags) {
      ++count;
      f(key, flags);
    });
    if (count == 0) error = "ERR Invalid arguments specified for command";
  }
  if (!error.empty()) call.reply.Error(error);
  return error.empty();
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
      ReplyInfo(call, *spec);
    }
  }
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
  std::vector<std::string_view> keys;
  const auto add = [&keys](std::string_view key, std::string_view) { keys.push_back(key); };
  if (KeysOfRequest(call, add)) WriteNames(call, keys);
}

void CommandGetkeysandflags(Call& call) {
  std::vector<std::pair<std::string_view, std::string_view>> keys;
  const auto add = [&keys](auto key, auto flags) { keys.emplace_back(key, flags); };
  if (!KeysOfRequest(call, add)) return;
  call.reply.Array(static_cast<int64_t>(keys.size()));
  for (const auto& [key, flags] : keys) {
    call.reply.Array(2);
    call.reply.Bulk(key);
    ReplyWords(call, flags);
  }
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
                                         "    Return short descriptions.",
                                         "GETKEYS <full-command>",
                                         "    Return the keys from a full command.",
                                         "GETKEYSANDFLAGS <full-command>",
                                         "    Return the keys and the access flags from it."};
  Help(call, kLines);
}

}  // namespace keyhole::store::handlers
