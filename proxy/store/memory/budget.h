// What all keys together may take, which of them go when that is not enough, and the clock by which
// their uses are told apart. One for the whole store.
//
// Thread: any; with one worker the store's. The sum is exact with one worker; with more each shard
// tells of its growth in steps of some KiB, so that workers do not fight for one cache line.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "proxy/store/options.h"

namespace keyhole::store {

class MemoryBudget {
 public:
  explicit MemoryBudget(size_t limit = 0, Eviction policy = Eviction::kS3Fifo, bool shared = false)
      : shared_(shared), limit_(limit), policy_(policy) {}

  bool over() const {
    const size_t most = limit();
    return (most != 0 && used() > most) || exhausted_.load(std::memory_order_relaxed) != 0;
  }
  size_t limit() const { return limit_.load(std::memory_order_relaxed); }  // bytes; 0: none
  void set_limit(size_t limit) { limit_.store(limit, std::memory_order_relaxed); }
  Eviction policy() const { return policy_.load(std::memory_order_relaxed); }
  void set_policy(Eviction policy) { policy_.store(policy, std::memory_order_relaxed); }
  // Seconds since 1970, as of the last command. Workers read the clock once a turn, so that theirs
  // differ a little: the latest one holds, unless the machine's clock has been set back.
  uint32_t seconds() const { return seconds_.load(std::memory_order_relaxed); }
  void set_time(UnixMillis now) {
    constexpr uint32_t kMinute = 60;
    const auto seconds = static_cast<uint32_t>(now / 1000);
    const uint32_t known = this->seconds();
    if (seconds > known || seconds + kMinute < known) {
      seconds_.store(seconds, std::memory_order_relaxed);
    }
  }
  // An arena has no more handles to give, or has again: that too is memory being full.
  void ReportExhausted(bool exhausted) {
    exhausted_.fetch_add(exhausted ? 1 : -1, std::memory_order_relaxed);
  }
  // No key goes for want of memory or for its time meanwhile: CLIENT PAUSE.
  void Freeze(bool on) { frozen_.store(on, std::memory_order_relaxed); }
  bool frozen() const { return frozen_.load(std::memory_order_relaxed); }
  uint64_t evicted() const { return evicted_.load(std::memory_order_relaxed); }
  void CountEviction() { evicted_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t expired() const { return expired_.load(std::memory_order_relaxed); }
  void CountExpired() { expired_.fetch_add(1, std::memory_order_relaxed); }
  size_t used() const { return used_.load(std::memory_order_relaxed); }

  // A shard took `before` when it last reported, and takes `after` by now. Gives what to call
  // `before` the next time.
  size_t Report(size_t before, size_t after) {
    if (shared_) {
      const size_t change = after > before ? after - before : before - after;
      if (change < kStep) return before;
      used_.fetch_add(after - before, std::memory_order_relaxed);  // modulo 2^64, as below
    } else if (after != before) {
      used_.store(used() + after - before, std::memory_order_relaxed);
    }
    return after;
  }

 private:
  static constexpr size_t kStep = 4096;

  const bool shared_;
  std::atomic<size_t> limit_;
  std::atomic<Eviction> policy_;
  std::atomic<uint32_t> seconds_{0};
  std::atomic<size_t> used_{0};
  std::atomic<int> exhausted_{0};  // arenas
  std::atomic<uint64_t> evicted_{0};
  std::atomic<bool> frozen_{false};
  std::atomic<uint64_t> expired_{0};  // with what a client found to have expired
};

}  // namespace keyhole::store
