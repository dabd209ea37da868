#include "proxy/store/commands/replies.h"

#include <limits>

#include "absl/strings/ascii.h"
#include "resp/number.h"

namespace keyhole::store {

void WrongArity(Call& call) {
  call.reply.Error(resp::ArityError(call.spec));
}

void WrongSubcommand(Call& call, std::string_view command) {
  call.reply.Error(std::string("ERR unknown subcommand or wrong number of arguments for '")
                       .append(UpToNul(call.args[1]).substr(0, kMaxQuoted))
                       .append("'. Try ")
                       .append(command)
                       .append(" HELP."));
}

void InvalidExpire(Call& call) {
  call.reply.Error(
      std::string("ERR invalid expire time in '").append(call.spec.full_name).append("' command"));
}

bool IntegerArgument(Call& call, size_t index, int64_t* value) {
  if (resp::ParseInteger(call.args[index], value)) return true;
  call.reply.Error(kNotAnInteger);
  return false;
}

bool DatabaseArgument(Call& call, size_t index, int* database) {
  constexpr int64_t kMin = std::numeric_limits<int32_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  int64_t number = 0;
  if (!IntegerArgument(call, index, &number)) return false;
  if (number < kMin || number > kMax) {
    call.reply.Error("ERR value is out of range, value must between " + std::to_string(kMin) +
                     " and " + std::to_string(kMax));
    return false;
  }
  if (number < 0 || number >= call.engine.database_count()) {
    call.reply.Error(kNoDatabase);
    return false;
  }
  *database = static_cast<int>(number);
  return true;
}

bool IsWrongType(Call& call, const Entry* slot, ValueType type) {
  if (slot == nullptr || slot->type() == type) return false;
  call.reply.Error(kWrongType);
  return true;
}

namespace {

[[gnu::noinline]] bool MakeReady(Call& call, Entry** slot, ValueType type) {
  if (IsWrongType(call, *slot, type)) return false;
  EndFields(call, slot);
  return true;
}

// False if there is a key here that is not of the type; then that is the reply.
bool MayUse(Call& call, Entry** slot, ValueType type) {
  if (*slot == nullptr || IsReady((*slot)->encoding(), type)) return true;
  return MakeReady(call, slot, type);
}

}  // namespace

void EndFields(Call& call, Entry** slot) {
  if ((*slot)->layout() == Layout::kTimed && !call.db().EndParts(*slot, call.now)) *slot = nullptr;
}

bool ReadAs(Call& call, std::string_view key, ValueType type, Entry* entry) {
  Entry* slot = call.Read(key);
  if (!MayUse(call, &slot, type)) return false;
  *entry = slot == nullptr ? Entry() : *slot;
  return true;
}

bool FindAs(Call& call, std::string_view key, ValueType type, Entry** slot) {
  *slot = call.Find(key);
  return MayUse(call, slot, type);
}

void Help(Call& call, std::span<const std::string_view> lines) {
  const bool is_subcommand = call.spec.parent != resp::CommandId::kUnknown;
  std::string name(is_subcommand ? resp::Spec(call.spec.parent).name : call.spec.name);
  absl::AsciiStrToUpper(&name);
  call.reply.Array(static_cast<int64_t>(lines.size()) + 3);
  call.reply.Simple(name + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const std::string_view line : lines) call.reply.Simple(line);
  call.reply.Simple("HELP");
  call.reply.Simple("    Prints this help.");
}

std::string_view UpToNul(std::string_view text) {
  return text.substr(0, text.find('\0'));
}

}  // namespace keyhole::store
