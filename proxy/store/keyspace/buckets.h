// Where the buckets of a LinearTable lie: two ways.
//
// MappedBuckets  segments of 64 KiB of the kernel's, which get memory as they are first touched; a
//                table that is smaller has one segment that grows by a quarter. For the keys of a
//                database.
// HeapBuckets    segments of half a KiB of a Heap. For large collections, of which there are many:
//                nothing is copied when one grows, and nothing is left that others cannot use.
//
//     bucket: 64 bytes, one cache line
//     chained 1 | tags 7 x 1 | elements 7 x 8         the tag is the top byte of the key's hash;
//                              the last is the next   most keys that are not there are told by it
//                              bucket if chained      without following a pointer
//
// An element (E) is a handle of 8 bytes that can be made from a char* and told apart from none.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include "proxy/store/memory/heap.h"

namespace keyhole::store {

template <typename E>
struct Bucket {
  static constexpr size_t kSlots = 7;

  uint8_t chained = 0;
  uint8_t tags[kSlots] = {};
  E entries[kSlots];

  size_t slots() const { return chained != 0 ? kSlots - 1 : kSlots; }
  Bucket* next() const {
    return chained != 0 ? reinterpret_cast<Bucket*>(entries[kSlots - 1].raw()) : nullptr;
  }
};

inline constexpr size_t kBucketSize = 64;
inline constexpr size_t kMinBuckets = 4;

// Both: room() buckets can be used, those not used yet are empty; `count` are in use. NewChild()
// and FreeChild() are for the buckets of chains, which the table counts. heap() is that of the
// elements, unless the table is told otherwise.
template <typename E>
class MappedBuckets {
 public:
  using B = Bucket<E>;
  static constexpr size_t kChildCost = kBucketSize + 16;  // from malloc

  static Heap& heap() { return MallocHeap(); }
  B& At(size_t index) const { return segments_[index / kSegment][index % kSegment]; }
  size_t room() const { return room_; }
  size_t memory(size_t count) const { return count * kBucketSize; }

  void Grow(size_t count) {
    if (room_ < kSegment) {
      return ResizeFirst(std::min(room_ + room_ / 4 + kMinBuckets, kSegment), count);
    }
    char* const segment = MapSpace(kSegment * kBucketSize);
    segments_.push_back(reinterpret_cast<B*>(segment));  // zeroed, which is what empty ones are
    room_ += kSegment;
  }

  // Some room is kept, so that a table that stays about the same does not ask for it again and
  // again.
  void Shrink(size_t count) {
    if (room_ <= kSegment) {
      if (count * 2 <= room_) ResizeFirst(count + count / 4, count);
    } else if (count + kSegment * 3 / 2 <= room_) {
      Unmap(segments_.back());
      segments_.pop_back();
      room_ -= kSegment;
    }
  }

  void Free() {
    for (size_t i = 1; i < segments_.size(); ++i) Unmap(segments_[i]);
    if (!segments_.empty()) std::free(segments_[0]);
    segments_.clear();
    room_ = 0;
  }

  B* NewChild() { return new B(); }
  void FreeChild(B* child) { delete child; }

  void Swap(MappedBuckets& other) {
    std::swap(segments_, other.segments_);
    std::swap(room_, other.room_);
  }

 private:
  static constexpr size_t kSegment = 1024;  // buckets

  static void Unmap(B* segment) {
    UnmapSpace(reinterpret_cast<char*>(segment), kSegment * kBucketSize);
  }

  void ResizeFirst(size_t room, size_t count) {
    void* const fresh = std::aligned_alloc(kBucketSize, room * kBucketSize);
    if (fresh == nullptr) throw std::bad_alloc();
    const size_t kept = std::min(room, count) * kBucketSize;
    if (segments_.empty()) segments_.push_back(nullptr);
    if (kept > 0) std::memcpy(fresh, segments_[0], kept);
    std::memset(static_cast<char*>(fresh) + kept, 0, room * kBucketSize - kept);
    std::free(segments_[0]);
    segments_[0] = static_cast<B*>(fresh);
    room_ = room;
  }

  std::vector<B*> segments_;
  size_t room_ = 0;
};

template <typename E>
class HeapBuckets {
 public:
  using B = Bucket<E>;
  static constexpr size_t kChildCost = kBucketSize;

  explicit HeapBuckets(Heap& heap) : heap_(&heap) {}

  Heap& heap() const { return *heap_; }
  B& At(size_t index) const { return segments_[index / kSegment][index % kSegment]; }
  size_t room() const { return segments_.size() * kSegment; }
  size_t memory(size_t) const {
    return segments_.size() * kSegment * kBucketSize + segments_.capacity() * sizeof(B*);
  }

  void Grow(size_t) {
    char* const segment = heap_->Allocate(kSegment * kBucketSize);
    std::memset(segment, 0, kSegment * kBucketSize);
    segments_.push_back(reinterpret_cast<B*>(segment));
  }
  void Shrink(size_t count) {
    while (count + kSegment * 2 <= room()) {
      FreeLast();
    }
    if (segments_.size() * 4 < segments_.capacity()) segments_.shrink_to_fit();
  }
  void Free() {
    while (!segments_.empty()) FreeLast();
    segments_ = {};
  }

  B* NewChild() { return new (heap_->Allocate(kBucketSize)) B(); }
  void FreeChild(B* child) { heap_->Free(reinterpret_cast<char*>(child), kBucketSize); }

  // Has the heap move what it likes: the segment with this bucket, or the chains that begin in it.
  void CompactSegment(size_t index) {
    B*& segment = segments_[index / kSegment];
    char* const to = heap_->Moved(reinterpret_cast<char*>(segment), kSegment * kBucketSize);
    if (to != nullptr) segment = reinterpret_cast<B*>(to);
  }
  void CompactChain(B* bucket) {
    for (; bucket->chained != 0; bucket = bucket->next()) {
      E& last = bucket->entries[B::kSlots - 1];
      if (char* const to = heap_->Moved(last.raw(), kBucketSize); to != nullptr) last = E(to);
    }
  }
  static constexpr size_t kSegment = 8;  // buckets

  void Swap(HeapBuckets& other) {
    std::swap(segments_, other.segments_);
    std::swap(heap_, other.heap_);
  }

 private:
  void FreeLast() {
    heap_->Free(reinterpret_cast<char*>(segments_.back()), kSegment * kBucketSize);
    segments_.pop_back();
  }

  Heap* heap_;
  std::vector<B*> segments_;
};

}  // namespace keyhole::store
