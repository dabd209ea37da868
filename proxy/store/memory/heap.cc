#include "proxy/store/memory/heap.h"

#include <malloc.h>
#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace keyhole::store {

namespace {

class Malloc final : public Heap {
 public:
  char* Allocate(size_t size) override { return Resize(nullptr, 0, size); }
  char* Resize(char* block, size_t, size_t size) override {
    void* fresh = std::realloc(block, size);
    if (fresh == nullptr) throw std::bad_alloc();
    return static_cast<char*>(fresh);
  }
  void Free(char* block, size_t) override { std::free(block); }
  size_t Cost(const char* block, size_t) const override { return MallocCost(block); }
};

}  // namespace

Heap& MallocHeap() {
  static Malloc heap;
  return heap;
}

size_t MallocCost(const void* block) {
  constexpr size_t kBookkeeping = 8;  // what glibc keeps before each block
  return MallocCapacity(block) + kBookkeeping;
}

size_t MallocCapacity(const void* block) {
  return malloc_usable_size(const_cast<void*>(block));
}

char* MapSpace(size_t size) {
  void* const space = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (space == MAP_FAILED) throw std::bad_alloc();
  return static_cast<char*>(space);
}

void UnmapSpace(char* space, size_t size) {
  munmap(space, size);
}

void DiscardMemory(char* begin, size_t size) {
  madvise(begin, size, MADV_DONTNEED);
}

}  // namespace keyhole::store
