// A key with its hash, the same for every table that the key is looked for in, the store's, the
// counters', the near cache's: who has it need not take it again.
//
// All bits of the hash are well mixed, and it differs from process to process, so that nobody can
// prepare keys that collide.
//
//     17 bytes and more: 16 a step, the last step takes the last 16
//     | a 8 | b 8 |   hash = fold(a ^ seed, b ^ hash) ...        fold: both halves of the product
//     8 to 16, 4 to 7: a first and b last bytes, which overlap
//
// Views the key. Thread: any. Cost: two multiplications for a key of up to 16 bytes, one more for
// each further 16.
// Source: the construction is that of Wang Yi's wyhash, with secrets drawn by each process.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace keyhole::resp {

struct HashSecrets {
  uint64_t first;
  uint64_t second;
};
// Drawn when the process starts; another draw gives hashes that have nothing to do with one
// another.
HashSecrets DrawSecrets();
inline const HashSecrets kKeySecrets = DrawSecrets();

// The two halves of the product, one on the other.
inline uint64_t FoldProduct(uint64_t a, uint64_t b) {
  __extension__ using Product = unsigned __int128;  // 64-bit machines only
  const Product product = static_cast<Product>(a) * b;
  return static_cast<uint64_t>(product >> 64) ^ static_cast<uint64_t>(product);
}

template <typename Word>
uint64_t LoadWord(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

// REQUIRES: more than 16 bytes.
uint64_t HashLongKey(std::string_view key, const HashSecrets& secrets);

inline uint64_t HashOfKey(std::string_view key) {
  const char* const bytes = key.data();
  const size_t size = key.size();
  uint64_t a = 0;
  uint64_t b = 0;
  if (size > 16) return HashLongKey(key, kKeySecrets);
  if (size >= 8) {
    a = LoadWord<uint64_t>(bytes);
    b = LoadWord<uint64_t>(bytes + size - 8);
  } else if (size >= 4) {
    a = LoadWord<uint32_t>(bytes);
    b = LoadWord<uint32_t>(bytes + size - 4);
  } else if (size > 0) {
    a = LoadWord<uint8_t>(bytes) | LoadWord<uint8_t>(bytes + size / 2) << 8 |
        LoadWord<uint8_t>(bytes + size - 1) << 16;
  }
  const uint64_t hash = FoldProduct(a ^ kKeySecrets.first, b ^ kKeySecrets.second);
  return FoldProduct(hash ^ kKeySecrets.second, kKeySecrets.first ^ size);
}

struct HashedKey {
  HashedKey() = default;
  explicit HashedKey(std::string_view key) : bytes(key), hash(HashOfKey(key)) {}

  std::string_view bytes;
  uint64_t hash = 0;
};

}  // namespace keyhole::resp
