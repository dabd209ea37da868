// Which key has which slot; shared by all workers.
//
//     slot 0 .. P-1    the patterns of --key-pattern, for good
//     slot P .. P+N-1  keys; N is --tracked-keys
//     slot P+N         all other keys: __other__
//
// While there is room a key gets a slot with its first lookup. From then on slots change hands as
// KeyTracker decides:
//
//     kFree --Add--> kCounting --Replace--> kLeaving --> kAwaited --> kHeld --> kCounting
//                    ^ exported             exported                  exported at 0
//
// Workers learn of changes from a log that they read when they have time, ten times a second; how
// far each of them has read is known. So a slot is given to another key only when no worker can
// count the old one there any more: the quiescent states of read-copy-update, with the log for the
// copy.
//
// A heavy key is known by its hash first (key_sketch.h). Workers are told to look out for it, and
// the first that meets it gives its name.
//
// Thread: any. Two mutexes: `control` is held while slots change hands and while they are read, by
// the thread of scrapes; `mutex_` is held for moments by whoever reads or writes names or the log.
// The path of a lookup takes neither, but to add a key and to name an awaited one.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "metrics/key_identity.h"
#include "metrics/key_options.h"

namespace keyhole::metrics {

// What was counted of one key, or of several.
struct KeyTotals {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t errors = 0;  // lookups answered with an error: neither hit nor miss
  uint64_t bytes = 0;   // of values in the replies

  uint64_t requests() const { return hits + misses + errors; }
  KeyTotals& operator+=(const KeyTotals& other);
  bool operator==(const KeyTotals&) const = default;
};

struct KeySlot {
  enum class State : uint8_t {
    kFree,      // nobody's
    kCounting,  // its key's lookups count here
    kLeaving,   // as before, until all workers have read that they no longer do
    kAwaited,   // promised to a key of which only the hash is known
    kHeld,      // its key's lookups count under __other__ for a while yet
  };
  bool exported() const {
    const State s = state.load(std::memory_order_acquire);
    return s == State::kCounting || s == State::kLeaving || s == State::kHeld;
  }

  std::atomic<State> state{State::kFree};
  uint64_t hash = 0;
  std::string identity;
  std::string label;
  double created = 0;  // when it was first exported, seconds since 1970; 0: with the process
  bool shown = false;  // kHeld: a scrape has seen its 0

  // The key that is to have the slot next.
  uint64_t next_hash = 0;
  std::string next_identity;
  std::string next_label;
  bool next_named = false;
};

class KeySketch;

// What one worker has counted, slot by slot; KeyStats.
class WorkerCells {
 public:
  virtual KeyTotals totals(size_t slot) const = 0;
  // How far it has read the directory's changes.
  virtual uint64_t seen() const = 0;
  // REQUIRES: this worker has read that no key counts there.
  virtual void Reset(size_t slot) = 0;
  // The sketch of the epoch before the one that runs. The worker does not touch it until it reads
  // of the next epoch.
  virtual KeySketch& past_sketch() = 0;

 protected:
  ~WorkerCells() = default;
};

// What a worker is told.
struct KeyChange {
  enum class Kind : uint8_t {
    kCount,   // the key counts in the slot
    kAwait,   // the key is to be named when met; it counts under __other__
    kForget,  // the key is nothing special any more
    kEpoch,   // begin a new sketch, showing it one in `number` of the untracked lookups; 0: none
  };
  Kind kind;
  uint32_t number = 0;  // the slot
  uint64_t hash = 0;
  std::string_view identity = {};  // kCount: valid until the key has been forgotten by all
};

// What KeyTracker has counted, for the exporter.
struct TrackerTotals {
  KeyTotals retired;
  uint64_t promotions = 0;
  uint64_t demotions = 0;
  double sample_ratio = 0;
  double sketch_error = 0;
  bool scraped = false;  // since this was last set to false
};

class KeyDirectory {
 public:
  explicit KeyDirectory(size_t capacity) : KeyDirectory(KeyOptions{.capacity = capacity}) {}
  // before: the one whose place it takes, if any; its workers are still to come.
  explicit KeyDirectory(KeyOptions options, std::shared_ptr<KeyDirectory> before = nullptr);
  ~KeyDirectory();

  const KeyOptions& options() const { return options_; }
  // As they were given; without labels, for one, there is no capacity.
  const KeyOptions& given() const { return given_; }
  size_t capacity() const { return options_.capacity; }
  size_t patterns() const { return options_.patterns.size(); }
  size_t other() const { return patterns() + capacity(); }  // the slot of __other__
  // Slots given out so far, those of patterns included.
  size_t size() const { return size_.load(std::memory_order_acquire); }
  bool full() const { return size() == other(); }

  // ---- for workers
  std::optional<size_t> MatchPattern(std::string_view key) const;
  // The key's slot, a new one if it has none. Nothing if there is no room, or if another key has
  // the same label or hash (hardly by accident).
  std::optional<size_t> Add(std::string_view key, const KeyIdentity& identity);
  // The awaited key with this hash has been met.
  void Name(size_t slot, std::string_view key, const KeyIdentity& identity);
  // The text that stands for a key outside: its label, whether it has a slot or not.
  std::string LabelOf(std::string_view key) const;

  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  // Applies all changes from number `from` on; returns the number of the next one.
  template <typename Apply>
  uint64_t ReadChanges(uint64_t from, Apply apply) {
    const std::lock_guard lock(mutex_);
    for (; from < log_begin_ + log_.size(); ++from) apply(log_[from - log_begin_]);
    return from;
  }
  // A worker comes; applies what holds by now. To be called before other threads read or tick.
  template <typename Apply>
  uint64_t Join(WorkerCells* worker, Apply apply) {
    const std::lock_guard lock(mutex_);
    workers_.push_back(worker);
    for (const KeyChange& change : Standing()) apply(change);
    return log_begin_ + log_.size();
  }
  // It counts here no more: what it has counted is retired. Takes control() itself.
  void Leave(WorkerCells* worker);

  // ---- with control()
  std::mutex& control() const { return control_; }
  // Takes control() itself.
  void SetPace(std::chrono::nanoseconds epoch, std::chrono::nanoseconds zero_hold);
  // Valid until the slot changes hands.
  const KeySlot& slot(size_t number) const { return slots_[number]; }
  std::string_view identity(size_t number) const { return slots_[number].identity; }
  std::string_view label(size_t number) const { return slots_[number].label; }
  const std::vector<WorkerCells*>& workers() const { return workers_; }
  TrackerTotals& tracker_totals() { return tracker_totals_; }
  // Of keys that have no slot any more, and of all in the directory before.
  KeyTotals Retired() const;
  // Of all of them, and of all keys that have a slot, and of all others.
  KeyTotals Sum() const;
  // What can be read now has been shown to a scraper.
  void NoteScrape();
  // All workers' counts in the slot.
  KeyTotals Totals(size_t number) const;
  bool Knows(uint64_t hash) const;

  // The directory before is let go when no worker counts there any more. Takes control() itself.
  void ForgetBefore();

  // Each says something to the workers and returns the number that their version() must reach for
  // all of them to have heard it.
  uint64_t BeginEpoch(uint32_t sample_every);
  uint64_t Replace(size_t number, uint64_t hash);  // kCounting -> kLeaving, kFree -> kAwaited
  void Cancel(size_t number);                      // kAwaited -> kFree
  void Count(size_t number);                       // kHeld -> kCounting
  // All workers have heard of Replace(): kLeaving -> kAwaited. Sets the slot's counts to 0 and
  // returns what they were.
  KeyTotals Retire(size_t number);
  // kAwaited -> kHeld, if the key has been named. False if not; or if its label is in use, and then
  // the slot is free.
  bool Hold(size_t number, double unix_now);
  // Forgets changes that all workers have read; returns how far all have read.
  uint64_t Trim();

 private:
  std::vector<KeyChange> Standing() const;
  bool IsLeft() const;
  uint64_t Publish(KeyChange change);

  const KeyOptions given_;
  KeyOptions options_;  // constant, but for epoch and zero_hold, which are for the tracker
  mutable std::mutex control_;
  std::unique_ptr<KeySlot[]> slots_;
  TrackerTotals tracker_totals_;
  std::shared_ptr<KeyDirectory> before_;  // null: there is none, or nobody counts there
  std::atomic<size_t> size_{0};
  std::atomic<uint64_t> version_{0};

  mutable std::mutex mutex_;  // guards what follows, and the names in the slots
  std::deque<KeyChange> log_;
  uint64_t log_begin_ = 0;
  std::vector<WorkerCells*> workers_;
  absl::flat_hash_map<uint64_t, size_t, HashedAlready> by_hash_;  // of keys and of next keys
  absl::flat_hash_set<std::string> labels_;
};

}  // namespace keyhole::metrics
