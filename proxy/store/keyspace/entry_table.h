// A hash table of entries that grows and shrinks by one bucket at a time and can be walked
// meanwhile.
//
//     bucket: 64 bytes, one cache line
//     chained 1 | tags 7 x 1 | entries 7 x 8          the tag is the top byte of the key's hash;
//                              the last is the next   most keys that are not there are told by it
//                              bucket if chained      without following a pointer
//
// Linear hashing (W. Litwin, "Linear hashing: a new tool for file and table addressing", 1980): the
// number of buckets is any number, not a power of two. With 6 buckets a key belongs into the bucket
// that the last 3 bits of its hash name if there is one, else into the one that the last 2 name.
//
//     000  001  010  011 | 100  101 |                 the next to come is 110: it takes from 010
//      \____\_____________/____/                       what has these last 3 bits
//
// So each bucket added splits one other, each that goes joins its one: no call moves more than a
// bucket's entries, nothing is ever copied whole, and memory per key is the same at every size.
// Buckets lie in segments of 64 KiB, which get memory as they are first touched; a table that is
// smaller has one segment that grows by a quarter.
//
// Scan() gives every entry that is there from its first to its last call at least once, whatever is
// inserted, erased, grown or shrunk in between. Its cursor counts with its bits reversed, so that
// the buckets into which one bucket was split or merged follow each other. Source of the idea:
// Pieter Noordhuis, as redis 7.0.15 src/dict.c describes it above dictScan.
//
// Entry* returned from here points into a bucket; Insert, Erase, Step and Clear make it stale.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "proxy/store/keyspace/entry.h"
#include "resp/hashed_key.h"

namespace keyhole::store {

class EntryTable {
 public:
  EntryTable() = default;
  EntryTable(const EntryTable&) = delete;
  EntryTable& operator=(const EntryTable&) = delete;
  // Entries that are still there are destroyed as those of MallocHeap().
  ~EntryTable() { Clear(); }

  static uint64_t Hash(std::string_view key) { return resp::HashOfKey(key); }

  // The slot that holds the key, or null. `hash` is Hash(key).
  Entry* Find(std::string_view key, uint64_t hash) const;
  // Both have the processor fetch what Find() will read, and wait for nothing: first the bucket,
  // then, when that should have come, the entry.
  void FetchBucket(uint64_t hash) const {
    if (size_ != 0) __builtin_prefetch(&At(IndexOf(hash)));
  }
  void FetchEntry(uint64_t hash) const;
  // Takes the entry over. Its key must not be there.
  Entry* Insert(Entry entry, uint64_t hash);
  // Empties a slot; the entry is the caller's. Does not resize, so other slots stay valid.
  Entry Take(Entry* slot);
  // Takes away up to `buckets` buckets, if there are many for so few entries.
  void Step(size_t buckets);
  // Destroys all entries.
  void Clear(Heap& heap = MallocHeap());
  void Swap(EntryTable& other);

  // Calls f(Entry*) for the entries of the next part of the table. f may Take() them. Returns the
  // cursor to go on with; 0 begins and ends.
  template <typename F>
  uint64_t Scan(uint64_t cursor, F&& f) const;

  // Calls f(Entry*) for the entries of `count` buckets from `first` on, in the order in which they
  // lie in memory. f must leave the table as it is. Returns where to go on; 0 begins and ends.
  template <typename F>
  size_t VisitBuckets(size_t first, size_t count, F&& f) const;

  // Some entry, about evenly chosen; null if empty. `*random` is the state of a generator.
  Entry* Random(uint64_t* random) const;

  size_t size() const { return size_; }
  size_t bucket_count() const { return count_; }
  size_t memory() const { return count_ * sizeof(Bucket) + children_ * kChildCost; }

 private:
  static constexpr size_t kSlots = 7;
  static constexpr size_t kMinBuckets = 4;
  static constexpr size_t kMaxMeanLoad = 5;  // grow beyond; one bucket in six is chained then
  static constexpr size_t kMinMeanLoad = 3;  // shrink below
  static constexpr size_t kSegmentBuckets = 1024;

  struct Bucket {
    uint8_t chained = 0;
    uint8_t tags[kSlots] = {};
    Entry entries[kSlots];

    size_t slots() const { return chained != 0 ? kSlots - 1 : kSlots; }
    Bucket* next() const {
      return chained != 0 ? reinterpret_cast<Bucket*>(entries[kSlots - 1].raw()) : nullptr;
    }
  };
  static_assert(sizeof(Bucket) == 64);
  static constexpr size_t kChildCost = sizeof(Bucket) + 16;  // from malloc

  static uint64_t NextCursor(uint64_t cursor, uint64_t mask);
  Bucket& At(size_t index) const {
    return segments_[index / kSegmentBuckets][index % kSegmentBuckets];
  }
  size_t IndexOf(uint64_t hash) const {
    const size_t index = hash & mask_;
    return index < count_ ? index : hash & (mask_ >> 1);
  }
  Entry* Place(Bucket* bucket, Entry entry, uint64_t hash);
  void Grow();
  void Shrink();
  void ResizeFirstSegment(size_t room);
  void FreeSegments();
  static void UnmapSegment(Bucket* segment);
  void SetCount(size_t count);
  void AddBucket();
  void RemoveBucket();
  void Spread(Bucket* bucket);
  template <typename F>
  static void Visit(Bucket& first, F&& f);

  std::vector<Bucket*> segments_;
  size_t room_ = 0;    // buckets that the segments have room for
  size_t count_ = 0;   // buckets
  uint64_t mask_ = 0;  // what names the last of them, rounded up to 2^n - 1
  size_t size_ = 0;
  size_t children_ = 0;  // buckets beyond the segments, in chains
};

template <typename F>
void EntryTable::Visit(Bucket& first, F&& f) {
  for (Bucket* bucket = &first; bucket != nullptr; bucket = bucket->next()) {
    for (size_t i = 0; i < bucket->slots(); ++i) {
      if (bucket->entries[i]) f(&bucket->entries[i]);
    }
  }
}

template <typename F>
size_t EntryTable::VisitBuckets(size_t first, size_t count, F&& f) const {
  const size_t end = std::min(count_, first + count);
  for (size_t i = first; i < end; ++i) Visit(At(i), f);
  return end >= count_ ? 0 : end;
}

template <typename F>
uint64_t EntryTable::Scan(uint64_t cursor, F&& f) const {
  if (size_ == 0) return 0;
  // A bucket as the shorter mask names it, with the one that it has been split into.
  const bool even = count_ == mask_ + 1;
  const uint64_t mask = even ? mask_ : mask_ >> 1;
  const size_t index = cursor & mask;
  Visit(At(index), f);
  if (!even && index + mask + 1 < count_) Visit(At(index + mask + 1), f);
  return NextCursor(cursor, mask);
}

}  // namespace keyhole::store
