// Decimal integers as Redis reads them (util.c string2ll): an optional '-', no '+', no spaces, no
// leading zeros, no "-0".
#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>

namespace keyhole::resp {

// False, and *value untouched, if `text` is not such a number or does not fit.
inline bool ParseInteger(std::string_view text, int64_t* value) {
  if (text == "0") {
    *value = 0;
    return true;
  }
  const size_t digits = !text.empty() && text[0] == '-' ? 1 : 0;
  if (text.size() <= digits || text[digits] < '1' || text[digits] > '9') return false;
  int64_t parsed = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, parsed);
  if (result.ec != std::errc() || result.ptr != end) return false;
  *value = parsed;
  return true;
}

}  // namespace keyhole::resp
