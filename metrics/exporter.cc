#include "metrics/exporter.h"

#include <deque>
#include <initializer_list>
#include <sstream>
#include <utility>
#include <vector>

#include "prometheus/client_metric.h"
#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"
#include "prometheus/text_serializer.h"

namespace keyhole::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr double kNanosPerSecond = 1e9;

// One family under construction. The signature is written as people write it in documentation,
//     "http_requests_total{method,endpoint}"
// and says which labels the values given to Add are for.
class Family {
 public:
  using LabelValues = std::initializer_list<std::string_view>;

  Family(MetricType type, std::string_view signature, std::string help) {
    const size_t brace = signature.find('{');
    family_.name = signature.substr(0, brace);
    family_.help = std::move(help);
    family_.type = type;
    if (brace == signature.npos) return;
    signature.remove_prefix(brace + 1);
    for (size_t end; (end = signature.find_first_of(",}")) != signature.npos;) {
      label_names_.emplace_back(signature.substr(0, end));
      signature.remove_prefix(end + 1);
    }
  }

  template <typename Number>
  Family& Add(LabelValues labels, Number value) {
    ClientMetric& metric = AddMetric(labels);
    // Of the two, only the one that fits the type is read.
    metric.counter.value = metric.gauge.value = static_cast<double>(value);
    return *this;
  }

  Family& Add(LabelValues labels, const LatencyCounts& latency) {
    const std::span<const uint64_t> boundaries = LatencyBoundaries();
    std::vector<uint64_t> cumulative(boundaries.size());
    latency.Cumulative(cumulative);
    ClientMetric::Histogram& histogram = AddMetric(labels).histogram;
    histogram.sample_count = latency.count;
    histogram.sample_sum = static_cast<double>(latency.sum_nanos) / kNanosPerSecond;
    for (size_t i = 0; i < boundaries.size(); ++i) {
      histogram.bucket.push_back(
          {cumulative[i], static_cast<double>(boundaries[i]) / kNanosPerSecond});
    }
    return *this;
  }

  // One series for each value of the enum, so that all exist before the first event.
  template <typename Enum, typename Number>
  Family& AddEach(const PerEnum<Enum, Number>& values) {
    for (size_t i = 0; i < values.kSize; ++i) {
      const auto e = static_cast<Enum>(i);
      Add({Name(e)}, values[e]);
    }
    return *this;
  }

  MetricFamily Take() { return std::move(family_); }

 private:
  ClientMetric& AddMetric(LabelValues labels) {
    ClientMetric& metric = family_.metric.emplace_back();
    for (size_t i = 0; i < labels.size(); ++i) {
      metric.label.push_back({label_names_[i], std::string(labels.begin()[i])});
    }
    return metric;
  }

  MetricFamily family_;
  std::vector<std::string> label_names_;
};

// All families under construction.
class FamilyList {
 public:
  Family& Counter(std::string_view signature, std::string help) {
    return families_.emplace_back(MetricType::Counter, signature, std::move(help));
  }
  Family& Gauge(std::string_view signature, std::string help) {
    return families_.emplace_back(MetricType::Gauge, signature, std::move(help));
  }
  Family& Histogram(std::string_view signature, std::string help) {
    return families_.emplace_back(MetricType::Histogram, signature, std::move(help));
  }

  std::vector<MetricFamily> Take() {
    std::vector<MetricFamily> out;
    out.reserve(families_.size());
    for (Family& family : families_) out.push_back(family.Take());
    return out;
  }

 private:
  std::deque<Family> families_;  // references stay valid
};

void AddKeys(const Snapshot& s, FamilyList* list) {
  Family& hits =
      list->Counter("redis_app_cache_hit_total{key}", "Lookups of the key that returned a value.");
  for (const KeyCounts& key : s.keys) hits.Add({key.label}, key.hits);
  hits.Add({s.other.label}, s.other.hits);
  Family& misses =
      list->Counter("redis_app_cache_miss_total{key}", "Lookups of the key that returned nothing.");
  for (const KeyCounts& key : s.keys) misses.Add({key.label}, key.misses);
  misses.Add({s.other.label}, s.other.misses);
  list->Gauge("keyhole_tracked_keys", "Keys that have hit and miss counters of their own.")
      .Add({}, s.keys.size());
  list->Gauge("keyhole_tracked_keys_limit", "Most keys that can have counters of their own.")
      .Add({}, s.tracked_keys_limit);
}

void AddRequests(const Snapshot& s, FamilyList* list) {
  Family& requests =
      list->Counter("keyhole_requests_total{command}", "Requests of clients by command.");
  for (size_t i = 0; i < s.requests.kSize; ++i) {
    const auto id = static_cast<resp::CommandId>(i);
    if (s.requests[id] == 0) continue;  // most commands never occur
    const bool known = id != resp::CommandId::kUnknown;
    requests.Add({known ? resp::Spec(id).full_name : "unknown"}, s.requests[id]);
  }
  list->Counter("keyhole_errors_total{class}", "Error replies handed to clients by class.")
      .AddEach(s.errors);
  list->Histogram("keyhole_request_duration_seconds",
                  "Time from the arrival of a request to its reply.")
      .Add({}, s.request_latency);
  list->Histogram("keyhole_upstream_duration_seconds",
                  "Time from writing a request to the upstream to its reply.")
      .Add({}, s.upstream_latency);
}

void AddClients(const Snapshot& s, FamilyList* list) {
  list->Gauge("keyhole_clients", "Clients connected now.").Add({}, s.clients);
  list->Counter("keyhole_clients_accepted_total", "Clients accepted.").Add({}, s.clients_accepted);
  list->Counter("keyhole_clients_refused_total", "Clients turned away at the door.")
      .Add({}, s.clients_refused);
  list->Counter("keyhole_clients_closed_total{reason}", "Clients gone by reason.")
      .AddEach(s.clients_closed);
  list->Counter("keyhole_protocol_errors_total", "Clients that did not speak RESP.")
      .Add({}, s.protocol_errors);
  list->Counter("keyhole_client_bytes_total{direction}",
                "Bytes received from (in) and sent to (out) clients.")
      .Add({"in"}, s.client_bytes_in)
      .Add({"out"}, s.client_bytes_out);
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
  list->Gauge("keyhole_requests_waiting", "Requests held back until the upstream is there.")
      .Add({}, s.requests_waiting);
  list->Counter("keyhole_upstream_bytes_total{direction}",
                "Bytes received from (in) and sent to (out) the upstream.")
      .Add({"in"}, s.upstream_bytes_in)
      .Add({"out"}, s.upstream_bytes_out);
}

void AddHttp(const HttpCounts& http, FamilyList* list) {
  Family& requests = list->Counter("http_requests_total{method,endpoint,status_code}",
                                   "HTTP requests by method, endpoint and status.");
  for (const HttpCounts::Requests& r : http.requests) {
    const std::string status = r.status == 0 ? "OTHER" : std::to_string(r.status);
    requests.Add({Name(r.method), Name(r.endpoint), status}, r.count);
  }
  Family& durations = list->Histogram("http_request_duration_seconds{method,endpoint}",
                                      "Time to answer an HTTP request.");
  for (const HttpCounts::Durations& d : http.durations) {
    durations.Add({Name(d.method), Name(d.endpoint)}, d.latency);
  }
}

void AddProcess(const ProcessInfo& p, FamilyList* list) {
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

class Exporter::Families : public prometheus::Collectable {
 public:
  Families(Source source, std::string version)
      : source_(std::move(source)), version_(std::move(version)) {}

  std::vector<MetricFamily> Collect() const override {
    const Snapshot snapshot = source_();
    FamilyList list;
    AddKeys(snapshot, &list);
    AddRequests(snapshot, &list);
    AddClients(snapshot, &list);
    AddUpstream(snapshot, &list);
    AddHttp(snapshot.http, &list);
    AddProcess(snapshot.process, &list);
    list.Gauge("keyhole_build_info{version}", "1, labelled with what this program is.")
        .Add({version_}, 1);
    return list.Take();
  }

 private:
  const Source source_;
  const std::string version_;
};

Exporter::Exporter(Source source, std::string version)
    : families_(std::make_unique<Families>(std::move(source), std::move(version))) {}

Exporter::~Exporter() = default;

std::string Exporter::Render() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families_->Collect());
  return std::move(out).str();
}

}  // namespace keyhole::metrics
