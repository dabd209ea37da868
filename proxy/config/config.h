// What a person can set, and how the settings are read.
//
//     flag            --tracked-keys 2000
//     environment     KEYHOLE_TRACKED_KEYS=2000         beaten by the flag
//     file            tracked-keys = 2000               beaten by both; TOML, see config_file.h
//
// An empty value is an error in all three, for it is what is left of a variable that was not set or
// of a template that was not filled in: who wants the default leaves the option out. So is a name
// that is not an option's; see config_environment.h for those of the environment.
//
// An option is defined once, in config_options.cc, and that definition serves all three and --help.
// configs/keyhole.toml describes every option. What can be set of a room is a struct in the room's
// own options.h, with the defaults; a Config is made of these, and no room includes it.
//
// Thread: any one; a Config is a plain value, written by LoadConfig() and then only read.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/key_options.h"
#include "proxy/base/endpoint.h"
#include "proxy/base/log.h"
#include "proxy/base/machine_memory.h"
#include "proxy/http/options.h"
#include "proxy/links/upstream/options.h"
#include "proxy/near_cache/options.h"
#include "proxy/sessions/options.h"
#include "proxy/store/store.h"
#include "resp/command_table.h"

namespace keyhole::core {

class Users;

struct Config {
  using Millis = std::chrono::milliseconds;

  std::vector<Endpoint> listen = {Endpoint::Tcp("127.0.0.1", 6380)};  // never empty
  std::optional<Upstream> upstream;                                   // none: the embedded store
  UpstreamOptions links;
  NearOptions near;
  HttpOptions http;
  ClientOptions clients;
  metrics::KeyOptions keys;
  std::vector<resp::CommandId> count_commands;  // lookups counted beyond those of the table's
                                                // defaults; no id twice

  // The embedded store.
  MemoryLimit max_memory;                               // what its keys may take
  store::Eviction eviction = store::Eviction::kS3Fifo;  // which keys go when that is full

  // The process.
  int workers = 1;              // threads; 1..64
  Millis shutdown_grace{5000};  // for requests in flight; 0: none
  LogLevel log_level = LogLevel::kInfo;

  // Who may do what.
  std::string requirepass;         // the password that clients are asked for; empty: none
  std::string users_file;          // an aclfile; empty: none
  bool allow_unprotected = false;  // see ProtectionProblem()

  // Who may log in to the proxy itself; made of the two above by LoadUsers(). Null: clients log in
  // to Redis, or to the embedded store, which asks for requirepass itself.
  std::shared_ptr<const Users> users;

  // Clients must log in before they may do anything: to the proxy, or to its embedded store.
  bool AsksPassword() const;
  // --upstream carries credentials, and clients that bring none are served under them.
  bool LendsIdentity() const;
  // HTTP serves the item calls.
  bool ServesItems() const;

  bool operator==(const Config&) const = default;
};

// What LoadConfig() found: a Config, or text to print and the exit code. The text ends with a
// newline. Code 0: --help or --version, for stdout. Code 2: a wrong option, for stderr; one line
// that says what was wrong and what would be right. It never shows a password.
struct ParseResult {
  std::optional<Config> config;
  std::string text;
  int exit_code = 0;
};

// Environment variables, by name.
using Environment = std::map<std::string, std::string>;

// Those of this process whose names begin with KEYHOLE_.
Environment ProcessEnvironment();

// Reads flags, environment and the file that --config or KEYHOLE_CONFIG names. Neither exits nor
// prints nor throws. Does not ask ProtectionProblem(); that is the caller's, before it listens.
ParseResult LoadConfig(int argc, const char* const* argv, const Environment& environment);

// Makes config->users from users_file and requirepass, where the proxy itself asks for passwords.
// Gives what is wrong, without any password, or none.
std::optional<std::string> LoadUsers(Config* config);

// Protected mode: anybody who can reach an open port can read and write all data where no password
// is asked of clients. So listening (RESP or HTTP) beyond this machine without --requirepass or
// --users is refused unless --allow-unprotected is given. Credentials in --upstream protect
// nothing: the proxy uses them for every client. Gives the line to print (no newline), saying what
// is open and what can be done, or none if all is well.
std::optional<std::string> ProtectionProblem(const Config& config);

// What the log should warn of at start: names of keys that leave this machine. Each is one line.
std::vector<std::string> StartWarnings(const Config& config);

// "keyhole 0.1.0".
std::string VersionLine();

}  // namespace keyhole::core
