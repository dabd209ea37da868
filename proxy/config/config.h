// All that a person can set: the options of each room, put together.
//
// What can be set of a room is a struct in the room's own options.h, with the defaults; no room
// includes this. sources.h reads it, configs/keyhole.toml describes every option.
//
// Thread: any one; a Config is a plain value, written by sources.h and then only read.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "metrics/key_options.h"
#include "proxy/base/endpoint.h"
#include "proxy/base/log.h"
#include "proxy/base/machine_memory.h"
#include "proxy/http/options.h"
#include "proxy/links/cluster/options.h"
#include "proxy/links/upstream/options.h"
#include "proxy/near_cache/options.h"
#include "proxy/net/options.h"
#include "proxy/sessions/options.h"
#include "proxy/store/options.h"
#include "resp/command_table.h"

namespace keyhole::core {

class Permissions;
class Users;

struct Config {
  using Millis = std::chrono::milliseconds;

  std::vector<Endpoint> listen = {Endpoint::Tcp("127.0.0.1", 6380)};
  std::optional<Upstream> upstream;  // none: the embedded store
  UpstreamOptions links;
  ClusterOptions cluster;
  NearOptions near;
  HttpOptions http;
  std::vector<std::string> proxy_from;   // who may send such headers: addresses and networks
  net::TlsServerOptions tls;             // of the addresses that clients reach with TLS
  net::TlsUpstreamOptions upstream_tls;  // where the upstream's address says TLS
  ClientOptions clients;
  metrics::KeyOptions keys;
  std::vector<resp::CommandId> count_commands;  // lookups counted beyond those of the table's
                                                // defaults; no id twice

  // The embedded store.
  MemoryLimit max_memory;                               // what its keys may take
  store::Eviction eviction = store::Eviction::kS3Fifo;  // which keys go when that is full
  bool debug_command = false;                           // DEBUG may be used there
  store::SnapshotOptions snapshots;

  // The process.
  int workers = 1;              // threads; 1..64
  int callers = 0;              // threads of a program that will use the embedded store beside them
  Millis shutdown_grace{5000};  // for requests in flight; 0: none
  Millis drain_delay{0};        // before that: served, but not ready
  LogLevel log_level = LogLevel::kInfo;
  LogOptions log;

  // Who may do what.
  std::string requirepass;         // the password that clients are asked for; empty: none
  std::string users_file;          // an aclfile; empty: none
  bool allow_unprotected = false;  // see ProtectionProblem()

  // Who may log in to the proxy itself; made of the two above, see config_users.h. Null: clients
  // log in to Redis, or to the embedded store, which asks for requirepass itself.
  std::shared_ptr<const Users> users;
  // The commands that --deny and --read-only leave. Null: all of them.
  std::shared_ptr<const Permissions> allowed;

  // Clients must log in before they may do anything: to the proxy, or to its embedded store.
  bool AsksPassword() const;
  // --upstream carries credentials, and clients that bring none are served under them.
  bool LendsIdentity() const;
  // Clients can reach an address with TLS.
  bool ListensWithTls() const;
  // The upstream is reached with TLS.
  bool ConnectsWithTls() const { return upstream && upstream->endpoint.tls; }
  // HTTP serves the item calls.
  bool ServesItems() const;

  bool operator==(const Config&) const = default;
};

// Protected mode: anybody who can reach an open port can read and write all data where no password
// is asked of clients. So listening (RESP or HTTP) beyond this machine without --requirepass or
// --users is refused unless --allow-unprotected is given. Credentials in --upstream protect
// nothing: the proxy uses them for every client. Gives the line to print (no newline), saying what
// is open and what can be done, or none if all is well.
std::optional<std::string> ProtectionProblem(const Config& config);

// What the log should warn of at start: names of keys that leave this machine. Each is one line.
std::vector<std::string> StartWarnings(const Config& config);

}  // namespace keyhole::core
