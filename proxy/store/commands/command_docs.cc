// COMMAND DOCS. The texts are our own, without a description of each argument; redis-cli shows them
// when asked for help, and completes names by them.
#include <array>
#include <vector>

#include "proxy/store/commands/handler_table.h"
#include "proxy/store/commands/handlers.h"

namespace keyhole::store::handlers {

namespace {

using resp::CommandId;
using resp::CommandSpec;

struct Doc {
  std::string_view group;
  std::string_view since;
  std::string_view summary;
};

constexpr std::array<Doc, resp::kCommandCount> kDocs = [] {
  std::array<Doc, resp::kCommandCount> docs{};
#define DOC(id, group, since, summary) \
  docs[static_cast<size_t>(CommandId::id)] = {group, since, summary};
#include "proxy/store/commands/command_docs.def"
#undef DOC
  return docs;
}();

std::vector<const CommandSpec*> ServedBelow(CommandId parent) {
  std::vector<const CommandSpec*> found;
  for (const CommandSpec& spec : resp::AllCommands()) {
    if (spec.parent == parent && Serves(spec)) found.push_back(&spec);
  }
  return found;
}

void ReplyDoc(Call& call, const CommandSpec& spec) {
  const Doc& doc = kDocs[static_cast<size_t>(spec.id)];
  std::vector<const CommandSpec*> subcommands;
  if (spec.has(resp::kContainer)) subcommands = ServedBelow(spec.id);
  call.reply.Bulk(spec.full_name);
  call.reply.Map(subcommands.empty() ? 3 : 4);
  const std::pair<std::string_view, std::string_view> fields[] = {
      {"summary", doc.summary}, {"since", doc.since}, {"group", doc.group}};
  for (const auto& [name, value] : fields) {
    call.reply.Bulk(name);
    call.reply.Bulk(value);
  }
  if (subcommands.empty()) return;
  call.reply.Bulk("subcommands");
  call.reply.Map(static_cast<int64_t>(subcommands.size()));
  for (const CommandSpec* const subcommand : subcommands) ReplyDoc(call, *subcommand);
}

}  // namespace

// Without names: of all. Names that nobody knows are left out.
void CommandDocs(Call& call) {
  std::vector<const CommandSpec*> wanted;
  if (call.args.size() == 2) wanted = ServedBelow(CommandId::kUnknown);
  for (const std::string_view name : call.args.subspan(2)) {
    for (const CommandSpec& spec : resp::AllCommands()) {
      if (Serves(spec) && resp::EqualsIgnoreCase(spec.full_name, name)) wanted.push_back(&spec);
    }
  }
  call.reply.Map(static_cast<int64_t>(wanted.size()));
  for (const CommandSpec* const spec : wanted) ReplyDoc(call, *spec);
}

}  // namespace keyhole::store::handlers
