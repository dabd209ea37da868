#include "resp/hashed_key.h"

#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <unordered_set>
#include <vector>

namespace keyhole::resp {
namespace {

TEST(HashedKey, IsTheSameForTheSameBytesWhereverTheyAre) {
  for (size_t size = 0; size < 100; ++size) {
    const std::string key(size, 'k');
    for (size_t offset = 0; offset < 9; ++offset) {
      const std::string elsewhere = std::string(offset, 'x') + key + "behind";
      EXPECT_EQ(HashedKey(std::string_view(elsewhere).substr(offset, size)).hash,
                HashedKey(key).hash);
    }
  }
}

TEST(HashedKey, LengthTellsKeysApart) {
  std::unordered_set<uint64_t> hashes;
  for (size_t size = 0; size < 1000; ++size) {
    hashes.insert(HashOfKey(std::string(size, '\0')));
    hashes.insert(HashOfKey(std::string(size + 1, 'k')));
  }
  EXPECT_EQ(hashes.size(), 2000U);
}

// Each bit of a key changes about half of the bits of its hash.
TEST(HashedKey, EveryBitMatters) {
  for (const size_t size : {1U, 2U, 3U, 4U, 7U, 8U, 12U, 16U, 17U, 31U, 32U, 33U, 64U, 300U}) {
    const std::string key(size, 'k');
    const uint64_t hash = HashOfKey(key);
    int changed = 0;
    for (size_t bit = 0; bit < size * 8; ++bit) {
      std::string other = key;
      other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
      const int bits = std::popcount(hash ^ HashOfKey(other));
      EXPECT_GT(bits, 5) << size << " bytes, bit " << bit;
      changed += bits;
    }
    EXPECT_NEAR(static_cast<double>(changed) / static_cast<double>(size * 8), 32, size < 4 ? 12 : 6)
        << size;
  }
}

// Names that are numbered spread over any byte of the hash: tables look at different ones.
TEST(HashedKey, NumberedKeysSpreadEvenly) {
  constexpr size_t kKeys = 256 * 1024;
  for (const std::string prefix : {"", "k", "user:", "key:00000", "session:eu-west-1:web:"}) {
    std::vector<std::vector<int>> counts(8, std::vector<int>(256));
    for (size_t i = 0; i < kKeys; ++i) {
      const uint64_t hash = HashOfKey(prefix + std::to_string(i));
      for (size_t byte = 0; byte < 8; ++byte) ++counts[byte][hash >> (8 * byte) & 0xff];
    }
    for (const auto& byte : counts) {
      for (const int count : byte) EXPECT_NEAR(count, 1024, 220) << prefix;  // 32 is one sigma
    }
  }
}

TEST(HashedKey, OtherSecretsGiveOtherHashes) {
  const std::string key(40, 'k');
  EXPECT_NE(HashLongKey(key, DrawSecrets()), HashLongKey(key, DrawSecrets()));
  EXPECT_EQ(HashLongKey(key, kKeySecrets), HashOfKey(key));
}

}  // namespace
}  // namespace keyhole::resp
