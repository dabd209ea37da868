// SHA-256, the form in which passwords of users are kept and compared. The only file that knows
// OpenSSL.
//
// Thread: any; pure functions. Nothing throws.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace keyhole::core {

using Digest = std::array<uint8_t, 32>;

Digest Sha256(std::string_view text);

// Takes the same time wherever the two differ.
bool SameDigest(const Digest& a, const Digest& b);

// Reads 64 hexadecimal digits of lower case, as Redis' aclfile has them.
std::optional<Digest> ParseDigest(std::string_view hex);

}  // namespace keyhole::core
