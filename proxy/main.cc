// keyhole: reads its options, starts an instance, and serves until it is told to stop; or looks
// into one that does (keyhole top, keys, slow).
//
// Exit codes: 0 stopped as asked, 1 could not start, 2 wrong options.

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "include/keyhole/keyhole.h"
#include "proxy/config/config_environment.h"
#include "proxy/library/options.h"
#include "proxy/program/command_line.h"
#include "proxy/program/descriptors.h"
#include "proxy/program/http_fetch.h"
#include "proxy/program/manual.h"
#include "proxy/program/notify.h"
#include "proxy/top/top.h"

namespace {

using Logger = std::shared_ptr<spdlog::logger>;

spdlog::level::level_enum LevelOf(keyhole::LogLevel level) {
  switch (level) {
    case keyhole::LogLevel::kDebug:
      return spdlog::level::debug;
    case keyhole::LogLevel::kInfo:
      return spdlog::level::info;
    case keyhole::LogLevel::kWarning:
      return spdlog::level::warn;
    case keyhole::LogLevel::kError:
      break;
  }
  return spdlog::level::err;
}

Logger MakeLogger(keyhole::core::LogLevel level) {
  auto logger = spdlog::stderr_logger_mt("keyhole");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
  logger->set_level(static_cast<spdlog::level::level_enum>(level));
  return logger;
}

// Waits for SIGTERM and SIGINT, which must be blocked in all threads: the first one stops
// gracefully, the next ones at once. SIGHUP has the certificates read again.
class Signals {
 public:
  static sigset_t Awaited() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
  }

  Signals(keyhole::Instance& instance, std::chrono::milliseconds grace, Logger logger)
      : thread_([this, &instance, grace, logger = std::move(logger)] {
          const sigset_t set = Awaited();
          std::chrono::milliseconds left = grace;
          for (int signal; sigwait(&set, &signal) == 0 && !ended_;) {
            if (signal == SIGHUP) {
              instance.ReadCertificates();
              continue;
            }
            if (left == grace) logger->info("told to stop; once more to stop at once");
            keyhole::program::Notify(std::getenv("NOTIFY_SOCKET"), "STOPPING=1");
            instance.RequestStop(std::exchange(left, std::chrono::milliseconds(0)));
          }
        }) {}
  // The instance has stopped.
  ~Signals() {
    ended_ = true;
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

int Serve(keyhole::core::Config config) {
  // From here on, before anybody is told that this process is there, a signal stops it gracefully.
  const sigset_t awaited = Signals::Awaited();
  pthread_sigmask(SIG_BLOCK, &awaited, nullptr);
  const Logger logger = MakeLogger(config.log_level);
  const auto descriptors =
      keyhole::program::ReserveDescriptors({config.clients.max, config.upstream.has_value()});
  config.clients.max = static_cast<uint32_t>(descriptors.clients);
  auto started = keyhole::Start(keyhole::OptionsAccess::Make(
      config, [logger](keyhole::LogLevel level, std::string_view line) {
        logger->log(LevelOf(level), line);
      }));
  if (!started) {
    std::fprintf(stderr, "keyhole: %s\n", started.error().message.c_str());
    return 1;
  }
  if (!descriptors.warning.empty()) logger->warn(descriptors.warning);
  keyhole::program::Notify(std::getenv("NOTIFY_SOCKET"), "READY=1");
  {
    const Signals signals(*started, config.shutdown_grace, logger);
    started->Wait();
  }
  logger->info("stopped");
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
    if (!text) std::fputs("keyhole: generate man, man5, bash, zsh or fish\n", stderr);
    if (text) std::fputs(text->c_str(), stdout);
    return text ? 0 : 2;
  }
  const auto loaded = keyhole::program::LoadConfig(argc, argv, keyhole::core::ProcessEnvironment());
  if (!loaded.config.has_value()) {
    std::fputs(loaded.text.c_str(), loaded.exit_code == 0 ? stdout : stderr);
    return loaded.exit_code;
  }
  return Serve(*loaded.config);
}
