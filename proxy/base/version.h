// The version of this build. The same number as in the top CMakeLists.txt; a test compares them.
#pragma once

#include <string_view>

namespace keyhole::core {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace keyhole::core
