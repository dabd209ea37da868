#include "proxy/store/memory/arena.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace keyhole::store {

namespace {

constexpr size_t kPointer = sizeof(char*);

char* LoadPointer(const char* at) {
  char* pointer;
  std::memcpy(&pointer, at, kPointer);
  return pointer;
}

void StorePointer(char* at, const char* pointer) {
  std::memcpy(at, &pointer, kPointer);
}

}  // namespace

char* Arena::LinkedBlock(const char* entry, size_t size) {
  if (ClassOf(size) == 0) return LoadPointer(entry - kPointer);
  return const_cast<char*>(entry) - kPrefix;
}

char* Arena::EntryIn(char* block) {
  return PageOf(block)->block_class == 0 ? LoadPointer(block + kLargeBlock - kPointer)
                                         : block + kPrefix;
}

Arena::Handle Arena::HandleOf(const char* block, size_t size) const {
  const char* const linked = LinkedBlock(block, size);
  return static_cast<Handle>(PageOf(linked)->number * kUnitsPerPage + UnitOf(linked));
}

char* Arena::At(Handle handle) const {
  return EntryIn(BlockAt(handle));
}

Arena::Links Arena::ReadLinks(const char* block) {
  Links links;
  std::memcpy(&links.prev, block, 4);
  std::memcpy(&links.next, block + 4, 4);
  std::memcpy(&links.use, block + kUseAt, kUseSize);
  return links;
}

void Arena::WriteLinks(char* block, Links links) {
  std::memcpy(block, &links.prev, 4);
  std::memcpy(block + 4, &links.next, 4);
  std::memcpy(block + kUseAt, &links.use, kUseSize);
}

char* Arena::Allocate(size_t size) {
  const size_t block_class = ClassOf(size);
  char* const block = Take(block_class);
  char* entry = block + kPrefix;
  if (block_class == 0) {
    auto* large = static_cast<char*>(std::malloc(kPointer + size));
    if (large == nullptr) {
      Give(block);
      throw std::bad_alloc();
    }
    large_bytes_ += MallocCost(large);
    entry = large + kPointer;
    StorePointer(large, block);
    StorePointer(block + kLargeBlock - kPointer, entry);
  }
  WriteLinks(block, Links());
  return entry;
}

char* Arena::Resize(char* block, size_t old_size, size_t size) {
  const size_t old_class = ClassOf(old_size);
  const size_t new_class = ClassOf(size);
  if (old_class == new_class && old_class != 0) return block;
  if (old_class == new_class) {
    char* const old = block - kPointer;
    const size_t before = MallocCost(old);
    auto* large = static_cast<char*>(std::realloc(old, kPointer + size));
    if (large == nullptr) throw std::bad_alloc();
    large_bytes_ += MallocCost(large) - before;
    StorePointer(LoadPointer(large) + kLargeBlock - kPointer, large + kPointer);
    return large + kPointer;
  }
  char* const fresh = Allocate(size);
  std::memcpy(fresh, block, std::min(old_size, size));
  WriteLinks(LinkedBlock(fresh, size), ReadLinks(LinkedBlock(block, old_size)));
  Free(block, old_size);
  return fresh;
}

void Arena::Free(char* block, size_t size) {
  char* const linked = LinkedBlock(block, size);
  if (ClassOf(size) == 0) {
    large_bytes_ -= MallocCost(block - kPointer);
    std::free(block - kPointer);
  }
  Give(linked);
}

size_t Arena::Cost(const char* block, size_t size) const {
  const size_t block_class = ClassOf(size);
  const size_t own = BlockSize(block_class);
  return block_class == 0 ? own + MallocCost(block - kPointer) : own;
}

}  // namespace keyhole::store
