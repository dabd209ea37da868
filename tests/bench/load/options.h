// What a run of the load generator is to do; --help says the same.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/load/schedule.h"

namespace keyhole::load {

// Where it goes: on this machine, always.
struct Target {
  sockaddr_storage address{};
  socklen_t size = 0;
};

struct Options {
  Target to;
  double rate = 10'000;  // requests per second, over all connections
  double seconds = 5;    // measured, after the warm-up
  double warmup = 1;
  size_t connections = 50;
  Arrivals arrivals = Arrivals::kPoisson;
  uint64_t keys = 10'000;
  double zipf = 0;                   // the exponent; 0: all keys alike
  double get_percent = 100;          // the rest are SETs
  std::vector<size_t> sizes = {64};  // of values, drawn evenly
  bool fill = false;                 // SET every key first
  int resp = 2;
  uint64_t seed = 1;
  double max_lag_us = 1000;  // see Result::kept
};

// "127.0.0.1:6379", "[::1]:6379", "localhost:6379", "unix:/path". None: it is no address, or not
// one of this machine; `why` says so.
std::optional<Target> ParseTarget(std::string_view text, std::string* why);

// Prints what is wrong, or the help, and ends the process if there is nothing to run.
Options ParseOptions(int argc, char** argv);

}  // namespace keyhole::load
