#include "proxy/store/types/stream/stream_object.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace keyhole::store {

namespace {

// More than that Redis' listpacks do not hold either.
constexpr size_t kMaxBlockBytes = size_t{1} << 30;

// Bytes of a listpack without elements.
constexpr size_t kEmptyListpack = 7;

// Kept, so that appending needs no allocation of its own.
struct Scratch {
  std::string names;
  std::string elements;
};
thread_local Scratch scratch;

// With its place in the map.
size_t GroupBytes(std::string_view name, const ConsumerGroup& group) {
  constexpr size_t kNode = 80;
  return kNode + name.size() + group.memory();
}

size_t TotalSize(std::span<const std::string_view> fields) {
  size_t total = 0;
  for (const std::string_view text : fields) total += text.size();
  return total;
}

// The names of fields, which stand in turn with their values.
void PackNames(std::span<const std::string_view> fields) {
  scratch.names.clear();
  for (size_t i = 0; i < fields.size(); i += 2) AppendPacked(fields[i], &scratch.names);
}

// To its end. The names are in the scratch.
void AppendTo(StreamBlock* block, StreamId id, std::span<const std::string_view> fields) {
  const size_t pairs = fields.size() / 2;
  const bool own_names = block->fields() != pairs || block->names() != scratch.names;
  std::string& elements = scratch.elements;
  elements.clear();
  // Flags, the two parts of the ID, and how many elements that makes, as in Redis.
  size_t listpack = ListpackBytes(int64_t{0}) +
                    ListpackBytes(static_cast<int64_t>(id.ms - block->first().ms)) +
                    ListpackBytes(static_cast<int64_t>(id.seq - block->first().seq)) +
                    ListpackBytes(static_cast<int64_t>(own_names ? 2 * pairs + 4 : pairs + 3));
  if (own_names) listpack += ListpackBytes(static_cast<int64_t>(pairs));
  for (size_t i = own_names ? 0 : 1; i < fields.size(); i += own_names ? 1 : 2) {
    AppendPacked(fields[i], &elements);
    listpack += ListpackBytes(fields[i]);
  }
  block->Append(id, own_names ? pairs : 0, elements, listpack);
  constexpr size_t kKeep = 64 * 1024;
  if (elements.capacity() > kKeep) scratch = {};
}

// An empty one. The names are in the scratch.
StreamBlock NewBlock(StreamId first, std::span<const std::string_view> names, size_t stride) {
  const size_t count = names.size() / stride;
  // The number of names, the names, and a zero at their end.
  size_t listpack =
      kEmptyListpack + ListpackBytes(static_cast<int64_t>(count)) + ListpackBytes(int64_t{0});
  for (size_t i = 0; i < names.size(); i += stride) listpack += ListpackBytes(names[i]);
  return {first, count, scratch.names, listpack};
}

}  // namespace

// The last block, or a new one if that is full. The names are in the scratch.
StreamBlock& StreamObject::BlockFor(StreamId id, std::span<const std::string_view> fields,
                                    const StreamLimits& limits) {
  if (const auto last = blocks_.Last(); last != StreamBlocks::kNone) {
    StreamBlock& block = blocks_.at(last);
    const size_t most = limits.bytes == 0 ? kMaxBlockBytes : std::min(limits.bytes, kMaxBlockBytes);
    const bool full = block.listpack_bytes() + TotalSize(fields) >= most ||
                      (limits.entries != 0 && block.count() >= limits.entries);
    if (!full) return block;
  }
  return blocks_.Add(NewBlock(id, fields, 2));
}

void StreamObject::Append(StreamId id, std::span<const std::string_view> fields,
                          const StreamLimits& limits) {
  assert(id > last_id && !fields.empty());
  PackNames(fields);
  AppendTo(&BlockFor(id, fields, limits), id, fields);
  ++length_;
  ++entries_added;
  last_id = id;
}

void StreamObject::AddBlock(StreamId first, std::span<const std::string_view> names) {
  scratch.names.clear();
  for (const std::string_view name : names) AppendPacked(name, &scratch.names);
  blocks_.Add(NewBlock(first, names, 1));
}

bool StreamObject::AddEntry(StreamId id, std::span<const std::string_view> fields, bool deleted) {
  if (!deleted && id <= last_id) return false;
  PackNames(fields);
  StreamBlock& block = blocks_.at(blocks_.Last());
  AppendTo(&block, id, fields);
  if (deleted) {
    block.Delete(block.Read(block.Before(block.end())));
    return true;
  }
  ++length_;
  last_id = id;
  return true;
}

// In the block where it would be, or behind: see ForEach().
bool StreamObject::FindEntry(StreamId id, StreamBlocks::Place* place, StreamEntry* entry) const {
  if (length_ == 0) return false;
  for (*place = blocks_.Find(id); *place != StreamBlocks::kNone; *place = blocks_.Next(*place)) {
    const StreamBlock& block = blocks_.at(*place);
    for (size_t at = block.begin(); at < block.end(); at = entry->end) {
      *entry = block.Read(at);
      if (entry->id >= id && !entry->deleted) return entry->id == id;
    }
  }
  return false;
}

bool StreamObject::Has(StreamId id) const {
  StreamBlocks::Place place = 0;
  StreamEntry entry;
  return FindEntry(id, &place, &entry);
}

StreamId StreamObject::first_id() const {
  StreamId first;
  ForEach(kNoStreamId, kMaxStreamId, [&first](const StreamEntry& entry) {
    first = entry.id;
    return false;
  });
  return first;
}

StreamId StreamObject::newest() const {
  StreamId newest;
  ForEachBackward(kNoStreamId, kMaxStreamId, [&newest](const StreamEntry& entry) {
    newest = entry.id;
    return false;
  });
  return newest;
}

bool StreamObject::Delete(StreamId id) {
  StreamBlocks::Place place = 0;
  StreamEntry entry;
  if (!FindEntry(id, &place, &entry)) return false;
  StreamBlock& block = blocks_.at(place);
  if (block.live() == 1) {
    blocks_.Remove(place);
  } else {
    block.Delete(entry);
  }
  --length_;
  max_deleted_id = std::max(max_deleted_id, id);
  return true;
}

uint64_t StreamObject::Trim(const StreamTrim& trim) {
  uint64_t removed = 0;
  const bool by_length = trim.by == StreamTrim::By::kLength;
  while (trim.by != StreamTrim::By::kNothing) {
    const auto place = blocks_.First();
    if (place == StreamBlocks::kNone || (by_length && length_ <= trim.length)) break;
    StreamBlock& block = blocks_.at(place);
    if (trim.limit != 0 && removed + block.live() > trim.limit) break;
    const bool goes_whole = by_length ? length_ - block.live() >= trim.length
                                      : block.Read(block.Before(block.end())).id < trim.min_id;
    if (!goes_whole) {
      if (!trim.whole_blocks) removed += TrimInside(block, trim);
      break;
    }
    length_ -= block.live();
    removed += block.live();
    blocks_.Remove(place);
  }
  return removed;
}

// The block stays, even if nothing in it lives.
uint64_t StreamObject::TrimInside(StreamBlock& block, const StreamTrim& trim) {
  uint64_t removed = 0;
  for (size_t at = block.begin(); at < block.end();) {
    const StreamEntry entry = block.Read(at);
    at = entry.end;
    const bool stays =
        trim.by == StreamTrim::By::kLength ? length_ <= trim.length : entry.id >= trim.min_id;
    if (stays) break;
    if (entry.deleted) continue;
    block.Delete(entry);
    --length_;
    ++removed;
  }
  return removed;
}

int64_t StreamObject::CountUpTo(StreamId id) const {
  const auto added = static_cast<int64_t>(entries_added);
  if (entries_added == 0) return 0;
  if (length_ == 0 && id <= last_id) return added;
  if (id == last_id) return added;
  if (id > last_id) return kUnknownCount;
  const StreamId first = first_id();
  if (max_deleted_id != kNoStreamId && max_deleted_id >= first) return kUnknownCount;
  const int64_t before_first = added - static_cast<int64_t>(length_);
  if (id < first) return before_first;
  return id == first ? before_first + 1 : kUnknownCount;
}

bool StreamObject::HasGapFrom(StreamId id) const {
  if (length_ == 0 || max_deleted_id == kNoStreamId) return false;
  return id <= max_deleted_id && first_id() <= max_deleted_id;
}

// Of malloc's memory, whatever the heap: blocks are too large for slabs.
std::unique_ptr<Object> StreamObject::Clone(Heap& /*heap*/) const {
  auto copy = std::make_unique<StreamObject>();
  copy->last_id = last_id;
  copy->max_deleted_id = max_deleted_id;
  copy->entries_added = entries_added;
  copy->length_ = length_;
  copy->blocks_ = blocks_.Clone();
  if (!groups_) return copy;
  copy->groups_ = std::make_unique<Groups>();
  for (const auto& [name, group] : groups_->by_name) {
    copy->groups_->by_name.emplace(name, group.Clone());
    copy->groups_->bytes += GroupBytes(name, copy->groups_->by_name.at(name));
  }
  return copy;
}

bool StreamObject::FreeSome(size_t* budget) {
  constexpr size_t kCostOfBlock = 5;
  while (blocks_.size() > 0 && *budget > 0) {
    blocks_.Remove(blocks_.Last());
    *budget -= std::min(*budget, kCostOfBlock);
  }
  return blocks_.size() == 0;
}

const ConsumerGroup* StreamObject::FindGroup(std::string_view name) const {
  if (!groups_) return nullptr;
  const auto it = groups_->by_name.find(name);
  return it == groups_->by_name.end() ? nullptr : &it->second;
}

void StreamObject::AddGroup(std::string_view name, StreamId last, int64_t entries_read) {
  if (!groups_) groups_ = std::make_unique<Groups>();
  ConsumerGroup& group = groups_->by_name[std::string(name)];
  group.last_id = last;
  group.entries_read = entries_read;
  groups_->bytes += GroupBytes(name, group);
}

void StreamObject::RemoveGroup(std::string_view name) {
  const auto it = groups_->by_name.find(name);
  groups_->bytes -= GroupBytes(name, it->second);
  groups_->by_name.erase(it);
}

size_t StreamObject::memory() const {
  return sizeof(*this) + blocks_.memory() + (groups_ ? sizeof(Groups) + groups_->bytes : 0);
}

}  // namespace keyhole::store
