// Durations to 0.8 %: log-linear, 128 buckets in each octave (the HDR or H2 scheme). Finer than
// metrics/latency.h, because here differences of differences are looked at.
//
//     nanoseconds   0 1 2 .. 127 | 128 129 .. 255 | 256 258 .. 510 | 512 516 .. | up to 2^40: 18
//     min width         1              1                2                4
//
// Thread: one.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace keyhole::load {

class Histogram {
 public:
  void Record(std::chrono::nanoseconds duration) {
    const auto value = static_cast<uint64_t>(std::max<int64_t>(duration.count(), 0));
    ++buckets_[std::min(BucketOf(value), kBuckets - 1)];
    ++count_;
    sum_ += value;
    max_ = std::max(max_, value);
  }

  uint64_t count() const { return count_; }
  double MaxMicros() const { return static_cast<double>(max_) / 1000; }
  double MeanMicros() const {
    return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_) / 1000;
  }

  // The smallest duration that no more than a part of 1 - q of all are longer than, in microseconds
  // and rounded up to the edge of its bucket. q: 0.5 for the median. 0 if there are none.
  double PercentileMicros(double q) const {
    const auto rank = static_cast<uint64_t>(std::ceil(q * static_cast<double>(count_)));
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < kBuckets && count_ > 0; ++bucket) {
      seen += buckets_[bucket];
      if (seen >= std::max<uint64_t>(rank, 1)) {
        return static_cast<double>(std::min(LastOf(bucket), max_)) / 1000;
      }
    }
    return 0;
  }

 private:
  static constexpr unsigned kSubBits = 7;
  static constexpr size_t kBuckets = size_t{40 - kSubBits + 1} << kSubBits;

  static constexpr size_t BucketOf(uint64_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value | ((1U << kSubBits) - 1)));
    const unsigned shift = width > kSubBits ? width - (kSubBits + 1) : 0;
    return (size_t{shift} << kSubBits) + static_cast<size_t>(value >> shift);
  }
  // The greatest value in a bucket.
  static constexpr uint64_t LastOf(size_t bucket) {
    const size_t octave = bucket >> kSubBits;
    const size_t shift = octave > 1 ? octave - 1 : 0;
    return ((uint64_t{bucket - (shift << kSubBits)} + 1) << shift) - 1;
  }

  std::array<uint64_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
  uint64_t sum_ = 0;
  uint64_t max_ = 0;
};

}  // namespace keyhole::load
