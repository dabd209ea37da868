// Sends a workload on schedule over many connections and measures.
//
//     due      |     |     |     |          Schedule; round the connections, one after the other
//     sent     |      |     |    |          lag:     sent - due, ours: the machine was busy
//     answered     |     |      |    |      latency: answered - due
//
// A connection whose last reply is late gets its next request all the same: pipelining comes from
// the schedule. A request that has no reply a while after the end counts as long as it has waited.
//
// Thread: one. What does not work throws std::runtime_error.
#pragma once

#include <cstdint>
#include <string>

#include "tests/bench/load/histogram.h"
#include "tests/bench/load/options.h"

namespace keyhole::load {

// Of the requests that were due after the warm-up.
struct Result {
  Histogram latency;
  Histogram lag;
  uint64_t sent = 0;
  uint64_t answered_in_time = 0;  // before the end
  uint64_t unanswered = 0;
  uint64_t errors = 0;
  uint64_t nulls = 0;

  // No more than one request in a hundred was sent later than --max-lag.
  bool kept(const Options& options) const {
    return lag.PercentileMicros(0.99) <= options.max_lag_us;
  }
};

Result RunLoad(const Options& options);

std::string ToJson(const Options& options, const Result& result);

}  // namespace keyhole::load
