// A small generator for choices that nobody can profit from guessing. Source: Sebastiano Vigna,
// splitmix64, public domain.
#pragma once

#include <cstdint>

namespace keyhole::store {

inline uint64_t NextRandom(uint64_t* state) {
  uint64_t z = (*state += 0x9E3779B97F4A7C15U);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

}  // namespace keyhole::store
