#include "metrics/history.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace keyhole::metrics {
namespace {

enum class Over : uint8_t { kMean, kMax };

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
constexpr int64_t kClockJitter = 5;  // seconds that a clock may be set back without losing history

struct CurveRow {
  std::string_view name;
  Over over;
};
constexpr CurveRow kRows[] = {
#define SERIES(id, name, over) {name, Over::over},
#include "metrics/history_series.def"
#undef SERIES
};

CurveValues Nothing() {
  CurveValues values;
  for (size_t i = 0; i < values.kSize; ++i) values[static_cast<Curve>(i)] = kNone;
  return values;
}

// Counters only grow; a reader may see two of them at different moments.
double Grown(uint64_t before, uint64_t now) {
  return now > before ? static_cast<double>(now - before) : 0;
}

// The duration that this share of what was recorded in between did not exceed, in seconds.
float Quantile(const LatencyCounts& before, const LatencyCounts& now, double share) {
  const double all = Grown(before.count, now.count);
  if (all == 0) return kNone;
  double below = 0;
  for (size_t i = 0; i < kLatencyBuckets; ++i) {
    const double here = Grown(before.buckets[i], now.buckets[i]);
    below += here;
    if (here == 0 || below < share * all) continue;
    const double upper = static_cast<double>(LatencyUpperEdge(i));
    const double lower = i == 0 ? 0 : static_cast<double>(LatencyUpperEdge(i - 1));
    const double part = (share * all - (below - here)) / here;
    return static_cast<float>((lower + (upper - lower) * part) / 1e9);
  }
  return kNone;
}

void Add(const LatencyCounts& from, LatencyCounts* to) {
  for (size_t i = 0; i < kLatencyBuckets; ++i) to->buckets[i] += from.buckets[i];
  to->count += from.count;
}

// What is meant to wait is not slow: reads and writes only.
LatencyCounts OfClients(const Snapshot& snapshot) {
  LatencyCounts sum = snapshot.request_latency[RequestFamily::kRead];
  Add(snapshot.request_latency[RequestFamily::kWrite], &sum);
  return sum;
}

uint64_t Replies(const Snapshot& snapshot, RequestFamily family) {
  return snapshot.replies[family][ReplyResult::kOk] + snapshot.replies[family][ReplyResult::kError];
}

uint64_t Errors(const Snapshot& snapshot) {
  uint64_t sum = 0;
  for (size_t i = 0; i < snapshot.errors.kSize; ++i) {
    sum += snapshot.errors[static_cast<ErrorClass>(i)];
  }
  return sum;
}

uint64_t NearHits(const Snapshot& snapshot) {
  return snapshot.near.hits[NearHit::kValue] + snapshot.near.hits[NearHit::kNull] +
         snapshot.near.hits[NearHit::kStale];
}

uint64_t NearDropped(const Snapshot& snapshot) {
  uint64_t sum = 0;
  for (size_t i = 0; i < snapshot.near.drops.kSize; ++i) {
    sum += snapshot.near.drops[static_cast<NearDrop>(i)];
  }
  return sum;
}

}  // namespace

std::string_view Name(Curve series) {
  return kRows[static_cast<size_t>(series)].name;
}

std::optional<Curve> CurveCalled(std::string_view name) {
  const auto* const row = std::find_if(std::begin(kRows), std::end(kRows),
                                       [name](const CurveRow& r) { return r.name == name; });
  if (row == std::end(kRows)) return std::nullopt;
  return static_cast<Curve>(row - std::begin(kRows));
}

CurveValues Compare(const Snapshot& before, const Snapshot& now, double seconds) {
  const auto rate = [seconds](uint64_t a, uint64_t b) {
    return static_cast<float>(Grown(a, b) / seconds);
  };
  const auto family = [&](RequestFamily f) { return rate(Replies(before, f), Replies(now, f)); };
  CurveValues v = Nothing();
  const double hits = Grown(before.other.hits, now.other.hits);
  const double misses = Grown(before.other.misses, now.other.misses);
  if (hits + misses > 0) v[Curve::kHitRatio] = static_cast<float>(hits / (hits + misses));
  v[Curve::kHits] = static_cast<float>(hits / seconds);
  v[Curve::kMisses] = static_cast<float>(misses / seconds);
  v[Curve::kReads] = family(RequestFamily::kRead);
  v[Curve::kWrites] = family(RequestFamily::kWrite);
  v[Curve::kBlocking] = family(RequestFamily::kBlocking);
  v[Curve::kPubSub] = family(RequestFamily::kPubsub);
  v[Curve::kOtherRequests] = family(RequestFamily::kOther);
  v[Curve::kErrors] = rate(Errors(before), Errors(now));
  const LatencyCounts clients = OfClients(now);
  const LatencyCounts clients_before = OfClients(before);
  v[Curve::kClientP50] = Quantile(clients_before, clients, 0.5);
  v[Curve::kClientP99] = Quantile(clients_before, clients, 0.99);
  v[Curve::kUpstreamP50] = Quantile(before.upstream_latency, now.upstream_latency, 0.5);
  v[Curve::kUpstreamP99] = Quantile(before.upstream_latency, now.upstream_latency, 0.99);
  v[Curve::kClients] = static_cast<float>(now.clients);
  v[Curve::kLinksShared] = static_cast<float>(now.links[LinkKind::kShared]);
  v[Curve::kLinksPrivate] = static_cast<float>(now.links[LinkKind::kPrivate]);
  v[Curve::kLinksIdle] = static_cast<float>(now.links[LinkKind::kIdle]);
  v[Curve::kUpstreamUp] = now.upstream_up ? 1 : 0;
  v[Curve::kInFlight] = static_cast<float>(now.requests_in_flight);
  v[Curve::kWaiting] = static_cast<float>(now.requests_waiting);
  v[Curve::kBytesIn] = rate(before.client_bytes_in, now.client_bytes_in);
  v[Curve::kBytesOut] = rate(before.client_bytes_out, now.client_bytes_out);
  v[Curve::kNearReads] = rate(before.near.reads, now.near.reads);
  v[Curve::kNearHits] = rate(NearHits(before), NearHits(now));
  v[Curve::kNearDropped] = rate(NearDropped(before), NearDropped(now));
  v[Curve::kNearBytes] = static_cast<float>(now.near.bytes);
  v[Curve::kNearEntries] = static_cast<float>(now.near.entries);
  v[Curve::kStoreBytes] = static_cast<float>(now.store.memory_bytes);
  v[Curve::kStoreEvicted] = rate(before.store.evicted_keys, now.store.evicted_keys);
  v[Curve::kStoreExpired] = rate(before.store.expired_keys, now.store.expired_keys);
  v[Curve::kResident] = static_cast<float>(now.process.resident_bytes);
  v[Curve::kCpu] = static_cast<float>(
      std::max(0.0, now.process.cpu_seconds - before.process.cpu_seconds) / seconds);
  return v;
}

History::History()
    : seconds_(std::make_unique_for_overwrite<Row[]>(kSeconds)),
      minutes_(std::make_unique_for_overwrite<Row[]>(kMinutes)) {}

void History::Write(const CurveValues& values, Row* to) {
  for (size_t i = 0; i < to->size(); ++i) (*to)[i] = values[static_cast<Curve>(i)];
}

void History::Record(int64_t second, const CurveValues& values) {
  if (!empty() && second <= last_) {
    if (last_ - second < kClockJitter) return;
    first_ = last_ = 0;
  }
  if (empty()) {
    first_ = second;
    last_ = second - 1;
  }
  // After more than an hour without a second everything is gone anyway.
  int64_t next = std::max(last_ + 1, second - kSeconds + 1);
  if (next - last_ > kSeconds) {
    first_ = second;
    next = second;
  }
  const bool short_pause = second - last_ <= kClockJitter;
  for (; next <= second; ++next) {
    // What was counted in a short pause is spread over it.
    Write(short_pause || next == second ? values : Nothing(), &Second(next));
    if (next % 60 == 59) EndMinute(next / 60);
  }
  last_ = second;
  latest_ = values;
}

void History::EndMinute(int64_t minute) {
  Row& made = Minute(minute);
  Write(Nothing(), &made);
  for (size_t i = 0; i < made.size(); ++i) {
    float sum = 0;
    float most = 0;
    int count = 0;
    for (int64_t s = std::max(first_, minute * 60); s < minute * 60 + 60; ++s) {
      const float value = Second(s)[i];
      if (std::isnan(value)) continue;
      sum += value;
      most = count == 0 ? value : std::max(most, value);
      ++count;
    }
    if (count == 0) continue;
    made[i] = kRows[i].over == Over::kMean ? sum / static_cast<float>(count) : most;
  }
}

History::Points History::Read(Curve series, int64_t from) const {
  Points points;
  if (empty()) return points;
  const int64_t oldest_second = std::max(first_, last_ - kSeconds + 1);
  if (from >= last_ - kSeconds || oldest_second == first_) {
    points.begin = std::max(from, oldest_second);
    for (int64_t s = points.begin; s <= last_; ++s) {
      points.values.push_back(Second(s)[At(series)]);
    }
    return points;
  }
  const int64_t ended = (last_ + 1) / 60;  // the first minute that has not ended
  const int64_t begin = std::max({from / 60, first_ / 60, ended - kMinutes});
  points = {.begin = begin * 60, .step = 60, .values = {}};
  for (int64_t m = begin; m < ended; ++m) {
    points.values.push_back(Minute(m)[At(series)]);
  }
  return points;
}

double History::Mean(Curve series, int64_t seconds) const {
  double sum = 0;
  int64_t count = 0;
  if (!empty()) {
    for (int64_t s = std::max({first_, last_ - kSeconds + 1, last_ - seconds + 1}); s <= last_;
         ++s) {
      const float value = Second(s)[At(series)];
      if (std::isnan(value)) continue;
      sum += static_cast<double>(value);
      ++count;
    }
  }
  return count == 0 ? static_cast<double>(kNone) : sum / static_cast<double>(count);
}

}  // namespace keyhole::metrics
