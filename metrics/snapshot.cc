#include "metrics/snapshot.h"

#include <algorithm>

namespace keyhole::metrics {
namespace {

template <typename Enum, typename Live, typename Plain>
void AddAll(const PerEnum<Enum, Live>& from, PerEnum<Enum, Plain>* to) {
  for (size_t i = 0; i < from.kSize; ++i) {
    const auto e = static_cast<Enum>(i);
    (*to)[e] += from[e].Load();
  }
}

void AddCounters(const WorkerCounters& from, Snapshot* to) {
  AddAll(from.requests, &to->requests);
  for (size_t i = 0; i < from.replies.kSize; ++i) {
    const auto family = static_cast<RequestFamily>(i);
    AddAll(from.replies[family], &to->replies[family]);
  }
  AddAll(from.errors, &to->errors);
  to->clients += from.clients.Load();
  to->clients_accepted += from.clients_accepted.Load();
  to->clients_refused += from.clients_refused.Load();
  to->accept_pauses += from.accept_pauses.Load();
  to->requests_throttled += from.requests_throttled.Load();
  to->client_buffers += from.client_buffers.Load();
  to->clients_unfinished += from.clients_unfinished.Load();
  AddAll(from.clients_closed, &to->clients_closed);
  to->protocol_errors += from.protocol_errors.Load();
  AddAll(from.http_closed, &to->http_closed);
  AddAll(from.client_handshakes, &to->client_handshakes);
  AddAll(from.upstream_handshakes, &to->upstream_handshakes);
  AddAll(from.links, &to->links);
  to->link_connects += from.link_connects.Load();
  to->link_losses += from.link_losses.Load();
  to->link_connect_failures += from.link_connect_failures.Load();
  to->upstream_up = to->upstream_up && from.upstream_up.Load() != 0;
  to->oldest_request_ms = std::max(to->oldest_request_ms, from.oldest_request_ms.Load());
  to->requests_in_flight += from.requests_in_flight.Load();
  to->requests_waiting += from.requests_waiting.Load();
  AddAll(from.cluster.redirects, &to->cluster.redirects);
  to->cluster.given_up += from.cluster.given_up.Load();
  to->cluster.refreshes += from.cluster.refreshes.Load();
  to->cluster.refresh_failures += from.cluster.refresh_failures.Load();
  to->cluster.slots_uncovered =
      std::max(to->cluster.slots_uncovered, from.cluster.slots_uncovered.Load());
  to->client_bytes_in += from.client_bytes_in.Load();
  to->client_bytes_out += from.client_bytes_out.Load();
  to->upstream_bytes_in += from.upstream_bytes_in.Load();
  to->upstream_bytes_out += from.upstream_bytes_out.Load();
}

}  // namespace

bool WorkerMetrics::RecordReply(const resp::CommandSpec& spec, bool error,
                                std::chrono::nanoseconds duration, TopList::Instant now) {
  const RequestFamily family = FamilyOf(spec);
  counters.replies[family][error ? ReplyResult::kError : ReplyResult::kOk].Add();
  request_latency[family].Record(duration);
  // Those that are meant to take their time are not slow.
  if (family == RequestFamily::kBlocking || family == RequestFamily::kPubsub) return false;
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return microseconds > 0 && slow_commands.Wants(static_cast<uint64_t>(microseconds), now);
}

void WorkerMetrics::RecordSlow(const resp::CommandSpec& spec, std::chrono::nanoseconds duration,
                               std::span<const std::string_view> named, TopList::Instant now,
                               const TopOrigin& origin) {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  const auto key = named.empty() ? std::nullopt : std::optional(named.front());
  slow_commands.Offer(spec.id, key, static_cast<uint64_t>(microseconds), now, keys.directory(),
                      origin);
}

namespace {

void AddWorker(const WorkerMetrics& worker, Snapshot* to) {
  AddCounters(worker.counters, to);
  for (size_t i = 0; i < to->request_latency.kSize; ++i) {
    const auto family = static_cast<RequestFamily>(i);
    worker.request_latency[family].AddTo(&to->request_latency[family]);
  }
  worker.upstream_latency.AddTo(&to->upstream_latency);
  to->near.Add(worker.near);
}

}  // namespace

Snapshot Take(std::span<const WorkerMetrics* const> workers, KeyDirectory& directory) {
  Snapshot snapshot;
  static_cast<KeyTable&>(snapshot) = ReadKeys(directory, /*scrape=*/true);
  snapshot.upstream_up = !workers.empty();
  for (const WorkerMetrics* worker : workers) {
    AddWorker(*worker, &snapshot);
    worker->http.AddTo(&snapshot.http);
    worker->nodes.AddTo(&snapshot.nodes);
  }
  snapshot.process = ReadProcessInfo();
  return snapshot;
}

Snapshot TakeTotals(std::span<const WorkerMetrics* const> workers, KeyDirectory& directory) {
  Snapshot snapshot;
  static_cast<KeyTotals&>(snapshot.other) = SumKeys(directory);
  snapshot.upstream_up = !workers.empty();
  for (const WorkerMetrics* worker : workers) AddWorker(*worker, &snapshot);
  snapshot.process = ReadProcessInfo();
  return snapshot;
}

}  // namespace keyhole::metrics
