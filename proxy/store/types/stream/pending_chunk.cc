#include "proxy/store/types/stream/pending_chunk.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <limits>
#include <new>

#include "proxy/store/memory/heap.h"

namespace keyhole::store {

namespace {

constexpr size_t kFirstCapacity = 2;

template <typename T>
bool FitsIn(uint64_t value) {
  return value <= std::numeric_limits<T>::max();
}

}  // namespace

PendingChunk::PendingChunk(std::span<const PendingEntry> entries) {
  assert(!entries.empty() && entries.size() <= kMost);
  Header header{.base = entries.front().id, .time = entries.front().pending.delivered};
  header_ = &header;
  const bool wide = !std::all_of(entries.begin(), entries.end(),
                                 [this](const PendingEntry& entry) { return Fits(entry); });
  const size_t capacity = std::max(entries.size(), kFirstCapacity);
  header_ = new (MallocHeap().Allocate(BytesFor(wide, capacity))) Header(header);
  header_->wide = wide;
  header_->capacity = static_cast<uint16_t>(capacity);
  for (const PendingEntry& entry : entries) Write(header_->size++, entry);
}

PendingChunk::~PendingChunk() {
  if (header_ == nullptr) return;
  MallocHeap().Free(bytes(), BytesFor(header_->wide, header_->capacity));
}

size_t PendingChunk::memory() const {
  return MallocCost(header_);
}

// Anything fits into a wide record.
bool PendingChunk::Fits(const PendingEntry& entry) const {
  if (header_->wide) return true;
  int64_t time = 0;
  if (__builtin_sub_overflow(entry.pending.delivered, header_->time, &time)) return false;
  return FitsIn<uint32_t>(entry.id.ms - header_->base.ms) && FitsIn<uint32_t>(entry.id.seq) &&
         time == static_cast<int32_t>(time) && FitsIn<uint16_t>(entry.pending.deliveries) &&
         FitsIn<uint16_t>(entry.pending.consumer);
}

void PendingChunk::Write(size_t index, const PendingEntry& entry) {
  const uint64_t ms = entry.id.ms - header_->base.ms;
  const Pending& pending = entry.pending;
  const uint64_t time =
      static_cast<uint64_t>(pending.delivered) - static_cast<uint64_t>(header_->time);
  if (header_->wide) {
    wide()[index] = {ms, entry.id.seq, static_cast<int64_t>(time), pending.deliveries,
                     pending.consumer};
    return;
  }
  narrow()[index] = {static_cast<uint32_t>(ms), static_cast<uint32_t>(entry.id.seq),
                     static_cast<int32_t>(time), static_cast<uint16_t>(pending.deliveries),
                     static_cast<uint16_t>(pending.consumer)};
}

PendingEntry PendingChunk::At(size_t index) const {
  const auto moment = [this](int64_t time) {
    return static_cast<UnixMillis>(static_cast<uint64_t>(header_->time) +
                                   static_cast<uint64_t>(time));
  };
  if (header_->wide) {
    const Wide& record = wide()[index];
    return {IdAt(index), {moment(record.time), record.deliveries, record.consumer}};
  }
  const Narrow& record = narrow()[index];
  return {IdAt(index), {moment(record.time), record.deliveries, record.consumer}};
}

StreamId PendingChunk::IdAt(size_t index) const {
  if (header_->wide) return {header_->base.ms + wide()[index].ms, wide()[index].seq};
  return {header_->base.ms + narrow()[index].ms, narrow()[index].seq};
}

uint32_t PendingChunk::ConsumerAt(size_t index) const {
  return header_->wide ? wide()[index].consumer : narrow()[index].consumer;
}

size_t PendingChunk::LowerBound(StreamId id) const {
  size_t low = 0;
  size_t high = header_->size;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (IdAt(middle) < id) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

bool PendingChunk::Append(const PendingEntry& entry) {
  if (header_->size == kMost || !Fits(entry)) return false;
  if (header_->size == header_->capacity) {
    const size_t before = BytesFor(header_->wide, header_->capacity);
    const size_t capacity = std::min(size_t{header_->capacity} * 2, kMost);
    header_ = reinterpret_cast<Header*>(
        MallocHeap().Resize(bytes(), before, BytesFor(header_->wide, capacity)));
    header_->capacity = static_cast<uint16_t>(capacity);
  }
  Write(header_->size++, entry);
  return true;
}

bool PendingChunk::Set(size_t index, const Pending& pending) {
  const PendingEntry entry{IdAt(index), pending};
  if (!Fits(entry)) return false;
  Write(index, entry);
  return true;
}

void PendingChunk::Erase(size_t index) {
  const size_t behind = header_->size - index - 1;
  if (header_->wide) {
    std::memmove(wide() + index, wide() + index + 1, behind * sizeof(Wide));
  } else {
    std::memmove(narrow() + index, narrow() + index + 1, behind * sizeof(Narrow));
  }
  --header_->size;
}

}  // namespace keyhole::store
