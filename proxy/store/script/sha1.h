// SHA-1 in hexadecimal digits: the names of scripts. Pure; any thread.
#pragma once

#include <array>
#include <string_view>

namespace keyhole::script {

using Sha1Digits = std::array<char, 40>;
Sha1Digits Sha1(std::string_view bytes);

inline std::string_view View(const Sha1Digits& digits) {
  return {digits.data(), digits.size()};
}

}  // namespace keyhole::script
