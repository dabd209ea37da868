#include "proxy/store/memory/slabs.h"

#include <algorithm>
#include <bit>
#include <new>

#include "proxy/store/memory/heap.h"
#include "proxy/store/memory/poison.h"

namespace keyhole::store {

void Slabs::Reset() {
  for (char* const space : spaces_) {
    Unpoison(space, kSpace);
    UnmapSpace(space, kSpace);
  }
  classes_ = {};
  spaces_.clear();
  regions_.clear();
  groups_.clear();
  first_free_ = 0;
  trim_next_ = 0;
  pages_in_use_ = 0;
  resident_pages_ = 0;
  block_bytes_ = 0;
  leaving_pages_ = 0;
  leaving_.clear();
}

// The lowest page there is, so that those at the end become idle.
Slabs::Page* Slabs::AddPage(size_t block_class) {
  while (first_free_ < groups_.size() && groups_[first_free_].in_use == UINT64_MAX) ++first_free_;
  if (first_free_ == groups_.size()) AddRegion();
  Group& group = groups_[first_free_];
  const auto bit = static_cast<unsigned>(std::countr_one(group.in_use));
  const uint64_t mask = uint64_t{1} << bit;
  if ((group.resident & mask) == 0) ++resident_pages_;
  group.in_use |= mask;
  group.resident |= mask;
  ++pages_in_use_;
  ++classes_[block_class].pages;

  const size_t number = first_free_ * kPagesPerGroup + bit;
  Page* const page = PageAt(number);
  Poison(reinterpret_cast<char*>(page) + kHead, kPageSize - kHead);
  page->number = static_cast<uint32_t>(number);
  page->block_class = static_cast<uint16_t>(block_class);
  page->live = 0;
  page->free = 0;
  page->fresh = static_cast<uint16_t>(HeadOf(block_class) / kUnit);
  page->leaving = 0;
  Link(classes_[block_class], page);
  return page;
}

// REQUIRES: it is empty and on no list.
void Slabs::RemovePage(Page* page) {
  const size_t number = page->number;
  const size_t group = number / kPagesPerGroup;
  groups_[group].in_use &= ~(uint64_t{1} << number % kPagesPerGroup);
  first_free_ = std::min(first_free_, group);
  Class& list = classes_[page->block_class];
  --list.pages;
  --pages_in_use_;
  if (page->leaving == 0) return;
  --leaving_[page->block_class];
  --leaving_pages_;
}

void Slabs::AddRegion() {
  if (regions_.size() * kPagesPerRegion >= max_pages_) throw std::bad_alloc();
  char* const space = MapSpace(kSpace);
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(space) + kPageSize - 1) & ~(kPageSize - 1);
  spaces_.push_back(space);
  regions_.push_back(reinterpret_cast<char*>(begin));
  groups_.resize(groups_.size() + kPagesPerRegion / kPagesPerGroup);
}

void Slabs::Link(Class& list, Page* page) {
  page->prev = kNoPage;
  page->next = list.with_room;
  if (list.with_room != kNoPage) PageAt(list.with_room)->prev = page->number;
  list.with_room = page->number;
}

void Slabs::Unlink(Class& list, Page* page) {
  if (page->prev != kNoPage) PageAt(page->prev)->next = page->next;
  if (page->next != kNoPage) PageAt(page->next)->prev = page->prev;
  if (list.with_room == page->number) list.with_room = page->next;
}

// Of the size with the most room; a few of its pages are looked at.
Slabs::Page* Slabs::SparsestPage() {
  constexpr int kLooks = 16;
  size_t most = 0;
  size_t chosen = 0;
  for (size_t c = 0; c < kClasses; ++c) {
    const size_t free = size_t{classes_[c].pages} * BlocksPerPage(c) - classes_[c].live;
    if (free <= BlocksPerPage(c) || free * BlockSize(c) <= most) continue;
    most = free * BlockSize(c);
    chosen = c;
  }
  if (most == 0) return nullptr;
  Page* best = nullptr;
  uint32_t number = classes_[chosen].with_room;
  for (int i = 0; i < kLooks && number != kNoPage; ++i) {
    Page* const page = PageAt(number);
    if (best == nullptr || page->live < best->live) best = page;
    number = page->next;
  }
  return best;
}

void Slabs::Trim(size_t runs) {
  const size_t keep = pages_in_use_ / 16 + 32;
  for (size_t looked = 0; looked < groups_.size() && runs > 0; ++looked) {
    if (resident_pages_ <= pages_in_use_ + keep) return;
    trim_next_ = (trim_next_ + 1) % groups_.size();
    const Group& group = groups_[trim_next_];
    for (uint64_t idle = group.resident & ~group.in_use; idle != 0 && runs > 0; --runs) {
      const auto first = static_cast<unsigned>(std::countr_zero(idle));
      const auto count = static_cast<unsigned>(std::countr_one(idle >> first));
      Release(trim_next_, first, count);
      idle = group.resident & ~group.in_use;
    }
  }
}

void Slabs::Release(size_t group, unsigned first, unsigned count) {
  const uint64_t ones = count == kPagesPerGroup ? UINT64_MAX : (uint64_t{1} << count) - 1;
  groups_[group].resident &= ~(ones << first);
  resident_pages_ -= count;
  DiscardMemory(reinterpret_cast<char*>(PageAt(group * kPagesPerGroup + first)), count * kPageSize);
}

// Off the list, so that no block finds its new place on the page it leaves.
void Slabs::MarkLeaving(Page* page) {
  Class& list = classes_[page->block_class];
  Unlink(list, page);
  page->leaving = 1;
  if (leaving_.empty()) leaving_.resize(kClasses);
  ++leaving_[page->block_class];
  ++leaving_pages_;
}

}  // namespace keyhole::store
