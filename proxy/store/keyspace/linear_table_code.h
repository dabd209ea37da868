// What linear_table.h declares; for those who instantiate it.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>

#include "proxy/base/random.h"
#include "proxy/store/keyspace/linear_table.h"

namespace keyhole::store {

namespace linear_table {

inline uint64_t ReverseBits(uint64_t v) {
  v = ((v >> 1) & 0x5555555555555555U) | ((v & 0x5555555555555555U) << 1);
  v = ((v >> 2) & 0x3333333333333333U) | ((v & 0x3333333333333333U) << 2);
  v = ((v >> 4) & 0x0F0F0F0F0F0F0F0FU) | ((v & 0x0F0F0F0F0F0F0F0FU) << 4);
  return __builtin_bswap64(v);
}

inline uint8_t TagOf(uint64_t hash) {
  return static_cast<uint8_t>(hash >> 56);
}

// A bit in the high end of each byte of `word` that equals `tag`; bytes above a true one may be
// marked wrongly, so the caller compares keys. Source: Hacker's Delight, 6-1.
inline uint64_t MatchBytes(uint64_t word, uint8_t tag) {
  constexpr uint64_t kOnes = 0x0101010101010101U;
  const uint64_t x = word ^ (kOnes * tag);
  return (x - kOnes) & ~x & (kOnes << 7);
}

// The same for the tags of a bucket, which begins with one byte that is none.
inline uint64_t MatchTags(const void* bucket, uint8_t tag) {
  uint64_t word;
  std::memcpy(&word, bucket, sizeof(word));
  return MatchBytes(word, tag) & ~uint64_t{0xFF};
}

// The first place that is marked. REQUIRES: there is one.
inline size_t FirstPlace(uint64_t match) {
  return static_cast<size_t>(std::countr_zero(match)) / 8 - 1;
}

}  // namespace linear_table

template <typename E, typename Buckets>
E* LinearTable<E, Buckets>::Find(std::string_view key, uint64_t hash) const {
  if (size_ == 0) return nullptr;
  const uint8_t tag = linear_table::TagOf(hash);
  for (Bucket* bucket = &At(IndexOf(hash)); bucket != nullptr; bucket = bucket->next()) {
    for (uint64_t match = linear_table::MatchTags(bucket, tag); match != 0; match &= match - 1) {
      const size_t i = linear_table::FirstPlace(match);
      if (i >= bucket->slots()) break;
      const E entry = bucket->entries[i];
      if (entry && entry.key() == key) return &bucket->entries[i];
    }
  }
  return nullptr;
}

template <typename E, typename Buckets>
void LinearTable<E, Buckets>::FetchEntry(uint64_t hash) const {
  if (size_ == 0) return;
  const Bucket& bucket = At(IndexOf(hash));
  const uint64_t match = linear_table::MatchTags(&bucket, linear_table::TagOf(hash));
  if (match == 0) return;
  const char* const bytes = bucket.entries[linear_table::FirstPlace(match)].raw();
  if (bytes == nullptr) return;  // an entry that has gone leaves its tag
  __builtin_prefetch(bytes);
  __builtin_prefetch(bytes + sizeof(Bucket));  // most entries reach into a second line
}

template <typename E, typename Buckets>
E* LinearTable<E, Buckets>::Insert(E entry, uint64_t hash) {
  while (count_ < kMinBuckets) AddBucket();
  if (size_ >= count_ * kMaxMeanLoad) AddBucket();
  ++size_;
  return Place(&At(IndexOf(hash)), entry, hash);
}

// Fills the first hole of a chain; makes the chain longer if there is none.
template <typename E, typename Buckets>
E* LinearTable<E, Buckets>::Place(Bucket* bucket, E entry, uint64_t hash) {
  for (;;) {
    for (size_t i = 0; i < bucket->slots(); ++i) {
      if (bucket->entries[i]) continue;
      bucket->entries[i] = entry;
      bucket->tags[i] = linear_table::TagOf(hash);
      return &bucket->entries[i];
    }
    if (bucket->chained == 0) {
      Bucket* const child = buckets_.NewChild();
      ++children_;
      child->entries[0] = bucket->entries[kSlots - 1];
      child->tags[0] = bucket->tags[kSlots - 1];
      bucket->entries[kSlots - 1] = E(reinterpret_cast<char*>(child));
      bucket->chained = 1;
    }
    bucket = bucket->next();
  }
}

template <typename E, typename Buckets>
E LinearTable<E, Buckets>::Take(E* slot) {
  const E entry = *slot;
  *slot = E();
  --size_;
  return entry;
}

template <typename E, typename Buckets>
void LinearTable<E, Buckets>::SetCount(size_t count) {
  count_ = count;
  mask_ = std::bit_ceil(count) - 1;
}

// The new one gets its part of the bucket that it splits.
template <typename E, typename Buckets>
void LinearTable<E, Buckets>::AddBucket() {
  if (count_ == buckets_.room()) buckets_.Grow(count_);
  SetCount(count_ + 1);
  const size_t index = count_ - 1;
  if (index == 0) return;
  Spread(&At(index & (mask_ >> 1)));
}

// The last one joins the bucket that it was split from.
template <typename E, typename Buckets>
void LinearTable<E, Buckets>::RemoveBucket() {
  Bucket* const last = &At(count_ - 1);
  SetCount(count_ - 1);
  Spread(last);
  buckets_.Shrink(count_);
}

// Empties a bucket and puts its entries where they belong by now.
template <typename E, typename Buckets>
void LinearTable<E, Buckets>::Spread(Bucket* bucket) {
  const Bucket copy = *bucket;
  *bucket = Bucket();
  for (const Bucket* from = &copy; from != nullptr;) {
    for (size_t i = 0; i < from->slots(); ++i) {
      if (!from->entries[i]) continue;
      const uint64_t hash = Hash(from->entries[i].key());
      Place(&At(IndexOf(hash)), from->entries[i], hash);
    }
    const Bucket* const next = from->next();
    if (from != &copy) {
      buckets_.FreeChild(const_cast<Bucket*>(from));
      --children_;
    }
    from = next;
  }
}

template <typename E, typename Buckets>
void LinearTable<E, Buckets>::Step(size_t buckets) {
  for (; buckets > 0 && count_ > kMinBuckets && size_ < count_ * kMinMeanLoad; --buckets) {
    RemoveBucket();
  }
}

template <typename E, typename Buckets>
void LinearTable<E, Buckets>::Clear(Heap& heap) {
  for (size_t i = 0; i < count_; ++i) {
    Visit(At(i), [&heap](const E* entry) { E::Destroy(*entry, heap); });
    FreeChildren(At(i));
  }
  buckets_.Free();
  count_ = 0;
  mask_ = 0;
  size_ = 0;
  children_ = 0;
}

template <typename E, typename Buckets>
void LinearTable<E, Buckets>::Swap(LinearTable& other) {
  buckets_.Swap(other.buckets_);
  std::swap(count_, other.count_);
  std::swap(mask_, other.mask_);
  std::swap(size_, other.size_);
  std::swap(children_, other.children_);
}

template <typename E, typename Buckets>
uint64_t LinearTable<E, Buckets>::NextCursor(uint64_t cursor, uint64_t mask) {
  return linear_table::ReverseBits(linear_table::ReverseBits(cursor | ~mask) + 1);
}

template <typename E, typename Buckets>
E* LinearTable<E, Buckets>::Random(uint64_t* random) const {
  // A place among so many in a bucket, whether it has so many entries or not: so an entry of a full
  // bucket is as likely as one that is alone.
  constexpr size_t kPlaces = 16;
  if (size_ == 0) return nullptr;
  for (;;) {
    Bucket& bucket = At(NextRandom(random) % count_);
    size_t count = 0;
    Visit(bucket, [&count](E*) { ++count; });
    size_t chosen = NextRandom(random) % (count > kPlaces ? count : kPlaces);
    if (chosen >= count) continue;
    E* found = nullptr;
    Visit(bucket, [&](E* entry) {
      if (chosen-- == 0) found = entry;
    });
    return found;
  }
}

// The buckets of a chain but for its first.
template <typename E, typename Buckets>
void LinearTable<E, Buckets>::FreeChildren(Bucket& first) {
  for (Bucket* child = first.next(); child != nullptr;) {
    Bucket* const next = child->next();
    buckets_.FreeChild(child);
    --children_;
    child = next;
  }
}

}  // namespace keyhole::store
