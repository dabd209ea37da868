// keyhole: reads its options, starts an instance, and serves until it is told to stop; or looks
// into one that does (keyhole top, keys, slow).
//
// Exit codes: 0 stopped as asked, 1 could not start, 2 wrong options.

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "include/keyhole/keyhole.h"
#include "proxy/config/config_environment.h"
#include "proxy/library/options.h"
#include "proxy/library/vital_signs.h"
#include "proxy/program/command_line.h"
#include "proxy/program/descriptors.h"
#include "proxy/program/heartbeat.h"
#include "proxy/program/http_fetch.h"
#include "proxy/program/listen_fds.h"
#include "proxy/program/log_writer.h"
#include "proxy/program/manual.h"
#include "proxy/program/notify.h"
#include "proxy/top/top.h"

namespace {

using keyhole::core::LogLevel;
using keyhole::core::LogLine;
using keyhole::program::LogWriter;

// The process with its options: what it was started with, and what holds now.
class Program {
 public:
  Program(int argc, char** argv, keyhole::core::Config config, LogWriter& log)
      : argc_(argc), argv_(argv), log_(log), config_(std::move(config)) {}

  // Raises the limit of open files, and has fewer clients where it cannot be raised enough.
  void ReserveDescriptors(keyhole::core::Config* config) const {
    const auto plan =
        keyhole::program::ReserveDescriptors({config->clients.max, config->upstream.has_value()});
    config->clients.max = static_cast<uint32_t>(plan.clients);
    if (!plan.warning.empty()) log_.Write(LogLevel::kWarn, plan.warning);
  }

  // Null: it is about to go.
  void Use(keyhole::Instance* instance) {
    const std::lock_guard lock(mutex_);
    instance_ = instance;
  }

  std::chrono::milliseconds grace() {
    const std::lock_guard lock(mutex_);
    return config_.shutdown_grace;
  }

  // Reads flags, environment and file again, and takes over what can be changed.
  keyhole::core::ReloadReport Reload() {
    const std::lock_guard lock(mutex_);
    if (instance_ == nullptr) return {.problem = "it is starting or stopping", .lines = {}};
    auto loaded = keyhole::program::LoadConfig(argc_, argv_, keyhole::core::ProcessEnvironment());
    if (!loaded.config.has_value()) return Refused(std::move(loaded.text));
    ReserveDescriptors(&*loaded.config);
    const bool has_certificates =
        loaded.config->ListensWithTls() || loaded.config->ConnectsWithTls();
    auto lines = instance_->Reload(keyhole::OptionsAccess::Make(*loaded.config, {}));
    if (!lines) return Refused(lines.error().message);
    if (has_certificates) instance_->ReadCertificates();
    config_ = *std::move(loaded.config);
    std::string problem;
    if (!log_.Configure(config_.log_level, config_.log, &problem)) {
      log_.Write(LogLevel::kError, "reload: " + problem);
    }
    return {.problem = {}, .lines = *std::move(lines)};
  }

 private:
  keyhole::core::ReloadReport Refused(std::string why) const {
    if (why.starts_with("keyhole: ")) why.erase(0, 9);
    if (why.ends_with('\n')) why.pop_back();
    log_.Write(LogLevel::kError, "reload: nothing has changed, as this is wrong: " + why);
    return {.problem = std::move(why), .lines = {}};
  }

  const int argc_;
  char** const argv_;
  LogWriter& log_;
  std::mutex mutex_;  // guards what follows
  keyhole::core::Config config_;
  keyhole::Instance* instance_ = nullptr;
};

// Waits for signals, which must be blocked in all threads. SIGTERM and SIGINT: the first one stops
// gracefully, the next ones at once. SIGHUP has the options and the certificates read again,
// SIGUSR1 the file of the log opened again.
class Signals {
 public:
  static sigset_t Awaited() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&set, signal);
    return set;
  }

  Signals(keyhole::Instance& instance, Program& program, LogWriter& log)
      : instance_(instance),
        program_(program),
        log_(log),
        heartbeat_(
            std::getenv("NOTIFY_SOCKET"),
            keyhole::program::WatchdogInterval(std::getenv("WATCHDOG_USEC"),
                                               std::getenv("WATCHDOG_PID")),
            [this] { return keyhole::VitalSigns::Beat(instance_); },
            [this] { return keyhole::VitalSigns::Status(instance_); }),
        thread_([this] { Run(); }) {}
  // The instance has stopped.
  ~Signals() {
    ended_ = true;
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  void Run() {
    const sigset_t set = Awaited();
    while (!ended_) {
      const timespec time{.tv_sec = 1, .tv_nsec = 0};
      const int signal = sigtimedwait(&set, nullptr, &time);
      if (ended_) return;
      if (signal > 0) {
        OnSignal(signal);
      } else {
        log_.Tick();
      }
    }
  }

  void OnSignal(int signal) {
    const char* const systemd = std::getenv("NOTIFY_SOCKET");
    if (signal == SIGUSR1) return log_.Reopen();
    if (signal == SIGHUP) {
      keyhole::program::NotifyReloading(systemd);
      program_.Reload();
      return keyhole::program::Notify(systemd, "READY=1");
    }
    heartbeat_.End();  // its status would take the place of this one
    if (!told_) log_.Write(LogLevel::kInfo, "told to stop; once more to stop at once");
    keyhole::program::Notify(systemd, "STOPPING=1\nSTATUS=stopping; clients are served to the end");
    instance_.RequestStop(std::exchange(told_, true) ? std::chrono::milliseconds(0)
                                                     : program_.grace());
  }

  keyhole::Instance& instance_;
  Program& program_;
  LogWriter& log_;
  keyhole::program::Heartbeat heartbeat_;
  bool told_ = false;  // to stop
  std::atomic<bool> ended_{false};
  std::thread thread_;  // last: it uses all of them
};

int Serve(int argc, char** argv, keyhole::core::Config config) {
  // From here on, before anybody is told that this process is there, a signal stops it gracefully.
  const sigset_t awaited = Signals::Awaited();
  pthread_sigmask(SIG_BLOCK, &awaited, nullptr);
  LogWriter log;
  std::string problem;
  if (!log.Configure(config.log_level, config.log, &problem)) {
    std::fprintf(stderr, "keyhole: %s\n", problem.c_str());
    return 1;
  }
  Program program(argc, argv, config, log);
  program.ReserveDescriptors(&config);
  auto started = keyhole::Start(keyhole::OptionsAccess::Make(
      std::move(config), [&log](LogLevel level, const LogLine& line) { log.Write(level, line); },
      [&program] { return program.Reload(); },
      keyhole::program::ListenDescriptors(std::getenv("LISTEN_PID"), std::getenv("LISTEN_FDS"))));
  if (!started) {
    std::fprintf(stderr, "keyhole: %s\n", started.error().message.c_str());
    return 1;
  }
  program.Use(&*started);
  keyhole::program::Notify(std::getenv("NOTIFY_SOCKET"), "READY=1");
  {
    const Signals signals(*started, program, log);
    started->Wait();
  }
  program.Use(nullptr);
  log.Write(LogLevel::kInfo, "stopped");
  return 0;
}

// keyhole check FILE [OPTION]...: whether a process could be started with it.
int Check(int argc, char** argv) {
  std::vector<const char*> words{argv[0], "--config"};
  words.insert(words.end(), argv + 2, argv + argc);
  const auto loaded = keyhole::program::LoadConfig(static_cast<int>(words.size()), words.data(),
                                                   keyhole::core::ProcessEnvironment());
  std::string problem = loaded.text;
  if (loaded.config.has_value()) {
    if (auto wrong = keyhole::OptionsAccess::Check(*loaded.config))
      problem = "keyhole: " + *wrong + "\n";
  }
  if (!problem.empty()) {
    std::fputs(problem.c_str(), stderr);
    return 2;
  }
  for (const std::string& line : keyhole::core::StartWarnings(*loaded.config)) {
    std::printf("warning: %s\n", line.c_str());
  }
  std::printf("%s can be used\n", argv[2]);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  if (argc > 1 && keyhole::top::IsCommand(argv[1])) {
    return keyhole::top::Run({argv + 1, argv + argc}, keyhole::program::HttpFetch);
  }
  if (argc == 3 && std::string_view(argv[1]) == "generate") {
    const auto text = keyhole::program::Generate(argv[2]);
    if (!text) std::fputs("keyhole: generate man, man5, bash, zsh, fish or sbom\n", stderr);
    if (text) std::fputs(text->c_str(), stdout);
    return text ? 0 : 2;
  }
  if (argc > 2 && std::string_view(argv[1]) == "check") return Check(argc, argv);
  const auto loaded = keyhole::program::LoadConfig(argc, argv, keyhole::core::ProcessEnvironment());
  if (!loaded.config.has_value()) {
    std::fputs(loaded.text.c_str(), loaded.exit_code == 0 ? stdout : stderr);
    return loaded.exit_code;
  }
  return Serve(argc, argv, *loaded.config);
}
