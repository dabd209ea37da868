// What one sees at a glance, GET /api/overview and GET /api/events, and what of it is wrong, in
// words. docs/http.md has the members.
//
// Thread: any; pure functions of plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/history.h"
#include "metrics/snapshot.h"
#include "proxy/base/node_info.h"

namespace keyhole::core {

// What is behind the proxy, and how long it has been as it is.
struct BehindIt {
  bool embedded = false;
  std::string name;       // "Redis at 127.0.0.1:6379", "the embedded store"
  double away_since = 0;  // seconds since 1970; 0: it is there
};

struct Overview {
  double now = 0;  // seconds since 1970, as the next
  double started = 0;
  int64_t max_clients = 0;
  bool store_evicts = true;  // when it is full; else writes are refused
  BehindIt behind;
  const metrics::Snapshot& totals;
  const metrics::Snapshot& minute_ago;  // or at the start
  const metrics::History& history;
  const std::vector<NodeInfo>& nodes;  // behind the proxy, as worker 0 sees them
};

struct Trouble {
  enum class Level : uint8_t { kError, kWarning };
  Level level = Level::kWarning;
  std::string text;
};

// The worst first.
std::vector<Trouble> TroublesOf(const Overview& overview);

std::string OverviewJson(const Overview& overview);
// The same as one event of a stream (WHATWG HTML, 9.2).
std::string OverviewEvent(const Overview& overview);

}  // namespace keyhole::core
