// Lets through one line of a kind every ten seconds, and counts those that it holds back: what an
// attacker causes must not fill the log.
//
// Thread: one.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace keyhole::net {

class LogLimit {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  // None: not now. Else what to append to the line: empty, or how many there were since the last
  // one.
  std::optional<std::string> Pass(Instant now) {
    if (next_.has_value() && now < *next_) {
      ++held_back_;
      return std::nullopt;
    }
    next_ = now + kEvery;
    const uint64_t more = std::exchange(held_back_, 0);
    return more == 0 ? "" : "; " + std::to_string(more) + " more since the last such line";
  }

 private:
  static constexpr std::chrono::seconds kEvery{10};
  std::optional<Instant> next_;
  uint64_t held_back_ = 0;
};

}  // namespace keyhole::net
