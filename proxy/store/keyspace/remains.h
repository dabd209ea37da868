// Objects whose keys are gone, and which are too large to be freed at once: DEL of a million
// elements is answered as fast as any other, and its memory comes back in parts.
//
// Thread: under the lock of its stripe.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "proxy/store/keyspace/entry.h"

namespace keyhole::store {

class Remains {
 public:
  // Frees it now if it is small.
  void Add(std::unique_ptr<Object> object);
  // Frees as much as the budget allows, the last one first, and takes the cost off.
  void FreeSome(size_t* budget);

  bool empty() const { return objects_.empty(); }
  size_t memory() const { return memory_; }  // not given back yet, or so it was at the beginning

 private:
  struct Remain {
    std::unique_ptr<Object> object;
    size_t memory;
  };
  std::vector<Remain> objects_;
  size_t memory_ = 0;
};

}  // namespace keyhole::store
