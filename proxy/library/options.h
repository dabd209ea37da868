// The inside of keyhole::Options.
//
// Owner: each Options its own. Thread: any one at a time.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "include/keyhole/keyhole.h"
#include "proxy/config/config.h"
#include "proxy/config/reload.h"

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
  core::Log log;                       // null: nobody listens
  // Reads the options again and takes them over, when an HTTP client asks for it. Null: HTTP is
  // told that this cannot be done.
  std::function<core::ReloadReport()> reload;
  std::vector<int> sockets;  // that listen already, see net::GivenSockets
  bool calls = true;         // there may be connections inside the process
};

// For the program, whose Config comes from its command line and which makes no calls, and for
// Start().
struct OptionsAccess {
  static Options Make(core::Config config, core::Log log,
                      std::function<core::ReloadReport()> reload = {},
                      std::vector<int> sockets = {});
  // Whether Start() could be called with it, as far as that is known without any connection.
  static core::Problem Check(const core::Config& config);
  static const Options::State& Of(const Options& options) { return *options.state_; }
};

}  // namespace keyhole
