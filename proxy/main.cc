// keyhole: reads its options, opens its sockets, says so, and serves until it is told to stop; or
// looks into one that does (keyhole top, keys, slow).
//
// Exit codes: 0 stopped as asked, 1 could not start, 2 wrong options.

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>

#include "proxy/config/load.h"
#include "proxy/http/http_gate.h"
#include "proxy/net/http_fetch.h"
#include "proxy/net/server.h"
#include "proxy/net/upstream_check.h"
#include "proxy/top/top.h"

namespace {

int Fail(const std::string& line) {
  std::fprintf(stderr, "keyhole: %s\n", line.c_str());
  return 1;
}

using keyhole::net::UpstreamReport;

int Serve(const keyhole::core::Config& config, const std::optional<UpstreamReport>& upstream) {
  const auto logger = spdlog::stderr_logger_mt("keyhole");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
  logger->set_level(static_cast<spdlog::level::level_enum>(config.log_level));
  keyhole::net::Server server(config,
                              [logger](keyhole::core::LogLevel level, std::string_view text) {
                                logger->log(static_cast<spdlog::level::level_enum>(level), text);
                              });
  std::string problem;
  if (!server.Open(&problem)) return Fail(problem);
  logger->info("{}: {}", keyhole::core::VersionLine(), server.Describe());
  for (const std::string& warning : keyhole::core::StartWarnings(config)) logger->warn(warning);
  if (upstream.has_value()) {
    logger->log(upstream->reachable ? spdlog::level::info : spdlog::level::warn,
                keyhole::net::Describe(*upstream));
  }
  server.Run();
  logger->info("stopped");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  using keyhole::core::LoadConfig;
  std::signal(SIGPIPE, SIG_IGN);
  if (argc > 1 && keyhole::top::IsCommand(argv[1])) {
    return keyhole::top::Run({argv + 1, argv + argc}, keyhole::net::HttpFetch);
  }
  const auto loaded = LoadConfig(argc, argv, keyhole::core::ProcessEnvironment());
  if (!loaded.config.has_value()) {
    std::fputs(loaded.text.c_str(), loaded.exit_code == 0 ? stdout : stderr);
    return loaded.exit_code;
  }
  const keyhole::core::Config& config = *loaded.config;
  std::optional<UpstreamReport> upstream;
  if (config.upstream.has_value()) upstream = keyhole::net::CheckUpstream(config);
  const UpstreamReport* report = upstream.has_value() ? &*upstream : nullptr;
  if (const auto problem = keyhole::net::ProtectionProblem(config, report)) return Fail(*problem);
  try {
    return Serve(config, upstream);
  } catch (const std::exception& error) {  // out of memory, threads or descriptors at start
    return Fail(error.what());
  }
}
