#include "proxy/core/store/entry_table.h"

#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "proxy/core/store/random.h"

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

}  // namespace

uint64_t EntryTable::Hash(std::string_view key) {
  return absl::Hash<absl::string_view>{}(absl::string_view(key.data(), key.size()));
}

EntryTable::Array EntryTable::MakeArray(size_t count) {
  Array array;
  array.block = std::calloc(count + 1, sizeof(Bucket));
  if (array.block == nullptr) throw std::bad_alloc();
  void* aligned = array.block;
  size_t space = (count + 1) * sizeof(Bucket);
  array.buckets =
      static_cast<Bucket*>(std::align(alignof(Bucket), count * sizeof(Bucket), aligned, space));
  array.count = count;
  return array;
}

EntryTable::Bucket& EntryTable::BucketOf(uint64_t hash) const {
  const uint64_t index = hash & arrays_[0].mask();
  if (index >= moved_) return arrays_[0].buckets[index];
  return arrays_[1].buckets[hash & arrays_[1].mask()];
}

Entry* EntryTable::Find(std::string_view key, uint64_t hash) const {
  if (size_ == 0) return nullptr;
  const uint8_t tag = TagOf(hash);
  for (Bucket* bucket = &BucketOf(hash); bucket != nullptr; bucket = bucket->next()) {
    uint64_t word;
    std::memcpy(&word, bucket, sizeof(word));
    uint64_t match = MatchBytes(word, tag) & ~uint64_t{0xFF};  // the lowest byte is no tag
    for (; match != 0; match &= match - 1) {
      const auto i = static_cast<size_t>(std::countr_zero(match)) / 8 - 1;
      if (i >= bucket->slots()) break;
      const Entry entry = bucket->entries[i];
      if (entry && entry.key() == key) return &bucket->entries[i];
    }
  }
  return nullptr;
}

Entry* EntryTable::Insert(Entry entry, uint64_t hash) {
  if (arrays_[0].count == 0) arrays_[0] = MakeArray(kMinBuckets);
  if (!resizing() && size_ >= arrays_[0].count * kMaxMeanLoad) Resize(arrays_[0].count * 2);
  Step(1);
  ++size_;
  return Place(&BucketOf(hash), entry, hash);
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

void EntryTable::Resize(size_t buckets) {
  arrays_[1] = MakeArray(buckets);
  moved_ = 0;
}

void EntryTable::Step(size_t buckets) {
  if (!resizing()) {
    // Below a tenth of the room. The new size is again far from both limits.
    if (arrays_[0].count <= kMinBuckets || size_ * 10 >= arrays_[0].count * kSlots) return;
    const size_t fitting = std::bit_ceil(size_ / (kMaxMeanLoad / 2) + 1);
    Resize(fitting < kMinBuckets ? kMinBuckets : fitting);
  }
  for (; buckets > 0 && moved_ < arrays_[0].count; --buckets) {
    Bucket* const from = &arrays_[0].buckets[moved_];
    ++moved_;
    MoveBucket(from);
  }
  if (moved_ < arrays_[0].count) return;
  std::free(arrays_[0].block);
  arrays_[0] = arrays_[1];
  arrays_[1] = Array();
  moved_ = 0;
}

void EntryTable::MoveBucket(Bucket* bucket) {
  Visit(*bucket, [this](const Entry* entry) {
    const uint64_t hash = Hash(entry->key());
    Place(&arrays_[1].buckets[hash & arrays_[1].mask()], *entry, hash);
  });
  FreeChain(bucket);
}

// Empties a bucket of an array and frees those chained to it, not their entries.
void EntryTable::FreeChain(Bucket* bucket) {
  for (Bucket* child = bucket->next(); child != nullptr;) {
    Bucket* const next = child->next();
    delete child;
    --children_;
    child = next;
  }
  *bucket = Bucket();
}

void EntryTable::Clear() {
  for (Array& array : arrays_) {
    for (size_t i = 0; i < array.count; ++i) {
      Visit(array.buckets[i], [](const Entry* entry) { Entry::Destroy(*entry); });
      if (array.buckets[i].chained != 0) FreeChain(&array.buckets[i]);
    }
    std::free(array.block);
    array = Array();
  }
  moved_ = 0;
  size_ = 0;
}

void EntryTable::Swap(EntryTable& other) {
  std::swap(arrays_, other.arrays_);
  std::swap(moved_, other.moved_);
  std::swap(size_, other.size_);
  std::swap(children_, other.children_);
}

uint64_t EntryTable::NextCursor(uint64_t cursor, uint64_t mask) {
  return ReverseBits(ReverseBits(cursor | ~mask) + 1);
}

Entry* EntryTable::Random(uint64_t* random) const {
  if (size_ == 0) return nullptr;
  for (;;) {
    const size_t live = arrays_[0].count - moved_;
    const size_t pick = NextRandom(random) % (live + arrays_[1].count);
    Bucket& bucket =
        pick < live ? arrays_[0].buckets[moved_ + pick] : arrays_[1].buckets[pick - live];
    size_t count = 0;
    Visit(bucket, [&count](Entry*) { ++count; });
    if (count == 0) continue;
    size_t chosen = NextRandom(random) % count;
    Entry* found = nullptr;
    Visit(bucket, [&](Entry* entry) {
      if (chosen-- == 0) found = entry;
    });
    return found;
  }
}

}  // namespace keyhole::store
