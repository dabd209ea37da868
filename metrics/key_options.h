// How keys are told apart and tracked; what a person can set of it.
//
// Thread: any; a plain value.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace keyhole::metrics {

enum class KeyLabels : uint8_t {
  kOn,    // the key, see label.h
  kOff,   // no key is told from another; patterns are
  kHash,  // a hash of the key
};

struct KeyOptions {
  size_t capacity = 1000;                  // N of key_directory.h; 0: no key is tracked
  std::vector<std::string> patterns = {};  // globs; the first that matches takes the key
  KeyLabels labels = KeyLabels::kOn;
  bool hash_sessions = true;  // with kOn: keys that are credentials are hashed, see session_keys.h
  // See key_tracker.h.
  std::chrono::nanoseconds epoch = std::chrono::seconds(10);
  std::chrono::nanoseconds zero_hold = std::chrono::seconds(15);
  double churn = 0.2;  // slots that may change hands in a minute, as a share of N; 0: none ever

  bool operator==(const KeyOptions&) const = default;
};

}  // namespace keyhole::metrics
