// What SLOWLOG shows: the commands that took at least as long as the setting
// slowlog-log-slower-than says, the latest slowlog-max-len of them.
//
// Only what is measured can be kept, and measuring reads the clock twice for each command, so
// nothing is measured while the threshold is negative. What an entry holds, and how it is cut
// short, is what Redis 7.0 documents and does: see the comparison in
// tests/integration/config_effect_test.cc.
//
// Thread: Offer() under any lock of the store, everything else under all of them.
// Memory: an entry takes at most some 5 KiB, as long arguments and long lists of them are cut.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace keyhole::store {

struct Call;

class SlowLog {
 public:
  struct Entry {
    uint64_t id;  // of all entries there ever were, from 0 on
    int64_t unix_seconds;
    int64_t microseconds;
    std::vector<std::string> args;
    std::string address;  // of the client
    std::string name;     // of the client; empty: none
  };

  // The threshold in microseconds; negative: off.
  void Configure(int64_t threshold, size_t max_length) {
    threshold_ = threshold;
    max_length_ = max_length;
  }
  bool enabled() const { return threshold_ >= 0; }

  // Keeps the command that has just run, if it took long enough.
  void Offer(const Call& call, std::chrono::steady_clock::duration took);

  // The latest one last.
  const std::deque<Entry>& entries() const { return entries_; }
  void Clear() { entries_.clear(); }

 private:
  int64_t threshold_ = -1;
  size_t max_length_ = 0;
  std::mutex mutex_;  // for Offer() of several workers at a time
  std::deque<Entry> entries_;
  uint64_t next_id_ = 0;
};

}  // namespace keyhole::store
