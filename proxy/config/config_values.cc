#include "proxy/config/config_values.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <sstream>
#include <utility>

#include "proxy/base/digits.h"

namespace keyhole::core {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

// The unit is what follows the digits, letters of either case. None: not one of `units`.
template <size_t N>
std::optional<uint64_t> ParseWithUnit(std::string_view text, const Unit (&units)[N]) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<uint64_t> number = ParseDigits(text.substr(0, digits));
  if (!number) return std::nullopt;
  for (const Unit& unit : units) {
    if (!resp::EqualsIgnoreCase(unit.name, text.substr(digits))) continue;
    if (*number > std::numeric_limits<uint64_t>::max() / unit.factor) return std::nullopt;
    return *number * unit.factor;
  }
  return std::nullopt;
}

// The longest unit that shows the number without a fraction.
template <size_t N>
std::string ShowWithUnit(uint64_t number, const Unit (&units)[N]) {
  for (const Unit& unit : units) {
    if (number != 0 && number % unit.factor == 0) {
      return std::to_string(number / unit.factor).append(unit.name);
    }
  }
  return std::to_string(number);
}

constexpr Unit kSizeUnits[] = {
    {"", 1},        {"b", 1},           {"k", 1000},       {"kb", 1ULL << 10},
    {"m", 1000000}, {"mb", 1ULL << 20}, {"g", 1000000000}, {"gb", 1ULL << 30}};
constexpr Unit kSizeUnitsShown[] = {{"gb", 1ULL << 30}, {"mb", 1ULL << 20}, {"kb", 1ULL << 10}};
constexpr Unit kTimeUnits[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
// Minutes and hours are not used: "60s" beside "5s" compares at a glance.
constexpr Unit kTimeUnitsShown[] = {{"s", 1000}, {"ms", 1}};
constexpr uint64_t kLongestMillis = 365ULL * 24 * 3600 * 1000;

}  // namespace

Problem ParseWord(std::string_view text, std::span<const std::string_view> words, size_t* out) {
  std::string all;
  for (size_t i = 0; i < words.size(); ++i) {
    if (resp::EqualsIgnoreCase(text, words[i])) {
      *out = i;
      return std::nullopt;
    }
    all.append(i == 0 ? "" : i + 1 < words.size() ? ", " : " or ").append(words[i]);
  }
  return Quoted(text) + " is not valid; give " + all;
}

Problem ParseNumber(std::string_view text, uint64_t min, uint64_t max, uint64_t* out) {
  const std::optional<uint64_t> number = ParseDigits(text);
  if (!number || *number < min || *number > max) {
    return Quoted(text) + " does not fit; give a whole number from " + std::to_string(min) +
           " to " + std::to_string(max);
  }
  *out = *number;
  return std::nullopt;
}

Problem ParseShare(std::string_view text, double* out) {
  double share = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
  if (error != std::errc() || end != text.data() + text.size() || !(share >= 0 && share <= 1)) {
    return Quoted(text) + " is not a share; give a number from 0 to 1, as in 0.001";
  }
  *out = share;
  return std::nullopt;
}

std::string ShowShare(double share) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), share).ptr;
  return {text, end};
}

Problem ParseSwitch(std::string_view text, bool* out) {
  for (const std::string_view yes : {"on", "true", "yes", "1"}) {
    if (!resp::EqualsIgnoreCase(text, yes)) continue;
    *out = true;
    return std::nullopt;
  }
  for (const std::string_view no : {"off", "false", "no", "0"}) {
    if (!resp::EqualsIgnoreCase(text, no)) continue;
    *out = false;
    return std::nullopt;
  }
  return Quoted(text) + " is neither on nor off; give one of these two";
}

Problem ParseSize(std::string_view text, uint64_t min, uint64_t max, uint64_t* out) {
  const std::optional<uint64_t> bytes = ParseWithUnit(text, kSizeUnits);
  if (!bytes) return Quoted(text) + " is not a valid size; give one like 256mb, 1gb or plain bytes";
  if (*bytes < min || *bytes > max) {
    return Quoted(text) + " does not fit; give a size from " + ShowSize(min) + " to " +
           ShowSize(max);
  }
  *out = *bytes;
  return std::nullopt;
}

std::string ShowSize(uint64_t bytes) {
  return ShowWithUnit(bytes, kSizeUnitsShown);
}

Problem ParseMemoryLimit(std::string_view text, MemoryLimit* out) {
  if (text.ends_with('%')) {
    const auto percent = ParseDigits(text.substr(0, text.size() - 1));
    if (!percent || *percent < 1 || *percent > 100) {
      return Quoted(text) + " does not fit; give a share from 1% to 100%";
    }
    *out = {.bytes = 0, .percent = static_cast<int>(*percent)};
    return std::nullopt;
  }
  uint64_t bytes = 0;
  if (ParseSize(text, 0, std::numeric_limits<int64_t>::max(), &bytes)) {
    return Quoted(text) +
           " is not a valid amount of memory; give one like 512mb, 2gb, plain bytes or 75%";
  }
  *out = {.bytes = bytes, .percent = 0};
  return std::nullopt;
}

std::string ShowMemoryLimit(const MemoryLimit& limit) {
  return limit.percent == 0 ? ShowSize(limit.bytes) : std::to_string(limit.percent) + "%";
}

Problem ParseDuration(std::string_view text, std::chrono::milliseconds min,
                      std::chrono::milliseconds* out) {
  const std::optional<uint64_t> millis = ParseWithUnit(text, kTimeUnits);
  if (!millis) {
    return Quoted(text) + " is not a valid duration; give one like 500ms, 10s, 5m or plain seconds";
  }
  if (*millis < static_cast<uint64_t>(min.count()) || *millis > kLongestMillis) {
    return Quoted(text) + " does not fit; give a duration from " + ShowDuration(min) +
           " to 8760h (a year)";
  }
  *out = std::chrono::milliseconds(static_cast<int64_t>(*millis));
  return std::nullopt;
}

std::string ShowDuration(std::chrono::milliseconds duration) {
  return ShowWithUnit(static_cast<uint64_t>(duration.count()), kTimeUnitsShown);
}

Problem ParseNetwork(std::string_view text, std::string* out) {
  *out = text;
  return std::nullopt;
}

Problem ParseSaveRules(std::string_view text, std::vector<store::SaveRule>* out) {
  std::vector<store::SaveRule> rules;
  if (text.find(' ') == std::string_view::npos) {
    std::chrono::milliseconds every{};
    const bool off = resp::EqualsIgnoreCase(text, "off");
    if (Problem problem = off ? std::nullopt : ParseDuration(text, std::chrono::seconds(1), &every))
      return *problem + ", pairs of seconds and keys as \"900 1 60 1000\", or off";
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(every).count();
    if (!off) rules.push_back({seconds, 1});
    *out = std::move(rules);
    return std::nullopt;
  }
  std::istringstream words{std::string(text)};
  bool right = true;
  for (std::string seconds, changes; right && words >> seconds;) {
    changes.clear();
    words >> changes;
    const std::optional<uint64_t> after = ParseDigits(seconds);
    const std::optional<uint64_t> least = ParseDigits(changes);
    right = after && least && *after >= 1 && *after <= kLongestMillis / 1000 && *least >= 1;
    if (right) rules.push_back({static_cast<int64_t>(*after), *least});
  }
  if (!right) {
    return Quoted(text) + " is no such rule; give pairs of seconds and keys as \"900 1 60 1000\"";
  }
  *out = std::move(rules);
  return std::nullopt;
}

std::string ShowSaveRules(const std::vector<store::SaveRule>& rules) {
  std::string text;
  for (const store::SaveRule& rule : rules) {
    text.append(text.empty() ? "" : " ").append(std::to_string(rule.seconds));
    text.append(" ").append(std::to_string(rule.changes));
  }
  return text.empty() ? "off" : text;
}

Problem ParseKeyPrefix(std::string_view text, std::string* out) {
  *out = text;
  return std::nullopt;
}

Problem ParseKeyPattern(std::string_view text, std::string* out) {
  *out = text;
  return std::nullopt;
}

namespace {

Problem ParseOptionalLookup(std::string_view text, resp::CommandId* out) {
  std::string names;
  bool counted_anyway = false;
  for (const resp::CommandSpec& spec : resp::AllCommands()) {
    if (spec.hit.rule == resp::HitRule::kNone) continue;
    const bool named = resp::EqualsIgnoreCase(spec.full_name, text);
    if (spec.hit.by_default) {
      counted_anyway |= named;
      continue;
    }
    if (named) {
      *out = spec.id;
      return std::nullopt;
    }
    names.append(names.empty() ? "" : ", ").append(spec.full_name);
  }
  return Quoted(text) +
         (counted_anyway ? " is counted without being named"
                         : " is not a lookup that can be counted") +
         "; give all, or any of: " + names;
}

}  // namespace

Problem ParseOptionalLookups(std::span<const std::string> texts,
                             std::vector<resp::CommandId>* out) {
  std::vector<resp::CommandId> ids;
  const auto add = [&ids](resp::CommandId id) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  };
  for (const std::string& text : texts) {
    if (resp::EqualsIgnoreCase(text, "all")) {
      for (const resp::CommandSpec& spec : resp::AllCommands()) {
        if (spec.hit.rule != resp::HitRule::kNone && !spec.hit.by_default) add(spec.id);
      }
      continue;
    }
    resp::CommandId id{};
    if (Problem problem = ParseOptionalLookup(text, &id)) return problem;
    add(id);
  }
  *out = std::move(ids);
  return std::nullopt;
}

}  // namespace keyhole::core
