// The definition of every option: one row each, from which flags, environment variables, the keys
// of the file, --help and the checks of configs/keyhole.toml are made.
//
// Thread: any; everything here is constant.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "proxy/config/config_values.h"

namespace keyhole::core {

struct Config;

// Whether a running process can take over another value, or must be started again for it: because
// it has sockets, threads or tables of that size.
enum class Change : uint8_t { kRestart, kLive };

struct Option {
  std::string_view group;  // its heading in --help
  std::string_view flag;   // "--tracked-keys"
  std::string_view value;  // what follows the flag, for --help: "NUMBER"; empty: a switch
  std::string_view help;   // what it does, without default and unit

  // Sets the member of a Config from the texts, one unless `list`. Null for the options that are
  // not settings (--config, --help, --version): these are not in the file.
  Problem (*apply)(std::span<const std::string> texts, Config*) = nullptr;
  // The member as a flag takes it, for --help: "1000"; elements of a list joined by commas.
  std::string (*show)(const Config&) = nullptr;
  bool list = false;
  Change change = Change::kRestart;
  // For reload.h. Null as apply is.
  bool (*same)(const Config&, const Config&) = nullptr;
  void (*take)(const Config& from, Config* to) = nullptr;
  // Why a change from the first to the second needs a restart although the row says kLive; empty:
  // it does not. Null: it never does.
  std::string_view (*obstacle)(const Config& from, const Config& to) = nullptr;
  bool secret = false;  // no line may show the value

  bool is_switch() const { return value.empty(); }
  // Its key in the file: "tracked-keys".
  std::string_view key() const { return flag.substr(2); }
  // Its environment variable: "KEYHOLE_TRACKED_KEYS".
  std::string variable() const;
};

// All of them, in the order of --help; rows of a group are neighbours.
std::span<const Option> Options();

// The text of --help.
std::string HelpText();

}  // namespace keyhole::core
