// What tells one key from another, in bounded memory: the key itself up to kVerbatimBytes. A longer
// one is known by its first bytes, its length and 128 bits of hash, together longer than any key
// taken verbatim.
//
// Views the key it was made from, or itself: must not outlive the key, nor be copied.
//
// Thread: any. Cost: the key's hash, if it is not known; one more over a long one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "resp/hashed_key.h"

namespace keyhole::metrics {

class KeyIdentity {
 public:
  static constexpr size_t kVerbatimBytes = 256;

  explicit KeyIdentity(std::string_view key) : KeyIdentity(resp::HashedKey(key)) {}
  explicit KeyIdentity(const resp::HashedKey& key) : bytes_(key.bytes), hash_(key.hash) {
    if (bytes_.size() > kVerbatimBytes) [[unlikely]]
      Digest(bytes_);
  }
  KeyIdentity(const KeyIdentity&) = delete;
  KeyIdentity& operator=(const KeyIdentity&) = delete;

  std::string_view bytes() const { return bytes_; }
  // The key's, see resp::HashedKey.
  uint64_t hash() const { return hash_; }

 private:
  static constexpr size_t kPrefixBytes = 240;
  void Digest(std::string_view key);

  std::string_view bytes_;
  uint64_t hash_;
  std::array<char, kPrefixBytes + 3 * sizeof(uint64_t)> digest_;  // set for long keys only
};

// For tables whose keys are hashes already.
struct HashedAlready {
  size_t operator()(uint64_t hash) const { return hash; }
};

}  // namespace keyhole::metrics
