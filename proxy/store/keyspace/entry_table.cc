#include "proxy/store/keyspace/entry_table.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "proxy/base/random.h"

namespace keyhole::store {

namespace {

uint64_t ReverseBits(uint64_t v) {
  v = ((v >> 1) & 0x5555555555555555U) | ((v & 0x5555555555555555U) << 1);
  v = ((v >> 2) & 0x3333333333333333U) | ((v & 0x3333333333333333U) << 2);
  v = ((v >> 4) & 0x0F0F0F0F0F0F0F0FU) | ((v & 0x0F0F0F0F0F0F0F0FU) << 4);
  return __builtin_bswap64(v);
}

uint8_t TagOf(uint64_t hash) {
  return static_cast<uint8_t>(hash >> 56);
}

// A bit in the high end of each byte of `word` that equals `tag`; bytes above a true one may be
// marked wrongly, so the caller compares keys. Source: Hacker's Delight, 6-1.
uint64_t MatchBytes(uint64_t word, uint8_t tag) {
  constexpr uint64_t kOnes = 0x0101010101010101U;
  const uint64_t x = word ^ (kOnes * tag);
  return (x - kOnes) & ~x & (kOnes << 7);
}

// The same for the tags of a bucket, which begins with one byte that is none.
uint64_t MatchTags(const void* bucket, uint8_t tag) {
  uint64_t word;
  std::memcpy(&word, bucket, sizeof(word));
  return MatchBytes(word, tag) & ~uint64_t{0xFF};
}

// The first place that is marked. REQUIRES: there is one.
size_t FirstPlace(uint64_t match) {
  return static_cast<size_t>(std::countr_zero(match)) / 8 - 1;
}

}  // namespace

Entry* EntryTable::Find(std::string_view key, uint64_t hash) const {
  if (size_ == 0) return nullptr;
  const uint8_t tag = TagOf(hash);
  for (Bucket* bucket = &At(IndexOf(hash)); bucket != nullptr; bucket = bucket->next()) {
    for (uint64_t match = MatchTags(bucket, tag); match != 0; match &= match - 1) {
      const size_t i = FirstPlace(match);
      if (i >= bucket->slots()) break;
      const Entry entry = bucket->entries[i];
      if (entry && entry.key() == key) return &bucket->entries[i];
    }
  }
  return nullptr;
}

void EntryTable::FetchEntry(uint64_t hash) const {
  if (size_ == 0) return;
  const Bucket& bucket = At(IndexOf(hash));
  const uint64_t match = MatchTags(&bucket, TagOf(hash));
  if (match == 0) return;
  const char* const bytes = bucket.entries[FirstPlace(match)].raw();
  if (bytes == nullptr) return;  // an entry that has gone leaves its tag
  __builtin_prefetch(bytes);
  __builtin_prefetch(bytes + sizeof(Bucket));  // most entries reach into a second line
}

Entry* EntryTable::Insert(Entry entry, uint64_t hash) {
  while (count_ < kMinBuckets) AddBucket();
  if (size_ >= count_ * kMaxMeanLoad) AddBucket();
  ++size_;
  return Place(&At(IndexOf(hash)), entry, hash);
}

// Fills the first hole of a chain; makes the chain longer if there is none.
Entry* EntryTable::Place(Bucket* bucket, Entry entry, uint64_t hash) {
  for (;;) {
    for (size_t i = 0; i < bucket->slots(); ++i) {
      if (bucket->entries[i]) continue;
      bucket->entries[i] = entry;
      bucket->tags[i] = TagOf(hash);
      return &bucket->entries[i];
    }
    if (bucket->chained == 0) {
      auto* child = new Bucket();
      ++children_;
      child->entries[0] = bucket->entries[kSlots - 1];
      child->tags[0] = bucket->tags[kSlots - 1];
      bucket->entries[kSlots - 1] = Entry(reinterpret_cast<char*>(child));
      bucket->chained = 1;
    }
    bucket = bucket->next();
  }
}

Entry EntryTable::Take(Entry* slot) {
  const Entry entry = *slot;
  *slot = Entry();
  --size_;
  return entry;
}

void EntryTable::UnmapSegment(Bucket* segment) {
  UnmapSpace(reinterpret_cast<char*>(segment), kSegmentBuckets * sizeof(Bucket));
}

void EntryTable::Grow() {
  if (room_ < kSegmentBuckets) {
    return ResizeFirstSegment(std::min(room_ + room_ / 4 + kMinBuckets, kSegmentBuckets));
  }
  char* const segment = MapSpace(kSegmentBuckets * sizeof(Bucket));
  segments_.push_back(reinterpret_cast<Bucket*>(segment));  // zeroed, which is what empty ones are
  room_ += kSegmentBuckets;
}

// Some room is kept, so that a table that stays about the same does not ask for it again and again.
void EntryTable::Shrink() {
  if (room_ <= kSegmentBuckets) {
    if (count_ * 2 <= room_) ResizeFirstSegment(count_ + count_ / 4);
  } else if (count_ + kSegmentBuckets * 3 / 2 <= room_) {
    UnmapSegment(segments_.back());
    segments_.pop_back();
    room_ -= kSegmentBuckets;
  }
}

void EntryTable::ResizeFirstSegment(size_t room) {
  void* const fresh = std::aligned_alloc(sizeof(Bucket), room * sizeof(Bucket));
  if (fresh == nullptr) throw std::bad_alloc();
  const size_t kept = std::min(room, count_) * sizeof(Bucket);
  if (segments_.empty()) segments_.push_back(nullptr);
  if (kept > 0) std::memcpy(fresh, segments_[0], kept);
  std::memset(static_cast<char*>(fresh) + kept, 0, room * sizeof(Bucket) - kept);
  std::free(segments_[0]);
  segments_[0] = static_cast<Bucket*>(fresh);
  room_ = room;
}

void EntryTable::FreeSegments() {
  for (size_t i = 1; i < segments_.size(); ++i) {
    UnmapSegment(segments_[i]);
  }
  if (!segments_.empty()) std::free(segments_[0]);
  segments_.clear();
  room_ = 0;
}

void EntryTable::SetCount(size_t count) {
  count_ = count;
  mask_ = std::bit_ceil(count) - 1;
}

// The new one gets its part of the bucket that it splits.
void EntryTable::AddBucket() {
  if (count_ == room_) Grow();
  SetCount(count_ + 1);
  const size_t index = count_ - 1;
  if (index == 0) return;
  Spread(&At(index & (mask_ >> 1)));
}

// The last one joins the bucket that it was split from.
void EntryTable::RemoveBucket() {
  Bucket* const last = &At(count_ - 1);
  SetCount(count_ - 1);
  Spread(last);
  Shrink();
}

// Empties a bucket and puts its entries where they belong by now.
void EntryTable::Spread(Bucket* bucket) {
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
      delete from;
      --children_;
    }
    from = next;
  }
}

void EntryTable::Step(size_t buckets) {
  for (; buckets > 0 && count_ > kMinBuckets && size_ < count_ * kMinMeanLoad; --buckets) {
    RemoveBucket();
  }
}

void EntryTable::Clear(Heap& heap) {
  for (size_t i = 0; i < count_; ++i) {
    Visit(At(i), [&heap](const Entry* entry) { Entry::Destroy(*entry, heap); });
    for (Bucket* child = At(i).next(); child != nullptr;) {
      Bucket* const next = child->next();
      delete child;
      child = next;
    }
  }
  FreeSegments();
  count_ = 0;
  mask_ = 0;
  size_ = 0;
  children_ = 0;
}

void EntryTable::Swap(EntryTable& other) {
  std::swap(segments_, other.segments_);
  std::swap(room_, other.room_);
  std::swap(count_, other.count_);
  std::swap(mask_, other.mask_);
  std::swap(size_, other.size_);
  std::swap(children_, other.children_);
}

uint64_t EntryTable::NextCursor(uint64_t cursor, uint64_t mask) {
  return ReverseBits(ReverseBits(cursor | ~mask) + 1);
}

Entry* EntryTable::Random(uint64_t* random) const {
  // A place among so many in a bucket, whether it has so many entries or not: so an entry of a full
  // bucket is as likely as one that is alone.
  constexpr size_t kPlaces = 16;
  if (size_ == 0) return nullptr;
  for (;;) {
    Bucket& bucket = At(NextRandom(random) % count_);
    size_t count = 0;
    Visit(bucket, [&count](Entry*) { ++count; });
    size_t chosen = NextRandom(random) % (count > kPlaces ? count : kPlaces);
    if (chosen >= count) continue;
    Entry* found = nullptr;
    Visit(bucket, [&](Entry* entry) {
      if (chosen-- == 0) found = entry;
    });
    return found;
  }
}

}  // namespace keyhole::store
