// The runs of a sparse HyperLogLog; see hyperloglog.h for how they look.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace keyhole::store::hll {

// So many registers that have the same value.
struct Run {
  size_t length;
  uint8_t count;  // the value
  size_t size;    // bytes that say so
};

// The run at the beginning. A second byte that is not there counts as 0. REQUIRES: not empty.
inline Run FirstRun(std::string_view runs) {
  const auto head = static_cast<uint8_t>(runs[0]);
  if ((head & 0x80) != 0) {
    return {size_t{head & 3U} + 1, static_cast<uint8_t>((head >> 2 & 31) + 1), 1};
  }
  if ((head & 0x40) == 0) return {size_t{head} + 1, 0, 1};
  const size_t low = runs.size() > 1 ? static_cast<uint8_t>(runs[1]) : 0;
  return {(size_t{head & 63U} << 8 | low) + 1, 0, 2};
}

// Calls f(Run) for all, until it returns false.
template <typename F>
void ForEachRun(std::string_view runs, F&& f) {
  while (!runs.empty()) {
    const Run run = FirstRun(runs);
    if (!f(run)) return;
    runs.remove_prefix(run.size < runs.size() ? run.size : runs.size());
  }
}

// So many zeros; nothing if there are none.
void AppendZeros(size_t length, std::string* runs);

enum class RunChange : uint8_t { kNone, kDone, kDoesNotFit, kCorrupt };
// Register `index` of the runs that begin at `begin` becomes at least `count`. It does not fit if
// `bytes` would be longer than `most`, or if the count is more than a run can say; then nothing has
// changed.
RunChange SetInRuns(std::string* bytes, size_t begin, size_t index, uint8_t count, size_t most);

}  // namespace keyhole::store::hll
