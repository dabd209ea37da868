// A stream: entries of fields with values, in the order of their IDs, which only grow; and its
// consumer groups.
//
// Owned by the entry of its key; changes go through Keyspace::Change(), or Adjust() where Redis
// calls the key unchanged. Views that a function is given are valid until it returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "proxy/store/keyspace/entry.h"
#include "proxy/store/types/stream/consumer_group.h"
#include "proxy/store/types/stream/stream_blocks.h"

namespace keyhole::store {

// When a block is full: Redis' settings. 0: never for that reason.
struct StreamLimits {
  size_t entries = 100;  // stream-node-max-entries
  size_t bytes = 4096;   // stream-node-max-bytes
};

// What XADD and XTRIM take away from the front.
struct StreamTrim {
  enum class By : uint8_t { kNothing, kLength, kId } by = By::kNothing;
  bool whole_blocks = false;  // only those
  uint64_t limit = 0;         // entries at most; 0: any number
  uint64_t length = 0;        // so many stay
  StreamId min_id{};          // what is less goes
};

class StreamObject final : public Object {
 public:
  size_t size() const { return length_; }
  size_t blocks() const { return blocks_.size(); }
  size_t tree_nodes() const { return blocks_.tree_nodes(); }
  StreamId first_id() const;  // 0-0 if it is empty
  StreamId newest() const;    // of the entries there are; 0-0 if it is empty
  bool Has(StreamId id) const;

  // What XSETID can set.
  StreamId last_id;         // the newest there ever was
  StreamId max_deleted_id;  // the greatest that XDEL has deleted; 0-0: none
  uint64_t entries_added = 0;

  // REQUIRES: `id` > last_id. fields: names and values in turn.
  void Append(StreamId id, std::span<const std::string_view> fields, const StreamLimits& limits);
  // A stream that was kept elsewhere is made again, block by block, deleted entries included; after
  // that, what XSETID can set is set. REQUIRES: `first` is greater than that of all blocks.
  void AddBlock(StreamId first, std::span<const std::string_view> names);
  // To the last block. False if it is not deleted, and not greater than all those that are not.
  bool AddEntry(StreamId id, std::span<const std::string_view> fields, bool deleted);
  // False if it is not there.
  bool Delete(StreamId id);
  // How many entries are gone.
  uint64_t Trim(const StreamTrim& trim);

  // Calls f(const StreamEntry&) for the entries from one ID to another, both included, in their
  // order, until it returns false.
  template <typename F>
  void ForEach(StreamId from, StreamId to, F&& f) const;
  // The same from the last to the first.
  template <typename F>
  void ForEachBackward(StreamId from, StreamId to, F&& f) const;

  // Calls f(const StreamBlock&) for all, in their order.
  template <typename F>
  void ForEachBlock(F&& f) const {
    for (auto at = blocks_.First(); at != StreamBlocks::kNone; at = blocks_.Next(at)) {
      f(blocks_.at(at));
    }
  }

  // What Redis knows without counting: how many entries were added up to and with this one; -1 if
  // that cannot be known. Source: redis 7.0.15 t_stream.c streamEstimateDistanceFromFirstEverEntry.
  int64_t CountUpTo(StreamId id) const;
  // XDEL may have left a gap from this ID on. Source: the same, streamRangeHasTombstones.
  bool HasGapFrom(StreamId id) const;

  // Null if there is none.
  const ConsumerGroup* FindGroup(std::string_view name) const;
  size_t groups() const { return groups_ ? groups_->by_name.size() : 0; }
  // Calls f(std::string_view name, const ConsumerGroup&) for all, in the order of their names.
  template <typename F>
  void ForEachGroup(F&& f) const {
    if (!groups_) return;
    for (const auto& [name, group] : groups_->by_name) f(std::string_view(name), group);
  }
  // REQUIRES: there is none of this name.
  void AddGroup(std::string_view name, StreamId last, int64_t entries_read);
  void RemoveGroup(std::string_view name);
  // Calls f(ConsumerGroup&), which changes it. REQUIRES: it is one of these.
  template <typename F>
  void ChangeGroup(const ConsumerGroup& group, F&& f) {
    groups_->bytes -= group.memory();
    f(const_cast<ConsumerGroup&>(group));
    groups_->bytes += group.memory();
  }

  size_t memory() const override;
  std::unique_ptr<Object> Clone(Heap& heap) const override;
  bool FreeSome(size_t* budget) override;

 private:
  struct Groups {
    std::map<std::string, ConsumerGroup, std::less<>> by_name;
    size_t bytes = 0;  // of all groups
  };

  StreamBlock& BlockFor(StreamId id, std::span<const std::string_view> fields,
                        const StreamLimits& limits);
  bool FindEntry(StreamId id, StreamBlocks::Place* place, StreamEntry* entry) const;
  uint64_t TrimInside(StreamBlock& block, const StreamTrim& trim);

  StreamBlocks blocks_;
  uint64_t length_ = 0;
  std::unique_ptr<Groups> groups_;  // null while there was none
};

// A block's entries need not be in order: XSETID can lower last_id below deleted ones.
template <typename F>
void StreamObject::ForEach(StreamId from, StreamId to, F&& f) const {
  if (length_ == 0) return;
  for (auto place = blocks_.Find(from); place != StreamBlocks::kNone; place = blocks_.Next(place)) {
    const StreamBlock& block = blocks_.at(place);
    for (size_t at = block.begin(); at < block.end();) {
      const StreamEntry entry = block.Read(at);
      at = entry.end;
      if (entry.deleted || entry.id < from) continue;
      if (entry.id > to || !f(entry)) return;
    }
  }
}

template <typename F>
void StreamObject::ForEachBackward(StreamId from, StreamId to, F&& f) const {
  if (length_ == 0) return;
  for (auto place = blocks_.Find(to); place != StreamBlocks::kNone;
       place = blocks_.Previous(place)) {
    const StreamBlock& block = blocks_.at(place);
    for (size_t at = block.end(); at > block.begin();) {
      at = block.Before(at);
      const StreamEntry entry = block.Read(at);
      if (entry.deleted || entry.id > to) continue;
      if (entry.id < from || !f(entry)) return;
    }
  }
}

}  // namespace keyhole::store
