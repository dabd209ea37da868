// The log, as the core sees it: lines with a level. Who writes them is the program's business.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace keyhole::core {

// Names and order are spdlog's.
enum class LogLevel : uint8_t { kTrace, kDebug, kInfo, kWarn, kError, kCritical, kOff };

enum class LogFormat : uint8_t { kText, kJson };

// What a person can set of it, beside its level.
struct LogOptions {
  LogFormat format = LogFormat::kText;
  std::string file;                   // empty: stderr
  std::chrono::milliseconds slow{0};  // requests that take longer have a line each; 0: none
  double requests = 0;                // the share of all requests that have a line, 0..1

  bool operator==(const LogOptions&) const = default;
};

// What these lines begin with; nobody counts them together.
inline constexpr std::string_view kSlowLine = "slow: ";
inline constexpr std::string_view kRequestLine = "request: ";
inline constexpr std::string_view kReloadLine = "reload: ";

// One line, without a newline at its end.
using Log = std::function<void(LogLevel, std::string_view line)>;

}  // namespace keyhole::core
