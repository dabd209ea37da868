#include "proxy/config/load.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "proxy/base/version.h"
#include "proxy/config/config_environment.h"
#include "proxy/config/config_file.h"
#include "proxy/config/config_options.h"
#include "proxy/config/config_users.h"

namespace keyhole::core {
namespace {

constexpr size_t kLargestFile = 1 << 20;

// What one source says about one option.
struct Given {
  std::string where;  // "--workers", "KEYHOLE_WORKERS", "keyhole.toml line 3: workers"
  std::vector<std::string> texts;
};

// The options that a source gives, by their place in Options(); others are empty.
using Source = std::vector<std::optional<Given>>;

// The three sources; a later one is asked only for what the earlier ones do not give.
struct Sources {
  Source flags;
  Source environment;
  Source file;
};

size_t IndexOf(std::string_view flag) {
  const std::span<const Option> options = Options();
  size_t i = 0;
  while (i < options.size() && options[i].flag != flag) ++i;
  return i;
}

// A list is given as one text with commas where there is no other way to write one.
std::vector<std::string> SplitList(const std::vector<std::string>& texts) {
  std::vector<std::string> elements;
  for (const std::string& text : texts) {
    if (text.empty()) elements.emplace_back();  // see EmptyValue()
    std::istringstream parts(text);
    for (std::string part; std::getline(parts, part, ',');) {
      const size_t first = part.find_first_not_of(' ');
      if (first == std::string::npos) continue;
      elements.push_back(part.substr(first, part.find_last_not_of(' ') - first + 1));
    }
  }
  return elements;
}

std::string HintFor(std::string_view word, bool in_file) {
  std::vector<std::string_view> names;
  for (const Option& option : Options()) {
    if (!in_file) {
      names.push_back(option.flag);
    } else if (option.apply != nullptr) {
      names.push_back(option.key());
    }
  }
  std::string hint = DidYouMean(Nearest(word, names));
  if (!hint.empty()) return hint;
  return in_file ? "; keyhole --help lists the options, without their -- they are the keys"
                 : "; keyhole --help lists the options";
}

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

Problem ReadFile(const Given& config, Source* file) {
  const std::string& path = config.texts.back();
  const std::string named = config.where + ": the file " + Quoted(path);
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return named + " is a directory";
  std::ifstream input(path, std::ios::binary);
  if (!input) return named + " does not exist or may not be read";
  std::string text(kLargestFile + 1, '\0');
  input.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(input.gcount()));
  if (text.size() > kLargestFile) return named + " is longer than 1 MiB, too long for options";

  FileContents contents = ParseConfigFile(text);
  for (FileItem& item : contents.items) {
    const std::string where = path + " line " + std::to_string(item.line) + ": ";
    const size_t i = IndexOf("--" + item.key);
    if (i == Options().size() || Options()[i].apply == nullptr) {
      return where + "unknown key " + Quoted(item.key) + HintFor(item.key, true);
    }
    if (item.is_array && !Options()[i].list) {
      return where + item.key + " takes one value, not an array [...]";
    }
    (*file)[i] = Given{where + item.key, std::move(item.values)};
  }
  if (!contents.problem.empty()) return path + " " + contents.problem;
  return std::nullopt;
}

// Settings that are right one by one and wrong together.
Problem CheckTogether(const Config& config) {
  if (!config.upstream && config.near.memory > 0) {
    return "--near-cache keeps what a Redis holds, and --upstream is not given; give it, or leave "
           "--near-cache out";
  }
  const bool cluster = config.upstream && config.upstream->is_cluster();
  if (cluster && config.near.memory > 0) {
    return "--near-cache is not available in front of a Redis Cluster yet; leave it out";
  }
  if (cluster && !config.links.sharing) {
    return "--sharing off is not available in front of a Redis Cluster, where a client's requests "
           "go to several nodes; leave it out";
  }
  return std::nullopt;
}

// Nobody means an empty value: a variable was not set, or a template was not filled in.
Problem EmptyValue(const Given& given, const Option& option) {
  if (std::find(given.texts.begin(), given.texts.end(), "") == given.texts.end()) {
    return std::nullopt;
  }
  const std::string standard = option.show == nullptr ? "" : option.show(Config{});
  return given.where + " is empty; give a value, or leave it out" +
         (standard.empty() ? "" : " for the default, which is " + standard);
}

Problem ApplyAll(const Sources& sources, Config* config) {
  for (size_t i = 0; i < Options().size(); ++i) {
    const Option& option = Options()[i];
    if (option.apply == nullptr) continue;
    for (const Source* source : {&sources.flags, &sources.environment, &sources.file}) {
      const std::optional<Given>& given = (*source)[i];
      if (!given) continue;
      if (!option.list && given->texts.size() > 1) {
        return given->where + " is given " + std::to_string(given->texts.size()) +
               " times; give it once";
      }
      if (Problem problem = EmptyValue(*given, option)) return problem;
      if (Problem problem = option.apply(given->texts, config)) {
        return given->where + ": " + *problem;
      }
      break;
    }
  }
  if (Problem problem = CheckTogether(*config)) return problem;
  return LoadUsers(config);
}

ParseResult Wrong(const std::string& problem) {
  return {std::nullopt, "keyhole: " + problem + "\n", 2};
}

}  // namespace

ParseResult LoadConfig(int argc, const char* const* argv, const Environment& environment) {
  const size_t count = Options().size();
  Sources sources{Source(count), Source(count), Source(count)};
  const Problem wrong_flags = ReadFlags(argc, argv, &sources.flags);
  if (sources.flags[IndexOf("--help")]) return {std::nullopt, HelpText(), 0};
  if (sources.flags[IndexOf("--version")]) return {std::nullopt, VersionLine() + "\n", 0};
  if (wrong_flags) return Wrong(*wrong_flags);
  if (Problem problem = UnknownVariable(environment)) return Wrong(*problem);
  ReadEnvironment(environment, &sources.environment);

  const size_t file_option = IndexOf("--config");
  for (const Source* source : {&sources.flags, &sources.environment}) {
    const std::optional<Given>& file = (*source)[file_option];
    if (!file) continue;
    if (Problem problem = EmptyValue(*file, Options()[file_option])) return Wrong(*problem);
    if (Problem problem = ReadFile(*file, &sources.file)) return Wrong(*problem);
    break;
  }
  Config config;
  if (Problem problem = ApplyAll(sources, &config)) return Wrong(*problem);
  return {std::move(config), {}, 0};
}

std::string VersionLine() {
  return "keyhole " + std::string(kVersion);
}

}  // namespace keyhole::core
