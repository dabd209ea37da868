// When to try again: at once the first time, after 50 ms, then twice as late each time up to 1 s;
// with jitter, so that not all workers and proxies come together.
//
// Thread: its owner's.
#pragma once

#include <algorithm>
#include <chrono>

#include "proxy/base/clock.h"

namespace keyhole::core {

class Backoff {
 public:
  static constexpr std::chrono::milliseconds kFirst{50};
  static constexpr std::chrono::milliseconds kLongest{1000};

  // It may be tried again.
  bool IsOver(Instant now) const { return now >= retry_at_; }
  // An attempt has failed, or what was made is lost. random: 0 to 1.
  void Failed(Instant now, double random) {
    const double jitter = 0.75 + 0.5 * random;
    Put(now + std::chrono::duration_cast<std::chrono::milliseconds>(wait_ * jitter));
    wait_ = wait_.count() == 0 ? kFirst : std::min(wait_ * 2, kLongest);
  }
  // It is to be tried at this time.
  void Put(Instant retry_at) { retry_at_ = retry_at; }
  void Succeeded() { wait_ = {}; }

 private:
  Instant retry_at_{};
  std::chrono::milliseconds wait_{0};
};

}  // namespace keyhole::core
