// What Keyhole knows of each command. One row per command and subcommand in commands.def; all other
// code reads columns and never compares names.
//
// Thread: any; everything here is constant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "resp/effect.h"
#include "resp/shard_policy.h"

namespace keyhole::resp {

enum class CommandId : uint16_t {
  kUnknown = 0,
#define CMD(id, name, arity, flags, effect, keys, hit, store, ...) id,
#define SUB(id, parent, name, arity, flags, effect, keys, hit, store, ...) id,
#include "resp/commands.def"
#undef CMD
#undef SUB
  kCount
};
inline constexpr size_t kCommandCount = static_cast<size_t>(CommandId::kCount);

// Flags, as COMMAND of Redis reports them.
enum CommandFlag : uint16_t {
  kNoFlags = 0,
  kRead = 1 << 0,          // readonly
  kWrite = 1 << 1,         // write
  kAdmin = 1 << 2,         // admin
  kBlocking = 1 << 3,      // blocking: may hold its connection until something happens
  kPubSub = 1 << 4,        // pubsub
  kNoAuth = 1 << 5,        // no_auth: allowed before AUTH
  kNoMulti = 1 << 6,       // no_multi: refused inside MULTI
  kAllowBusy = 1 << 7,     // allow_busy: answered while a script runs for too long
  kContainer = 1 << 8,     // has subcommands; the row itself stands for an unknown or missing one
  kNewer = 1 << 9,         // not in Redis 7.0.15: came with 7.2, 7.4 or Valkey 8
  kMovableKeys = 1 << 10,  // movablekeys
  kWhileSubscribed = 1 << 11,  // allowed to a client of RESP2 that is subscribed
  kDenyOom = 1 << 12,          // denyoom: refused when memory is full
  kProtected = 1 << 13,        // refused unless an option of the server allows it
  kScripts = 1 << 14,          // runs a script: EVAL, FCALL
  kMayReplicate = 1 << 15,     // no write, and yet held while writes are paused
};

// Where the keys are among the arguments.
struct KeySpec {
  enum class Kind : uint8_t {
    kNone,
    kRange,    // first, last, step as COMMAND gives them; last < 0 counts from the end
    kCountAt,  // args[first] says how many keys follow it (EVAL: 2); a key at `last` too if != 0
               // (ZUNIONSTORE: destination 1, count at 2)
    kAfterStreams,  // XREAD ... STREAMS k1 k2 id1 id2: the first half of what follows the word
    kMigrate,       // MIGRATE: args[3], or all that follow KEYS when that is empty
    kSort,          // SORT: args[1], and the one after STORE
    kTwo,           // exactly the two arguments `first` and `last`
  };
  Kind kind = Kind::kNone;
  int8_t first = 0;
  int8_t last = 0;
  int8_t step = 0;

  constexpr bool IsOneArgument() const { return kind == Kind::kRange && first == last; }
  constexpr bool IsFirstArgument() const { return kind == Kind::kRange && first == 1 && last == 1; }
};

// How a reply tells whether the key was there. See hit_rule.h.
enum class HitRule : uint8_t {
  kNone,               // tells nothing, not counted
  kNullIsMiss,         // GET, HGET
  kEachNullIsMiss,     // MGET: one verdict per key
  kAllNullIsMiss,      // HMGET: a hit if any element is not null
  kEmptyIsMiss,        // HGETALL, SMEMBERS, GETRANGE: an empty aggregate or string
  kNullOrEmptyIsMiss,  // SRANDMEMBER, LPOS: null without a count, empty with one
  kZeroIsMiss,         // STRLEN, HEXISTS
  kAllZeroIsMiss,      // SMISMEMBER
  kMinusTwoIsMiss,     // TTL
  kNoneIsMiss,         // TYPE: +none
  kSetGet,             // SET: kNullIsMiss if the GET option is there, else nothing
};

struct HitColumn {
  HitRule rule = HitRule::kNone;
  bool by_default = false;  // counted without --count-commands naming it
};

struct CommandSpec {
  CommandId id = CommandId::kUnknown;
  CommandId parent = CommandId::kUnknown;  // of a subcommand
  std::string_view name;                   // lower case: "get"; of a subcommand its last word
  std::string_view full_name;              // "get", "client|setname", as Redis writes it
  int16_t arity = 0;                       // as COMMAND: n exactly, -n at least; counts the name
  uint16_t flags = kNoFlags;
  Effect effect = Effect::kTaint;
  KeySpec keys;
  HitColumn hit;
  ShardColumn shards;

  bool has(CommandFlag flag) const { return (flags & flag) != 0; }
  bool AcceptsCount(size_t args) const {
    return arity >= 0 ? args == static_cast<size_t>(arity) : args >= static_cast<size_t>(-arity);
  }
};

// The row of a command, by its id. kUnknown gives the row of unknown commands: Effect::kTaint,
// no keys, nothing counted.
const CommandSpec& Spec(CommandId id);

// All rows, in the order of commands.def, without kUnknown.
std::span<const CommandSpec> AllCommands();

// The row for a request: of the subcommand where the command has them and args[1] is one, of the
// command itself else. Letters of either case. Never null: unknown commands give Spec(kUnknown).
// args must not be empty. Cost: one hash of the name, one comparison; the same again for
// containers.
const CommandSpec& Find(std::span<const std::string_view> args);

// True if the two are equal but for the case of ASCII letters.
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

// What Redis sees of an argument where it looks for a word: it compares C strings, so that all from
// the first zero byte on is nothing to it.
inline std::string_view AsWord(std::string_view argument) {
  return argument.substr(0, argument.find('\0'));
}
// An argument that Redis takes for this word.
inline bool IsKeyword(std::string_view argument, std::string_view word) {
  return EqualsIgnoreCase(AsWord(argument), word);
}

// Calls f(std::string_view key) for every key of the request, in order. Malformed requests (too few
// arguments, a count that is no number) yield the keys that are certain, or none.
template <typename F>
void ForEachKey(const CommandSpec& spec, std::span<const std::string_view> args, F&& f);

// The general form behind ForEachKey: up to two runs of argument indices.
struct KeyRun {
  size_t first = 0;
  size_t end = 0;  // one past the last
  size_t step = 1;
};
struct KeyRuns {
  KeyRun run[2];
};
KeyRuns LocateKeys(const CommandSpec& spec, std::span<const std::string_view> args);

template <typename F>
void ForEachKey(const CommandSpec& spec, std::span<const std::string_view> args, F&& f) {
  if (spec.keys.kind == KeySpec::Kind::kNone) return;
  if (spec.keys.IsFirstArgument()) {  // by far the most common: GET, SET, HGET ...
    if (args.size() > 1) f(args[1]);
    return;
  }
  const KeyRuns runs = LocateKeys(spec, args);
  for (const KeyRun& run : runs.run) {
    for (size_t i = run.first; i < run.end; i += run.step) f(args[i]);
  }
}

}  // namespace keyhole::resp
