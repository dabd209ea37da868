// The memory of the keys of one database (of one shard of it): small blocks without a header of
// their own, in steps of eight bytes. Where this takes 64, malloc would take 80.
//
// Its pages are those of slabs.h. Each entry can be in a queue (eviction.h): before its bytes stand
// its neighbours' handles.
//
//     small   block:   prev 4 | next 4 | use 3 | entry
//     large   block:   prev 4 | next 4 | use 3 | . 5 | pointer 8
//                                                         |    ^
//                      malloc's:  pointer 8 | entry <-----+    |
//                                    +-------------------------+
//
// A Handle is the address of such a block in units of eight bytes: with four bytes 32 GiB can be
// told apart, which is what one arena's small blocks may take. Large entries are the ones that do
// not fit the largest block; only their links are in the arena.
//
// Thread: that of its owner. Pointers live until Free(), Resize() or a Compact() that moves them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "proxy/store/memory/heap.h"
#include "proxy/store/memory/slabs.h"

namespace keyhole::store {

class Arena final : public Heap, private Slabs {
 public:
  using Handle = uint32_t;
  static constexpr Handle kNone = 0;

  struct Links {
    Handle prev = kNone;
    Handle next = kNone;
    uint32_t use = 0;  // 24 bits, the queue's to use
  };

  Arena() : Slabs(kMaxPages) {}

  char* Allocate(size_t size) override;                              // the links are empty
  char* Resize(char* block, size_t old_size, size_t size) override;  // the links are kept
  void Free(char* block, size_t size) override;
  size_t Cost(const char* block, size_t size) const override;

  Handle HandleOf(const char* block, size_t size) const;
  char* At(Handle handle) const;
  // The links of an entry, and the part of them that is the queue's.
  static Links LinksOf(const char* block, size_t size) {
    return ReadLinks(LinkedBlock(block, size));
  }
  static uint32_t UseOf(const char* block, size_t size) {
    uint32_t use = 0;
    __builtin_memcpy(&use, LinkedBlock(block, size) + kUseAt, kUseSize);
    return use;
  }
  static constexpr uint32_t kUseMask = (1U << 24) - 1;
  static void SetUse(char* block, size_t size, uint32_t use) {
    __builtin_memcpy(LinkedBlock(block, size) + kUseAt, &use, kUseSize);
  }
  Links LoadLinks(Handle handle) const { return ReadLinks(BlockAt(handle)); }
  void StoreLinks(Handle handle, Links links) { WriteLinks(BlockAt(handle), links); }

  // Bytes of all blocks in use; the sum of their Cost().
  size_t memory() const { return block_bytes_ + large_bytes_; }
  using Slabs::resident;                                // of small blocks
  size_t large_memory() const { return large_bytes_; }  // of large entries, as malloc gave it
  // Nearly no handles left.
  bool full() const { return pages_in_use_ + kReserve >= kMaxPages; }

  using Slabs::fragmented;
  // Empties one page if the other pages of its size have room for all that is on it. Calls
  // moved(char* from, char* to) for each of its entries when it has been copied, before it is
  // freed; the two are the same for a large entry, of which only the links have moved. False if no
  // page is worth it.
  template <typename F>
  bool Compact(F&& moved);
  using Slabs::Trim;
  // Forgets all blocks but not large entries, which must have been freed.
  using Slabs::Reset;

 private:
  static constexpr size_t kMaxPages = (size_t{1} << 32) / kUnitsPerPage;
  static constexpr size_t kReserve = 256;
  static constexpr size_t kUseAt = 8;
  static constexpr size_t kUseSize = 3;                 // the low bytes of a little-endian word
  static constexpr size_t kPrefix = kUseAt + kUseSize;  // of a small entry: its links
  static constexpr size_t kLargeBlock = kClassZeroBlock;

  static size_t ClassOf(size_t size) {
    return size + kPrefix <= kMaxBlock ? (size + kPrefix + kUnit - 1) / kUnit : 0;
  }
  char* BlockAt(Handle handle) const {
    return reinterpret_cast<char*>(PageAt(handle / kUnitsPerPage)) + handle % kUnitsPerPage * kUnit;
  }
  static Links ReadLinks(const char* block);
  static void WriteLinks(char* block, Links links);
  // The block with the links of an entry, and back.
  static char* LinkedBlock(const char* entry, size_t size);
  static char* EntryIn(char* block);

  size_t large_bytes_ = 0;
};

template <typename F>
bool Arena::Compact(F&& moved) {
  Page* const page = SparsestPage();
  if (page == nullptr) return false;
  const size_t block_class = page->block_class;
  // Off the list, so that no block finds its new place on the page it leaves.
  Unlink(classes_[block_class], page);
  ForEachLive(page, [&](char* from) {
    char* const to = Take(block_class);
    __builtin_memcpy(to, from, BlockSize(block_class));
    char* const entry = EntryIn(to);
    if (block_class == 0) __builtin_memcpy(entry - sizeof(to), &to, sizeof(to));
    moved(block_class == 0 ? entry : from + kPrefix, entry);
  });
  classes_[block_class].live -= page->live;
  block_bytes_ -= page->live * BlockSize(block_class);
  page->live = 0;
  RemovePage(page);
  return true;
}

}  // namespace keyhole::store
