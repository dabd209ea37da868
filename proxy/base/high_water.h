// The highest value of the last minute, in steps of ten seconds: what was needed of something, and
// so may be needed again.
//
//     steps   | 7 | 3 | 12 | 4 | 5 | 2 |   mark: 12
//                                    now
//
// Thread: its owner's. Cost of Note(): two comparisons.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "proxy/base/clock.h"

namespace keyhole::core {

class HighWater {
 public:
  static constexpr std::chrono::seconds kStep{10};
  static constexpr size_t kSteps = 6;

  void Note(Instant now, size_t value) {
    MoveOn(now);
    size_t& current = highest_[static_cast<size_t>(step_) % kSteps];
    current = std::max(current, value);
  }
  size_t mark(Instant now) {
    MoveOn(now);
    return *std::max_element(highest_.begin(), highest_.end());
  }

 private:
  void MoveOn(Instant now) {
    const int64_t step = now.time_since_epoch() / kStep;
    if (step == step_) return;
    const int64_t passed = std::min<int64_t>(step - step_, kSteps);
    for (int64_t i = 0; i < passed; ++i) highest_[static_cast<size_t>(step - i) % kSteps] = 0;
    step_ = step;
  }

  std::array<size_t, kSteps> highest_{};
  int64_t step_ = 0;
};

}  // namespace keyhole::core
