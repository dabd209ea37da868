// The memory of what large values are made of: the fields of a hash, the members of a set, the
// buckets that find them. Blocks of up to half a KiB lie in slabs (slabs.h) in steps of 8 bytes,
// with no head and no links; what is larger is malloc's. A member of 15 bytes takes 16, where
// malloc would take 32.
//
// Nobody but its owner knows where a block is pointed at from. So compaction goes by the owners
// (Object::Compact in keyspace/entry.h): each is visited from time to time, shows its blocks, and
// those on a page that is to become empty move.
//
//     if (char* const to = heap.Moved(block, size); to != nullptr) pointer = to;
//
// Thread: that of its owner; in the store under the lock of its stripe.
#pragma once

#include <cstddef>

#include "proxy/store/memory/heap.h"
#include "proxy/store/memory/slabs.h"

namespace keyhole::store {

class ObjectHeap final : public Heap, private Slabs {
 public:
  ObjectHeap() : Slabs(kNoPage) {}

  char* Allocate(size_t size) override;
  char* Resize(char* block, size_t old_size, size_t size) override;
  void Free(char* block, size_t size) override;
  size_t Cost(const char* block, size_t size) const override;
  char* Moved(char* block, size_t size) override;

  // Bytes of all blocks in use; the sum of their Cost().
  size_t memory() const { return block_bytes_ + large_bytes_; }
  // What the kernel has given for them.
  size_t resident() const { return Slabs::resident() + large_bytes_; }

  // It is worth while to show blocks to Moved().
  bool compactable() const;
  using Slabs::fragmented;
  using Slabs::Trim;

 private:
  static size_t ClassOf(size_t size) {
    if (size > kMaxBlock) return 0;
    return size == 0 ? 1 : (size + kUnit - 1) / kUnit;
  }
  // The pages of a class that are to stay have room for all blocks if one more page is to go.
  bool HasRoomToLeave(size_t block_class) const {
    const Class& list = classes_[block_class];
    const size_t gone = leaving(block_class) + 1;
    return list.pages > gone && (list.pages - gone) * BlocksPerPage(block_class) >= list.live;
  }

  size_t large_bytes_ = 0;
};

}  // namespace keyhole::store
