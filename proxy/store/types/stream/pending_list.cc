#include "proxy/store/types/stream/pending_list.h"

#include <algorithm>

namespace keyhole::store {

StreamId PendingList::first() const {
  return index_.part(index_.First()).chunk.IdAt(0);
}

StreamId PendingList::last() const {
  const PendingChunk& chunk = index_.part(index_.Last()).chunk;
  return chunk.IdAt(chunk.size() - 1);
}

PendingList::Slot PendingList::SlotOf(StreamId id) const {
  const Slot found = index_.Find(id);
  return found != kNone ? found : index_.First();
}

std::optional<Pending> PendingList::Find(StreamId id) const {
  const Slot slot = SlotOf(id);
  if (slot == kNone) return std::nullopt;
  const PendingChunk& chunk = index_.part(slot).chunk;
  const size_t at = chunk.LowerBound(id);
  if (at == chunk.size() || chunk.IdAt(at) != id) return std::nullopt;
  return chunk.At(at).pending;
}

std::optional<PendingEntry> PendingList::Next(StreamId from,
                                              std::optional<uint32_t> consumer) const {
  for (Slot slot = SlotOf(from); slot != kNone; slot = index_.Next(slot)) {
    const Part& part = index_.part(slot);
    if (consumer && (part.consumers & BitOf(*consumer)) == 0) continue;
    const size_t begin = part.chunk.LowerBound(from);
    bool bit_is_right = begin > 0;
    for (size_t at = begin; at < part.chunk.size(); ++at) {
      const uint32_t owner = part.chunk.ConsumerAt(at);
      if (!consumer || owner == *consumer) return part.chunk.At(at);
      bit_is_right |= BitOf(owner) == BitOf(*consumer);
    }
    if (consumer && !bit_is_right) part.consumers &= ~BitOf(*consumer);
  }
  return std::nullopt;
}

PendingList::Part PendingList::Make(std::span<const PendingEntry> entries) {
  Part part{.chunk = PendingChunk(entries)};
  for (const PendingEntry& entry : entries) part.consumers |= BitOf(entry.pending.consumer);
  bytes_ += part.chunk.memory();
  return part;
}

void PendingList::AppendEntries(Slot slot, std::vector<PendingEntry>* entries) const {
  const PendingChunk& chunk = index_.part(slot).chunk;
  for (size_t i = 0; i < chunk.size(); ++i) entries->push_back(chunk.At(i));
}

// The chunk is made new, of these.
void PendingList::Replace(Slot slot, std::span<const PendingEntry> entries) {
  index_.SetFirst(slot, std::min(index_.first(slot), entries.front().id));
  bytes_ -= index_.part(slot).chunk.memory();
  index_.part(slot) = Make(entries);
}

void PendingList::Remove(Slot slot) {
  const Part removed = index_.Remove(slot);
  bytes_ -= removed.chunk.memory();
}

// The usual case. False if it does not belong at the end.
bool PendingList::AppendAtEnd(const PendingEntry& entry) {
  const Slot slot = index_.Last();
  if (slot != kNone) {
    Part& part = index_.part(slot);
    if (part.chunk.IdAt(part.chunk.size() - 1) >= entry.id) return false;
    const size_t before = part.chunk.memory();
    if (part.chunk.Append(entry)) {
      bytes_ += part.chunk.memory() - before;
      part.consumers |= BitOf(entry.pending.consumer);
      return true;
    }
  }
  index_.Append(entry.id, Make({&entry, 1}));
  return true;
}

// Makes the chunk new with this entry in it, in two if there are too many.
void PendingList::PutAnew(Slot slot, const PendingEntry& entry) {
  std::vector<PendingEntry> entries;
  AppendEntries(slot, &entries);
  const auto at =
      std::lower_bound(entries.begin(), entries.end(), entry.id,
                       [](const PendingEntry& one, StreamId id) { return one.id < id; });
  if (at != entries.end() && at->id == entry.id) {
    *at = entry;
  } else {
    entries.insert(at, entry);
  }
  const std::span<const PendingEntry> all(entries);
  if (all.size() <= PendingChunk::kMost) return Replace(slot, all);
  constexpr size_t kHalf = PendingChunk::kMost / 2;
  Replace(slot, all.first(kHalf));
  index_.Insert(all[kHalf].id, Make(all.subspan(kHalf)));
}

bool PendingList::Put(const PendingEntry& entry) {
  if (AppendAtEnd(entry)) {
    ++size_;
    return true;
  }
  const Slot slot = SlotOf(entry.id);
  Part& part = index_.part(slot);
  const size_t at = part.chunk.LowerBound(entry.id);
  const bool is_there = at < part.chunk.size() && part.chunk.IdAt(at) == entry.id;
  if (is_there && part.chunk.Set(at, entry.pending)) {
    part.consumers |= BitOf(entry.pending.consumer);
  } else {
    PutAnew(slot, entry);
  }
  if (!is_there) ++size_;
  return !is_there;
}

bool PendingList::Erase(StreamId id) {
  const Slot slot = SlotOf(id);
  if (slot == kNone) return false;
  PendingChunk& chunk = index_.part(slot).chunk;
  const size_t at = chunk.LowerBound(id);
  if (at == chunk.size() || chunk.IdAt(at) != id) return false;
  chunk.Erase(at);
  --size_;
  if (chunk.size() == 0) {
    Remove(slot);
  } else if (chunk.is_sparse()) {
    Merge(slot);
  }
  return true;
}

// Joins a chunk of which little is left with the one behind it, if that is not full; or makes it
// smaller.
void PendingList::Merge(Slot slot) {
  constexpr size_t kFull = PendingChunk::kMost * 3 / 4;
  std::vector<PendingEntry> entries;
  AppendEntries(slot, &entries);
  const Slot next = index_.Next(slot);
  const bool joins = next != kNone && entries.size() + index_.part(next).chunk.size() <= kFull;
  if (joins) AppendEntries(next, &entries);
  Replace(slot, entries);
  if (joins) Remove(next);
}

PendingList PendingList::Clone() const {
  PendingList copy;
  for (Slot slot = index_.First(); slot != kNone; slot = index_.Next(slot)) {
    std::vector<PendingEntry> entries;
    AppendEntries(slot, &entries);
    copy.index_.Append(entries.front().id, copy.Make(entries));
  }
  copy.size_ = size_;
  return copy;
}

}  // namespace keyhole::store
