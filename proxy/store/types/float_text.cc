#include "proxy/store/types/float_text.h"

#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace keyhole::store {

bool ParseFloat(std::string_view text, long double* value) {
  constexpr size_t kMaxDigits = 5 * 1024;
  if (text.empty() || text.size() >= kMaxDigits) return false;
  if (std::isspace(static_cast<unsigned char>(text[0])) != 0) return false;
  const std::string copy(text);
  char* end = nullptr;
  errno = 0;
  *value = std::strtold(copy.c_str(), &end);
  if (end != copy.c_str() + copy.size() || std::isnan(*value)) return false;
  const bool out_of_range = std::isinf(*value) || std::fpclassify(*value) == FP_ZERO;
  return errno != EINVAL && !(errno == ERANGE && out_of_range);
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
