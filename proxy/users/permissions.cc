#include "proxy/users/permissions.h"

#include <algorithm>

#include "resp/glob.h"

namespace keyhole::core {
namespace {

using resp::ChannelArguments;
using resp::CommandRights;
using resp::CommandSpec;
using resp::IsKeyword;
using resp::KeyAccess;
using resp::KeySpec;

// Some key of the command may come after these arguments.
bool MayHaveMoreKeys(const KeySpec& keys, size_t arguments) {
  switch (keys.kind) {
    case KeySpec::Kind::kNone:
      return false;
    case KeySpec::Kind::kRange:
    case KeySpec::Kind::kTwo:
      return keys.last < 0 || arguments <= static_cast<size_t>(std::max(keys.first, keys.last));
    default:
      return true;
  }
}

}  // namespace

bool Permissions::reads_all_keys() const {
  return all_keys_ || std::any_of(keys_.begin(), keys_.end(), [](const KeyPattern& key) {
           return key.pattern == "*" && (key.access & static_cast<uint8_t>(KeyAccess::kReads)) != 0;
         });
}

bool Permissions::MayRun(const CommandSpec& spec, Args args) const {
  if (Has(spec.id) || spec.has(resp::kNoAuth)) return true;
  const auto words = first_arguments_.find(spec.id);
  if (words == first_arguments_.end() || args.size() < 2) return false;
  return std::any_of(words->second.begin(), words->second.end(),
                     [&](const std::string& word) { return IsKeyword(args[1], word); });
}

bool Permissions::MayAccess(std::string_view key, KeyAccess access) const {
  const auto needed = static_cast<uint8_t>(access);
  return std::any_of(keys_.begin(), keys_.end(), [&](const KeyPattern& has) {
    return (has.access & needed) == needed && resp::GlobMatches(has.pattern, key);
  });
}

// A pattern must be one that the user has, to the letter: what it would match, nobody knows.
bool Permissions::MayUse(std::string_view channel, bool is_pattern) const {
  return std::any_of(channels_.begin(), channels_.end(), [&](const std::string& has) {
    return is_pattern ? has == channel : resp::GlobMatches(has, channel);
  });
}

Denial Permissions::Check(const CommandSpec& spec, Args args, bool whole) const {
  if (everything()) return Denial::kNone;
  if (!MayRun(spec, args)) return Denial::kCommand;
  const CommandRights& rights = resp::RightsOf(spec.id);
  if (rights.has(resp::kUnbounded)) return Denial::kUnbounded;
  if (spec.id == resp::CommandId::kUnknown && !all_keys_) return Denial::kUnlocated;
  if (!all_keys_) {
    if (const Denial denial = CheckKeys(spec, args, whole); denial != Denial::kNone) return denial;
  }
  if (all_channels_ || rights.channels == ChannelArguments::kNoChannels) return Denial::kNone;
  return CheckChannels(spec, args, whole);
}

Denial Permissions::CheckKeys(const CommandSpec& spec, Args args, bool whole) const {
  const resp::CommandRights& rights = resp::RightsOf(spec.id);
  if (!whole && MayHaveMoreKeys(spec.keys, args.size())) return Denial::kInPieces;
  size_t index = 0;
  bool allowed = true;
  resp::ForEachKey(spec, args, [&](std::string_view key) {
    // Of what is still to come the worst is to be expected.
    const KeyAccess access = whole        ? resp::AccessOf(spec, args, index)
                             : index == 0 ? rights.first
                                          : rights.others;
    ++index;
    allowed = allowed && MayAccess(key, access);
  });
  if (!allowed) return Denial::kKey;
  if (!rights.has(resp::kPatternKeys) || reads_all_keys()) return Denial::kNone;
  return whole ? CheckPatternKeys(args) : Denial::kInPieces;
}

// Reads the options of SORT as Redis does (sort.c sortCommandGeneric).
Denial Permissions::CheckPatternKeys(Args args) const {
  for (size_t i = 2; i < args.size(); ++i) {
    const size_t more = args.size() - i - 1;
    if (IsKeyword(args[i], "LIMIT") && more >= 2) {
      i += 2;
    } else if (IsKeyword(args[i], "STORE") && more >= 1) {
      ++i;
    } else if (IsKeyword(args[i], "BY") && more >= 1) {
      if (args[++i].find('*') != std::string_view::npos) return Denial::kPatternBy;
    } else if (IsKeyword(args[i], "GET") && more >= 1) {
      return Denial::kPatternGet;
    }
  }
  return Denial::kNone;
}

Denial Permissions::CheckChannels(const CommandSpec& spec, Args args, bool whole) const {
  const ChannelArguments kind = resp::RightsOf(spec.id).channels;
  const bool first = kind == ChannelArguments::kFirstChannel;
  if (!whole && (!first || args.size() < 2)) return Denial::kInPieces;
  const size_t end = first ? std::min<size_t>(2, args.size()) : args.size();
  for (size_t i = 1; i < end; ++i) {
    if (!MayUse(args[i], kind == ChannelArguments::kAllPatterns)) return Denial::kChannel;
  }
  return Denial::kNone;
}

}  // namespace keyhole::core
