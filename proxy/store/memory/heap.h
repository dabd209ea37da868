// Where entries get their memory from.
//
// Heap     the interface: entry.cc asks it for blocks and gives them back
// malloc      MallocHeap(): for what stands alone or is between two places
// Arena       for the keys of a database: arena.h
// ObjectHeap  for what large values are made of: object_heap.h. Keyspace::HeapOf(key) is the one
//             that the key's value is to use.
#pragma once

#include <cstddef>

namespace keyhole::store {

class Heap {
 public:
  Heap() = default;
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  // Uninitialised memory, without alignment. Throws std::bad_alloc.
  virtual char* Allocate(size_t size) = 0;
  // The same bytes, as many as fit, in a block of `size` bytes; at the old place if that is cheap.
  // `old_size` is what the block was asked for with.
  virtual char* Resize(char* block, size_t old_size, size_t size) = 0;
  virtual void Free(char* block, size_t size) = 0;
  // What the block takes, rounding and bookkeeping included.
  virtual size_t Cost(const char* block, size_t size) const = 0;
  // Where the block lies from now on; null, nearly always, if it stays. The old place is freed.
  virtual char* Moved(char* /*block*/, size_t /*size*/) { return nullptr; }

 protected:
  ~Heap() = default;
};

// malloc and realloc, because growing a long value in place is what APPEND and SETRANGE live on.
Heap& MallocHeap();
// What a block of malloc's takes, and how much of that can be used.
size_t MallocCost(const void* block);
size_t MallocCapacity(const void* block);

// Address space of the kernel's, zeroed; it gets memory as it is first touched. Throws
// std::bad_alloc.
char* MapSpace(size_t size);
void UnmapSpace(char* space, size_t size);
// Gives the memory back and keeps the space.
void DiscardMemory(char* begin, size_t size);

}  // namespace keyhole::store
