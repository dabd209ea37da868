#include "metrics/families.h"

#include <deque>
#include <initializer_list>

namespace keyhole::metrics {
namespace {

constexpr double kNanosPerSecond = 1e9;

using Type = Family::Type;
using LabelValues = std::initializer_list<std::string_view>;

// One family under construction.
class Builder {
 public:
  Builder(Family* family, double start) : family_(*family), start_(start) {}

  template <typename Number>
  Builder& Add(LabelValues labels, Number value, double created = 0) {
    Append(labels, created).value = static_cast<double>(value);
    return *this;
  }
  Builder& Add(LabelValues labels, const LatencyCounts& latency) {
    Append(labels, 0).latency = &latency;
    return *this;
  }
  // One series for each value of the enum, so that all exist before the first event.
  template <typename Enum, typename Number>
  Builder& AddEach(const PerEnum<Enum, Number>& values) {
    for (size_t i = 0; i < values.kSize; ++i) {
      const auto e = static_cast<Enum>(i);
      Add({Name(e)}, values[e]);
    }
    return *this;
  }

 private:
  Series& Append(LabelValues labels, double created) {
    Series& series = family_.series.emplace_back();
    std::copy(labels.begin(), labels.end(), series.labels.begin());
    series.created = created > 0 ? created : start_;
    return series;
  }

  Family& family_;
  const double start_;
};

// All families under construction. The signature is written as people write it in documentation,
//     "http_requests_total{method,endpoint}"
// and says which labels the values given to Add are for.
class FamilyList {
 public:
  explicit FamilyList(double start) : start_(start) {}

  Builder Counter(std::string_view signature, std::string_view help) {
    return New(Type::kCounter, signature, help);
  }
  Builder Gauge(std::string_view signature, std::string_view help) {
    return New(Type::kGauge, signature, help);
  }
  Builder Histogram(std::string_view signature, std::string_view help) {
    return New(Type::kHistogram, signature, help);
  }
  std::vector<Family> Take() {
    return {std::make_move_iterator(families_.begin()), std::make_move_iterator(families_.end())};
  }

 private:
  Builder New(Type type, std::string_view signature, std::string_view help) {
    const size_t brace = signature.find('{');
    Family& family = families_.emplace_back();
    family.type = type;
    family.name = signature.substr(0, brace);
    family.help = help;
    if (brace == signature.npos) return {&family, start_};
    signature.remove_prefix(brace + 1);
    for (size_t end; (end = signature.find_first_of(",}")) != signature.npos;) {
      family.label_names.emplace_back(signature.substr(0, end));
      signature.remove_prefix(end + 1);
    }
    return {&family, start_};
  }

  const double start_;
  std::deque<Family> families_;  // references stay valid
};

void AddPerKey(const Snapshot& s, uint64_t KeyTotals::*count, Builder family) {
  for (const auto* keys : {&s.patterns, &s.keys}) {
    for (const KeyCounts& key : *keys) family.Add({key.label}, key.*count, key.created);
  }
  family.Add({s.other.label}, s.other.*count);
}

void AddKeys(const Snapshot& s, FamilyList* list) {
  AddPerKey(
      s, &KeyTotals::hits,
      list->Counter("redis_app_cache_hit_total{key}", "Lookups of the key that returned a value."));
  AddPerKey(s, &KeyTotals::misses,
            list->Counter("redis_app_cache_miss_total{key}",
                          "Lookups of the key that returned nothing."));
  AddPerKey(s, &KeyTotals::bytes,
            list->Counter("redis_app_cache_value_bytes_total{key}",
                          "Bytes of values in the replies to these lookups."));
  list->Counter("redis_app_cache_retired_hit_total",
                "Hits of keys at the time they lost their series.")
      .Add({}, s.retired.hits);
  list->Counter("redis_app_cache_retired_miss_total",
                "Misses of keys at the time they lost their series.")
      .Add({}, s.retired.misses);
  list->Counter("redis_app_cache_retired_value_bytes_total",
                "Value bytes of keys at the time they lost their series.")
      .Add({}, s.retired.bytes);
}

void AddKeyTracking(const Snapshot& s, FamilyList* list) {
  const KeyTotals sum = s.Sum();
  list->Counter("keyhole_lookups_total{result}", "All counted lookups, by what was answered.")
      .Add({"hit"}, sum.hits)
      .Add({"miss"}, sum.misses)
      .Add({"error"}, sum.errors);
  list->Gauge("keyhole_tracked_keys", "Keys that have series of their own now.")
      .Add({}, s.keys.size());
  list->Gauge("keyhole_tracked_keys_limit", "Most keys that can have series of their own.")
      .Add({}, s.tracked_keys_limit);
  list->Counter("keyhole_key_promotions_total", "Keys given a series in the place of another one.")
      .Add({}, s.promotions);
  list->Counter("keyhole_key_demotions_total", "Keys that lost their series to a heavier one.")
      .Add({}, s.demotions);
  list->Gauge("keyhole_key_sketch_sample_ratio",
              "Share of untracked lookups in which heavy keys are searched.")
      .Add({}, s.sample_ratio);
  list->Gauge("keyhole_key_sketch_error_lookups",
              "A key with more untracked lookups than this was noticed in the last epoch.")
      .Add({}, s.sketch_error);
}

void AddRequests(const Snapshot& s, FamilyList* list) {
  Builder requests =
      list->Counter("keyhole_requests_total{command}", "Requests of clients by command.");
  for (size_t i = 0; i < s.requests.kSize; ++i) {
    const auto id = static_cast<resp::CommandId>(i);
    if (s.requests[id] == 0) continue;  // most commands never occur
    const bool known = id != resp::CommandId::kUnknown;
    requests.Add({known ? resp::Spec(id).full_name : "unknown"}, s.requests[id]);
  }
  Builder replies = list->Counter("keyhole_replies_total{family,result}",
                                  "Requests that were answered, by family and result.");
  Builder durations = list->Histogram("keyhole_request_duration_seconds{family}",
                                      "Time from the arrival of a request to its reply.");
  for (size_t i = 0; i < s.replies.kSize; ++i) {
    const auto family = static_cast<RequestFamily>(i);
    for (const ReplyResult result : {ReplyResult::kOk, ReplyResult::kError}) {
      replies.Add({Name(family), Name(result)}, s.replies[family][result]);
    }
    durations.Add({Name(family)}, s.request_latency[family]);
  }
  list->Counter("keyhole_errors_total{class}", "Error replies handed to clients by class.")
      .AddEach(s.errors);
  list->Histogram("keyhole_upstream_duration_seconds",
                  "Time from writing a request to the upstream to its reply.")
      .Add({}, s.upstream_latency);
}

void AddClients(const Snapshot& s, FamilyList* list) {
  list->Gauge("keyhole_clients", "Clients connected now.").Add({}, s.clients);
  list->Counter("keyhole_clients_accepted_total", "Clients accepted.").Add({}, s.clients_accepted);
  list->Counter("keyhole_clients_refused_total", "Connections refused.").Add({}, s.clients_refused);
  list->Counter("keyhole_accept_pauses_total",
                "Times nobody could be let in, as no file descriptor was left.")
      .Add({}, s.accept_pauses);
  list->Counter("keyhole_requests_throttled_total", "Requests refused by --client-rate.")
      .Add({}, s.requests_throttled);
  list->Gauge("keyhole_client_buffer_bytes", "Memory of requests and replies of clients.")
      .Add({}, s.client_buffers);
  list->Counter("keyhole_clients_unfinished_total",
                "Clients that left, and the upstream was not there in time for all they had sent.")
      .Add({}, s.clients_unfinished);
  list->Counter("keyhole_clients_closed_total{reason}", "Clients gone by reason.")
      .AddEach(s.clients_closed);
  list->Counter("keyhole_http_closed_total{reason}",
                "HTTP connections closed before their clients closed them, by reason.")
      .AddEach(s.http_closed);
  list->Counter("keyhole_client_tls_handshakes_total{result}",
                "TLS handshakes with clients by what came of them.")
      .AddEach(s.client_handshakes);
  list->Counter("keyhole_protocol_errors_total", "Clients that did not speak RESP.")
      .Add({}, s.protocol_errors);
  list->Counter("keyhole_client_bytes_total{direction}",
                "Bytes received from (in) and sent to (out) clients.")
      .Add({"in"}, s.client_bytes_in)
      .Add({"out"}, s.client_bytes_out);
}

void AddStore(const Snapshot& s, FamilyList* list) {
  list->Gauge("keyhole_store_memory_bytes", "Memory that keys of the embedded store take.")
      .Add({}, s.store.memory_bytes);
  list->Gauge("keyhole_store_memory_limit_bytes", "Memory that they may take; 0: no limit.")
      .Add({}, s.store.memory_limit_bytes);
  list->Counter("keyhole_store_evicted_keys_total", "Keys evicted because memory was full.")
      .Add({}, s.store.evicted_keys);
  list->Gauge("keyhole_store_snapshot_timestamp_seconds",
              "When the last snapshot was written; 0: none since the start.")
      .Add({}, s.store.last_saved_seconds);
  list->Gauge("keyhole_store_snapshot_duration_seconds", "How long that took.")
      .Add({}, s.store.last_save_took_seconds);
  list->Counter("keyhole_store_snapshots_total{result}", "Snapshots that were written, or not.")
      .Add({"ok"}, s.store.saves)
      .Add({"error"}, s.store.failed_saves);
}

void AddUpstream(const Snapshot& s, FamilyList* list) {
  list->Gauge("keyhole_upstream_up", "1 if the upstream can be reached by all workers, else 0.")
      .Add({}, s.upstream_up ? 1 : 0);
  list->Gauge("keyhole_links{kind}", "Connections to the upstream by kind.").AddEach(s.links);
  list->Counter("keyhole_upstream_connects_total", "Connections made to the upstream.")
      .Add({}, s.link_connects);
  list->Counter("keyhole_upstream_connect_failures_total",
                "Attempts to connect to the upstream that failed.")
      .Add({}, s.link_connect_failures);
  list->Counter("keyhole_upstream_losses_total", "Connections to the upstream that broke.")
      .Add({}, s.link_losses);
  list->Gauge("keyhole_upstream_oldest_request_seconds",
              "How long the oldest request on a shared link has been unanswered.")
      .Add({}, static_cast<double>(s.oldest_request_ms) / 1000);
  list->Counter("keyhole_upstream_tls_handshakes_total{result}",
                "TLS handshakes with the upstream by what came of them.")
      .AddEach(s.upstream_handshakes);
  list->Gauge("keyhole_requests_in_flight", "Requests sent to the upstream and not yet answered.")
      .Add({}, s.requests_in_flight);
  list->Gauge("keyhole_requests_waiting", "Requests held back until the upstream is there.")
      .Add({}, s.requests_waiting);
  list->Counter("keyhole_upstream_bytes_total{direction}",
                "Bytes received from (in) and sent to (out) the upstream.")
      .Add({"in"}, s.upstream_bytes_in)
      .Add({"out"}, s.upstream_bytes_out);
}

void AddCluster(const ClusterCounts& cluster, FamilyList* list) {
  list->Counter("keyhole_cluster_redirects_total{kind}",
                "Requests that a node of the cluster refused, by what it said.")
      .AddEach(cluster.redirects);
  list->Counter("keyhole_cluster_given_up_total",
                "Requests answered with a node's refusal, after all attempts.")
      .Add({}, cluster.given_up);
  list->Counter("keyhole_cluster_refreshes_total", "Questions to a node for the slot map.")
      .Add({}, cluster.refreshes);
  list->Counter("keyhole_cluster_refresh_failures_total",
                "Questions for the slot map without an answer that makes sense.")
      .Add({}, cluster.refresh_failures);
  list->Gauge("keyhole_cluster_slots_uncovered", "Slots that no master serves.")
      .Add({}, cluster.slots_uncovered);
}

void AddNodes(const std::vector<NodeCounts>& nodes, FamilyList* list) {
  Builder up = list->Gauge("keyhole_upstream_node_up{node}",
                           "1 if the node of the cluster answers all workers, else 0.");
  Builder slots = list->Gauge("keyhole_upstream_node_slots{node}", "Slots that the node serves.");
  Builder latency = list->Gauge("keyhole_upstream_node_latency_seconds{node}",
                                "What answers of the node have taken of late.");
  Builder requests =
      list->Counter("keyhole_upstream_node_requests_total{node}", "Requests sent to the node.");
  Builder refusals = list->Counter("keyhole_upstream_node_refusals_total{node}",
                                   "Requests that the node has sent elsewhere, or put off.");
  Builder losses = list->Counter("keyhole_upstream_node_losses_total{node}",
                                 "Times the node could no longer be reached.");
  for (const NodeCounts& node : nodes) {
    up.Add({node.address}, node.up ? 1 : 0);
    slots.Add({node.address}, node.slots);
    latency.Add({node.address}, static_cast<double>(node.latency_us) / 1e6);
    requests.Add({node.address}, node.requests);
    refusals.Add({node.address}, node.refusals);
    losses.Add({node.address}, node.losses);
  }
}

void AddNearCache(const NearCounts& near, FamilyList* list) {
  list->Gauge("keyhole_near_cache_workers{state}",
              "Workers by what their near cache does: ready, or why it does not serve.")
      .AddEach(near.workers);
  list->Counter("keyhole_near_cache_reads_total", "Reads that the near cache may answer.")
      .Add({}, near.reads);
  list->Counter("keyhole_near_cache_hits_total{kind}", "Reads that the near cache has answered.")
      .AddEach(near.hits);
  list->Gauge("keyhole_near_cache_saved_ratio",
              "Share of these reads that Redis was spared, with what fetching costs taken off.")
      .Add({}, near.saved());
  list->Counter("keyhole_near_cache_fills_total{result}", "Keys fetched, by result.")
      .AddEach(near.fills);
  list->Counter("keyhole_near_cache_invalidations_total{cause}",
                "Entries dropped because their keys have changed, or may have.")
      .AddEach(near.drops);
  list->Counter("keyhole_near_cache_evictions_total", "Entries dropped to make room.")
      .Add({}, near.evictions);
  list->Counter("keyhole_near_cache_fences_total", "Fences sent on the fill connections.")
      .Add({}, near.fences);
  list->Counter("keyhole_near_cache_fence_waits_total", "Reads that waited for a fence.")
      .Add({}, near.fence_waits);
  list->Gauge("keyhole_near_cache_bytes", "Memory of the near cache, all of it counted.")
      .Add({}, near.bytes);
  list->Gauge("keyhole_near_cache_entries", "Keys in the near cache.").Add({}, near.entries);
}

void AddHttp(const HttpCounts& http, FamilyList* list) {
  Builder requests = list->Counter("http_requests_total{method,endpoint,status_code}",
                                   "HTTP requests by method, endpoint and status.");
  for (const HttpCounts::Requests& r : http.requests) {
    requests.Add({Name(r.method), Name(r.endpoint), HttpStatusName(r.status)}, r.count);
  }
  Builder durations = list->Histogram("http_request_duration_seconds{method,endpoint}",
                                      "Time to answer an HTTP request.");
  for (const HttpCounts::Durations& d : http.durations) {
    durations.Add({Name(d.method), Name(d.endpoint)}, d.latency);
  }
}

void AddProcess(const ProcessInfo& p, std::string_view version, FamilyList* list) {
  list->Gauge("keyhole_build_info{version}", "1, labelled with what this program is.")
      .Add({version}, 1);
  list->Counter("process_cpu_seconds_total", "User and system CPU time spent in seconds.")
      .Add({}, p.cpu_seconds);
  list->Gauge("process_resident_memory_bytes", "Resident memory size in bytes.")
      .Add({}, p.resident_bytes);
  list->Gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.")
      .Add({}, p.virtual_bytes);
  list->Gauge("process_open_fds", "Number of open file descriptors.").Add({}, p.open_fds);
  list->Gauge("process_max_fds", "Maximum number of open file descriptors.").Add({}, p.max_fds);
  list->Gauge("process_start_time_seconds", "Start time of the process since the epoch in seconds.")
      .Add({}, p.start_time_seconds);
}

}  // namespace

std::vector<Bucket> Buckets(const LatencyCounts& latency) {
  const std::span<const uint64_t> boundaries = LatencyBoundaries();
  std::vector<uint64_t> cumulative(boundaries.size());
  latency.Cumulative(cumulative);
  std::vector<Bucket> buckets;
  buckets.reserve(boundaries.size());
  for (size_t i = 0; i < boundaries.size(); ++i) {
    buckets.push_back({static_cast<double>(boundaries[i]) / kNanosPerSecond, cumulative[i]});
  }
  return buckets;
}

double SumSeconds(const LatencyCounts& latency) {
  return static_cast<double>(latency.sum_nanos) / kNanosPerSecond;
}

std::vector<Family> Families(const Snapshot& snapshot, std::string_view version) {
  FamilyList list(snapshot.process.start_time_seconds);
  AddKeys(snapshot, &list);
  AddKeyTracking(snapshot, &list);
  AddRequests(snapshot, &list);
  AddClients(snapshot, &list);
  AddStore(snapshot, &list);
  AddUpstream(snapshot, &list);
  AddCluster(snapshot.cluster, &list);
  AddNodes(snapshot.nodes, &list);
  AddNearCache(snapshot.near, &list);
  AddHttp(snapshot.http, &list);
  AddProcess(snapshot.process, version, &list);
  return list.Take();
}

}  // namespace keyhole::metrics
