// Blocks of a few sizes, cut from pages that come from the kernel: what Arena (the keys) and
// ObjectHeap (what large values are made of) stand on.
//
//     region  32 MiB   address space; memory comes from the kernel as pages are first touched
//     page    8 KiB    head 24 or 64 | blocks of one class, which is a size
//
// Blocks of one page have one size, so what has been freed of one size is of no use to another
// until whole pages are empty. Compaction sees to that: the owner of the blocks moves those of a
// page that is nearly empty to others. Trim() gives pages that nobody needs back to the kernel.
//
// A block has no head: who frees it knows its class, or asks the page. Blocks of a multiple of 64
// bytes begin at one, a cache line.
//
// Thread: that of its owner.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "proxy/store/memory/poison.h"

namespace keyhole::store {

class Slabs {
 public:
  // max_pages: how many page numbers there are.
  explicit Slabs(size_t max_pages) : max_pages_(max_pages) {}
  Slabs(const Slabs&) = delete;
  Slabs& operator=(const Slabs&) = delete;

  // Bytes of memory that the kernel has given and has not got back.
  size_t resident() const { return resident_pages_ * kPageSize; }

  // About a tenth of the pages in use lies idle between blocks.
  bool fragmented() const {
    return pages_in_use_ * kPageSize > block_bytes_ + block_bytes_ / 32 * 3 + kSlack;
  }
  // Gives up to `runs` runs of idle pages back, and keeps those that will soon be needed again.
  void Trim(size_t runs);

 protected:
  static constexpr size_t kUnit = 8;
  static constexpr size_t kPageSize = 8192;
  static constexpr size_t kUnitsPerPage = kPageSize / kUnit;
  static constexpr size_t kPagesPerRegion = 4096;
  static constexpr size_t kMaxBlock = 520;
  static constexpr size_t kClasses = kMaxBlock / kUnit + 1;
  static constexpr size_t kClassZeroBlock = 24;  // [0] is whatever its owner likes, of this size
  static constexpr uint32_t kNoPage = UINT32_MAX;

  struct Page {
    uint32_t number;
    uint32_t prev;  // in the list of its class' pages with room
    uint32_t next;
    uint16_t block_class;
    uint16_t live;     // blocks in use
    uint16_t free;     // the first freed block, in units from the start; 0: none
    uint16_t fresh;    // the first block never used
    uint16_t leaving;  // 1: to become empty; on no list
  };
  static_assert(sizeof(Page) <= 24);
  static constexpr size_t kHead = 24;

  // Small, as each shard of each database has all of them, used or not.
  struct Class {
    uint32_t with_room = kNoPage;  // pages with a free block
    uint32_t pages = 0;
    size_t live = 0;
  };

  ~Slabs() { Reset(); }

  static size_t BlockSize(size_t block_class) {
    return block_class == 0 ? kClassZeroBlock : block_class * kUnit;
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

  // A copy of both in each of their few callers: these are on the path of every new key.
  [[gnu::always_inline]] char* Take(size_t block_class);  // throws std::bad_alloc
  [[gnu::always_inline]] void Give(char* block);
  // Forgets all blocks.
  void Reset();
  template <typename F>
  static void ForEachLive(const Page* page, F&& f);
  // Of the class with the most room a page that is nearly empty; null if none is worth emptying.
  Page* SparsestPage();
  // From now on the page gets no block.
  void MarkLeaving(Page* page);
  void RemovePage(Page* page);
  void Unlink(Class& list, Page* page);
  // Of the pages of a class.
  size_t leaving(size_t block_class) const { return leaving_.empty() ? 0 : leaving_[block_class]; }

  std::array<Class, kClasses> classes_;
  size_t pages_in_use_ = 0;
  size_t leaving_pages_ = 0;
  size_t block_bytes_ = 0;  // of all blocks in use

 private:
  static constexpr size_t kPagesPerGroup = 64;  // of which one word says what is free
  static constexpr size_t kSpace = kPagesPerRegion * kPageSize + kPageSize;  // for alignment
  static constexpr size_t kSlack = 256 * 1024;  // a few sizes with a page or two each

  std::vector<uint32_t> leaving_;  // for each class; empty: none has been marked yet

  // Of 64 pages: which are in use, which hold memory.
  struct Group {
    uint64_t in_use = 0;
    uint64_t resident = 0;
  };

  static size_t HeadOf(size_t block_class) {
    constexpr size_t kLine = 64;
    return BlockSize(block_class) % kLine == 0 ? kLine : kHead;
  }
  Page* AddPage(size_t block_class);
  void AddRegion();
  void Link(Class& list, Page* page);
  void Release(size_t group, unsigned first, unsigned count);

  const size_t max_pages_;
  std::vector<char*> regions_;
  std::vector<char*> spaces_;  // that the regions lie in
  std::vector<Group> groups_;
  size_t first_free_ = 0;  // no group below has a page that is not in use
  size_t trim_next_ = 0;   // the group where Trim() goes on
  size_t resident_pages_ = 0;
};

inline char* Slabs::Take(size_t block_class) {
  Class& list = classes_[block_class];
  Page* const page = list.with_room == kNoPage ? AddPage(block_class) : PageAt(list.with_room);
  char* const base = reinterpret_cast<char*>(page);
  const size_t size = BlockSize(block_class);
  char* block = nullptr;
  if (page->free != 0) {
    block = base + page->free * kUnit;
    __builtin_memcpy(&page->free, block, sizeof(page->free));
  } else {
    block = base + page->fresh * kUnit;
    page->fresh = static_cast<uint16_t>(page->fresh + size / kUnit);
  }
  Unpoison(block, size);
  ++page->live;
  ++list.live;
  block_bytes_ += size;
  if (page->live == BlocksPerPage(block_class)) Unlink(list, page);
  return block;
}

// What is free is poisoned, but for its first bytes: the list of free blocks goes through them.
inline void Slabs::Give(char* block) {
  Page* const page = PageOf(block);
  Class& list = classes_[page->block_class];
  const size_t size = BlockSize(page->block_class);
  if (page->live == BlocksPerPage(page->block_class)) Link(list, page);
  __builtin_memcpy(block, &page->free, sizeof(page->free));
  Poison(block + kUnit, size - kUnit);
  page->free = UnitOf(block);
  --page->live;
  --list.live;
  block_bytes_ -= size;
  if (page->live > 0) return;
  if (page->leaving == 0) Unlink(list, page);
  RemovePage(page);
}

template <typename F>
void Slabs::ForEachLive(const Page* page, F&& f) {
  std::array<bool, kUnitsPerPage> is_free{};
  const char* const base = reinterpret_cast<const char*>(page);
  for (uint16_t at = page->free; at != 0;) {
    is_free[at] = true;
    __builtin_memcpy(&at, base + at * kUnit, sizeof(at));
  }
  const size_t step = BlockSize(page->block_class) / kUnit;
  for (size_t at = HeadOf(page->block_class) / kUnit; at < page->fresh; at += step) {
    if (!is_free[at]) f(const_cast<char*>(base) + at * kUnit);
  }
}

}  // namespace keyhole::store
