// Ranks 1..n with the probability of rank k proportional to 1 / k^s: by rejection-inversion
// (W. Hormann, G. Derflinger, "Rejection-inversion to generate variates from monotone discrete
// distributions", 1996). No tables; some 30 ns each.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>

namespace keyhole::test {

class Zipf {
 public:
  Zipf(uint64_t n, double s)
      : n_(static_cast<double>(n)),
        s_(s),
        low_(H(1.5) - 1),
        high_(H(n_ + 0.5)),
        accept_(2 - InverseH(H(2.5) - std::pow(2, -s))) {}

  template <typename Random>
  uint64_t operator()(Random& random) const {
    std::uniform_real_distribution<double> uniform(low_, high_);
    while (true) {
      const double u = uniform(random);
      const double x = InverseH(u);
      double k = std::floor(x + 0.5);
      k = k < 1 ? 1 : k > n_ ? n_ : k;
      if (k - x <= accept_ || u >= H(k + 0.5) - std::pow(k, -s_)) return static_cast<uint64_t>(k);
    }
  }

 private:
  // The integral of x^-s, and its inverse.
  double H(double x) const { return s_ == 1 ? std::log(x) : (std::pow(x, 1 - s_) - 1) / (1 - s_); }
  double InverseH(double u) const {
    return s_ == 1 ? std::exp(u) : std::pow(1 + u * (1 - s_), 1 / (1 - s_));
  }

  double n_;
  double s_;
  double low_;
  double high_;
  double accept_;
};

}  // namespace keyhole::test
