// All that was counted, at one moment: the workers' numbers added up, as plain values.
//
// Thread: Take may be called from any thread while the workers go on; it takes no lock and makes
//         nobody wait. A count seen in one snapshot is never smaller in a later one. Numbers of one
//         snapshot need not fit together to the last event.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "metrics/counters.h"
#include "metrics/http_stats.h"
#include "metrics/key_stats.h"
#include "metrics/latency.h"
#include "metrics/process_info.h"

namespace keyhole::metrics {

// All that one worker counts. The worker owns it, writes it alone, and keeps it for life; whoever
// takes snapshots must not outlive it.
struct alignas(64) WorkerMetrics {
  explicit WorkerMetrics(KeyDirectory& directory) : keys(directory) {}

  WorkerCounters counters;
  KeyStats keys;
  LatencyHistogram request_latency;   // request understood .. reply ready for its client
  LatencyHistogram upstream_latency;  // request written to a link .. reply complete
  HttpStats http;
};

struct KeyCounts {
  std::string label;
  uint64_t hits = 0;
  uint64_t misses = 0;
};

struct Snapshot {
  PerEnum<resp::CommandId, uint64_t> requests;
  PerEnum<ErrorClass, uint64_t> errors;

  int64_t clients = 0;
  uint64_t clients_accepted = 0;
  uint64_t clients_refused = 0;
  PerEnum<CloseReason, uint64_t> clients_closed;
  uint64_t protocol_errors = 0;

  PerEnum<LinkKind, int64_t> links;
  uint64_t link_connects = 0;
  uint64_t link_losses = 0;
  uint64_t link_connect_failures = 0;
  bool upstream_up = false;  // for every worker; false without workers
  int64_t requests_waiting = 0;

  uint64_t client_bytes_in = 0;
  uint64_t client_bytes_out = 0;
  uint64_t upstream_bytes_in = 0;
  uint64_t upstream_bytes_out = 0;

  LatencyCounts request_latency;
  LatencyCounts upstream_latency;

  std::vector<KeyCounts> keys;  // tracked ones, in the order of their slots
  KeyCounts other;              // all the rest, labelled kOtherLabel
  size_t tracked_keys_limit = 0;

  HttpCounts http;
  ProcessInfo process;
};

// REQUIRES: all workers were made with `directory`.
Snapshot Take(std::span<const WorkerMetrics* const> workers, const KeyDirectory& directory);

}  // namespace keyhole::metrics
