#include "metrics/snapshot.h"

#include "metrics/label.h"

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
  AddAll(from.errors, &to->errors);
  to->clients += from.clients.Load();
  to->clients_accepted += from.clients_accepted.Load();
  to->clients_refused += from.clients_refused.Load();
  AddAll(from.clients_closed, &to->clients_closed);
  to->protocol_errors += from.protocol_errors.Load();
  AddAll(from.links, &to->links);
  to->link_connects += from.link_connects.Load();
  to->link_losses += from.link_losses.Load();
  to->link_connect_failures += from.link_connect_failures.Load();
  to->upstream_up = to->upstream_up && from.upstream_up.Load() != 0;
  to->requests_waiting += from.requests_waiting.Load();
  to->client_bytes_in += from.client_bytes_in.Load();
  to->client_bytes_out += from.client_bytes_out.Load();
  to->upstream_bytes_in += from.upstream_bytes_in.Load();
  to->upstream_bytes_out += from.upstream_bytes_out.Load();
}

void AddKeys(const KeyStats& from, const KeyDirectory& directory, Snapshot* to) {
  for (size_t slot = 0; slot < to->keys.size(); ++slot) {
    to->keys[slot].hits += from.hits(slot);
    to->keys[slot].misses += from.misses(slot);
  }
  to->other.hits += from.hits(directory.capacity());
  to->other.misses += from.misses(directory.capacity());
}

}  // namespace

Snapshot Take(std::span<const WorkerMetrics* const> workers, const KeyDirectory& directory) {
  Snapshot snapshot;
  snapshot.tracked_keys_limit = directory.capacity();
  snapshot.keys.resize(directory.size());
  for (size_t slot = 0; slot < snapshot.keys.size(); ++slot) {
    snapshot.keys[slot].label = directory.label(slot);
  }
  snapshot.other.label = kOtherLabel;
  snapshot.upstream_up = !workers.empty();
  for (const WorkerMetrics* worker : workers) {
    AddCounters(worker->counters, &snapshot);
    AddKeys(worker->keys, directory, &snapshot);
    worker->request_latency.AddTo(&snapshot.request_latency);
    worker->upstream_latency.AddTo(&snapshot.upstream_latency);
    worker->http.AddTo(&snapshot.http);
  }
  snapshot.process = ReadProcessInfo();
  return snapshot;
}

}  // namespace keyhole::metrics
