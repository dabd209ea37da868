// What a user of Redis' ACL may be asked about a command: the columns of command_rights.def, one
// row for each row of commands.def. They say nothing of who may do it: see proxy/users/.
//
// Thread: any; everything here is constant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "resp/command_table.h"

namespace keyhole::resp {

// ACL categories, "@read" and so on; in the order of kCategoryNames.
enum CommandCategory : uint32_t {
  kAtNone = 0,
  kAtKeyspace = 1U << 0,
  kAtRead = 1U << 1,
  kAtWrite = 1U << 2,
  kAtSet = 1U << 3,
  kAtSortedSet = 1U << 4,
  kAtList = 1U << 5,
  kAtHash = 1U << 6,
  kAtString = 1U << 7,
  kAtBitmap = 1U << 8,
  kAtHyperLogLog = 1U << 9,
  kAtGeo = 1U << 10,
  kAtStream = 1U << 11,
  kAtPubSub = 1U << 12,
  kAtAdmin = 1U << 13,
  kAtFast = 1U << 14,
  kAtSlow = 1U << 15,
  kAtBlocking = 1U << 16,
  kAtDangerous = 1U << 17,
  kAtConnection = 1U << 18,
  kAtTransaction = 1U << 19,
  kAtScripting = 1U << 20,
};

// Without their '@', in the order of the bits.
inline constexpr std::string_view kCategoryNames[] = {
    "keyspace",   "read",        "write",     "set",                 // layering: not a command
    "sortedset",  "list",        "hash",      "string",              // layering: not a command
    "bitmap",     "hyperloglog", "geo",       "stream",   "pubsub",  // layering: not a command
    "admin",      "fast",        "slow",      "blocking", "dangerous",
    "connection", "transaction", "scripting",
};

// What is done to a key, as bits: the permissions that a key pattern must give (%R~, %W~).
enum class KeyAccess : uint8_t {
  kTouches = 0,  // neither its value is returned nor changed (EXISTS): any pattern will do
  kReads = 1,
  kWrites = 2,
  kBoth = 3,
};

// Which arguments are channels.
enum class ChannelArguments : uint8_t {
  kNoChannels,
  kFirstChannel,  // PUBLISH: args[1]
  kAllChannels,   // SUBSCRIBE: all
  kAllPatterns,   // PSUBSCRIBE: all, and they are patterns
};

// What a look at the arguments alone cannot bound, or what needs one of its own.
enum CommandCare : uint8_t {
  kNoCare = 0,
  kUnbounded = 1 << 0,       // carries code, sees all data or acts for all users: EVAL, MONITOR
  kSecret = 1 << 1,          // shows, changes or hands over credentials of the server: ACL GETUSER
  kShowsConfig = 1 << 2,     // CONFIG GET: args[2] on are patterns of parameters
  kSetsConfig = 1 << 3,      // CONFIG SET: every second argument from args[2] on is a parameter
  kChoosesMaster = 1 << 4,   // REPLICAOF: the server may log in where it is told to
  kTellsUser = 1 << 5,       // ACL WHOAMI
  kPatternKeys = 1 << 6,     // SORT: BY and GET name further keys that nobody can list
  kVariableAccess = 1 << 7,  // SET, BITFIELD: what is done to the key depends on the arguments
};

struct CommandRights {
  uint32_t categories = kAtNone;  // CommandCategory
  KeyAccess first = KeyAccess::kTouches;
  KeyAccess others = KeyAccess::kTouches;
  ChannelArguments channels = ChannelArguments::kNoChannels;
  uint8_t care = kNoCare;  // CommandCare

  bool has(CommandCare what) const { return (care & what) != 0; }
};

// The row of a command. kUnknown has no category, and nothing is known of its keys.
const CommandRights& RightsOf(CommandId id);

// The category of this name, given without its '@'; letters of either case.
std::optional<CommandCategory> CategoryNamed(std::string_view name);

// What a request does to its key at place `index` among its keys. Source for what varies: redis
// 7.0.15 src/db.c setGetKeys and bitfieldGetKeys.
KeyAccess AccessOf(const CommandSpec& spec, std::span<const std::string_view> args, size_t index);

}  // namespace keyhole::resp
