#include "metrics/key_identity.h"

#include <cstring>
#include <random>

#include "absl/numeric/int128.h"

namespace keyhole::metrics {
namespace {

uint64_t LoadWord(const char* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

// The two halves of the product, one on the other: the step of the hashes of the wyhash kind.
uint64_t Fold(uint64_t a, uint64_t b) {
  const absl::uint128 product = absl::uint128(a) * b;
  return absl::Uint128High64(product) ^ absl::Uint128Low64(product);
}

// 64 bits from the whole of a long string, 16 bytes at a step. Two seeds give two hashes that
// have nothing to do with one another.
uint64_t HashLong(std::string_view s, uint64_t seed) {
  constexpr uint64_t kOdd1 = 0xa0761d6478bd642f;  // any odd numbers with bits well mixed
  constexpr uint64_t kOdd2 = 0xe7037ed1a0b428db;
  uint64_t hash = Fold(seed ^ kOdd1, s.size() ^ kOdd2);
  const char* const last = s.data() + s.size() - 16;
  for (const char* at = s.data(); at < last; at += 16) {
    hash = Fold(LoadWord(at) ^ seed ^ kOdd1, LoadWord(at + 8) ^ hash);
  }
  hash = Fold(LoadWord(last) ^ seed ^ kOdd2, LoadWord(last + 8) ^ hash);
  return Fold(hash ^ seed, kOdd1);
}

// Drawn anew by each process, so that nobody can prepare keys that collide.
struct Seeds {
  uint64_t values[2];
};
const Seeds& ProcessSeeds() {
  static const Seeds seeds = [] {
    std::random_device random;  // 32 bits a time
    const auto word = [&random] { return uint64_t{random()} << 32 | random(); };
    return Seeds{{word(), word()}};
  }();
  return seeds;
}

}  // namespace

void KeyIdentity::Digest(std::string_view key) {
  const auto& seeds = ProcessSeeds().values;
  const uint64_t numbers[3] = {key.size(), HashLong(key, seeds[0]), HashLong(key, seeds[1])};
  std::memcpy(digest_.data(), key.data(), kPrefixBytes);
  std::memcpy(digest_.data() + kPrefixBytes, numbers, sizeof(numbers));
  static_assert(kPrefixBytes + sizeof(numbers) > kVerbatimBytes);
  bytes_ = {digest_.data(), digest_.size()};
  hash_ = numbers[2];
}

}  // namespace keyhole::metrics
