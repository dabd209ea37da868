// What the HTTP adapter says of keys, as JSON: GET /api/keys, GET /api/keys/KEY and GET /api/slow,
// as docs/http.md describes them.
//
// Thread: any; pure functions. Cost: a sort of all tracked keys, some 200 us for 1000; so reports
// are made where metrics are rendered, away from the workers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/key_history.h"
#include "metrics/key_table.h"
#include "metrics/top_list.h"

namespace keyhole::core {

enum class KeySort : uint8_t { kRequests, kHits, kMisses, kBytes, kRatio, kRate };

struct KeysQuery {
  KeySort sort = KeySort::kRequests;
  uint64_t limit = 50;  // 1 .. 10000
  std::string prefix;   // keys that begin so; empty: all
  std::string match;    // a pattern as of KEYS; empty: all
  uint64_t spark = 0;   // so many steps of each key's history; 0: none
};

// Reads "sort=misses&limit=50&prefix=user:". Gives what is wrong, for the client, or none.
std::optional<std::string> ParseKeysQuery(std::string_view query, KeysQuery* out);

// What is to be dropped from the near cache: the key, or all keys that begin so.
struct PurgeQuery {
  bool is_key = false;
  std::string text;
};

// Reads "prefix=user:" (empty: all) or "key=user:7", percent-encoded. As above.
std::optional<std::string> ParsePurgeQuery(std::string_view query, PurgeQuery* out);
std::string PurgeJson(size_t purged);

// problem: empty if it went well. lines: one for each difference.
std::string ReloadJson(std::string_view problem, const std::vector<std::string>& lines);

std::string KeysJson(const metrics::KeyTable& table, const metrics::KeyHistory& history,
                     const KeysQuery& query, double unix_now);

// big: values are bytes, slow: values are microseconds; of all workers.
std::string SlowJson(std::vector<metrics::TopEntry> big, std::vector<metrics::TopEntry> slow,
                     metrics::TopList::Instant now);

}  // namespace keyhole::core
