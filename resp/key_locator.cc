// Where the keys of a request are. Reads what getKeysFromCommand() of Redis 7.0.15 (db.c) would
// find.

#include <algorithm>

#include "resp/command_table.h"
#include "resp/number.h"

namespace keyhole::resp {
namespace {

using Args = std::span<const std::string_view>;

// `count` keys from `first` on, or none if they are not all there.
KeyRun Run(size_t first, size_t count, Args args) {
  if (first > args.size() || count > args.size() - first) return {};
  return {first, first + count, 1};
}

KeyRun OneKey(size_t index, Args args) {
  return Run(index, 1, args);
}

KeyRun Range(const KeySpec& keys, Args args) {
  const auto first = static_cast<size_t>(keys.first);
  const auto end =
      keys.last >= 0 ? keys.last + 1 : static_cast<int64_t>(args.size()) + keys.last + 1;
  const size_t clipped = std::min(static_cast<size_t>(std::max<int64_t>(end, 0)), args.size());
  if (first >= clipped) return {};
  return {first, clipped, static_cast<size_t>(keys.step)};
}

KeyRun CountedKeys(const KeySpec& keys, Args args) {
  const auto at = static_cast<size_t>(keys.first);
  int64_t count = 0;
  if (at >= args.size() || !ParseInteger(args[at], &count) || count <= 0) return {};
  return Run(at + 1, static_cast<size_t>(count), args);
}

// An option and how many arguments of its own follow it.
struct Option {
  std::string_view name;
  size_t values;
};

size_t ValuesOf(std::string_view arg, std::span<const Option> options) {
  for (const Option& option : options) {
    if (IsKeyword(arg, option.name)) return option.values;
  }
  return 0;
}

// The values are skipped because a consumer group may well be called "streams".
KeyRun Streams(Args args) {
  static constexpr Option kOptions[] = {{"BLOCK", 1}, {"COUNT", 1}, {"GROUP", 2}};
  for (size_t i = 1; i < args.size(); i += 1 + ValuesOf(args[i], kOptions)) {
    if (!IsKeyword(args[i], "STREAMS")) continue;
    const size_t rest = args.size() - i - 1;
    return rest % 2 == 0 ? Run(i + 1, rest / 2, args) : KeyRun{};
  }
  return {};
}

KeyRun Migrate(const KeySpec& keys, Args args) {
  static constexpr Option kOptions[] = {{"AUTH", 1}, {"AUTH2", 2}};
  const auto key = static_cast<size_t>(keys.first);
  if (key >= args.size() || !args[key].empty()) return OneKey(key, args);
  for (size_t i = key + 3; i < args.size(); i += 1 + ValuesOf(args[i], kOptions)) {
    if (IsKeyword(args[i], "KEYS")) return Run(i + 1, args.size() - i - 1, args);
  }
  return OneKey(key, args);  // the key whose name is empty
}

// As in Redis, the last of several STORE holds.
KeyRun StoreOption(const KeySpec& keys, Args args) {
  static constexpr Option kOptions[] = {{"LIMIT", 2}, {"GET", 1},   {"BY", 1},
                                        {"COUNT", 1}, {"STORE", 1}, {"STOREDIST", 1}};
  KeyRun destination;
  for (auto i = static_cast<size_t>(keys.first); i + 1 < args.size();
       i += 1 + ValuesOf(args[i], kOptions)) {
    if (IsKeyword(args[i], "STORE") || IsKeyword(args[i], "STOREDIST")) {
      destination = OneKey(i + 1, args);
    }
  }
  return destination;
}

}  // namespace

KeyRuns LocateKeys(const CommandSpec& spec, Args args) {
  const KeySpec& keys = spec.keys;
  const auto first = static_cast<size_t>(keys.first);
  const auto last = static_cast<size_t>(keys.last);
  switch (keys.kind) {
    case KeySpec::Kind::kNone:
      return {};
    case KeySpec::Kind::kRange:
      return {{Range(keys, args)}};
    case KeySpec::Kind::kTwo:
      return {{OneKey(first, args), OneKey(last, args)}};
    case KeySpec::Kind::kCountAt:
      if (keys.last == 0) return {{CountedKeys(keys, args)}};
      return {{OneKey(last, args), CountedKeys(keys, args)}};
    case KeySpec::Kind::kAfterStreams:
      return {{Streams(args)}};
    case KeySpec::Kind::kMigrate:
      return {{Migrate(keys, args)}};
    case KeySpec::Kind::kSort:
      return {{OneKey(1, args), StoreOption(keys, args)}};
  }
  return {};
}

}  // namespace keyhole::resp
