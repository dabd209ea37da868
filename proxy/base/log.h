// The log, as the core sees it: lines with a level. Who writes them is the program's business.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace keyhole::core {

// Names and order are spdlog's.
enum class LogLevel : uint8_t { kTrace, kDebug, kInfo, kWarn, kError, kCritical, kOff };

// One line, without a newline at its end.
using Log = std::function<void(LogLevel, std::string_view line)>;

}  // namespace keyhole::core
