// Keys that were evicted lately, as fingerprints: two bytes each, which is what a key costs here.
//
//     set, one cache line:   next 2 | fingerprints 31 x 2        a ring: the oldest makes room
//
// A key belongs into one set. As keys spread evenly over the sets, each set's last 31 are about the
// last so many of all. Once in two thousand times a key is taken for one that was there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace keyhole::store {

class GhostSet {
 public:
  // Room for about so many keys; what is there is forgotten if the room must change by much.
  void Fit(size_t keys);
  void Add(uint64_t hash);
  bool Contains(uint64_t hash) const;
  void Clear();
  size_t memory() const { return count_ * sizeof(Set); }

 private:
  static constexpr size_t kRing = 31;
  struct Set {
    uint16_t next;
    uint16_t prints[kRing];  // 0: none
  };
  static_assert(sizeof(Set) == 64);
  struct Free {
    void operator()(Set* sets) const;
  };

  Set& SetOf(uint64_t hash) const;

  std::unique_ptr<Set[], Free> sets_;
  size_t count_ = 0;
};

}  // namespace keyhole::store
