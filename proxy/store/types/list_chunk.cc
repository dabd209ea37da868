#include "proxy/store/types/list_chunk.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "proxy/store/memory/heap.h"

namespace keyhole::store {

namespace {

constexpr size_t kBits = 7;
constexpr uint8_t kMore = 0x80;  // the number goes on before this byte
constexpr size_t kSmall = 512;   // blocks up to here are not worth shrinking

size_t BackSize(size_t element) {
  size_t bytes = 1;
  while (element >>= kBits) ++bytes;
  return bytes;
}

void WriteBack(size_t element, char* end) {
  for (; element > (kMore - 1); element >>= kBits) {
    *--end = static_cast<char>(element | kMore);
  }
  *--end = static_cast<char>(element);
}

// What is written before `end`.
size_t ReadBack(const char* end) {
  size_t element = 0;
  for (size_t shift = 0;; shift += kBits) {
    const auto byte = static_cast<uint8_t>(*--end);
    element |= size_t{byte & (kMore - 1U)} << shift;
    if ((byte & kMore) == 0) return element;
  }
}

}  // namespace

ListChunk::ListChunk(const ListChunk& other)
    : capacity_(static_cast<uint32_t>(other.bytes())),
      end_(static_cast<uint32_t>(other.bytes())),
      count_(other.count_) {
  if (count_ == 0) return;
  block_ = MallocHeap().Allocate(capacity_);
  std::memcpy(block_, other.block_ + other.begin_, capacity_);
}

void ListChunk::Swap(ListChunk& other) {
  std::swap(block_, other.block_);
  std::swap(capacity_, other.capacity_);
  std::swap(begin_, other.begin_);
  std::swap(end_, other.end_);
  std::swap(count_, other.count_);
}

void ListChunk::Free() {
  if (block_ != nullptr) MallocHeap().Free(block_, capacity_);
  block_ = nullptr;
  capacity_ = begin_ = end_ = count_ = 0;
}

size_t ListChunk::memory() const {
  return block_ == nullptr ? 0 : MallocCost(block_);
}

size_t ListChunk::BytesFor(const PackedForm& form) {
  return form.size() + BackSize(form.size());
}

uint32_t ListChunk::Next(uint32_t at) const {
  const size_t element = FirstPackedSize(From(at));
  return at + static_cast<uint32_t>(element + BackSize(element));
}

uint32_t ListChunk::Previous(uint32_t at) const {
  const size_t element = ReadBack(block_ + at);
  return at - static_cast<uint32_t>(element + BackSize(element));
}

uint32_t ListChunk::At(uint32_t index) const {
  if (index < count_ / 2) {
    uint32_t at = begin_;
    for (; index > 0; --index) at = Next(at);
    return at;
  }
  uint32_t at = end_;
  for (; index < count_; ++index) at = Previous(at);
  return at;
}

// The elements in a block of this size, from `begin` on.
void ListChunk::Rebuild(size_t capacity, size_t begin) {
  const size_t used = bytes();
  if (begin == 0 && begin_ == 0) {
    block_ = MallocHeap().Resize(block_, capacity_, capacity);
  } else {
    char* const fresh = MallocHeap().Allocate(capacity);
    if (used > 0) std::memcpy(fresh + begin, block_ + begin_, used);
    if (block_ != nullptr) MallocHeap().Free(block_, capacity_);
    block_ = fresh;
  }
  capacity_ = static_cast<uint32_t>(capacity);
  begin_ = static_cast<uint32_t>(begin);
  end_ = static_cast<uint32_t>(begin + used);
}

void ListChunk::MakeRoom(size_t more, bool front, size_t capacity) {
  if ((front ? begin_ : capacity_ - end_) >= more) return;
  const size_t used = bytes();
  const size_t slack = capacity_ - used;
  // Moving all is worth it if it need not be done again soon: a queue that is pushed to at one end
  // and popped from at the other moves its elements once for many pushes.
  if (slack >= std::max<size_t>(more, capacity_ / 4)) {
    const size_t other = std::min(slack / 4, slack - more);  // who pushes at both ends by turns
    const size_t begin = front ? slack - other : other;
    std::memmove(block_ + begin, block_ + begin_, used);
    begin_ = static_cast<uint32_t>(begin);
    end_ = static_cast<uint32_t>(begin + used);
    return;
  }
  // What was room at the other end stays there.
  const size_t other = front ? capacity_ - end_ : begin_;
  const size_t fresh = std::max(capacity, used + other + more);
  Rebuild(fresh, front ? fresh - other - used : other);
}

void ListChunk::Insert(uint32_t at, const PackedForm& form) {
  const auto size = static_cast<uint32_t>(BytesFor(form));
  const uint32_t before = at - begin_;
  const uint32_t behind = end_ - at;
  const bool room_in_front = begin_ >= size;
  const bool room_behind = capacity_ - end_ >= size;
  assert(room_in_front || room_behind);
  if (room_in_front && (before < behind || !room_behind)) {
    if (before > 0) std::memmove(block_ + begin_ - size, block_ + begin_, before);
    begin_ -= size;
    at -= size;
  } else {
    if (behind > 0) std::memmove(block_ + at + size, block_ + at, behind);
    end_ += size;
  }
  form.Write(block_ + at);
  WriteBack(form.size(), block_ + at + size);
  ++count_;
}

uint32_t ListChunk::Erase(uint32_t from, uint32_t to, uint32_t count) {
  count_ -= count;
  const uint32_t before = from - begin_;
  const uint32_t behind = end_ - to;
  if (before < behind) {
    if (before > 0) std::memmove(block_ + to - before, block_ + begin_, before);
    begin_ = to - before;
    return to;
  }
  if (behind > 0) std::memmove(block_ + from, block_ + to, behind);
  end_ = from + behind;
  return from;
}

ListChunk ListChunk::Split(uint32_t at, uint32_t count) {
  ListChunk rest;
  if (count == 0) return rest;
  rest.count_ = count;
  rest.block_ = MallocHeap().Allocate(end_ - at);
  rest.capacity_ = rest.end_ = end_ - at;
  std::memcpy(rest.block_, block_ + at, rest.end_);
  end_ = at;
  count_ -= count;
  return rest;
}

void ListChunk::Shrink() {
  if (count_ == 0) return Free();
  if (capacity_ <= kSmall || bytes() > capacity_ / 2) return;
  std::memmove(block_, block_ + begin_, bytes());
  end_ -= std::exchange(begin_, 0);
  Rebuild(std::max<size_t>(bytes() + bytes() / 4, kSmall), 0);
}

}  // namespace keyhole::store
