// What is asked: keys, commands and values. Keys are called as redis-benchmark calls them,
// key:000000000042, so that both can use the same data.
//
// Thread: one. The same seed gives the same requests.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "tests/bench/load/options.h"
#include "tests/bench/zipf.h"

namespace keyhole::load {

class Workload {
 public:
  explicit Workload(const Options& options);

  // One request, drawn.
  void Append(std::string* out);
  // SET of a certain key.
  void AppendSet(uint64_t key, std::string* out);

 private:
  uint64_t DrawKey();

  const uint64_t keys_;
  const double get_fraction_;
  const std::vector<size_t> sizes_;
  std::optional<test::Zipf> zipf_;
  std::mt19937_64 random_;
  std::string value_;  // as long as the longest
};

}  // namespace keyhole::load
