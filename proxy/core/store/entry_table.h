// A hash table of entries that grows and shrinks a little at a time and can be walked meanwhile.
//
//     bucket: 64 bytes, one cache line
//     chained 1 | tags 7 x 1 | entries 7 x 8          the tag is the top byte of the key's hash;
//                              the last is the next   most keys that are not there are told by it
//                              bucket if chained      without following a pointer
//
// When the table is too full or too empty a second array of buckets is made and each change moves
// one bucket of the first into it: buckets below moved_ have gone. A key is therefore in exactly
// one place, and no single call moves more than a bounded number of entries.
//
// Scan() gives every entry that is there from its first to its last call at least once, whatever is
// inserted, erased, grown or shrunk in between. Its cursor counts with its bits reversed, so that
// the buckets into which one bucket was split or merged follow each other. Source of the idea:
// Pieter Noordhuis, as redis 7.0.15 src/dict.c describes it above dictScan.
//
// Entry* returned from here points into a bucket; Insert, Erase, Step and Clear make it stale.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/core/store/entry.h"

namespace keyhole::store {

class EntryTable {
 public:
  EntryTable() = default;
  EntryTable(const EntryTable&) = delete;
  EntryTable& operator=(const EntryTable&) = delete;
  ~EntryTable() { Clear(); }

  static uint64_t Hash(std::string_view key);

  // The slot that holds the key, or null. `hash` is Hash(key).
  Entry* Find(std::string_view key, uint64_t hash) const;
  // Takes the entry over. Its key must not be there.
  Entry* Insert(Entry entry, uint64_t hash);
  // Empties a slot; the entry is the caller's. Does not resize, so other slots stay valid.
  Entry Take(Entry* slot);
  // Starts shrinking if that pays; goes on with a resize under way by `buckets` buckets.
  void Step(size_t buckets);
  // Destroys all entries.
  void Clear();
  void Swap(EntryTable& other);

  // Calls f(Entry*) for the entries of the next part of the table. f may Take() them. Returns the
  // cursor to go on with; 0 begins and ends.
  template <typename F>
  uint64_t Scan(uint64_t cursor, F&& f) const;

  // Some entry, about evenly chosen; null if empty. `*random` is the state of a generator.
  Entry* Random(uint64_t* random) const;

  size_t size() const { return size_; }
  size_t bucket_count() const { return arrays_[0].count + arrays_[1].count; }
  bool resizing() const { return arrays_[1].count != 0; }
  size_t memory() const { return (bucket_count() + children_) * sizeof(Bucket); }

 private:
  static constexpr size_t kSlots = 7;
  static constexpr size_t kMinBuckets = 4;
  static constexpr size_t kMaxMeanLoad = 5;  // grow beyond; one bucket in eight is chained then

  struct alignas(64) Bucket {
    uint8_t chained = 0;
    uint8_t tags[kSlots] = {};
    Entry entries[kSlots];

    size_t slots() const { return chained != 0 ? kSlots - 1 : kSlots; }
    Bucket* next() const {
      return chained != 0 ? reinterpret_cast<Bucket*>(entries[kSlots - 1].raw()) : nullptr;
    }
  };
  static_assert(sizeof(Bucket) == 64);

  // Memory comes zeroed from calloc, which for large arrays touches nothing.
  struct Array {
    void* block = nullptr;
    Bucket* buckets = nullptr;
    size_t count = 0;  // a power of two, or 0
    uint64_t mask() const { return count - 1; }
  };

  static Array MakeArray(size_t count);
  static uint64_t NextCursor(uint64_t cursor, uint64_t mask);
  Bucket& BucketOf(uint64_t hash) const;
  Entry* Place(Bucket* bucket, Entry entry, uint64_t hash);
  void MoveBucket(Bucket* bucket);
  void FreeChain(Bucket* bucket);
  void Resize(size_t buckets);
  template <typename F>
  static void Visit(Bucket& first, F&& f);

  Array arrays_[2];   // [1] only while resizing
  size_t moved_ = 0;  // buckets of arrays_[0] that are in arrays_[1] by now
  size_t size_ = 0;
  size_t children_ = 0;  // buckets beyond the arrays, in chains
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
uint64_t EntryTable::Scan(uint64_t cursor, F&& f) const {
  if (size_ == 0) return 0;
  if (!resizing()) {
    Visit(arrays_[0].buckets[cursor & arrays_[0].mask()], f);
    return NextCursor(cursor, arrays_[0].mask());
  }
  // One bucket of the smaller array, and all those of the larger that it splits into or is merged
  // from; then it does not matter which of them have been moved.
  const bool growing = arrays_[0].count < arrays_[1].count;
  const Array& small = arrays_[growing ? 0 : 1];
  const Array& large = arrays_[growing ? 1 : 0];
  Visit(small.buckets[cursor & small.mask()], f);
  do {
    Visit(large.buckets[cursor & large.mask()], f);
    cursor = NextCursor(cursor, large.mask());
  } while ((cursor & (small.mask() ^ large.mask())) != 0);
  return cursor;
}

}  // namespace keyhole::store
