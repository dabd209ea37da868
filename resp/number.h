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

// The part of ReadShortLength() for all lengths. By value and never inlined, so that what the
// caller reads with stays in its registers.
struct LengthByDigits {
  const char* end = nullptr;  // behind it; null: it is none
  size_t value = 0;
};
[[gnu::noinline]] inline LengthByDigits ReadLengthByDigits(const char* at, const char* end) {
  constexpr std::ptrdiff_t kMaxDigits = 7;
  const char* p = at;
  size_t number = 0;
  while (p != end && *p >= '0' && *p <= '9' && p - at <= kMaxDigits) {
    number = number * 10 + static_cast<size_t>(*p++ - '0');
  }
  const std::ptrdiff_t digits = p - at;
  if (digits == 0 || digits > kMaxDigits || (*at == '0' && digits > 1)) return {};
  if (end - p < 2 || *p != '\r') return {};
  return {p + 2, number};
}

// Reads the usual length or count, "<1 to 7 digits>\r" and the byte behind it, at *at; moves *at
// behind it. False, and nothing has changed, if it is anything else or not all there: who reads on
// byte by byte knows what it is. One or two digits, as most lengths have, take no loop: a request
// has a length for each of its arguments.
[[gnu::always_inline]] inline bool ReadShortLength(const char** at, const char* end,
                                                   size_t* value) {
  const char* const p = *at;
  if (end - p >= 4) [[likely]] {
    const size_t first = static_cast<unsigned char>(p[0]) - size_t{'0'};  // wraps if it is less
    const size_t second = static_cast<unsigned char>(p[1]) - size_t{'0'};
    if (p[1] == '\r' && first <= 9) {
      *value = first;
      *at = p + 3;
      return true;
    }
    if (p[2] == '\r' && first - 1 <= 8 && second <= 9) {
      *value = first * 10 + second;
      *at = p + 4;
      return true;
    }
  }
  const LengthByDigits length = ReadLengthByDigits(p, end);
  if (length.end == nullptr) return false;
  *value = length.value;
  *at = length.end;
  return true;
}

}  // namespace keyhole::resp
