// How often each command was called, how often it failed, and how long it took: what INFO shows as
// commandstats, errorstats and latencystats, and LATENCY HISTOGRAM.
//
// Calls are counted exactly and nearly for nothing: a client counts how often it repeats its last
// command (Client::repeats), and tells it here when it goes on to another one. Time is taken only
// while somebody wants it (the settings latency-tracking, slowlog-log-slower-than and
// latency-monitor-threshold), as reading the clock costs more than many a command; `usec` and the
// histograms are of the calls that were timed.
//
// Thread: Count*() under any lock of the store, by several threads at a time; all else under all
// locks.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "resp/command_table.h"

namespace keyhole::store {

// Durations by their power of two: bucket i is up to 2^i microseconds.
struct DurationBuckets {
  static constexpr size_t kBuckets = 41;
  std::array<std::atomic<uint64_t>, kBuckets> counts{};
  std::atomic<uint64_t> total{0};

  void Add(uint64_t microseconds);
  // So many microseconds at most took this share of the calls, which is between 0 and 100.
  uint64_t Percentile(double percent) const;
};

class CommandStats {
 public:
  using Id = resp::CommandId;

  void CountCalls(Id id, uint64_t calls) { Add(Of(id).calls, calls); }
  void CountTime(Id id, std::chrono::steady_clock::duration took);
  // The command was called, and answered with this error ("ERR no such key").
  void CountFailure(Id id, std::string_view error);
  // The same for an error that has been counted already: a script's, of a command that it called.
  void CountFailedCall(Id id) { Add(Of(id).failed, 1); }
  // It was not called for this error. id: kUnknown if there is none such.
  void CountRejection(Id id, std::string_view error);

  struct Counts {
    uint64_t calls = 0;
    uint64_t microseconds = 0;
    uint64_t rejected = 0;
    uint64_t failed = 0;
  };
  Counts counts(Id id) const;
  uint64_t calls() const;  // of all
  // Null: no call was timed.
  const DurationBuckets* buckets(Id id) const { return Of(id).buckets.load(); }
  // By their first words, as errorstats names them.
  const std::map<std::string, uint64_t>& errors() const { return errors_; }
  uint64_t error_count() const { return error_count_; }

  void Reset();
  void ResetBuckets(Id id);

  ~CommandStats() { Reset(); }

 private:
  struct Row {
    std::atomic<uint64_t> calls{0};
    std::atomic<uint64_t> nanoseconds{0};
    std::atomic<uint64_t> rejected{0};
    std::atomic<uint64_t> failed{0};
    std::atomic<DurationBuckets*> buckets{nullptr};  // its own
  };
  static void Add(std::atomic<uint64_t>& counter, uint64_t n) {
    counter.fetch_add(n, std::memory_order_relaxed);
  }
  Row& Of(Id id) { return rows_[static_cast<size_t>(id)]; }
  const Row& Of(Id id) const { return rows_[static_cast<size_t>(id)]; }
  void CountError(std::string_view error);

  std::array<Row, resp::kCommandCount> rows_;
  std::mutex mutex_;  // for those below
  std::map<std::string, uint64_t> errors_;
  uint64_t error_count_ = 0;
};

}  // namespace keyhole::store
