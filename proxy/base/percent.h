// Percent-encoding of URLs (RFC 3986 section 2.1): "%41" is the byte 'A'. A plus stays a plus.
//
// Thread: any; pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace keyhole::core {

// The decoded bytes, whatever they are; none if a '%' is not followed by two hexadecimal digits.
std::optional<std::string> PercentDecode(std::string_view text);

}  // namespace keyhole::core
