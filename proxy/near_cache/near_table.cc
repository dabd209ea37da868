#include "proxy/near_cache/near_table.h"

namespace keyhole::core {

void NearTable::Fifo::Push(NearEntry& entry) {
  entry.newer = nullptr;
  entry.older = newest;
  (newest == nullptr ? oldest : newest->newer) = &entry;
  newest = &entry;
  bytes += entry.bytes();
}

void NearTable::Fifo::Remove(NearEntry& entry) {
  (entry.newer == nullptr ? newest : entry.newer->older) = entry.older;
  (entry.older == nullptr ? oldest : entry.older->newer) = entry.newer;
  bytes -= entry.bytes();
}

// What the table takes once it holds one more: it doubles when seven eighths are full.
size_t NearTable::BytesAfterGrowth() const {
  const size_t slots = table_.capacity();
  const bool grows = table_.size() + 1 > slots - slots / 8;
  return TableBytes(grows ? 2 * slots + 1 : slots);
}

NearEntry* NearTable::Insert(const resp::HashedKey& key, std::string_view reply, bool is_null) {
  NearEntry* const old = Find(key);
  const size_t bytes = NearEntry::BytesFor(key.bytes.size(), reply.size());
  auto queue = NearEntry::Queue::kSmall;
  uint8_t uses = 0;
  if (old != nullptr) {  // the same key, as good as before
    queue = old->queue;
    uses = old->uses;
    Erase(*old);
  }
  // One that would push out the whole small queue pushes out nobody.
  if (bytes > budget_ / 10) return nullptr;
  while (entry_bytes_ + bytes + BytesAfterGrowth() > budget_) {
    if (!EvictOne()) return nullptr;
  }
  NearEntry* const entry = NearEntry::Make(key, reply, is_null);
  entry->queue = queue;
  entry->uses = uses;
  table_.insert(Slot(entry));
  QueueOf(*entry).Push(*entry);
  entry_bytes_ += bytes;
  return entry;
}

void NearTable::Erase(NearEntry& entry) {
  table_.erase(Slot(&entry));
  QueueOf(entry).Remove(entry);
  entry_bytes_ -= entry.bytes();
  NearEntry::Free(&entry);
}

void NearTable::Clear() {
  for (const Slot slot : table_) NearEntry::Free(slot.entry());
  Set().swap(table_);
  small_ = main_ = Fifo();
  entry_bytes_ = 0;
}

// Makes room, by one entry or by moving one on. False: there is none.
bool NearTable::EvictOne() {
  const bool from_small =
      small_.oldest != nullptr && (small_.bytes >= budget_ / 10 || main_.oldest == nullptr);
  Fifo& queue = from_small ? small_ : main_;
  NearEntry* const entry = queue.oldest;
  if (entry == nullptr) return false;
  if (entry->uses == 0) {
    Evict(*entry);
    return true;
  }
  queue.Remove(*entry);
  entry->uses = from_small ? uint8_t{0} : static_cast<uint8_t>(entry->uses - 1);
  entry->queue = NearEntry::Queue::kMain;
  main_.Push(*entry);
  return true;
}

void NearTable::Evict(NearEntry& entry) {
  Erase(entry);
  ++evictions_;
}

}  // namespace keyhole::core
