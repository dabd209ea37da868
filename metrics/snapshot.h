// All that was counted, at one moment: the workers' numbers added up, as plain values.
//
// Thread: any may call Take() while the workers go on; it makes none of them wait. A count seen in
// one snapshot is never smaller in a later one. Numbers of one snapshot need not fit together to
// the last event.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "metrics/counters.h"
#include "metrics/http_stats.h"
#include "metrics/key_stats.h"
#include "metrics/key_table.h"
#include "metrics/latency.h"
#include "metrics/near_counters.h"
#include "metrics/node_stats.h"
#include "metrics/process_info.h"
#include "metrics/top_list.h"

namespace keyhole::metrics {

// All that one worker counts. The worker owns it, writes it alone, and keeps it for life; whoever
// takes snapshots must not outlive it.
struct alignas(64) WorkerMetrics {
  explicit WorkerMetrics(KeyDirectory& directory) : keys(directory) {}

  // A request has been answered. True: it is among the slowest, and RecordSlow() is to follow.
  bool RecordReply(const resp::CommandSpec& spec, bool error, std::chrono::nanoseconds duration,
                   TopList::Instant now);
  // named: its keys, as far as they are known.
  void RecordSlow(const resp::CommandSpec& spec, std::chrono::nanoseconds duration,
                  std::span<const std::string_view> named, TopList::Instant now,
                  const TopOrigin& origin);
  // A lookup has been answered with a value of so many bytes.
  void RecordValue(const resp::CommandSpec& spec, std::string_view key, uint64_t bytes,
                   TopList::Instant now) {
    big_values.Offer(spec.id, key, bytes, now, keys.directory());
  }

  WorkerCounters counters;
  NearCounters near;
  NodeStats nodes;  // of a cluster
  KeyStats keys;
  // Request understood .. reply ready for its client.
  PerEnum<RequestFamily, LatencyHistogram> request_latency;
  LatencyHistogram upstream_latency;  // request written to a link .. reply complete
  HttpStats http;
  TopList big_values;     // bytes
  TopList slow_commands;  // microseconds
};

// Of the embedded store; all 0 without one.
struct StoreUsage {
  uint64_t memory_bytes = 0;
  uint64_t memory_limit_bytes = 0;  // 0: no limit
  uint64_t evicted_keys = 0;
  uint64_t expired_keys = 0;
  double last_saved_seconds = 0;  // since the epoch; 0: no snapshot since the start
  double last_save_took_seconds = 0;
  uint64_t saves = 0;
  uint64_t failed_saves = 0;
};

struct ClusterCounts {
  PerEnum<RedirectKind, uint64_t> redirects;
  uint64_t given_up = 0;
  uint64_t refreshes = 0;
  uint64_t refresh_failures = 0;
  int64_t slots_uncovered = 0;  // as the worker sees it that knows of the fewest
};

struct Snapshot : KeyTable {
  PerEnum<resp::CommandId, uint64_t> requests;
  PerEnum<RequestFamily, PerEnum<ReplyResult, uint64_t>> replies;
  PerEnum<ErrorClass, uint64_t> errors;

  int64_t clients = 0;
  uint64_t clients_accepted = 0;
  uint64_t clients_refused = 0;
  uint64_t accept_pauses = 0;
  uint64_t requests_throttled = 0;
  int64_t client_buffers = 0;
  uint64_t clients_unfinished = 0;
  PerEnum<CloseReason, uint64_t> clients_closed;
  uint64_t protocol_errors = 0;
  PerEnum<HttpCloseReason, uint64_t> http_closed;
  PerEnum<TlsResult, uint64_t> client_handshakes;

  PerEnum<LinkKind, int64_t> links;
  uint64_t link_connects = 0;
  uint64_t link_losses = 0;
  uint64_t link_connect_failures = 0;
  PerEnum<TlsResult, uint64_t> upstream_handshakes;
  bool upstream_up = false;  // for every worker; false without workers
  int64_t requests_in_flight = 0;
  int64_t requests_waiting = 0;
  int64_t oldest_request_ms = 0;  // of any worker

  ClusterCounts cluster;
  std::vector<NodeCounts> nodes;  // of a cluster, by their addresses

  uint64_t client_bytes_in = 0;
  uint64_t client_bytes_out = 0;
  uint64_t upstream_bytes_in = 0;
  uint64_t upstream_bytes_out = 0;

  PerEnum<RequestFamily, LatencyCounts> request_latency;
  LatencyCounts upstream_latency;

  NearCounts near;
  StoreUsage store;
  HttpCounts http;
  ProcessInfo process;
};

// A scrape. REQUIRES: all workers that were made with `directory` are alive.
Snapshot Take(std::span<const WorkerMetrics* const> workers, KeyDirectory& directory);
// The same without the keys, HTTP's requests, a cluster's nodes and what only a scraper asks for:
// once a second for the history. `other` has the lookups of all keys, retired ones too.
Snapshot TakeTotals(std::span<const WorkerMetrics* const> workers, KeyDirectory& directory);

}  // namespace keyhole::metrics
