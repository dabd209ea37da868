// A part of a large list: some of its elements, in one block of malloc's with room at both ends.
//
//     |   room   | element back | element back | ... |   room   |
//                 ^ begin                             ^ end
//
//     element    as in packed.h
//     back       how many bytes the element has, to be read from its end: 7 bits to a byte, the
//                low ones last; all but the first have their high bit set. One byte up to 127
//
// So pushing and popping at either end moves nothing, as long as there is room. An element is named
// by where it begins, as an offset into the block: valid until the next call that is not const.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "proxy/store/types/packed.h"

namespace keyhole::store {

class ListChunk {
 public:
  ListChunk() = default;
  ~ListChunk() { Free(); }
  ListChunk(ListChunk&& other) noexcept { Swap(other); }
  ListChunk& operator=(ListChunk&& other) noexcept {
    Swap(other);
    return *this;
  }
  ListChunk(const ListChunk& other);
  ListChunk& operator=(const ListChunk&) = delete;

  uint32_t count() const { return count_; }        // elements
  size_t bytes() const { return end_ - begin_; }   // that they take
  size_t capacity() const { return capacity_; }    // of the block
  size_t memory() const;                           // taken from malloc
  static size_t BytesFor(const PackedForm& form);  // that an element would take

  uint32_t begin() const { return begin_; }
  uint32_t end() const { return end_; }  // behind the last element
  uint32_t Next(uint32_t at) const;      // REQUIRES: at < end()
  uint32_t Previous(uint32_t at) const;  // REQUIRES: at > begin()
  // From an element on to the end of the chunk.
  std::string_view From(uint32_t at) const { return {block_ + at, end_ - at}; }
  // Where the element with this index begins; end() if there are only so many.
  uint32_t At(uint32_t index) const;

  // Has room for `bytes` more: in front of all elements if `front`, else behind them. If the block
  // must become larger, it becomes about `capacity` bytes large, or as large as it must.
  void MakeRoom(size_t bytes, bool front, size_t capacity);
  // Before the element at `at`. REQUIRES: room for it, at the nearer end of the chunk for one that
  // is put there.
  void Insert(uint32_t at, const PackedForm& form);
  // In place of one that takes as many bytes.
  void Overwrite(uint32_t at, const PackedForm& form) { form.Write(block_ + at); }
  // Removes the elements that lie in [from, to), `count` of them. What follows begins at the
  // result.
  uint32_t Erase(uint32_t from, uint32_t to, uint32_t count);
  // Takes away the elements from `at` on, `count` of them.
  ListChunk Split(uint32_t at, uint32_t count);
  // Gives memory back if less than half of the block is used, and it is not small.
  void Shrink();
  void Free();

 private:
  void Swap(ListChunk& other);
  void Rebuild(size_t capacity, size_t begin);

  char* block_ = nullptr;
  uint32_t capacity_ = 0;
  uint32_t begin_ = 0;
  uint32_t end_ = 0;
  uint32_t count_ = 0;
};

}  // namespace keyhole::store
