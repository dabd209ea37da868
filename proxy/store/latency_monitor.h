// What LATENCY shows: events that took at least as long as latency-monitor-threshold says, by their
// kind. Source: redis 7.0.15 latency.c.
//
// Thread: Add() under any lock of the store, everything else under all of them.
// Memory: 160 samples for each of a few kinds.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace keyhole::store {

class LatencyMonitor {
 public:
  struct Sample {
    int64_t second;  // since 1970
    int64_t millis;  // the longest of that second
  };
  struct Event {
    std::deque<Sample> samples;  // the latest one last
    int64_t longest = 0;         // ever
  };
  using Events = std::map<std::string, Event, std::less<>>;

  void Configure(int64_t threshold) { threshold_ = threshold; }  // milliseconds; 0: off
  bool enabled() const { return threshold_ > 0; }

  // Keeps it, if it took long enough.
  void Add(std::string_view kind, int64_t second, int64_t millis) {
    constexpr size_t kMost = 160;
    if (!enabled() || millis < threshold_) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    Event& event = events_[std::string(kind)];
    event.longest = std::max(event.longest, millis);
    if (!event.samples.empty() && event.samples.back().second == second) {
      event.samples.back().millis = std::max(event.samples.back().millis, millis);
      return;
    }
    event.samples.push_back({second, millis});
    if (event.samples.size() > kMost) event.samples.pop_front();
  }

  const Events& events() const { return events_; }
  bool Reset(std::string_view kind) {
    const auto it = events_.find(kind);
    if (it == events_.end()) return false;
    events_.erase(it);
    return true;
  }

 private:
  int64_t threshold_ = 0;
  std::mutex mutex_;
  Events events_;
};

}  // namespace keyhole::store
