// When requests are to be sent: open loop, so a slow answer does not put off the next request.
//
//     constant    |    |    |    |    |     every 1/rate seconds
//     Poisson     | ||      |   |  |        independent clients: gaps are exponential, their mean
//                                           is 1/rate
//
// Thread: one. Times are since the run's beginning. The same seed gives the same times.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace keyhole::load {

using Nanos = std::chrono::nanoseconds;

enum class Arrivals : uint8_t { kConstant, kPoisson };

class Schedule {
 public:
  // rate: requests per second, > 0.
  Schedule(Arrivals arrivals, double rate, uint64_t seed)
      : arrivals_(arrivals), gap_(1e9 / rate), random_(seed), exponential_(1.0) {
    Step();
  }

  // When the next request is due.
  Nanos next() const { return Nanos(static_cast<int64_t>(at_)); }
  // It has been sent.
  void Step() {
    ++number_;
    if (arrivals_ == Arrivals::kConstant) {
      at_ = static_cast<double>(number_) * gap_;  // not a sum: errors must not add up
    } else {
      at_ += exponential_(random_) * gap_;
    }
  }

 private:
  const Arrivals arrivals_;
  const double gap_;  // nanoseconds
  std::mt19937_64 random_;
  std::exponential_distribution<double> exponential_;
  uint64_t number_ = 0;
  double at_ = 0;
};

}  // namespace keyhole::load
