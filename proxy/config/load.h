// Reads what a person has set.
//
//     flag            --tracked-keys 2000
//     environment     KEYHOLE_TRACKED_KEYS=2000         beaten by the flag
//     file            tracked-keys = 2000               beaten by both; TOML, see config_file.h
//
// An empty value is an error in all three, for it is what is left of a variable that was not set or
// of a template that was not filled in: whoever wants the default leaves the option out. So is a
// name that is not an option's; see config_environment.h for those of the environment.
//
// An option is defined once, in config_options.cc, and that definition serves all three and --help.
//
// Thread: any.
#pragma once

#include <optional>
#include <string>

#include "proxy/config/config.h"
#include "proxy/config/config_environment.h"

namespace keyhole::core {

// What LoadConfig() found: a Config, or text to print and the exit code. The text ends with a
// newline. Code 0: --help or --version, for stdout. Code 2: a wrong option, for stderr; one line
// that says what was wrong and what would be right. It never shows a password.
struct ParseResult {
  std::optional<Config> config;
  std::string text;
  int exit_code = 0;
};

// Reads flags, environment and the file that --config or KEYHOLE_CONFIG names. Neither exits nor
// prints nor throws. Does not ask ProtectionProblem(); that is the caller's, before it listens.
ParseResult LoadConfig(int argc, const char* const* argv, const Environment& environment);

// "keyhole 0.1.0".
std::string VersionLine();

}  // namespace keyhole::core
