// What one worker has counted, slot by slot, and which key it counts where.
//
//     index_    . | tag 12, slot + 1 20 | . | . | ...     at hash & mask, or a few places further
//                            |
//     cells_    one cache line:  hits 8 | misses 8 | errors 8 | bytes 8 | hash 8 | size 4 | text 20
//
// So a lookup touches two lines, one of them of an index of a few bytes per key. The text of a key
// that is longer is the directory's.
//
// Linear probing at a load of at most a quarter; what is taken out is closed up by moving back
// those behind it (D. E. Knuth, The Art of Computer Programming, volume 3, 6.4, algorithm R).
//
// Thread: the counters as counters.h says; all else the owner's.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "metrics/counters.h"

namespace keyhole::metrics {

class alignas(64) KeyCell {
 public:
  Counter hits;
  Counter misses;
  Counter errors;
  Counter bytes;

  // This is the key that counts here.
  bool IsFor(std::string_view identity) const {
    if (identity.size() != size_) return false;
    return std::memcmp(size_ <= kInline ? text_ : Far(), identity.data(), size_) == 0;
  }
  // The key with this hash is to be named when it is met. It does not count here yet.
  bool awaited() const { return size_ == kAwaited; }
  void set_met() { size_ = kNobody; }

 private:
  friend class KeyCells;
  static constexpr size_t kInline = 20;
  static constexpr uint32_t kNobody = UINT32_MAX;
  static constexpr uint32_t kAwaited = UINT32_MAX - 1;

  const char* Far() const {
    const char* text;
    std::memcpy(&text, text_, sizeof(text));
    return text;
  }
  void Name(std::string_view identity) {
    size_ = static_cast<uint32_t>(identity.size());
    if (size_ <= kInline) {
      if (size_ > 0) std::memcpy(text_, identity.data(), size_);
    } else {
      const char* const far = identity.data();
      std::memcpy(text_, &far, sizeof(far));
    }
  }

  uint64_t hash_ = 0;
  uint32_t size_ = kNobody;
  char text_[kInline] = {};
};
static_assert(sizeof(KeyCell) == 64);

class KeyCells {
 public:
  static constexpr size_t kMaxCells = size_t{1} << 20;

  // REQUIRES: cells < kMaxCells.
  explicit KeyCells(size_t cells)
      : mask_(std::bit_ceil(4 * cells) - 1),
        index_(std::make_unique<uint32_t[]>(mask_ + 1)),
        cells_(std::make_unique<KeyCell[]>(cells)) {}

  KeyCell& operator[](size_t slot) { return cells_[slot]; }
  const KeyCell& operator[](size_t slot) const { return cells_[slot]; }
  size_t SlotOf(const KeyCell& cell) const { return static_cast<size_t>(&cell - cells_.get()); }

  // The cell of the key with this hash, or with one that is awaited. Null if there is none.
  KeyCell* Find(uint64_t hash) const {
    const size_t place = PlaceOf(hash);
    return index_[place] == 0 ? nullptr : &At(place);
  }
  // Both have the processor fetch what Find() and counting will look at, and wait for nothing:
  // first the index, then, when that should have come, the cell.
  void FetchIndex(uint64_t hash) const { __builtin_prefetch(&index_[hash & mask_]); }
  void FetchCell(uint64_t hash) const {
    if (const uint32_t found = index_[hash & mask_]; found != 0) {
      __builtin_prefetch(&cells_[(found & kSlotMask) - 1], /*rw=*/1);
    }
  }
  // The key counts in the slot. The identity must stay as long as it is there.
  // REQUIRES: no other one is in the slot.
  void Set(uint64_t hash, size_t slot, std::string_view identity) {
    Insert(hash, slot);
    cells_[slot].Name(identity);
  }
  // The key with this hash is awaited there.
  void Await(uint64_t hash, size_t slot) {
    Insert(hash, slot);
    cells_[slot].size_ = KeyCell::kAwaited;
  }
  // Nothing is known of the key with this hash any more. What was counted stays.
  void Forget(uint64_t hash);

 private:
  static constexpr uint32_t kSlotMask = kMaxCells - 1;
  static uint32_t TagOf(uint64_t hash) { return static_cast<uint32_t>(hash >> 32) & ~kSlotMask; }

  KeyCell& At(size_t place) const { return cells_[(index_[place] & kSlotMask) - 1]; }
  // Where it is or, if it is not there, where it would be put.
  size_t PlaceOf(uint64_t hash) const {
    size_t place = hash & mask_;
    for (uint32_t found; (found = index_[place]) != 0; place = (place + 1) & mask_) {
      if ((found & ~kSlotMask) == TagOf(hash) && At(place).hash_ == hash) break;
    }
    return place;
  }
  void Insert(uint64_t hash, size_t slot) {
    index_[PlaceOf(hash)] = TagOf(hash) | static_cast<uint32_t>(slot + 1);
    cells_[slot].hash_ = hash;
  }

  size_t mask_;
  std::unique_ptr<uint32_t[]> index_;
  std::unique_ptr<KeyCell[]> cells_;
};

inline void KeyCells::Forget(uint64_t hash) {
  size_t hole = PlaceOf(hash);
  if (index_[hole] == 0) return;
  At(hole).size_ = KeyCell::kNobody;
  for (size_t next = (hole + 1) & mask_; index_[next] != 0; next = (next + 1) & mask_) {
    const size_t home = At(next).hash_ & mask_;
    // It may move back if its home does not lie between the hole and itself.
    if (((next - home) & mask_) < ((next - hole) & mask_)) continue;
    index_[hole] = index_[next];
    hole = next;
  }
  index_[hole] = 0;
}

}  // namespace keyhole::metrics
