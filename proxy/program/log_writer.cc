#include "proxy/program/log_writer.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <variant>

#include "proxy/base/text.h"

namespace keyhole::program {
namespace {

using core::LogFormat;
using core::LogLevel;

constexpr const char* kText = "%Y-%m-%dT%H:%M:%S.%e%z %l %v";
constexpr const char* kJson =
    R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%v)";  // layering: not a command
constexpr const char* kPlain = "%v";

// Of syslog, in the order of LogLevel.
constexpr std::array<std::string_view, 7> kPriorities = {"<7>", "<7>", "<6>", "<4>",
                                                         "<3>", "<2>", ""};

// systemd.exec(5): JOURNAL_STREAM names the file that stderr is, if it is the journal.
bool IsJournal() {
  const char* const named = std::getenv("JOURNAL_STREAM");
  struct stat file {};
  if (named == nullptr || ::fstat(STDERR_FILENO, &file) != 0) return false;
  return named == std::to_string(file.st_dev) + ":" + std::to_string(file.st_ino);
}

// The members that follow those of kJson, and the end of the object.
std::string Members(const core::LogLine& line) {
  boost::json::object object{{"message", core::EscapeInvalidUtf8(line.text())}};
  for (const core::LogField& field : line.fields()) {
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      if (!text->empty()) object[field.name] = core::EscapeInvalidUtf8(*text);
    } else {
      object[field.name] = std::get<int64_t>(field.value);
    }
  }
  return boost::json::serialize(object).substr(1);
}

}  // namespace

LogWriter::LogWriter() {
  Open({}, nullptr);
}

LogWriter::~LogWriter() {
  repeats_.Tell(Repeats::Instant::max(), [this](int level, std::string_view line) {
    WriteNow(static_cast<LogLevel>(level), line);
  });
}

bool LogWriter::Open(const core::LogOptions& options, std::string* problem) {
  spdlog::sink_ptr sink;
  if (options.file.empty()) {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  } else {
    try {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file);
    } catch (const std::exception& error) {
      if (problem != nullptr) *problem = std::string("--log-file: ") + error.what();
      return false;
    }
  }
  journal_ = options.file.empty() && options.format == LogFormat::kText && IsJournal();
  logger_ = std::make_shared<spdlog::logger>("keyhole", std::move(sink));
  logger_->set_level(spdlog::level::trace);
  logger_->flush_on(spdlog::level::trace);
  logger_->set_pattern(journal_ ? kPlain : options.format == LogFormat::kJson ? kJson : kText);
  options_ = options;
  return true;
}

bool LogWriter::Configure(LogLevel level, const core::LogOptions& options, std::string* problem) {
  const std::lock_guard lock(mutex_);
  const bool same = options.file == options_.file && options.format == options_.format;
  if (!same && !Open(options, problem)) return false;
  level_ = level;
  return true;
}

void LogWriter::Reopen() {
  const std::lock_guard lock(mutex_);
  std::string problem;
  if (options_.file.empty()) return;
  if (!Open(core::LogOptions(options_), &problem)) WriteNow(LogLevel::kError, problem);
}

void LogWriter::Write(LogLevel level, const core::LogLine& line) {
  const std::lock_guard lock(mutex_);
  if (level < level_) return;
  const auto now = std::chrono::steady_clock::now();
  const std::string_view text = line.text();
  const bool counted = level > LogLevel::kDebug && !text.starts_with(core::kSlowLine) &&
                       !text.starts_with(core::kRequestLine) &&
                       !text.starts_with(core::kReloadLine);
  if (counted && !repeats_.Pass(text, static_cast<int>(level), now)) return;
  WriteNow(level, line);
}

void LogWriter::Tick() {
  const std::lock_guard lock(mutex_);
  repeats_.Tell(std::chrono::steady_clock::now(), [this](int level, std::string_view line) {
    WriteNow(static_cast<LogLevel>(level), line);
  });
}

void LogWriter::WriteNow(LogLevel level, const core::LogLine& line) {
  std::string text;
  if (journal_) text = kPriorities[static_cast<size_t>(level)];
  text += options_.format == LogFormat::kJson ? Members(line) : std::string(line.text());
  logger_->log(static_cast<spdlog::level::level_enum>(level), text);
}

}  // namespace keyhole::program
