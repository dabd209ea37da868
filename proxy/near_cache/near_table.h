// The entries of one near cache, bounded in bytes, with the policy that says who goes: S3-FIFO
// (J. Yang and others, "FIFO queues are all you need for cache eviction", SOSP 2023).
//
//     new --> | small: a tenth of the bytes | --used since--> | main | --used--> again,
//                  | not used                                   |                one use less
//                  v gone                                       v not used: gone
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

#include <cassert>
#include <cstddef>
#include <cstdint>

#include "absl/container/flat_hash_set.h"
#include "proxy/near_cache/near_entry.h"
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
    return it == table_.end() ? nullptr : it->entry();
  }
  // Both have the processor fetch what Find() and serving will look at, and wait for nothing: first
  // the slot, then, when that should have come, the entry.
  void FetchSlot(const resp::HashedKey& key) const { table_.prefetch(key); }
  void FetchEntry(const resp::HashedKey& key) const {
    const auto it = table_.find(Looking{key.hash});
    if (it == table_.end()) return;
    const char* const bytes = reinterpret_cast<const char*>(it->entry());
    for (size_t line = 0; line < 3; ++line) __builtin_prefetch(bytes + 64 * line);
  }
  static void NoteUse(NearEntry& entry) {
    if (entry.uses < kMostUses) ++entry.uses;
    ++entry.hits;
  }
  // Puts it in the place of what was there. Null if it is too large to be kept.
  NearEntry* Insert(const resp::HashedKey& key, std::string_view reply, bool is_null);
  void Erase(NearEntry& entry);
  void Clear();
  // REQUIRES: it is empty.
  void set_budget(size_t budget) { budget_ = budget; }
  // Calls f(NearEntry&) for each; f may erase the one it is given, but no other.
  template <typename F>
  void ForEach(F&& f) {
    for (auto it = table_.begin(); it != table_.end();) f(*(it++)->entry());
  }

  size_t size() const { return table_.size(); }
  size_t bytes() const { return entry_bytes_ + TableBytes(table_.capacity()); }
  uint64_t evictions() const { return evictions_; }

 private:
  static constexpr uint8_t kMostUses = 3;

  // Where an entry is, and a part of its key's hash, by which others are told from it without
  // looking there. Linux gives no process addresses of more than 48 bits that has not asked for
  // them, and no allocator here (glibc's, without memory tagging) tags its own.
  //
  //     | hash's top 16 | address 48 |
  class Slot {
   public:
    explicit Slot(NearEntry* entry)
        : bits_(reinterpret_cast<uintptr_t>(entry) | TagOf(entry->hash)) {
      assert(this->entry() == entry);
    }
    NearEntry* entry() const { return reinterpret_cast<NearEntry*>(bits_ & kAddress); }
    bool HasTagOf(uint64_t hash) const { return (bits_ & ~kAddress) == TagOf(hash); }
    friend bool operator==(Slot, Slot) = default;

   private:
    static constexpr uint64_t kAddress = (uint64_t{1} << 48) - 1;
    static uint64_t TagOf(uint64_t hash) { return hash & ~kAddress; }
    uint64_t bits_;
  };
  // Any entry that has this tag will do. To find one that is not there does no harm: it is only
  // fetched. The set asks of its functions no more than that what is there is found.
  struct Looking {
    uint64_t hash;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(const resp::HashedKey& key) const { return key.hash; }
    size_t operator()(Looking looking) const { return looking.hash; }
    size_t operator()(Slot slot) const { return slot.entry()->hash; }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(Slot a, Slot b) const { return a == b; }
    bool operator()(Slot a, const resp::HashedKey& b) const {
      return a.HasTagOf(b.hash) && a.entry()->hash == b.hash && a.entry()->key() == b.bytes;
    }
    bool operator()(Slot a, Looking b) const { return a.HasTagOf(b.hash); }
  };
  // First in, first out.
  struct Fifo {
    NearEntry* newest = nullptr;
    NearEntry* oldest = nullptr;
    size_t bytes = 0;

    void Push(NearEntry& entry);
    void Remove(NearEntry& entry);
  };

  static size_t TableBytes(size_t slots) { return slots * (sizeof(Slot) + 1); }
  size_t BytesAfterGrowth() const;
  Fifo& QueueOf(const NearEntry& entry) {
    return entry.queue == NearEntry::Queue::kSmall ? small_ : main_;
  }
  bool EvictOne();
  void Evict(NearEntry& entry);

  size_t budget_;
  using Set = absl::flat_hash_set<Slot, Hash, Equal>;
  Set table_;
  Fifo small_;
  Fifo main_;
  size_t entry_bytes_ = 0;
  uint64_t evictions_ = 0;
};

}  // namespace keyhole::core
