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
// configs/keyhole.toml describes every option.
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
#include "proxy/base/log.h"
#include "proxy/store/options.h"
#include "resp/command_table.h"

namespace keyhole::core {

class Users;

// Who may connect to a unix socket that is listened on: the file's mode and owners.
struct SocketAccess {
  std::optional<uint32_t> mode;  // 0 .. 0777; none: 0660 if an owner is given, else by the umask
  std::string user;              // a name or a number; empty: that of the process
  std::string group;             // the same

  bool operator==(const SocketAccess&) const = default;
};

// Where something listens or is reached.
struct Endpoint {
  enum class Kind : uint8_t { kTcp, kUnix };

  static Endpoint Tcp(std::string host, uint16_t port) {
    return {Kind::kTcp, std::move(host), port, {}, {}};
  }
  static Endpoint Unix(std::string path) { return {Kind::kUnix, {}, 0, std::move(path), {}}; }

  Kind kind = Kind::kTcp;
  std::string host;     // kTcp: a name or an address, IPv6 without brackets
  uint16_t port = 0;    // kTcp; 0 where something listens: any free one
  std::string path;     // kUnix
  SocketAccess access;  // kUnix, where something listens

  // "127.0.0.1:6380", "[::1]:6380", "unix:/run/keyhole.sock".
  std::string ToString() const;
  // True if only this machine can reach it: a unix socket, localhost, 127.0.0.0/8, ::1.
  bool IsLocal() const;

  bool operator==(const Endpoint&) const = default;
};

// The Redis behind the proxy.
struct Upstream {
  Endpoint endpoint;
  std::string user;      // empty: Redis' user "default"
  std::string password;  // empty: none is sent
  int db = 0;            // 0..2147483647

  // As a URL without user and password, for logs: "redis://db:6379/0", "unix:/run/redis.sock?db=2".
  std::string ToString() const;

  bool operator==(const Upstream&) const = default;
};

// What --max-memory says: so many bytes, or a share of what the machine or the container has.
struct MemoryLimit {
  uint64_t bytes = 0;  // if percent is 0; 0: no limit
  int percent = 75;

  // The limit where there are so many bytes.
  uint64_t Of(uint64_t machine) const {
    return percent == 0 ? bytes : machine / 100 * static_cast<uint64_t>(percent);
  }
  bool operator==(const MemoryLimit&) const = default;
};

// Whether the item calls of HTTP are served. kAuto: see http_gate.h.
enum class HttpItems : uint8_t { kAuto, kOn, kOff };

// What a client may be served from the near cache; see near_cache/near_cache.h.
enum class NearConsistency : uint8_t {
  kCausal,    // nothing older than what Redis has told it
  kEventual,  // nothing older than its own writes
};

// The members' initial values are the defaults.
struct Config {
  using Millis = std::chrono::milliseconds;

  // Where it listens.
  std::vector<Endpoint> listen = {Endpoint::Tcp("127.0.0.1", 6380)};  // never empty
  std::optional<Endpoint> http = Endpoint::Tcp("127.0.0.1", 9000);    // none: off
  std::optional<Endpoint> metrics;        // /metrics and health alone; none: they are on http
  std::vector<std::string> http_hosts;    // names in Host that are answered; "*.name" too
  std::vector<std::string> http_origins;  // of pages that may call: "https://app.example.org"
  HttpItems http_items = HttpItems::kAuto;

  // What is behind it.
  std::optional<Upstream> upstream;  // none: the embedded store
  Millis upstream_wait{1000};        // how long requests wait for a lost upstream; 0: not at all
  Millis upstream_connect_timeout{1000};  // one attempt to connect; > 0
  bool sharing = true;                    // false: every client has a private link from the start

  // What it keeps near.
  uint64_t near_cache = 0;                       // bytes over all workers; 0: off
  std::vector<std::string> near_cache_prefixes;  // of keys; none: all keys
  NearConsistency near_cache_consistency = NearConsistency::kCausal;
  uint32_t near_cache_min_reads = 3;            // of a key, before it is cached; 1..100
  Millis near_cache_max_age{60000};             // of an entry; >= 1s
  uint64_t near_cache_max_value = 64ULL << 10;  // bytes; 0 .. 16 MiB
  bool near_cache_nulls = true;                 // that a key is not there is cached too
  bool near_cache_mget = false;                 // MGET is served too
  Millis near_cache_heartbeat{500};             // 100ms..10s
  Millis serve_stale{0};                        // while the upstream is away; 0: not

  // The embedded store.
  MemoryLimit max_memory;                               // what its keys may take
  store::Eviction eviction = store::Eviction::kS3Fifo;  // which keys go when that is full

  // How it counts.
  uint32_t tracked_keys = 1000;           // keys with counters of their own; 0..10000
  std::vector<std::string> key_patterns;  // groups of keys with one series; none empty
  metrics::KeyLabels key_labels = metrics::KeyLabels::kOn;
  bool hash_session_keys = true;  // see metrics/session_keys.h
  Millis key_epoch{10000};      // how often heavier keys take the places of lighter ones; >= 100ms
  uint32_t key_churn = 20;      // places that change hands in a minute, percent of all; 0..1000
  Millis key_zero_hold{15000};  // how long a new series stays at 0
  std::vector<resp::CommandId> count_commands;  // lookups counted beyond those of the table's
                                                // defaults; no id twice

  // Its limits.
  int workers = 1;                              // threads; 1..64
  uint32_t max_clients = 10000;                 // over all workers; 1..1000000
  uint64_t client_output_limit = 256ULL << 20;  // bytes waiting for one client; 0: no limit
  Millis client_idle_timeout{0};                // 0: never
  uint64_t http_body_limit = 8ULL << 20;        // bytes; 1 .. 512 MiB
  Millis http_idle_timeout{60000};              // 0: never
  Millis http_request_timeout{60000};           // from its first byte to its last; 0: none
  Millis shutdown_grace{5000};                  // for requests in flight; 0: none

  // Who may do what.
  std::string requirepass;         // the password that clients are asked for; empty: none
  std::string users_file;          // an aclfile; empty: none
  bool metrics_open = false;       // true: /metrics asks for no password
  bool allow_unprotected = false;  // see ProtectionProblem()
  bool allow_shutdown = false;     // false: SHUTDOWN is refused

  LogLevel log_level = LogLevel::kInfo;

  // Who may log in to the proxy itself; made of the two above by LoadUsers(). Null: clients log in
  // to Redis, or to the embedded store, which asks for requirepass itself.
  std::shared_ptr<const Users> users;

  // Clients must log in before they may do anything: to the proxy, or to its embedded store.
  bool AsksPassword() const;
  // --upstream carries credentials, and clients that bring none are served under them.
  bool LendsIdentity() const;

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

// The part of it that is about keys.
metrics::KeyOptions KeyOptionsOf(const Config& config);

// "keyhole 0.1.0".
std::string VersionLine();

}  // namespace keyhole::core
