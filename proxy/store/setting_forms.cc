#include "proxy/store/setting_forms.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>

#include "resp/command_table.h"
#include "resp/number.h"

namespace keyhole::store {

namespace {

using Kind = SettingForm::Kind;

std::optional<std::string> Fail(std::string* error, std::string_view reason) {
  error->assign(reason);
  return std::nullopt;
}

std::optional<std::string> InRange(const SettingForm& form, int64_t value, std::string* error) {
  if (value >= form.min && value <= form.max) return std::to_string(value);
  return Fail(error, "argument must be between " + std::to_string(form.min) + " and " +
                         std::to_string(form.max) + " inclusive");
}

std::optional<std::string> ParseBool(std::string_view text, std::string* error) {
  for (const std::string_view word : {"yes", "no"}) {
    if (resp::EqualsIgnoreCase(text, word)) return std::string(word);
  }
  return Fail(error, "argument must be 'yes' or 'no'");
}

std::optional<std::string> ParseWord(std::string_view words, std::string_view text,
                                     std::string* error) {
  error->assign("argument(s) must be one of the following: ");
  for (std::string_view rest = words; !rest.empty();) {
    const std::string_view word = rest.substr(0, rest.find('|'));
    if (resp::EqualsIgnoreCase(text, word)) return std::string(word);
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    error->append(word).append(rest.empty() ? "" : ", ");
  }
  return std::nullopt;
}

std::optional<std::string> ParsePercent(const SettingForm& form, std::string_view text,
                                        std::string* error) {
  int64_t value = 0;
  const bool is_percent = text.size() > 1 && text.back() == '%' &&
                          resp::ParseInteger(text.substr(0, text.size() - 1), &value) && value >= 0;
  if (!is_percent) return Fail(error, "argument must be a memory or percent value");
  if (value <= -form.min) return std::to_string(value) + (value > 0 ? "%" : "");
  return Fail(error, "percentage argument must be less or equal to " + std::to_string(-form.min));
}

std::optional<std::string> ParseOctal(const SettingForm& form, std::string_view text,
                                      std::string* error) {
  constexpr int kBase = 8;
  int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, kBase);
  if (code != std::errc() || end != text.data() + text.size()) {
    return Fail(error, "argument couldn't be parsed as an octal number");
  }
  return InRange(form, value, error);
}

// Calls f(word) for the words between single spaces, while it returns true.
template <typename F>
bool ForEachWord(std::string_view text, F&& f) {
  for (;;) {
    const size_t end = text.find(' ');
    if (!f(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

std::optional<double> ParseDouble(std::string_view word) {
  double value = 0;
  const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || code != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

// 99.900000 is 99.9.
std::string Trimmed(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::optional<std::string> ParsePercentiles(std::string_view text, std::string* error) {
  std::string list;
  const auto add = [&](std::string_view word) {
    const auto value = ParseDouble(word);
    if (!value.has_value()) {
      error->assign("Invalid latency-tracking-info-percentiles parameters");
      return false;
    }
    if (*value > 100 || *value < 0) {
      error->assign("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
      return false;
    }
    list.append(list.empty() ? "" : " ").append(Trimmed(*value));
    return true;
  };
  if (!text.empty() && !ForEachWord(text, add)) return std::nullopt;
  return list;
}

}  // namespace

std::vector<double> PercentilesOf(std::string_view text) {
  std::vector<double> values;
  if (text.empty()) return values;
  ForEachWord(text, [&values](std::string_view word) {
    values.push_back(ParseDouble(word).value_or(0));
    return true;
  });
  return values;
}

std::string FirstTextOf(const SettingForm& form) {
  const bool is_number = form.kind != Kind::kText && form.kind != Kind::kBool &&
                         form.kind != Kind::kWord && form.kind != Kind::kPercentiles;
  return is_number ? std::to_string(form.number) : std::string(form.text);
}

std::optional<int64_t> ParseMemory(std::string_view text) {
  struct Unit {
    std::string_view name;
    int64_t bytes;
  };
  // Source: the head of redis 7.0.15 redis.conf.
  constexpr Unit kUnits[] = {{"", 1},           {"B", 1},           {"K", 1000},
                             {"KB", 1 << 10},   {"M", 1000 * 1000}, {"MB", 1 << 20},
                             {"G", 1000000000}, {"GB", 1 << 30}};
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  constexpr auto kTooBig = std::errc::result_out_of_range;
  int64_t value = 0;  // stays so without digits, as in Redis
  for (const Unit& unit : kUnits) {
    if (!resp::EqualsIgnoreCase(text.substr(digits), unit.name)) continue;
    if (std::from_chars(text.data(), text.data() + digits, value).ec == kTooBig) break;
    if (value > std::numeric_limits<int64_t>::max() / unit.bytes) break;
    return value * unit.bytes;
  }
  return std::nullopt;
}

std::optional<std::string> ParseSetting(const SettingForm& form, std::string_view text,
                                        std::string* error) {
  int64_t value = 0;
  switch (form.kind) {
    case Kind::kText:
      return std::string(text);
    case Kind::kBool:
      return ParseBool(text, error);
    case Kind::kWord:
      return ParseWord(form.words, text, error);
    case Kind::kInteger:
      if (resp::ParseInteger(text, &value)) return InRange(form, value, error);
      return Fail(error, "argument couldn't be parsed into an integer");
    case Kind::kMemory:
    case Kind::kMemoryOrPercent:
      if (const auto bytes = ParseMemory(text)) return InRange(form, *bytes, error);
      if (form.kind == Kind::kMemoryOrPercent) return ParsePercent(form, text, error);
      return Fail(error, "argument must be a memory value");
    case Kind::kPercentiles:
      return ParsePercentiles(text, error);
    case Kind::kOctal:
      return ParseOctal(form, text, error);
  }
  return std::nullopt;
}

}  // namespace keyhole::store
