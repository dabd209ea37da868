#include "metrics/http_stats.h"

#include <algorithm>
#include <string>

namespace keyhole::metrics {
namespace {

constexpr std::array kEndpointNames = {
#define NAME(id, name) std::string_view(#name),
    KEYHOLE_HTTP_ENDPOINTS(NAME)
#undef NAME
};
constexpr std::array<std::string_view, static_cast<size_t>(HttpMethod::kCount)> kMethodNames = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "OTHER"};

size_t StatusIndex(unsigned status) {
  const auto it = std::find(kHttpStatusCodes.begin(), kHttpStatusCodes.end(), status);
  return it == kHttpStatusCodes.end() ? 0 : static_cast<size_t>(it - kHttpStatusCodes.begin());
}

void AddRequests(HttpMethod method, HttpEndpoint endpoint, uint16_t status, uint64_t count,
                 HttpCounts* counts) {
  for (HttpCounts::Requests& known : counts->requests) {
    if (known.method == method && known.endpoint == endpoint && known.status == status) {
      known.count += count;
      return;
    }
  }
  counts->requests.push_back({method, endpoint, status, count});
}

void AddDurations(HttpMethod method, HttpEndpoint endpoint, const LatencyHistogram& latency,
                  HttpCounts* counts) {
  const auto same = [&](const auto& d) { return d.method == method && d.endpoint == endpoint; };
  auto it = std::find_if(counts->durations.begin(), counts->durations.end(), same);
  if (it == counts->durations.end()) {
    it = counts->durations.insert(it, {method, endpoint, {}});
  }
  latency.AddTo(&it->latency);
}

}  // namespace

std::string_view Name(HttpEndpoint endpoint) {
  return kEndpointNames[static_cast<size_t>(endpoint)];
}

std::string_view Name(HttpMethod method) {
  return kMethodNames[static_cast<size_t>(method)];
}

HttpMethod HttpMethodOf(std::string_view name) {
  const auto it = std::find(kMethodNames.begin(), kMethodNames.end(), name);
  if (it == kMethodNames.end()) return HttpMethod::kOther;
  return static_cast<HttpMethod>(it - kMethodNames.begin());
}

std::string_view HttpStatusName(uint16_t status) {
  static const auto names = [] {
    std::array<std::string, kHttpStatusCodes.size()> texts;
    for (size_t i = 1; i < texts.size(); ++i) texts[i] = std::to_string(kHttpStatusCodes[i]);
    texts[0] = "OTHER";
    return texts;
  }();
  return names[StatusIndex(status)];
}

HttpStats::~HttpStats() {
  for (size_t m = 0; m < places_.kSize; ++m) {
    auto& row = places_[static_cast<HttpMethod>(m)];
    for (size_t e = 0; e < row.kSize; ++e) {
      delete row[static_cast<HttpEndpoint>(e)].latency.load(std::memory_order_relaxed);
    }
  }
}

void HttpStats::Record(HttpMethod method, HttpEndpoint endpoint, unsigned status,
                       std::chrono::nanoseconds duration) {
  Place& place = places_[method][endpoint];
  place.by_status[StatusIndex(status)].Add();
  LatencyHistogram* latency = place.latency.load(std::memory_order_relaxed);
  if (latency == nullptr) {
    latency = new LatencyHistogram;
    place.latency.store(latency, std::memory_order_release);
  }
  latency->Record(duration);
}

void HttpStats::AddTo(HttpCounts* counts) const {
  for (size_t m = 0; m < places_.kSize; ++m) {
    const auto method = static_cast<HttpMethod>(m);
    for (size_t e = 0; e < places_[method].kSize; ++e) {
      const auto endpoint = static_cast<HttpEndpoint>(e);
      const Place& place = places_[method][endpoint];
      for (size_t s = 0; s < kHttpStatusCodes.size(); ++s) {
        const uint64_t count = place.by_status[s].Load();
        if (count != 0) AddRequests(method, endpoint, kHttpStatusCodes[s], count, counts);
      }
      const LatencyHistogram* latency = place.latency.load(std::memory_order_acquire);
      if (latency != nullptr) AddDurations(method, endpoint, *latency, counts);
    }
  }
}

}  // namespace keyhole::metrics
