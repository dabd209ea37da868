// What a user may do: commands, keys and channels, by the rules of Redis 7.0's ACL (acl.c, a
// "selector" there).
//
//     Permissions permissions;              // nothing is allowed
//     permissions.Apply("+@read");          // one rule after the other, as in an aclfile
//     permissions.Apply("~app:*");
//     permissions.Check(spec, args, true)   // Denial::kNone, or why not
//
// Where Keyhole stands in for Redis it knows less: commands run there under one identity for all.
// So it is stricter in three points:
//   - what a request's arguments do not bound (EVAL, MONITOR, CONFIG SET: CommandCare::kUnbounded)
//     needs everything();
//   - a command that is not in the table has keys that nobody can find: it needs all keys, and each
//     -@category takes it away, as its categories are unknown;
//   - a request in pieces needs all keys or channels, unless its head has all of them.
//
// Thread: written while it is made, then read by any.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resp/command_rights.h"
#include "resp/command_table.h"

namespace keyhole::core {

// Why a request is refused. Of two that refuse it, a user is told the later one of these: it came
// further.
enum class Denial : uint8_t {
  kNone,
  kCommand,
  kKey,
  kChannel,
  kUnbounded,   // more than its arguments say
  kUnlocated,   // its keys are not known, as the command is not
  kInPieces,    // its keys are not known yet
  kPatternBy,   // SORT BY pattern
  kPatternGet,  // SORT GET pattern
  kEverybody,   // to all users
};

class Permissions {
 public:
  using Args = std::span<const std::string_view>;

  // whole: all arguments are there.
  Denial Check(const resp::CommandSpec& spec, Args args, bool whole) const;

  // The command alone, whatever its keys.
  bool MayRun(const resp::CommandSpec& spec, Args args) const;

  // All commands on all keys and channels.
  bool everything() const { return all_commands() && all_keys_ && all_channels_; }
  // All keys may be read, and so their names.
  bool reads_all_keys() const;

  // Applies one rule of commands, keys or channels. Gives what is wrong with it, or none.
  std::optional<std::string> Apply(std::string_view rule);

  bool operator==(const Permissions&) const = default;

 private:
  struct KeyPattern {
    std::string pattern;
    uint8_t access;  // bits of resp::KeyAccess

    bool operator==(const KeyPattern&) const = default;
  };

  bool all_commands() const { return commands_.all(); }
  bool Has(resp::CommandId id) const { return commands_[static_cast<size_t>(id)]; }
  bool MayAccess(std::string_view key, resp::KeyAccess access) const;
  bool MayUse(std::string_view channel, bool is_pattern) const;
  Denial CheckKeys(const resp::CommandSpec& spec, Args args, bool whole) const;
  Denial CheckPatternKeys(Args args) const;
  Denial CheckChannels(const resp::CommandSpec& spec, Args args, bool whole) const;

  std::optional<std::string> ApplyKeys(std::string_view rule);
  std::optional<std::string> ApplyChannels(std::string_view rule);
  std::optional<std::string> ApplyCategory(std::string_view name, bool allow);
  std::optional<std::string> ApplyCommand(std::string_view name, bool allow);
  std::optional<std::string> ApplyFirstArgument(std::string_view name, std::string_view word);
  void Change(const resp::CommandSpec& spec, bool allow);

  std::bitset<resp::kCommandCount> commands_;  // by CommandId; kUnknown: what is not in the table
  // +select|0: the command is allowed with these first arguments only.
  std::map<resp::CommandId, std::vector<std::string>> first_arguments_;
  bool all_keys_ = false;
  bool all_channels_ = false;
  std::vector<KeyPattern> keys_;
  std::vector<std::string> channels_;
};

}  // namespace keyhole::core
