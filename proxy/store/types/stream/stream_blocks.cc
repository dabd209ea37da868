#include "proxy/store/types/stream/stream_blocks.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

namespace keyhole::store {

namespace {

constexpr size_t kIdBytes = 16;

// Of its form in the tree, most significant byte first.
uint8_t ByteOf(StreamId id, size_t index) {
  const uint64_t half = index < 8 ? id.ms : id.seq;
  return static_cast<uint8_t>(half >> (8 * (7 - index % 8)));
}

// The nodes of the subtree whose IDs have their first `depth` bytes in common. A node is where two
// IDs part, or what several have in common on the way to there, or an ID's end.
// Source: redis 7.0.15 rax.c.
size_t CountNodes(std::span<const StreamId> ids, size_t depth) {
  if (ids.size() == 1) return depth < kIdBytes ? 2 : 1;
  size_t parting = depth;
  while (parting < kIdBytes && ByteOf(ids.front(), parting) == ByteOf(ids.back(), parting)) {
    ++parting;
  }
  if (parting == kIdBytes) return 1;  // the same: XSETID can lower the last ID
  size_t nodes = parting > depth ? 2 : 1;
  while (!ids.empty()) {
    const uint8_t byte = ByteOf(ids.front(), parting);
    const auto behind = std::partition_point(
        ids.begin(), ids.end(), [&](StreamId id) { return ByteOf(id, parting) == byte; });
    const auto count = static_cast<size_t>(behind - ids.begin());
    nodes += CountNodes(ids.first(count), parting + 1);
    ids = ids.subspan(count);
  }
  return nodes;
}

}  // namespace

StreamBlocks::Place StreamBlocks::First() const {
  const Place first = closed_ ? closed_->index.First() : kNone;
  return first != kNone ? first : Last();
}

StreamBlocks::Place StreamBlocks::Next(Place place) const {
  if (place == kLast) return kNone;
  const Place next = closed_->index.Next(place);
  return next != kNone ? next : Last();
}

StreamBlocks::Place StreamBlocks::Previous(Place place) const {
  if (!closed_) return kNone;
  return place == kLast ? closed_->index.Last() : closed_->index.Previous(place);
}

StreamBlocks::Place StreamBlocks::Find(StreamId id) const {
  if (last_ && last_.first() <= id) return kLast;
  const Place found = closed_ ? closed_->index.Find(id) : kNone;
  return found != kNone ? found : First();
}

StreamBlock& StreamBlocks::Add(StreamBlock block) {
  if (!last_) return last_ = std::move(block);
  if (!closed_) closed_ = std::make_unique<Closed>();
  closed_->tree_nodes = 0;
  if (block.first() < last_.first()) {
    closed_->bytes += block.memory();
    const StreamId first = block.first();
    closed_->index.Insert(first, std::move(block));
    return closed_->index.part(closed_->index.Find(first));
  }
  last_.Shrink();
  closed_->bytes += last_.memory();
  const StreamId first = last_.first();
  closed_->index.Append(first, std::exchange(last_, std::move(block)));
  return last_;
}

void StreamBlocks::Remove(Place place) {
  if (closed_) closed_->tree_nodes = 0;
  if (place != kLast) {
    const StreamBlock removed = closed_->index.Remove(place);
    closed_->bytes -= removed.memory();
    return;
  }
  last_ = StreamBlock();
  const Place before = closed_ ? closed_->index.Last() : kNone;
  if (before == kNone) return;
  last_ = closed_->index.Remove(before);
  closed_->bytes -= last_.memory();
}

size_t StreamBlocks::tree_nodes() const {
  if (!last_) return 1;
  if (!closed_) return 2;
  if (closed_->tree_nodes != 0) return closed_->tree_nodes;
  std::vector<StreamId> ids;
  for (Place place = First(); place != kNone; place = Next(place)) ids.push_back(at(place).first());
  return closed_->tree_nodes = CountNodes(ids, 0);
}

size_t StreamBlocks::memory() const {
  size_t bytes = last_ ? last_.memory() : 0;
  if (closed_) bytes += closed_->bytes + closed_->index.capacity() + sizeof(Closed);
  return bytes;
}

StreamBlocks StreamBlocks::Clone() const {
  StreamBlocks copy;
  for (Place place = First(); place != kNone; place = Next(place)) copy.Add(at(place).Clone());
  return copy;
}

}  // namespace keyhole::store
