// The inside of keyhole::Options.
//
// Owner: each Options its own. Thread: any one at a time.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "include/keyhole/keyhole.h"
#include "proxy/config/config.h"

namespace keyhole {

struct [[gnu::visibility("hidden")]] Options::State {
  State() {
    config.listen.clear();
    config.http.listen.reset();
  }
  void Set(std::string_view name, std::vector<std::string> texts);
  void Note(const std::optional<std::string>& mistake) {
    if (!problem) problem = mistake;
  }

  core::Config config;
  std::optional<std::string> problem;  // the first one
  LogFunction log;
  bool calls = true;  // there may be connections inside the process
};

// For the program, whose Config comes from its command line and which makes no calls, and for
// Start().
struct OptionsAccess {
  static Options Make(core::Config config, LogFunction log);
  static const Options::State& Of(const Options& options) { return *options.state_; }
};

}  // namespace keyhole
