// What the near caches of all workers share: which keys clients have written lately.
//
// A write that passes through the proxy, on whatever worker, is noted when it is sent and when it
// is answered, by its key's hash in one of 65536 counters. An entry holds the count of the time
// when it was asked for, and is good only as long as that is the count still. So from the reply to
// a write on no session of any worker is served what was there before, and what was fetched while
// the write was under way is not kept. Keys that share a counter are fetched once more than need
// be.
//
// Thread: any; no locks. Owner: the server; outlives the workers.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace keyhole::core {

class NearShared {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  uint32_t epoch(uint64_t hash) const {
    return epochs_[hash % kEpochs].load(std::memory_order_acquire);
  }
  // Has the processor fetch it, and waits for nothing.
  void FetchEpoch(uint64_t hash) const { __builtin_prefetch(&epochs_[hash % kEpochs]); }
  void NoteWrite(uint64_t hash) { epochs_[hash % kEpochs].fetch_add(1, std::memory_order_acq_rel); }

  // The same for all keys at once: FLUSHALL, and SWAPDB, of which Redis tells nobody. From the
  // sending to the reply nothing is to be served at all, but for a second at most: the reply may
  // never come.
  uint64_t flushes() const { return flushes_.load(std::memory_order_acquire); }
  bool flushing(Instant now) const {
    const int64_t until = flushing_until_.load(std::memory_order_acquire);
    return until != 0 && now.time_since_epoch().count() < until;
  }
  void BeginFlush(Instant now) {
    const Instant until = now + std::chrono::seconds(1);
    flushing_until_.store(until.time_since_epoch().count(), std::memory_order_release);
    NoteFlush();
  }
  void EndFlush() {
    NoteFlush();
    flushing_until_.store(0, std::memory_order_release);
  }
  void NoteFlush() { flushes_.fetch_add(1, std::memory_order_acq_rel); }

 private:
  static constexpr size_t kEpochs = 65536;
  std::array<std::atomic<uint32_t>, kEpochs> epochs_{};
  alignas(64) std::atomic<uint64_t> flushes_{0};
  std::atomic<int64_t> flushing_until_{0};  // ticks of the clock; 0: nothing is under way
};

}  // namespace keyhole::core
