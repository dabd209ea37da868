// What is pending in a consumer group, in the order of IDs, with who has it: one index for all
// consumers, in chunks (pending_chunk.h). 17 bytes an entry where entries come in order.
//
//     first ID     1-0             9-0             17-3
//     chunk        [16 bytes each, up to 128]  [..]  [..]
//     consumers    {1, 3}          {1}             {2, 3}      a bit each, by number modulo 64
//
// The entries of one consumer are found by those bits: chunks where it has none are skipped. They
// may be set for nothing and are cleared when that is noticed.
//
// Owned by its group. Cost: O(log n) to find, put and erase; Next() for one consumer is O(log n)
// and a look at the bits of each chunk skipped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "proxy/store/types/stream/id_index.h"
#include "proxy/store/types/stream/pending_chunk.h"

namespace keyhole::store {

class PendingList {
 public:
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  StreamId first() const;  // REQUIRES: !empty()
  StreamId last() const;   // REQUIRES: !empty()

  std::optional<Pending> Find(StreamId id) const;
  // The first whose ID is not less; of this consumer, if there is one named.
  std::optional<PendingEntry> Next(StreamId from, std::optional<uint32_t> consumer = {}) const;

  // Adds it, or changes what is there. True if it is new.
  bool Put(const PendingEntry& entry);
  // False if it was not there.
  bool Erase(StreamId id);

  size_t memory() const { return bytes_ + index_.capacity(); }
  PendingList Clone() const;

 private:
  struct Part {
    PendingChunk chunk;
    mutable uint64_t consumers = 0;
    explicit operator bool() const { return static_cast<bool>(chunk); }
  };
  using Slot = size_t;
  static constexpr Slot kNone = IdIndex<Part>::kNone;

  static uint64_t BitOf(uint32_t consumer) { return uint64_t{1} << (consumer % 64); }
  // The chunk that holds the ID or would; kNone if there is no chunk.
  Slot SlotOf(StreamId id) const;
  Part Make(std::span<const PendingEntry> entries);
  void AppendEntries(Slot slot, std::vector<PendingEntry>* entries) const;
  void Replace(Slot slot, std::span<const PendingEntry> entries);
  void Remove(Slot slot);
  bool AppendAtEnd(const PendingEntry& entry);
  void PutAnew(Slot slot, const PendingEntry& entry);
  void Merge(Slot slot);

  IdIndex<Part> index_;
  size_t size_ = 0;
  size_t bytes_ = 0;  // of the chunks
};

}  // namespace keyhole::store
