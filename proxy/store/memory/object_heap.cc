#include "proxy/store/memory/object_heap.h"

#include <algorithm>
#include <cstring>

namespace keyhole::store {

char* ObjectHeap::Allocate(size_t size) {
  const size_t block_class = ClassOf(size);
  if (block_class != 0) return Take(block_class);
  char* const large = MallocHeap().Allocate(size);
  large_bytes_ += MallocCost(large);
  return large;
}

char* ObjectHeap::Resize(char* block, size_t old_size, size_t size) {
  const size_t old_class = ClassOf(old_size);
  const size_t new_class = ClassOf(size);
  if (old_class == new_class && old_class != 0) return block;
  if (old_class == new_class) {
    const size_t before = MallocCost(block);
    char* const large = MallocHeap().Resize(block, old_size, size);
    large_bytes_ += MallocCost(large) - before;
    return large;
  }
  char* const fresh = Allocate(size);
  std::memcpy(fresh, block, std::min(old_size, size));
  Free(block, old_size);
  return fresh;
}

void ObjectHeap::Free(char* block, size_t size) {
  if (ClassOf(size) != 0) return Give(block);
  large_bytes_ -= MallocCost(block);
  MallocHeap().Free(block, size);
}

size_t ObjectHeap::Cost(const char* block, size_t size) const {
  const size_t block_class = ClassOf(size);
  return block_class == 0 ? MallocCost(block) : BlockSize(block_class);
}

bool ObjectHeap::compactable() const {
  if (leaving_pages_ > 0) return true;
  if (!fragmented()) return false;
  for (size_t c = 1; c < kClasses; ++c) {
    if (HasRoomToLeave(c)) return true;
  }
  return false;
}

// A page leaves if it is no fuller than the mean of its class.
char* ObjectHeap::Moved(char* block, size_t size) {
  const size_t block_class = ClassOf(size);
  if (block_class == 0) return nullptr;
  Page* const page = PageOf(block);
  if (page->leaving == 0) {
    const Class& list = classes_[block_class];
    const bool sparse =
        page->live < BlocksPerPage(block_class) && size_t{page->live} * list.pages <= list.live;
    if (!sparse || !fragmented() || !HasRoomToLeave(block_class)) return nullptr;
    MarkLeaving(page);
  }
  char* const to = Take(block_class);
  std::memcpy(to, block, size);
  Give(block);
  return to;
}

}  // namespace keyhole::store
