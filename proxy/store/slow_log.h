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
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/store/options.h"

namespace keyhole::store {

struct Client;

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

  // A command that has just run.
  struct Ran {
    const Client& client;
    std::span<const std::string_view> args;
    uint32_t secrets;  // a bit for each of the first arguments that may not be shown
    UnixMillis now;
    std::chrono::steady_clock::duration took;
  };
  // Keeps it, if it took long enough.
  void Offer(const Ran& ran);

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
