#include "resp/command_rights.h"

#include <array>

namespace keyhole::resp {
namespace {

using enum KeyAccess;
using enum ChannelArguments;

constexpr std::array<CommandRights, kCommandCount> kRights = [] {
  std::array<CommandRights, kCommandCount> rights{};
#define RIGHTS(id, categories, first, others, channels, care) \
  rights[static_cast<size_t>(CommandId::id)] = {categories, first, others, channels, care};
#include "resp/command_rights.def"
#undef RIGHTS
  return rights;
}();

constexpr size_t kRows = 0
#define RIGHTS(id, categories, first, others, channels, care) +1
#include "resp/command_rights.def"
#undef RIGHTS
    ;
static_assert(kRows == kCommandCount - 1, "a row of commands.def has none in command_rights.def");

// SET k v GET shows the old value, SET k v does not. Any GET will do, as in Redis.
KeyAccess AccessOfSet(std::span<const std::string_view> args) {
  for (size_t i = 3; i < args.size(); ++i) {
    if (IsKeyword(args[i], "GET")) return kBoth;
  }
  return kWrites;
}

// BITFIELD with nothing but GET and OVERFLOW only reads.
KeyAccess AccessOfBitfield(std::span<const std::string_view> args) {
  for (size_t i = 2; i < args.size();) {
    const size_t more = args.size() - i - 1;
    if (IsKeyword(args[i], "GET") && more >= 2) {
      i += 3;
    } else if (IsKeyword(args[i], "OVERFLOW") && more >= 1) {
      i += 2;
    } else {
      return kBoth;
    }
  }
  return kReads;
}

}  // namespace

const CommandRights& RightsOf(CommandId id) {
  return kRights[static_cast<size_t>(id)];
}

std::optional<CommandCategory> CategoryNamed(std::string_view name) {
  uint32_t bit = 1;
  for (const std::string_view category : kCategoryNames) {
    if (EqualsIgnoreCase(category, name)) return static_cast<CommandCategory>(bit);
    bit <<= 1;
  }
  return std::nullopt;
}

KeyAccess AccessOf(const CommandSpec& spec, std::span<const std::string_view> args, size_t index) {
  const CommandRights& rights = RightsOf(spec.id);
  if (index > 0) return rights.others;
  if (!rights.has(kVariableAccess)) return rights.first;
  return spec.hit.rule == HitRule::kSetGet ? AccessOfSet(args) : AccessOfBitfield(args);
}

}  // namespace keyhole::resp
