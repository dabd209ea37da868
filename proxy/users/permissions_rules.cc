// The rules that make a Permissions: "+@read", "~app:*" and so on, as ACL SETUSER of Redis 7.0
// takes them. Source: redis 7.0.15 src/acl.c ACLSetSelector.
#include <algorithm>

#include "proxy/base/text.h"
#include "proxy/users/permissions.h"

namespace keyhole::core {
namespace {

using resp::CommandId;
using resp::CommandSpec;
using resp::EqualsIgnoreCase;

constexpr auto kEachRead = static_cast<uint8_t>(resp::KeyAccess::kReads);
constexpr auto kEachWrite = static_cast<uint8_t>(resp::KeyAccess::kWrites);
constexpr auto kEachBoth = static_cast<uint8_t>(resp::KeyAccess::kBoth);

bool HasSpaces(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; });
}

// The row of "get" or "config|get". Of what HTTP clients say there is a row too, which is none of a
// command.
const CommandSpec* FindCommand(std::string_view name) {
  const size_t bar = name.find('|');
  const std::string_view words[] = {name.substr(0, bar),
                                    bar == std::string_view::npos ? "" : name.substr(bar + 1)};
  const CommandSpec& spec = resp::Find(std::span(words).first(words[1].empty() ? 1 : 2));
  const bool found = spec.id != CommandId::kUnknown && spec.effect != resp::Effect::kHangUp &&
                     EqualsIgnoreCase(spec.full_name, name);
  return found ? &spec : nullptr;
}

std::string UnknownCommand(std::string_view name) {
  std::vector<std::string_view> names;
  for (const CommandSpec& spec : resp::AllCommands()) {
    if (spec.effect != resp::Effect::kHangUp) names.push_back(spec.full_name);
  }
  return Quoted(name) + " is not a command that Keyhole knows" +
         DidYouMean(Nearest(Lower(name), names));
}

}  // namespace

std::optional<std::string> Permissions::Apply(std::string_view rule) {
  if (EqualsIgnoreCase(rule, "allkeys") || rule == "~*") {
    all_keys_ = true;
    keys_.clear();
  } else if (EqualsIgnoreCase(rule, "resetkeys")) {
    all_keys_ = false;
    keys_.clear();
  } else if (EqualsIgnoreCase(rule, "allchannels") || rule == "&*") {
    all_channels_ = true;
    channels_.clear();
  } else if (EqualsIgnoreCase(rule, "resetchannels")) {
    all_channels_ = false;
    channels_.clear();
  } else if (EqualsIgnoreCase(rule, "allcommands") || EqualsIgnoreCase(rule, "+@all")) {
    commands_.set();
    first_arguments_.clear();
  } else if (EqualsIgnoreCase(rule, "nocommands") || EqualsIgnoreCase(rule, "-@all")) {
    commands_.reset();
    first_arguments_.clear();
  } else if (rule.starts_with('~') || rule.starts_with('%')) {
    return ApplyKeys(rule);
  } else if (rule.starts_with('&')) {
    return ApplyChannels(rule);
  } else if (rule.starts_with("+@") || rule.starts_with("-@")) {
    return ApplyCategory(rule.substr(2), rule.front() == '+');
  } else if (rule.starts_with('+') || rule.starts_with('-')) {
    return ApplyCommand(rule.substr(1), rule.front() == '+');
  } else {
    // Not shown: it may be a password.
    return "a word in ( ) is not a rule; there may be commands, keys and channels";
  }
  return std::nullopt;
}

// ~pattern, %R~pattern, %W~pattern, %RW~pattern.
std::optional<std::string> Permissions::ApplyKeys(std::string_view rule) {
  if (all_keys_) {
    return Quoted(rule) + " has no effect after ~* or allkeys; put resetkeys before it";
  }
  uint8_t access = rule.front() == '~' ? kEachBoth : 0;
  const size_t tilde = rule.find('~');
  for (const char c : rule.substr(1, tilde == 0 ? 0 : tilde - 1)) {
    const uint8_t bit = c == 'R' || c == 'r' ? kEachRead : c == 'W' || c == 'w' ? kEachWrite : 0;
    if (bit == 0 || (access & bit) != 0) access = kEachBoth + 1;
    if (access > kEachBoth) break;
    access |= bit;
  }
  if (tilde == std::string_view::npos || access == 0 || access > kEachBoth) {
    return Quoted(rule) +
           " is not a key pattern; give ~PATTERN, %R~PATTERN, %W~PATTERN or "
           "%RW~PATTERN";
  }
  const std::string_view pattern = rule.substr(tilde + 1);
  if (HasSpaces(pattern)) return Quoted(rule) + " has a space in its pattern";
  for (KeyPattern& key : keys_) {
    if (key.pattern == pattern) {
      key.access |= access;
      return std::nullopt;
    }
  }
  keys_.push_back({std::string(pattern), access});
  return std::nullopt;
}

std::optional<std::string> Permissions::ApplyChannels(std::string_view rule) {
  if (all_channels_) {
    return Quoted(rule) + " has no effect after &* or allchannels; put resetchannels before it";
  }
  const std::string_view pattern = rule.substr(1);
  if (HasSpaces(pattern)) return Quoted(rule) + " has a space in its pattern";
  if (std::find(channels_.begin(), channels_.end(), pattern) == channels_.end()) {
    channels_.emplace_back(pattern);
  }
  return std::nullopt;
}

std::optional<std::string> Permissions::ApplyCategory(std::string_view name, bool allow) {
  const std::optional<resp::CommandCategory> category = resp::CategoryNamed(name);
  if (!category) {
    const std::vector<std::string_view> names(std::begin(resp::kCategoryNames),
                                              std::end(resp::kCategoryNames));
    return "'@" + std::string(name) + "' is not a category of commands" +
           DidYouMean(Nearest(name, names));
  }
  for (const CommandSpec& spec : resp::AllCommands()) {
    if ((resp::RightsOf(spec.id).categories & *category) != 0) Change(spec, allow);
  }
  if (!allow) commands_.reset(static_cast<size_t>(CommandId::kUnknown));
  return std::nullopt;
}

std::optional<std::string> Permissions::ApplyCommand(std::string_view name, bool allow) {
  if (const CommandSpec* spec = FindCommand(name)) {
    Change(*spec, allow);
    return std::nullopt;
  }
  const size_t bar = name.find('|');
  if (!allow || bar == std::string_view::npos) return UnknownCommand(name);
  return ApplyFirstArgument(name.substr(0, bar), name.substr(bar + 1));
}

// "+select|0".
std::optional<std::string> Permissions::ApplyFirstArgument(std::string_view name,
                                                           std::string_view word) {
  const CommandSpec* const spec = FindCommand(name);
  const std::string whole = std::string(name) + "|" + std::string(word);
  if (spec == nullptr || spec->has(resp::kContainer)) return UnknownCommand(whole);
  if (word.empty() || word.find('|') != std::string_view::npos) {
    return Quoted(whole) + " has no first argument behind its |; give one, as in +select|0";
  }
  std::vector<std::string>& words = first_arguments_[spec->id];
  if (std::find(words.begin(), words.end(), word) == words.end()) words.emplace_back(word);
  return std::nullopt;
}

// A container's rule is that of its subcommands too.
void Permissions::Change(const CommandSpec& spec, bool allow) {
  commands_.set(static_cast<size_t>(spec.id), allow);
  first_arguments_.erase(spec.id);
  if (!spec.has(resp::kContainer)) return;
  for (const CommandSpec& sub : resp::AllCommands()) {
    if (sub.parent != spec.id) continue;
    commands_.set(static_cast<size_t>(sub.id), allow);
    first_arguments_.erase(sub.id);
  }
}

}  // namespace keyhole::core
