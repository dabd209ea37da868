#include "proxy/store/keyspace/ghost_set.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace keyhole::store {

namespace {

uint16_t PrintOf(uint64_t hash) {
  const auto print = static_cast<uint16_t>(hash);
  return print == 0 ? 1 : print;
}

}  // namespace

void GhostSet::Free::operator()(Set* sets) const {
  std::free(sets);
}

void GhostSet::Fit(size_t keys) {
  const size_t wanted = keys / kRing + 1;
  if (wanted <= count_ + count_ / 2 && wanted >= count_ / 4) return;
  // calloc: a large array is zeroed as it is first touched, not now.
  auto* const sets = static_cast<Set*>(std::calloc(wanted, sizeof(Set)));
  if (sets == nullptr) throw std::bad_alloc();
  sets_.reset(sets);
  count_ = wanted;
}

// The upper half of the hash, scaled to the number of sets.
GhostSet::Set& GhostSet::SetOf(uint64_t hash) const {
  return sets_[(hash >> 32) * count_ >> 32];
}

void GhostSet::Add(uint64_t hash) {
  if (count_ == 0) return;
  Set& set = SetOf(hash);
  set.prints[set.next] = PrintOf(hash);
  set.next = static_cast<uint16_t>((set.next + 1) % kRing);
}

bool GhostSet::Contains(uint64_t hash) const {
  if (count_ == 0) return false;
  const Set& set = SetOf(hash);
  const uint16_t print = PrintOf(hash);
  bool found = false;  // no early end: so the compiler compares eight at once
  for (const uint16_t one : set.prints) found |= one == print;
  return found;
}

void GhostSet::Clear() {
  sets_.reset();
  count_ = 0;
}

}  // namespace keyhole::store
