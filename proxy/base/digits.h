// Decimal digits from people: options, parameters of a URL. Numbers of RESP: resp/number.h.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace keyhole::core {

// None unless `text` is digits and nothing else, and fits.
inline std::optional<uint64_t> ParseDigits(std::string_view text) {
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace keyhole::core
