// How the value of a parameter of CONFIG is written, and what it may be. Plain data for the rows of
// settings.def.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keyhole::store {

struct SettingForm {
  enum class Kind : uint8_t {
    kText,
    kBool,
    kWord,
    kInteger,
    kMemory,
    kMemoryOrPercent,
    kOctal,
    kPercentiles
  };
  Kind kind;
  std::string_view text;  // what it begins with; of numbers:
  int64_t number = 0;
  int64_t min = 0;
  int64_t max = 0;
  std::string_view words = {};  // of kWord: one|two|three
};

namespace setting_forms {

constexpr SettingForm Text(std::string_view value) {
  return {SettingForm::Kind::kText, value};
}
constexpr SettingForm Bool(std::string_view value) {
  return {SettingForm::Kind::kBool, value};
}
constexpr SettingForm Word(std::string_view value, std::string_view words) {
  return {SettingForm::Kind::kWord, value, 0, 0, 0, words};
}
constexpr SettingForm Policy() {  // Settings knows them
  return {SettingForm::Kind::kText, "noeviction"};
}
constexpr SettingForm EventClasses() {  // the same
  return {SettingForm::Kind::kText, ""};
}
// Numbers from 0 to 100, with a space between.
constexpr SettingForm Percentiles() {
  return {SettingForm::Kind::kPercentiles, "50 99 99.9"};
}
constexpr SettingForm Integer(int64_t value, int64_t min, int64_t max) {
  return {SettingForm::Kind::kInteger, "", value, min, max};
}
// Bytes, or with a unit: 1k is 1000, 1kb is 1024.
constexpr SettingForm Memory(int64_t value, int64_t min, int64_t max) {
  return {SettingForm::Kind::kMemory, "", value, min, max};
}
// A share is a negative number: at most -min percent.
constexpr SettingForm MemoryOrPercent(int64_t value, int64_t min, int64_t max) {
  return {SettingForm::Kind::kMemoryOrPercent, "", value, min, max};
}
constexpr SettingForm Octal(int64_t value, int64_t min, int64_t max) {
  return {SettingForm::Kind::kOctal, "", value, min, max};
}

}  // namespace setting_forms

// The numbers of a list of kPercentiles.
std::vector<double> PercentilesOf(std::string_view text);

std::string FirstTextOf(const SettingForm& form);

// `text` as CONFIG GET would show it; null, and Redis' reason in *error, if it may not be that.
std::optional<std::string> ParseSetting(const SettingForm& form, std::string_view text,
                                        std::string* error);

// A number of bytes in Redis' writing. Null if it is none.
std::optional<int64_t> ParseMemory(std::string_view text);

}  // namespace keyhole::store
