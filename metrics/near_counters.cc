#include "metrics/near_counters.h"

#include <algorithm>
#include <array>

namespace keyhole::metrics {
namespace {

template <typename Enum>
uint64_t Sum(const PerEnum<Enum, uint64_t>& values) {
  uint64_t sum = 0;
  for (size_t i = 0; i < values.kSize; ++i) sum += values[static_cast<Enum>(i)];
  return sum;
}

template <typename Enum>
void AddEach(const PerEnum<Enum, Counter>& from, PerEnum<Enum, uint64_t>* to) {
  for (size_t i = 0; i < from.kSize; ++i) {
    const auto e = static_cast<Enum>(i);
    (*to)[e] += from[e].Load();
  }
}

template <typename Enum, size_t n>
std::string_view NameIn(const std::array<std::string_view, n>& names, Enum e) {
  static_assert(n == static_cast<size_t>(Enum::kCount));
  return names[static_cast<size_t>(e)];
}

}  // namespace

std::string_view Name(NearState state) {
  // clang-format off
  static constexpr std::array<std::string_view, 7> kNames = {
      "off", "connecting", "ready", "old_server", "refused", "replica",
      "cluster"};  // layering: not a command
  // clang-format on
  return NameIn(kNames, state);
}

std::string_view Name(NearHit hit) {
  static constexpr std::array<std::string_view, 3> kNames = {"value", "null", "stale"};
  return NameIn(kNames, hit);
}

std::string_view Name(NearFill fill) {
  static constexpr std::array<std::string_view, 3> kNames = {"stored", "changed", "rejected"};
  return NameIn(kNames, fill);
}

std::string_view Name(NearDrop drop) {
  static constexpr std::array<std::string_view, 4> kNames = {"push", "write", "flush", "purge"};
  return NameIn(kNames, drop);
}

void NearCounts::Add(const NearCounters& worker) {
  reads += worker.reads.Load();
  AddEach(worker.hits, &hits);
  AddEach(worker.fills, &fills);
  AddEach(worker.drops, &drops);
  evictions += worker.evictions.Load();
  fences += worker.fences.Load();
  fence_waits += worker.fence_waits.Load();
  bytes += worker.bytes.Load();
  entries += worker.entries.Load();
  ++workers[static_cast<NearState>(worker.state.Load())];
}

double NearCounts::saved() const {
  const uint64_t served = Sum(hits);
  const uint64_t fetched = Sum(fills);
  if (reads == 0 || served <= fetched) return 0;
  return static_cast<double>(served - fetched) / static_cast<double>(std::max(reads, served));
}

}  // namespace keyhole::metrics
