// A hash table that grows and shrinks by one bucket at a time and can be walked meanwhile. What it
// holds are handles of 8 bytes (E: Entry, Item); where its buckets lie is `Buckets`' (buckets.h).
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
//
// Scan() gives every entry that is there from its first to its last call at least once, whatever is
// inserted, erased, grown or shrunk in between. Its cursor counts with its bits reversed, so that
// the buckets into which one bucket was split or merged follow each other. Source of the idea:
// Pieter Noordhuis, as redis 7.0.15 src/dict.c describes it above dictScan.
//
// E* returned from here points into a bucket; Insert, Erase, Step and Clear make it stale.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "proxy/store/keyspace/buckets.h"
#include "resp/hashed_key.h"

namespace keyhole::store {

template <typename E, typename Buckets>
class LinearTable {
 public:
  explicit LinearTable(Buckets buckets = Buckets()) : buckets_(std::move(buckets)) {}
  LinearTable(const LinearTable&) = delete;
  LinearTable& operator=(const LinearTable&) = delete;
  // Elements that are still there are destroyed as those of the buckets' heap.
  ~LinearTable() { Clear(); }

  static uint64_t Hash(std::string_view key) { return resp::HashOfKey(key); }

  // The slot that holds the key, or null. `hash` is Hash(key).
  E* Find(std::string_view key, uint64_t hash) const;
  // Both have the processor fetch what Find() will read, and wait for nothing: first the bucket,
  // then, when that should have come, the entry.
  void FetchBucket(uint64_t hash) const {
    if (size_ != 0) __builtin_prefetch(&At(IndexOf(hash)));
  }
  void FetchEntry(uint64_t hash) const;
  // Takes the entry over. Its key must not be there.
  E* Insert(E entry, uint64_t hash);
  // Empties a slot; the entry is the caller's. Does not resize, so other slots stay valid.
  E Take(E* slot);
  // Takes away up to `buckets` buckets, if there are many for so few entries.
  void Step(size_t buckets);
  // Destroys all entries, which are of this heap.
  void Clear(Heap& heap);
  void Clear() { Clear(buckets_.heap()); }
  // Takes up to `buckets` buckets away, from the last on, with what is in them: calls f(E) for each
  // element, which is the caller's. Nothing else may be asked of the table from then on but
  // size(), memory() and this. False if it is empty.
  template <typename F>
  bool Drain(size_t buckets, F&& f);
  void Swap(LinearTable& other);

  // Calls f(E*) for the entries of the next part of the table. f may Take() them. Returns the
  // cursor to go on with; 0 begins and ends.
  template <typename F>
  uint64_t Scan(uint64_t cursor, F&& f) const;

  // Calls f(E*) for the entries of `count` buckets from `first` on, in the order in which they
  // lie in memory. f must leave the table as it is. Returns where to go on; 0 begins and ends.
  template <typename F>
  size_t VisitBuckets(size_t first, size_t count, F&& f) const;

  // Some entry, about evenly chosen; null if empty. `*random` is the state of a generator.
  E* Random(uint64_t* random) const;

  size_t size() const { return size_; }
  size_t bucket_count() const { return count_; }
  size_t memory() const { return buckets_.memory(count_) + children_ * Buckets::kChildCost; }
  Buckets& buckets() { return buckets_; }

 private:
  using Bucket = typename Buckets::B;
  static_assert(sizeof(Bucket) == kBucketSize);
  static constexpr size_t kSlots = Bucket::kSlots;
  static constexpr size_t kMaxMeanLoad = 5;  // grow beyond; one bucket in six is chained then
  static constexpr size_t kMinMeanLoad = 3;  // shrink below

  static uint64_t NextCursor(uint64_t cursor, uint64_t mask);
  Bucket& At(size_t index) const { return buckets_.At(index); }
  size_t IndexOf(uint64_t hash) const {
    const size_t index = hash & mask_;
    return index < count_ ? index : hash & (mask_ >> 1);
  }
  E* Place(Bucket* bucket, E entry, uint64_t hash);
  void FreeChildren(Bucket& first);
  void SetCount(size_t count);
  void AddBucket();
  void RemoveBucket();
  void Spread(Bucket* bucket);
  template <typename F>
  static void Visit(Bucket& first, F&& f);

  Buckets buckets_;
  size_t count_ = 0;   // buckets
  uint64_t mask_ = 0;  // what names the last of them, rounded up to 2^n - 1
  size_t size_ = 0;
  size_t children_ = 0;  // buckets beyond the segments, in chains
};

template <typename E, typename Buckets>
template <typename F>
void LinearTable<E, Buckets>::Visit(Bucket& first, F&& f) {
  for (Bucket* bucket = &first; bucket != nullptr; bucket = bucket->next()) {
    for (size_t i = 0; i < bucket->slots(); ++i) {
      if (bucket->entries[i]) f(&bucket->entries[i]);
    }
  }
}

template <typename E, typename Buckets>
template <typename F>
size_t LinearTable<E, Buckets>::VisitBuckets(size_t first, size_t count, F&& f) const {
  const size_t end = std::min(count_, first + count);
  for (size_t i = first; i < end; ++i) Visit(At(i), f);
  return end >= count_ ? 0 : end;
}

template <typename E, typename Buckets>
template <typename F>
uint64_t LinearTable<E, Buckets>::Scan(uint64_t cursor, F&& f) const {
  if (size_ == 0) return 0;
  // A bucket as the shorter mask names it, with the one that it has been split into.
  const bool even = count_ == mask_ + 1;
  const uint64_t mask = even ? mask_ : mask_ >> 1;
  const size_t index = cursor & mask;
  Visit(At(index), f);
  if (!even && index + mask + 1 < count_) Visit(At(index + mask + 1), f);
  return NextCursor(cursor, mask);
}

template <typename E, typename Buckets>
template <typename F>
bool LinearTable<E, Buckets>::Drain(size_t buckets, F&& f) {
  for (; buckets > 0 && count_ > 0; --buckets) {
    Bucket& last = At(count_ - 1);
    Visit(last, [&](E* slot) { f(Take(slot)); });
    FreeChildren(last);
    last = Bucket();
    SetCount(count_ - 1);
    if (count_ > 0) buckets_.Shrink(count_);
  }
  if (count_ > 0) return true;
  buckets_.Free();
  return false;
}

}  // namespace keyhole::store
