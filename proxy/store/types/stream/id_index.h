// Parts of something that is sorted by IDs: which part would hold an ID.
//
//     slot      0        1        2        3
//     first   5-0      9-0     20-0     31-2        Find(25-0) is slot 2
//     part    [..]     gap     [..]     [..]
//
// A part is appended in O(1) and found in O(log n). One that is removed leaves a gap, and those are
// closed when they are a quarter of all: O(1) a removal, on average. Inserted in the middle in
// O(n).
//
// Slot numbers are valid until the next call that is not const. A Part is movable and converts to
// bool; a gap is false.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <utility>
#include <vector>

#include "proxy/store/types/stream/stream_id.h"

namespace keyhole::store {

template <typename Part>
class IdIndex {
 public:
  static constexpr size_t kNone = static_cast<size_t>(-1);

  size_t size() const { return parts_; }
  bool empty() const { return parts_ == 0; }
  size_t capacity() const { return slots_.capacity() * sizeof(Slot); }  // in bytes

  StreamId first(size_t slot) const { return slots_[slot].first; }
  // REQUIRES: the order stays.
  void SetFirst(size_t slot, StreamId first) { slots_[slot].first = first; }
  Part& part(size_t slot) { return slots_[slot].part; }
  const Part& part(size_t slot) const { return slots_[slot].part; }

  // The first and the last part, the one behind and the one before; kNone: there is none.
  size_t First() const { return Forward(begin_); }
  size_t Last() const { return Backward(slots_.size()); }
  size_t Next(size_t slot) const { return Forward(slot + 1); }
  size_t Previous(size_t slot) const { return Backward(slot); }

  // The last part whose first ID is not greater; kNone: all are.
  size_t Find(StreamId id) const {
    const auto from = slots_.begin() + static_cast<std::ptrdiff_t>(begin_);
    const auto behind =
        std::upper_bound(from, slots_.end(), id,
                         [](StreamId wanted, const Slot& slot) { return wanted < slot.first; });
    return Backward(static_cast<size_t>(behind - slots_.begin()));
  }

  // REQUIRES: `first` is greater than that of all others.
  void Append(StreamId first, Part part) {
    slots_.push_back({first, std::move(part)});
    ++parts_;
  }
  // At any place.
  void Insert(StreamId first, Part part) {
    const auto at =
        std::upper_bound(slots_.begin() + static_cast<std::ptrdiff_t>(begin_), slots_.end(), first,
                         [](StreamId wanted, const Slot& slot) { return wanted < slot.first; });
    slots_.insert(at, {first, std::move(part)});
    ++parts_;
  }
  Part Remove(size_t slot) {
    Part removed = std::exchange(slots_[slot].part, Part());
    --parts_;
    while (begin_ < slots_.size() && !slots_[begin_].part) ++begin_;
    while (slots_.size() > begin_ && !slots_.back().part) slots_.pop_back();
    if ((slots_.size() - parts_) * 4 > slots_.size()) CloseGaps();
    return removed;
  }

 private:
  struct Slot {
    StreamId first;
    Part part;
  };

  size_t Forward(size_t slot) const {
    slot = std::max(slot, begin_);
    while (slot < slots_.size() && !slots_[slot].part) ++slot;
    return slot < slots_.size() ? slot : kNone;
  }
  size_t Backward(size_t behind) const {
    while (behind > begin_ && !slots_[behind - 1].part) --behind;
    return behind > begin_ ? behind - 1 : kNone;
  }
  void CloseGaps() {
    std::erase_if(slots_, [](const Slot& slot) { return !slot.part; });
    begin_ = 0;
    if (slots_.capacity() > 4 * slots_.size()) slots_.shrink_to_fit();
  }

  std::vector<Slot> slots_;
  size_t begin_ = 0;  // before it are gaps only
  size_t parts_ = 0;
};

}  // namespace keyhole::store
