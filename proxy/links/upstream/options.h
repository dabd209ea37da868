// What a person can set of the upstream and of the links to it.
//
// Thread: any; a plain value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proxy/base/endpoint.h"

namespace keyhole::core {

// Who knows where the master is.
struct Sentinels {
  std::vector<Endpoint> endpoints;  // one at least; others are learnt from them
  std::string master;               // what they call it
  std::string user;                 // to them; empty: "default"
  std::string password;             // to them; empty: none is sent

  bool operator==(const Sentinels&) const = default;
};

// The Redis behind the proxy, and who we are to it.
struct Upstream {
  Endpoint endpoint;                 // with Sentinels: the first of them
  std::vector<Endpoint> seeds = {};  // nodes of a cluster to ask first, with `endpoint`; empty:
                                     // it is one Redis
  std::string user;                  // empty: Redis' user "default"
  std::string password;              // empty: none is sent
  int db = 0;                        // 0..2147483647
  std::optional<Sentinels> sentinels = {};  // none: it is at the endpoint

  bool is_cluster() const { return !seeds.empty(); }

  // As a URL without user and password, for logs: "redis://db:6379/0", "unix:/run/redis.sock?db=2".
  std::string ToString() const {
    if (is_cluster()) {
      std::string url = endpoint.tls ? "rediss+cluster://" : "redis+cluster://";
      for (const Endpoint& seed : seeds) url.append(seed.ToString()).append(1, ',');
      url.pop_back();
      return url;
    }
    const std::string database = std::to_string(db);
    if (sentinels.has_value()) {
      std::string hosts;
      for (const Endpoint& at : sentinels->endpoints) {
        hosts += (hosts.empty() ? "" : ",") + at.ToString();
      }
      return (endpoint.tls ? "rediss+sentinel://" : "redis+sentinel://") + hosts + "/" +
             sentinels->master + "/" + database;
    }
    if (endpoint.kind == Endpoint::Kind::kUnix) {
      return endpoint.ToString() + (db == 0 ? "" : "?db=" + database);
    }
    return (endpoint.tls ? "rediss://" : "redis://") + endpoint.ToString() + "/" + database;
  }

  bool operator==(const Upstream&) const = default;
};

struct UpstreamOptions {
  std::chrono::milliseconds wait{1000};      // of requests for a lost upstream; 0: not at all
  std::chrono::milliseconds timeout{30000};  // of a Redis that answers nothing; 0: for ever
  std::chrono::milliseconds connect_timeout{1000};  // of one attempt; > 0
  std::chrono::milliseconds resolve{30000};  // between two looks at where its name leads; 0: none
  uint64_t max_idle = 1000;       // connections kept open, by each worker, while nobody uses them
  uint64_t spares = 4;            // of them in each state in use are there ahead of need
  bool sharing = true;            // false: every client has a private link from the start
  std::string sentinel_user;      // what Sentinels are told who we are, see Sentinels
  std::string sentinel_password;  // the same

  bool operator==(const UpstreamOptions&) const = default;
};

}  // namespace keyhole::core
