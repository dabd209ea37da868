// The log, as the core sees it: lines with a level. Who writes them is the program's business.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

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

// What a line is about, for logs that have fields. The text says it too.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, int64_t> value;
};
inline constexpr std::string_view kLogClient = "client";  // layering: not a command
inline constexpr std::string_view kLogUpstream = "upstream";
inline constexpr std::string_view kLogCommand = "command";  // layering: not a command
inline constexpr std::string_view kLogKey = "key";
inline constexpr std::string_view kLogMicroseconds = "microseconds";
inline constexpr std::string_view kLogBytes = "bytes";

// One line, without a newline at its end. Views: for the duration of the call that is given it.
class LogLine {
 public:
  // Most lines have no fields.
  template <std::convertible_to<std::string_view> Text>
  LogLine(const Text& text) : text_(text) {}  // NOLINT(google-explicit-constructor)
  LogLine(std::string_view text, std::initializer_list<LogField> fields)
      : text_(text), fields_(fields) {}

  std::string_view text() const { return text_; }
  std::initializer_list<LogField> fields() const { return fields_; }
  operator std::string_view() const { return text_; }  // NOLINT(google-explicit-constructor)

 private:
  std::string_view text_;
  std::initializer_list<LogField> fields_;
};

using Log = std::function<void(LogLevel, const LogLine& line)>;

}  // namespace keyhole::core
