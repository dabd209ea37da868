// GET /api/history: series of the last hour or day, as docs/http.md describes it.
//
// Thread: any; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/history.h"

namespace keyhole::core {

struct HistoryQuery {
  std::vector<metrics::Curve> series;  // empty: all
  int64_t from = -3600;                // seconds since 1970; below 0: before now
};

// Reads "series=hits,misses&from=-600". Gives what is wrong, for the client, or none.
std::optional<std::string> ParseHistoryQuery(std::string_view query, HistoryQuery* out);

std::string HistoryJson(const metrics::History& history, const HistoryQuery& query);

}  // namespace keyhole::core
