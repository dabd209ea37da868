// A log-linear histogram of durations: eight buckets in each octave, so a duration is known to
// 12.5 % (the HDR or H2 scheme, in its smallest form).
//
// The unit inside is 125 ns: the coarsest step of which 10 us, 15 us and all their doublings are
// bucket edges. These are the boundaries that are exported, so the cumulative counts are exact
// and no duration is ever counted on the wrong side of one.
//
//     units      0  1 .. 14 15 | 16 18 20 .. 30 | 32 36 .. 60 | 64 .. up to 134 s
//     width      1 = 125 ns      2                4             8
//
// A bucket holds (lower edge, upper edge], as Prometheus' `le` has it.
//
// Thread: one writes, any may read.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "metrics/counters.h"

namespace keyhole::metrics {

inline constexpr uint64_t kLatencyUnitNanos = 125;
inline constexpr unsigned kLatencySubBits = 3;
inline constexpr unsigned kLatencyOctaves = 26;  // above the linear part: 2^30 units is 134 s
inline constexpr size_t kLatencyBuckets = (size_t{kLatencyOctaves} + 2) << kLatencySubBits;

// The bucket for a duration; those beyond the last one go into the last one.
constexpr size_t LatencyBucketOf(uint64_t nanos) {
  const uint64_t units = (nanos - (nanos != 0)) / kLatencyUnitNanos;
  const auto width = static_cast<unsigned>(std::bit_width(units | 15));
  const unsigned shift = width - (kLatencySubBits + 1);
  const size_t index = (size_t{shift} << kLatencySubBits) + static_cast<size_t>(units >> shift);
  return index < kLatencyBuckets ? index : kLatencyBuckets - 1;
}

// The upper edge, inclusive, of a bucket in nanoseconds. The last bucket has none: see there.
constexpr uint64_t LatencyUpperEdge(size_t bucket) {
  const size_t next = bucket + 1;
  if (next < 16) return next * kLatencyUnitNanos;
  const size_t shift = (next >> kLatencySubBits) - 1;
  return ((next - (shift << kLatencySubBits)) << shift) * kLatencyUnitNanos;
}

// The boundaries that are exported, ascending, in nanoseconds: 10 us, 15 us, 20 us, 30 us ..
// 10.48576 s.
std::span<const uint64_t> LatencyBoundaries();

// The numbers of one histogram, or of several added up. A plain value.
struct LatencyCounts {
  std::array<uint64_t, kLatencyBuckets> buckets{};
  uint64_t count = 0;  // the sum of all buckets
  uint64_t sum_nanos = 0;

  // How many durations were no longer than each of LatencyBoundaries(), written to `out`, which
  // must be as long.
  void Cumulative(std::span<uint64_t> out) const;
};

class LatencyHistogram {
 public:
  // A clock that went back counts as zero.
  void Record(std::chrono::nanoseconds duration) {
    const auto nanos = duration.count() > 0 ? static_cast<uint64_t>(duration.count()) : 0;
    buckets_[LatencyBucketOf(nanos)].Add();
    sum_nanos_.Add(nanos);
  }

  // Adds what was recorded so far. `count` and the buckets always fit together; the sum may be
  // ahead or behind by what is being recorded at the moment.
  void AddTo(LatencyCounts* counts) const;

 private:
  std::array<Counter, kLatencyBuckets> buckets_;
  Counter sum_nanos_;
};

}  // namespace keyhole::metrics
