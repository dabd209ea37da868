// What the HTTP adapter counts: requests by method, endpoint and status, and how long they took.
// Labels come from fixed sets, so a client cannot make new series.
//
// Owner:  one per worker, inside WorkerMetrics.
// Thread: Record by the owning worker, AddTo by any.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "metrics/counters.h"
#include "metrics/latency.h"

namespace keyhole::metrics {

// The endpoints, named as their labels: kHello is `hello`. kOther is all the rest.
#define KEYHOLE_HTTP_ENDPOINTS(X) \
  X(kHello, hello)                \
  X(kAddItem, add_item)           \
  X(kGetItem, get_item)           \
  X(kListItems, list_items)       \
  X(kPutItem, put_item)           \
  X(kDeleteItem, delete_item)     \
  X(kMetrics, metrics)            \
  X(kHealth, health)              \
  X(kKeys, keys)                  \
  X(kSlow, slow)                  \
  X(kNearCache, near_cache)       \
  X(kKey, key)                    \
  X(kLook, look)                  \
  X(kOverview, overview)          \
  X(kHistory, history)            \
  X(kEvents, events)              \
  X(kClients, clients)            \
  X(kReload, reload)              \
  X(kOther, other)

enum class HttpEndpoint : uint8_t {
#define ENDPOINT(id, name) id,
  KEYHOLE_HTTP_ENDPOINTS(ENDPOINT)
#undef ENDPOINT
      kCount
};

enum class HttpMethod : uint8_t {
  kGet,
  kHead,
  kPost,
  kPut,
  kDelete,
  kPatch,
  kOptions,
  kOther,
  kCount
};

std::string_view Name(HttpEndpoint endpoint);
std::string_view Name(HttpMethod method);  // in capitals

// The method as it stands in the request line; kOther for those unknown.
HttpMethod HttpMethodOf(std::string_view name);

// Status codes that are told apart; any other counts as 0, exported as "OTHER".
inline constexpr std::array<uint16_t, 27> kHttpStatusCodes = {
    0,   200, 201, 204, 206, 301, 302, 304, 400, 401, 403, 404, 405, 406,
    408, 409, 411, 413, 414, 415, 417, 421, 431, 500, 501, 502, 503};

// As in the label: "200", "OTHER".
std::string_view HttpStatusName(uint16_t status);

// The numbers of one HttpStats, or of several added up. A plain value.
struct HttpCounts {
  struct Requests {
    HttpMethod method;
    HttpEndpoint endpoint;
    uint16_t status;  // one of kHttpStatusCodes
    uint64_t count;
  };
  struct Durations {
    HttpMethod method;
    HttpEndpoint endpoint;
    LatencyCounts latency;
  };
  std::vector<Requests> requests;    // those that occurred
  std::vector<Durations> durations;  // those that occurred
};

class HttpStats {
 public:
  HttpStats() = default;
  ~HttpStats();
  HttpStats(const HttpStats&) = delete;
  HttpStats& operator=(const HttpStats&) = delete;

  // Counts one request when its answer is complete. duration: from the end of the request's head.
  void Record(HttpMethod method, HttpEndpoint endpoint, unsigned status,
              std::chrono::nanoseconds duration);

  void AddTo(HttpCounts* counts) const;

 private:
  struct Place {
    std::array<Counter, kHttpStatusCodes.size()> by_status;
    // Made on first use: most pairs of method and endpoint never occur.
    std::atomic<LatencyHistogram*> latency{nullptr};
  };
  PerEnum<HttpMethod, PerEnum<HttpEndpoint, Place>> places_;
};

}  // namespace keyhole::metrics
