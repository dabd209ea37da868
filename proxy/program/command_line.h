// Reads what a person has set, for the program:
//
//     flag            --tracked-keys 2000
//     environment     KEYHOLE_TRACKED_KEYS=2000         beaten by the flag
//     file            tracked-keys = 2000               beaten by both; TOML, see config_file.h
//
// An empty value is an error in all three, and so is a name that is not an option's; see
// config_environment.h for those of the environment.
//
// Thread: any.
#pragma once

#include <optional>
#include <string>

#include "proxy/config/config.h"
#include "proxy/config/config_environment.h"

namespace keyhole::program {

// What LoadConfig() found: a Config, or text to print and the exit code. The text ends with a
// newline. Code 0: --help or --version, for stdout. Code 2: a wrong option, for stderr; one line
// that says what was wrong and what would be right. It never shows a password.
struct ParseResult {
  std::optional<core::Config> config;
  std::string text;
  int exit_code = 0;
};

// Reads flags, environment and the file that --config or KEYHOLE_CONFIG names. Neither exits nor
// prints nor throws.
ParseResult LoadConfig(int argc, const char* const* argv, const core::Environment& environment);

}  // namespace keyhole::program
