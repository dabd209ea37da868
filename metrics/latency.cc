#include "metrics/latency.h"

#include <cassert>

namespace keyhole::metrics {
namespace {

constexpr uint64_t kFirstBoundary = 10'000;  // 10 us
constexpr size_t kDoublings = 20;

constexpr auto kBoundaries = [] {
  std::array<uint64_t, 2 * kDoublings + 1> boundaries{};
  for (size_t i = 0; i <= kDoublings; ++i) {
    boundaries[2 * i] = kFirstBoundary << i;
    if (i < kDoublings) boundaries[2 * i + 1] = (kFirstBoundary << i) * 3 / 2;
  }
  return boundaries;
}();

// The promise of the header: every boundary is the upper edge of some bucket.
constexpr bool BoundariesAreEdges() {
  for (const uint64_t boundary : kBoundaries) {
    if (LatencyUpperEdge(LatencyBucketOf(boundary)) != boundary) return false;
  }
  return true;
}
static_assert(BoundariesAreEdges());

}  // namespace

std::span<const uint64_t> LatencyBoundaries() {
  return kBoundaries;
}

void LatencyCounts::Cumulative(std::span<uint64_t> out) const {
  assert(out.size() == kBoundaries.size());
  uint64_t total = 0;
  size_t bucket = 0;
  for (size_t i = 0; i < kBoundaries.size(); ++i) {
    for (const size_t last = LatencyBucketOf(kBoundaries[i]); bucket <= last; ++bucket) {
      total += buckets[bucket];
    }
    out[i] = total;
  }
}

void LatencyHistogram::AddTo(LatencyCounts* counts) const {
  for (size_t i = 0; i < buckets_.size(); ++i) {
    const uint64_t n = buckets_[i].Load();
    counts->buckets[i] += n;
    counts->count += n;
  }
  counts->sum_nanos += sum_nanos_.Load();
}

}  // namespace keyhole::metrics
