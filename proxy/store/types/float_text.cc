#include "proxy/store/types/float_text.h"

#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace keyhole::store {

namespace {

// parse: strtold or strtod.
template <typename Float, typename Parse>
bool ParseWith(std::string_view text, size_t longest, Parse parse, Float* value) {
  if (text.empty() || text.size() > longest) return false;
  if (std::isspace(static_cast<unsigned char>(text[0])) != 0) return false;
  constexpr size_t kUsual = 64;
  char usual[kUsual];
  std::string unusual;
  const char* begin = usual;
  if (text.size() < kUsual) {
    usual[text.copy(usual, kUsual - 1)] = '\0';
  } else {
    unusual = text;
    begin = unusual.c_str();
  }
  char* end = nullptr;
  errno = 0;
  *value = parse(begin, &end);
  if (end != begin + text.size() || std::isnan(*value)) return false;
  const bool out_of_range = std::isinf(*value) || std::fpclassify(*value) == FP_ZERO;
  return errno != EINVAL && !(errno == ERANGE && out_of_range);
}

}  // namespace

bool ParseFloat(std::string_view text, long double* value) {
  constexpr size_t kMostDigits = 5 * 1024 - 1;
  return ParseWith(
      text, kMostDigits, [](auto... args) { return std::strtold(args...); }, value);
}

bool ParseDouble(std::string_view text, double* value) {
  // The usual forms, many times as fast; what it cannot read, or has no end, strtod judges.
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, *value);
  if (read.ec == std::errc() && read.ptr == end && std::isfinite(*value)) return true;
  return ParseWith(
      text, text.size(), [](auto... args) { return std::strtod(args...); }, value);
}

bool IsInteger(double value, int64_t* integer) {
  constexpr double kMost = 4611686018427387904.0;  // 2^62
  if (!(value >= -kMost && value <= kMost)) return false;
  *integer = static_cast<int64_t>(value);
  return static_cast<double>(*integer) == value;
}

// 17 digits after the point, without the zeros at their end.
std::string FormatFloat(long double value) {
  char buffer[5 * 1024];
  const int size = std::snprintf(buffer, sizeof(buffer), "%.17Lf", value);
  std::string text(buffer, static_cast<size_t>(size));
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

}  // namespace keyhole::store
