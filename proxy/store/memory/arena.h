// The memory of the keys of one database (of one shard of it): small blocks without a header of
// their own, in steps of eight bytes. Where this takes 64, malloc would take 80.
//
//     region  32 MiB   address space; memory comes from the kernel as pages are first touched
//     page    8 KiB    head 24 | blocks of one size, 16 to 520 bytes
//
// Each entry can be in a queue (eviction.h): before its bytes stand its neighbours' handles.
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
// Blocks of one page have one size, so what has been freed of one size is of no use to another
// until whole pages are empty. Compact() sees to that: it moves the blocks of a page that is nearly
// empty to others. Trim() gives pages that nobody needs back to the kernel.
//
// Thread: that of its owner. Pointers live until Free(), Resize() or a Compact() that moves them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "proxy/store/memory/heap.h"

namespace keyhole::store {

class Arena final : public Heap {
 public:
  using Handle = uint32_t;
  static constexpr Handle kNone = 0;

  struct Links {
    Handle prev = kNone;
    Handle next = kNone;
    uint32_t use = 0;  // 24 bits, the queue's to use
  };

  Arena() = default;
  ~Arena();

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
  // Bytes of memory that the kernel has given for small blocks and has not got back.
  size_t resident() const { return resident_pages_ * kPageSize; }
  size_t large_memory() const { return large_bytes_; }  // of large entries, as malloc gave it
  // Nearly no handles left.
  bool full() const { return pages_in_use_ + kReserve >= kMaxPages; }

  // About a tenth of the pages in use lies idle between blocks.
  bool fragmented() const {
    return pages_in_use_ * kPageSize > block_bytes_ + block_bytes_ / 32 * 3 + kSlack;
  }
  // Empties one page if the other pages of its size have room for all that is on it. Calls
  // moved(char* from, char* to) for each of its entries when it has been copied, before it is
  // freed; the two are the same for a large entry, of which only the links have moved. False if no
  // page is worth it.
  template <typename F>
  bool Compact(F&& moved);
  // Gives up to `runs` runs of idle pages back, and keeps those that will soon be needed again.
  void Trim(size_t runs);
  // Forgets all blocks but not large entries, which must have been freed.
  void Reset();

 private:
  static constexpr size_t kUnit = 8;
  static constexpr size_t kPageSize = 8192;
  static constexpr size_t kUnitsPerPage = kPageSize / kUnit;
  static constexpr size_t kPagesPerRegion = 4096;
  static constexpr size_t kPagesPerGroup = 64;  // of which one word says what is free
  static constexpr size_t kSpace = kPagesPerRegion * kPageSize + kPageSize;  // for alignment
  static constexpr size_t kMaxPages = (size_t{1} << 32) / kUnitsPerPage;
  static constexpr size_t kReserve = 256;
  static constexpr size_t kSlack = 256 * 1024;  // a few sizes with a page or two each
  static constexpr size_t kUseAt = 8;
  static constexpr size_t kUseSize = 3;                 // the low bytes of a little-endian word
  static constexpr size_t kPrefix = kUseAt + kUseSize;  // of a small entry: its links
  static constexpr size_t kLargeBlock = 24;
  static constexpr size_t kMaxBlock = 520;
  static constexpr size_t kClasses = kMaxBlock / kUnit + 1;  // [0] is for large entries
  static constexpr uint32_t kNoPage = UINT32_MAX;

  struct Page {
    uint32_t number;
    uint32_t prev;  // in the list of its class' pages with room
    uint32_t next;
    uint16_t block_class;
    uint16_t live;   // blocks in use
    uint16_t free;   // the first freed block, in units from the start; 0: none
    uint16_t fresh;  // the first block never used
  };
  static_assert(sizeof(Page) <= 24);
  static constexpr size_t kHead = 24;

  struct Class {
    uint32_t with_room = kNoPage;  // pages with a free block
    size_t pages = 0;
    size_t live = 0;
  };

  // Of 64 pages: which are in use, which hold memory.
  struct Group {
    uint64_t in_use = 0;
    uint64_t resident = 0;
  };

  static size_t ClassOf(size_t size) {
    return size + kPrefix <= kMaxBlock ? (size + kPrefix + kUnit - 1) / kUnit : 0;
  }
  static size_t BlockSize(size_t block_class) {
    return block_class == 0 ? kLargeBlock : block_class * kUnit;
  }
  static size_t BlocksPerPage(size_t block_class) {
    return (kPageSize - kHead) / BlockSize(block_class);
  }
  static Page* PageOf(const char* block) {
    return reinterpret_cast<Page*>(reinterpret_cast<uintptr_t>(block) & ~(kPageSize - 1));
  }
  // Where in its page.
  static uint16_t UnitOf(const char* block) {
    return static_cast<uint16_t>(reinterpret_cast<uintptr_t>(block) % kPageSize / kUnit);
  }
  Page* PageAt(size_t number) const {
    return reinterpret_cast<Page*>(regions_[number / kPagesPerRegion] +
                                   number % kPagesPerRegion * kPageSize);
  }
  char* BlockAt(Handle handle) const {
    return reinterpret_cast<char*>(PageAt(handle / kUnitsPerPage)) + handle % kUnitsPerPage * kUnit;
  }
  static Links ReadLinks(const char* block);
  static void WriteLinks(char* block, Links links);
  // The block with the links of an entry, and back.
  static char* LinkedBlock(const char* entry, size_t size);
  static char* EntryIn(char* block);

  char* Take(size_t block_class);
  void Give(char* block);
  Page* AddPage(size_t block_class);
  void RemovePage(Page* page);
  void AddRegion();
  void Link(Class& list, Page* page);
  void Unlink(Class& list, Page* page);
  Page* SparsestPage();
  void Release(size_t group, unsigned first, unsigned count);
  template <typename F>
  static void ForEachLive(const Page* page, F&& f);

  std::array<Class, kClasses> classes_;
  std::vector<char*> regions_;
  std::vector<char*> spaces_;  // that the regions lie in
  std::vector<Group> groups_;
  size_t first_free_ = 0;  // no group below has a page that is not in use
  size_t trim_next_ = 0;   // the group where Trim() goes on
  size_t pages_in_use_ = 0;
  size_t resident_pages_ = 0;
  size_t block_bytes_ = 0;
  size_t large_bytes_ = 0;
};

template <typename F>
void Arena::ForEachLive(const Page* page, F&& f) {
  std::array<bool, kUnitsPerPage> is_free{};
  const char* const base = reinterpret_cast<const char*>(page);
  for (uint16_t at = page->free; at != 0;) {
    is_free[at] = true;
    __builtin_memcpy(&at, base + at * kUnit, sizeof(at));
  }
  const size_t step = BlockSize(page->block_class) / kUnit;
  for (size_t at = kHead / kUnit; at < page->fresh; at += step) {
    if (!is_free[at]) f(const_cast<char*>(base) + at * kUnit);
  }
}

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
