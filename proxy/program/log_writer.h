// Where the lines of the log go: stderr, the journal of systemd, or a file; as text or as JSON.
//
//     text      2026-03-01T12:00:00.123+01:00 warning upstream is lost; ...
//     JSON      {"time":"2026-03-01T12:00:00.123+01:00","level":"warning","message":"upstream ...",
//                "upstream":"10.0.0.9:6379"}        the fields of the line follow its message
//     journal   <4>upstream is lost; ...           where stderr is the journal: it knows the time
//
// Lines that come again and again are counted: see repeats.h.
//
// Thread: any.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "proxy/base/log.h"
#include "proxy/program/repeats.h"

namespace spdlog {
class logger;
}

namespace keyhole::program {

class LogWriter {
 public:
  LogWriter();
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // False: the file cannot be written; *problem says why, and lines go where they went before.
  bool Configure(core::LogLevel level, const core::LogOptions& options, std::string* problem);
  // The file has been moved away: goes on with a new one of its name.
  void Reopen();
  // One line, without a newline at its end.
  void Write(core::LogLevel level, const core::LogLine& line);
  // To be called every second or so: says what was held back.
  void Tick();

 private:
  void WriteNow(core::LogLevel level, const core::LogLine& line);
  bool Open(const core::LogOptions& options, std::string* problem);

  std::mutex mutex_;  // guards what follows
  std::shared_ptr<spdlog::logger> logger_;
  core::LogLevel level_ = core::LogLevel::kInfo;
  core::LogOptions options_;
  bool journal_ = false;  // stderr is the journal, and no file is given
  Repeats repeats_;
};

}  // namespace keyhole::program
