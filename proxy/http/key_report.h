// GET /api/keys/KEY: what is known of one key, and why it may miss.
//
// Thread: any; pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "metrics/key_history.h"
#include "metrics/key_table.h"
#include "proxy/base/node_info.h"
#include "proxy/sessions/key_journal.h"

namespace keyhole::core {

struct KeyReport {
  std::string name;                            // as it was asked for
  const metrics::KeyCounts* counts = nullptr;  // null: it is not tracked
  std::optional<KeyFate> fate;                 // none: no write of it was seen
  std::optional<bool> near_cached;             // none: there is no near cache
  double evicted_at = 0;               // seconds since 1970; 0: it was not, as far as is known
  std::optional<KeyPlace> place = {};  // none: there is one place only
  bool embedded = false;               // all writes pass through here
  double now = 0;                      // seconds since 1970, as the next
  double seen_since = 0;               // writes were noted from then on
};

// "Expired 42 s ago: `set` of billing gave it 60 s to live"
std::string WhyText(const KeyReport& report);

std::string KeyJson(const KeyReport& report, const metrics::KeyHistory& history);

}  // namespace keyhole::core
