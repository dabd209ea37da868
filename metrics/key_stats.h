// Hits and misses per key as one worker sees them: exact, and bounded in memory whatever clients
// send.
//
//     KeyDirectory (one)                    KeyStats (one per worker)
//     slot 0  "user:1"   <----------------  index: hash of the key -> slot, a copy of the directory
//     slot 1  "user:2"                      cells[0]    hits, misses, bytes of slot 0
//     ...                                   cells[1]
//                                           cells[N]    all other keys: __other__
//                                           sketch      finds the heavy ones among these
//
// Each event counts in exactly one cell, at the time it happens. Only KeyTracker ever sets a cell
// back to 0, when its counts have been added to those of retired keys. So summed over all cells,
// workers and what was retired, hits and misses are the calls of Record() and RecordOther().
//
// Thread: the owning worker's, but for totals(), seen() and what is for KeyTracker.
// Cost: some 10 ns with its hash, tracked or not (tests/bench/key_stats_bench). A mutex and
// an allocation only when a key gets a slot or an awaited key is met. Memory per slot: a cell of 64
// bytes, some 24 bytes of index and 128 bytes of sketches (two, of four entries).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "metrics/counters.h"
#include "metrics/key_cells.h"
#include "metrics/key_directory.h"
#include "metrics/key_identity.h"
#include "metrics/key_sketch.h"
#include "resp/hashed_key.h"

namespace keyhole::metrics {

class KeyStats final : public WorkerCells {
 public:
  // The directory must outlive this.
  explicit KeyStats(KeyDirectory& directory);
  ~KeyStats();
  // Counts there from now on, from 0; what it has counted stays in the retired totals of the one it
  // leaves.
  void MoveTo(KeyDirectory& directory);
  KeyDirectory& directory() const { return *directory_; }
  KeyStats(const KeyStats&) = delete;
  KeyStats& operator=(const KeyStats&) = delete;

  // Counts one lookup. Does not keep the key. bytes: of the value.
  void Record(std::string_view key, bool hit, uint64_t bytes = 0) {
    Count(CellOf(key, key), hit, 1, bytes);
  }
  void Record(const resp::HashedKey& key, bool hit, uint64_t bytes = 0) {
    Count(CellOf(key.bytes, key), hit, 1, bytes);
  }
  // Lookups of these keys are to be counted soon, or so it seems: has the processor fetch what that
  // will look at.
  void Prefetch(std::span<const resp::HashedKey> keys) const;
  // Counts one lookup that was answered with an error. Such a lookup gives no key a slot.
  void RecordError(std::string_view key);
  // Counts n lookups under __other__, of keys that are not to be told apart.
  void RecordOther(bool hit, uint64_t n = 1, uint64_t bytes = 0) {
    Count(cells_[other_], hit, n, bytes);
  }

  // Learns what the directory has to tell. To be called ten times a second or so: slots change
  // hands only as fast as all workers call this.
  void CatchUp() {
    if (directory_->version() != seen_.load(std::memory_order_relaxed)) ReadChanges();
  }

  KeyTotals totals(size_t slot) const override {
    const KeyCell& c = cells_[slot];
    return {c.hits.Load(), c.misses.Load(), c.errors.Load(), c.bytes.Load()};
  }
  uint64_t hits(size_t slot) const { return cells_[slot].hits.Load(); }
  uint64_t misses(size_t slot) const { return cells_[slot].misses.Load(); }
  uint64_t seen() const override { return seen_.load(std::memory_order_acquire); }

  // ---- for KeyTracker
  void Reset(size_t slot) override;
  KeySketch& past_sketch() override { return sketches_[1 - active_]; }

 private:
  static void Count(KeyCell& cell, bool hit, uint64_t n, uint64_t bytes) {
    (hit ? cell.hits : cell.misses).Add(n);
    if (bytes != 0) cell.bytes.Add(bytes);
  }
  // known: the key, with its hash if that is known.
  template <typename Known>
  KeyCell& CellOf(std::string_view key, const Known& known) {
    if (!searched_) return cells_[SlotWithoutTable(key)];
    if (has_patterns_) {
      if (const auto pattern = directory_->MatchPattern(key)) return cells_[*pattern];
    }
    const KeyIdentity identity(known);
    KeyCell* const cell = cells_.Find(identity.hash());
    if (cell == nullptr) return cells_[SlotOfStranger(key, identity)];
    if (cell->IsFor(identity.bytes())) [[likely]] {
      return *cell;
    }
    if (cell->awaited()) Introduce(key, identity, cell);
    return cells_[other_];
  }
  size_t SlotOfStranger(std::string_view key, const KeyIdentity& identity) {
    if (!full_) return Add(key, identity);
    if (--countdown_ == 0) Sample(identity.hash());
    return other_;
  }

  size_t SlotWithoutTable(std::string_view key);
  size_t Add(std::string_view key, const KeyIdentity& identity);
  void Introduce(std::string_view key, const KeyIdentity& identity, KeyCell* cell);
  void Sample(uint64_t hash);
  void ReadChanges();
  void Apply(const KeyChange& change);

  // REQUIRES: control() of the directory.
  void Enter();

  KeyDirectory* directory_;
  size_t other_;
  bool searched_;  // there are keys to be told apart
  bool has_patterns_;
  bool full_ = false;  // no key gets a slot with its first lookup any more
  KeyCells cells_;

  uint32_t countdown_ = 1;     // untracked lookups until the next one is shown to the sketch
  uint32_t sample_every_ = 1;  // of them, on average; 0: none
  uint32_t random_ = 0x9E3779B9;
  uint32_t active_ = 0;
  KeySketch sketches_[2];
  std::atomic<uint64_t> seen_{0};
};

}  // namespace keyhole::metrics
