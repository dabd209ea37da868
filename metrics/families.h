// What is exported, as plain values: the names, types, labels and numbers of docs/metrics.md, in
// no format yet.
//
// Thread: any; pure functions. Cost: some 100 ns per series.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "metrics/snapshot.h"

namespace keyhole::metrics {

struct Series {
  static constexpr size_t kMaxLabels = 3;

  std::array<std::string_view, kMaxLabels> labels;  // values, one for each name of the family
  double value = 0;
  const LatencyCounts* latency = nullptr;  // of a histogram, which has this instead of a value
  double created = 0;                      // seconds since 1970; of counters and histograms
};

struct Family {
  enum class Type : uint8_t { kCounter, kGauge, kHistogram };

  Type type = Type::kCounter;
  std::string_view name;  // with _total
  std::string_view help;
  std::vector<std::string_view> label_names;
  std::vector<Series> series;
};

// The upper bounds of a histogram's buckets in seconds, and how many were not above each.
struct Bucket {
  double bound;
  uint64_t count;
};
std::vector<Bucket> Buckets(const LatencyCounts& latency);
double SumSeconds(const LatencyCounts& latency);

// Views the snapshot and the version: must not outlive them.
std::vector<Family> Families(const Snapshot& snapshot, std::string_view version);

}  // namespace keyhole::metrics
