// The entries of one near cache, bounded in bytes, with the policy that says who goes: S3-FIFO
// (J. Yang and others, "FIFO queues are all you need for cache eviction", SOSP 2023).
//
//     new --> | small: a tenth of the bytes | --used since--> | main | --used--> again, one use
//     less
//                  | not used                                   | not used
//                  v gone                                       v gone
//
// A use is a count of two bits in the entry: nothing is relinked when one is served. The third
// queue of the policy, the ghost of keys that were lately asked for, is NearGhost: it decides who
// comes in at all.
//
// All that the cache takes is counted: entries with what the allocator adds, and the table. Before
// one comes in, others go until it fits.
//
// Thread: its worker's. Cost: Find and Insert one probe each.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/container/flat_hash_set.h"
#include "proxy/core/near_cache/near_entry.h"
#include "resp/hashed_key.h"

namespace keyhole::core {

class NearTable {
 public:
  explicit NearTable(size_t budget) : budget_(budget) {}
  ~NearTable() { Clear(); }
  NearTable(const NearTable&) = delete;
  NearTable& operator=(const NearTable&) = delete;

  // Null if it is not there. Does not count as a use.
  NearEntry* Find(const resp::HashedKey& key) const {
    const auto it = table_.find(key);
    return it == table_.end() ? nullptr : *it;
  }
  // Has the processor fetch what Find() will look at first, and waits for nothing.
  void Fetch(const resp::HashedKey& key) const { table_.prefetch(key); }
  static void NoteUse(NearEntry& entry) {
    if (entry.uses < kMostUses) ++entry.uses;
    ++entry.hits;
  }
  // Puts it in the place of what was there. Null if it is too large to be kept.
  NearEntry* Insert(const resp::HashedKey& key, std::string_view reply, bool is_null);
  void Erase(NearEntry& entry);
  void Clear();
  // Calls f(NearEntry&) for each; f may erase the one it is given, but no other.
  template <typename F>
  void ForEach(F&& f) {
    for (auto it = table_.begin(); it != table_.end();) f(**it++);
  }

  size_t size() const { return table_.size(); }
  size_t bytes() const { return entry_bytes_ + TableBytes(table_.capacity()); }
  uint64_t evictions() const { return evictions_; }

 private:
  static constexpr uint8_t kMostUses = 3;

  struct Hash {
    using is_transparent = void;
    size_t operator()(const resp::HashedKey& key) const { return key.hash; }
    size_t operator()(const NearEntry* entry) const { return entry->hash; }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const NearEntry* a, const NearEntry* b) const { return a == b; }
    bool operator()(const NearEntry* a, const resp::HashedKey& b) const {
      return a->hash == b.hash && a->key() == b.bytes;
    }
  };
  // First in, first out.
  struct Fifo {
    NearEntry* newest = nullptr;
    NearEntry* oldest = nullptr;
    size_t bytes = 0;

    void Push(NearEntry& entry);
    void Remove(NearEntry& entry);
  };

  static size_t TableBytes(size_t slots) { return slots * (sizeof(NearEntry*) + 1); }
  size_t BytesAfterGrowth() const;
  Fifo& QueueOf(const NearEntry& entry) {
    return entry.queue == NearEntry::Queue::kSmall ? small_ : main_;
  }
  bool EvictOne();
  void Evict(NearEntry& entry);

  const size_t budget_;
  absl::flat_hash_set<NearEntry*, Hash, Equal> table_;
  Fifo small_;
  Fifo main_;
  size_t entry_bytes_ = 0;
  uint64_t evictions_ = 0;
};

}  // namespace keyhole::core
