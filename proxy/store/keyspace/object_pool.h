// The large values of one stripe, whatever their database: the memory they are made of, and those
// that nobody needs any more.
//
// To free a million members takes a tenth of a second. So a large value that is deleted,
// overwritten, evicted, or has expired goes in here and is freed a little at a time, by the
// sweeper, or by whoever needs the memory at once. Until then it counts as used.
//
// Thread: under the lock of its stripe (store.h), if there is one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "proxy/store/keyspace/entry.h"
#include "proxy/store/memory/budget.h"
#include "proxy/store/memory/object_heap.h"

namespace keyhole::store {

class ObjectPool {
 public:
  explicit ObjectPool(MemoryBudget& budget) : budget_(budget) {}

  ObjectHeap& heap() { return heap_; }
  const ObjectHeap& heap() const { return heap_; }

  // What small ones hold is freed at once. count: so many values, as INFO counts them.
  void Discard(std::unique_ptr<Object> object, size_t count = 1);
  // Frees until *budget is 0; see Object::FreeSome.
  void FreeSome(size_t* budget);
  bool empty() const { return discarded_.empty(); }

  size_t memory() const { return bytes_; }  // of what is to be freed
  size_t pending() const { return pending_; }
  uint64_t freed() const { return freed_; }  // that were pending

 private:
  static constexpr size_t kSmall = 64 * 1024;

  struct Discarded {
    std::unique_ptr<Object> object;
    size_t count;
  };

  void Report() { reported_ = budget_.Report(reported_, bytes_); }

  MemoryBudget& budget_;
  ObjectHeap heap_;
  std::deque<Discarded> discarded_;  // goes before the heap
  size_t bytes_ = 0;
  size_t reported_ = 0;
  size_t pending_ = 0;
  uint64_t freed_ = 0;
};

// By stripe.
using ObjectPools = std::vector<std::unique_ptr<ObjectPool>>;

}  // namespace keyhole::store
