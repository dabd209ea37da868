// The settings that one source gives, and how they become a Config.
//
//     command line, environment   program/command_line.h --.
//     file, TOML text             ReadText(), ReadFile() ---+--> Source --ApplySources()--> Config
//     a program's own words       library/options.cc -------'
//
// An option is defined once, in config_options.cc, and that definition serves all of them and
// --help.
//
// Thread: any; pure functions, but for the files that are read.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/config.h"
#include "proxy/config/config_values.h"

namespace keyhole::core {

// What one source says about one option.
struct Given {
  std::string where;  // "--workers", "KEYHOLE_WORKERS", "keyhole.toml line 3: workers"
  std::vector<std::string> texts;
};

// The options that a source gives, by their place in Options(); others are empty.
using Source = std::vector<std::optional<Given>>;

// The place of "--workers" in Options(); their number if there is no such option.
size_t IndexOf(std::string_view flag);

// A list is given as one text with commas where there is no other way to write one.
std::vector<std::string> SplitList(const std::vector<std::string>& texts);

// "; did you mean --workers?", or where the options are listed. in_file: names without --.
std::string HintFor(std::string_view word, bool in_file);

// Reads TOML (config_file.h). name: of the file, for messages; empty: it is a text.
Problem ReadText(std::string_view text, std::string_view name, Source* source);
// where: who named the file, "--config", for messages.
Problem ReadFile(const std::string& path, const std::string& where, Source* source);

// An empty value is an error, for it is what is left of a variable that was not set or of a
// template that was not filled in: whoever wants the default leaves the option out.
Problem EmptyValue(const Given& given, size_t option);

// Sets what the sources give; a later one is asked only for what the earlier ones do not give.
Problem ApplySources(std::span<const Source* const> sources, Config* config);
// To be called when all is set: what is right one by one and wrong together; reads the file of
// users.
Problem CompleteConfig(Config* config);

// "keyhole 0.1.0".
std::string VersionLine();

}  // namespace keyhole::core
