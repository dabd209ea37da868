#include "proxy/program/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "proxy/config/config_options.h"
#include "proxy/config/sources.h"
#include "proxy/program/versions.h"

namespace keyhole::program {
namespace {

using core::EmptyValue;
using core::Environment;
using core::Given;
using core::HintFor;
using core::IndexOf;
using core::Option;
using core::Options;
using core::Problem;
using core::Quoted;
using core::Source;
using core::SplitList;

// The three sources; a later one is asked only for what the earlier ones do not give.
struct Sources {
  Source flags;
  Source environment;
  Source file;
};

Problem Unexpected(const std::string& argument) {
  if (!argument.starts_with('-') || argument == "--") {
    return Quoted(argument) + " is not a valid option; options begin with --" +
           (argument.find("://") == std::string::npos ? "" : ", as in --upstream redis://host");
  }
  const std::string name = argument.substr(0, argument.find('='));
  return "unknown option " + Quoted(name) + HintFor(name, false);
}

Problem NeedsValue(std::string_view flag) {
  const std::string value(Options()[IndexOf(flag)].value);
  return std::string(flag) + " needs a value: " + std::string(flag) + " " + value;
}

// The arguments as CLI11 wants them, the last one first. "--flag=value" becomes two, because CLI11
// takes the argument after "--flag=" for its value.
std::vector<std::string> ReversedArguments(int argc, const char* const* argv) {
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const size_t equals = argument.find('=');
    const size_t option = IndexOf(argument.substr(0, equals));
    if (equals != std::string_view::npos && option != Options().size() &&
        !Options()[option].is_switch()) {
      arguments.emplace_back(argument.substr(0, equals));
      arguments.emplace_back(argument.substr(equals + 1));
    } else {
      arguments.emplace_back(argument);
    }
  }
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

// CLI11 takes the command line apart; the texts of the options are kept as they are.
Problem ReadFlags(int argc, const char* const* argv, Source* flags) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<CLI::Option*> handles;
  for (const Option& option : Options()) {
    const std::string flag(option.flag);
    if (option.is_switch()) {
      handles.push_back(app.add_flag(flag == "--help" ? "-h," + flag : flag));
    } else {
      handles.push_back(app.add_option(flag, [](const CLI::results_t&) { return true; }));
    }
    handles.back()->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  std::vector<std::string> reversed = ReversedArguments(argc, argv);
  try {
    app.parse(reversed);
  } catch (const CLI::ArgumentMismatch&) {
    return NeedsValue(argv[argc - 1]);  // an option takes what follows, so it was the last one
  }
  for (size_t i = 0; i < handles.size(); ++i) {
    if (handles[i]->count() == 0) continue;
    const Option& option = Options()[i];
    Given given{std::string(option.flag), handles[i]->results()};
    for (const std::string& text : given.texts) {
      if (IndexOf(text) != Options().size()) return NeedsValue(option.flag);
    }
    if (option.list) given.texts = SplitList(given.texts);
    (*flags)[i] = std::move(given);
  }
  const std::vector<std::string> rest = app.remaining();
  return rest.empty() ? std::nullopt : Unexpected(rest[0]);
}

void ReadEnvironment(const Environment& variables, Source* environment) {
  for (size_t i = 0; i < Options().size(); ++i) {
    const Option& option = Options()[i];
    if (option.is_switch() && option.apply == nullptr) continue;  // --help, --version
    const auto variable = variables.find(option.variable());
    if (variable == variables.end()) continue;
    Given given{variable->first, {variable->second}};
    if (option.list) given.texts = SplitList(given.texts);
    (*environment)[i] = std::move(given);
  }
}

// A proxy that nobody can reach.
Problem NoListener(const Sources& sources) {
  const size_t listen = IndexOf("--listen");
  for (const Source* source : {&sources.flags, &sources.environment, &sources.file}) {
    const std::optional<Given>& given = (*source)[listen];
    if (!given) continue;
    if (!given->texts.empty()) break;
    return given->where + ": the list is empty; give at least one host:port or unix:/path";
  }
  return std::nullopt;
}

ParseResult Wrong(const std::string& problem) {
  return {std::nullopt, "keyhole: " + problem + "\n", 2};
}

}  // namespace

ParseResult LoadConfig(int argc, const char* const* argv, const Environment& environment) {
  const size_t count = Options().size();
  Sources sources{Source(count), Source(count), Source(count)};
  const Problem wrong_flags = ReadFlags(argc, argv, &sources.flags);
  if (sources.flags[IndexOf("--help")]) return {std::nullopt, core::HelpText(), 0};
  if (sources.flags[IndexOf("--version")]) {
    const bool verbose = sources.flags[IndexOf("--verbose")].has_value();
    return {std::nullopt, verbose ? VerboseVersion() : core::VersionLine() + "\n", 0};
  }
  if (wrong_flags) return Wrong(*wrong_flags);
  if (Problem problem = core::UnknownVariable(environment)) return Wrong(*problem);
  ReadEnvironment(environment, &sources.environment);

  const size_t file_option = IndexOf("--config");
  for (const Source* source : {&sources.flags, &sources.environment}) {
    const std::optional<Given>& file = (*source)[file_option];
    if (!file) continue;
    if (Problem problem = EmptyValue(*file, file_option)) return Wrong(*problem);
    if (Problem problem = core::ReadFile(file->texts.back(), file->where, &sources.file)) {
      return Wrong(*problem);
    }
    break;
  }
  core::Config config;
  const Source* const all[] = {&sources.flags, &sources.environment, &sources.file};
  if (Problem problem = NoListener(sources)) return Wrong(*problem);
  if (Problem problem = core::ApplySources(all, &config)) return Wrong(*problem);
  if (Problem problem = core::CompleteConfig(&config)) return Wrong(*problem);
  return {std::move(config), {}, 0};
}

}  // namespace keyhole::program
