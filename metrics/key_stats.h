// Hits and misses per key: exact, and bounded in memory whatever clients send.
//
//     KeyDirectory (one)                    KeyStats (one per worker)
//     slot 0  "user:1"   <----------------  key -> slot, a cache of the directory
//     slot 1  "user:2"                      cells[0]    hits, misses of slot 0
//     ...                                   cells[1]
//     slot N-1                              cells[N]    all other keys: __other__
//
// The first N keys get slots, first come first served, and keep them; every later key counts under
// __other__. So each event counts in exactly one cell, at the time it happens; counts never move
// between cells and never go back. Summed over all cells and workers, hits and misses are the
// calls of Record() and RecordOther().
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "metrics/counters.h"

namespace keyhole::metrics {

// What tells one key from another: the key itself up to kVerbatimBytes. A longer one is known by
// its first bytes, its length and 128 bits of hash, together longer than any key taken verbatim.
// Views the key it was made from or itself: must not outlive the key, nor be copied.
class KeyIdentity {
 public:
  static constexpr size_t kVerbatimBytes = 256;

  explicit KeyIdentity(std::string_view key);
  KeyIdentity(const KeyIdentity&) = delete;
  KeyIdentity& operator=(const KeyIdentity&) = delete;

  std::string_view bytes() const { return bytes_; }

 private:
  static constexpr size_t kPrefixBytes = 240;
  void Digest(std::string_view key);

  std::string_view bytes_;
  std::array<char, kPrefixBytes + 3 * sizeof(uint64_t)> digest_;  // set for long keys only
};

// Hash of KeyIdentity::bytes(), for tables in this process only.
struct IdentityHash {
  size_t operator()(std::string_view identity) const;
};

// Which key has which slot. Shared by all workers; outlives them.
// Thread: any. Add() takes a mutex, nothing else does.
class KeyDirectory {
 public:
  // capacity: N above, --tracked-keys. 0: no key is tracked.
  explicit KeyDirectory(size_t capacity);

  size_t capacity() const { return capacity_; }

  // Slots given out so far: 0 .. size()-1. It only ever grows, so it also tells whether there is
  // anything new. What identity() and label() give for these slots never changes.
  size_t size() const { return size_.load(std::memory_order_acquire); }
  bool full() const { return size() == capacity_; }

  // REQUIRES: slot < size(). Valid as long as the directory.
  std::string_view identity(size_t slot) const { return entries_[slot].identity; }
  std::string_view label(size_t slot) const { return entries_[slot].label; }

  // The key's slot, a new one if it has none. Nothing if the directory is full, or if another key
  // has the same label already (a collision of LabelHash, hardly by accident).
  std::optional<size_t> Add(std::string_view key, const KeyIdentity& identity);

 private:
  struct Entry {
    std::string identity;
    std::string label;
  };

  const size_t capacity_;
  std::atomic<size_t> size_{0};
  std::unique_ptr<Entry[]> entries_;  // never moves; an entry is written before size_ covers it
  std::mutex mutex_;                  // guards what follows, and the writing of entries
  absl::flat_hash_map<std::string_view, size_t, IdentityHash, std::equal_to<>> slots_;
  absl::flat_hash_set<std::string_view> labels_;
};

// Hits and misses as one worker saw them.
// Thread: Record and RecordOther by the owning worker alone; hits() and misses() by any.
class KeyStats {
 public:
  // The directory must outlive this.
  explicit KeyStats(KeyDirectory& directory);

  // Counts one lookup. Does not keep the key. About 10 ns; a mutex and an allocation only when the
  // key gets a slot. While the directory has room, this is the time to give it one.
  void Record(std::string_view key, bool hit) {
    Cell& cell = cells_[SlotOf(key)];
    (hit ? cell.hits : cell.misses).Add();
  }

  // Counts n lookups under __other__, of keys that are not to be told apart.
  void RecordOther(bool hit, uint64_t n = 1) {
    Cell& cell = cells_[directory_.capacity()];
    (hit ? cell.hits : cell.misses).Add(n);
  }

  // slot: one of the directory, or its capacity() for __other__.
  uint64_t hits(size_t slot) const { return cells_[slot].hits.Load(); }
  uint64_t misses(size_t slot) const { return cells_[slot].misses.Load(); }

 private:
  struct Cell {
    Counter hits;
    Counter misses;
  };

  size_t SlotOf(std::string_view key);
  size_t SlotOfStranger(std::string_view key, const KeyIdentity& identity);
  void CatchUp();

  KeyDirectory& directory_;
  std::unique_ptr<Cell[]> cells_;  // capacity() + 1
  // Keys of the map view the directory. Only the owning worker touches these two.
  absl::flat_hash_map<std::string_view, uint32_t, IdentityHash, std::equal_to<>> slots_;
  size_t known_ = 0;  // slots of the directory that slots_ holds
};

}  // namespace keyhole::metrics
