// A key with its hash, which is taken once and serves every table that the key is looked for in:
// the store's, the counters', the near cache's.
//
// Differs from process to process, all bits well mixed: nobody can prepare keys that collide.
//
// Views the key. Thread: any. Cost: one hash over the key, some 2 ns for a short one.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

namespace keyhole::resp {

struct HashedKey {
  HashedKey() = default;
  [[gnu::always_inline]] explicit HashedKey(std::string_view key)
      : HashedKey(key, absl::HashOf(absl::string_view(key.data(), key.size()))) {}
  // REQUIRES: the hash is that of an earlier HashedKey(key).
  HashedKey(std::string_view key, uint64_t its_hash) : bytes(key), hash(its_hash) {}

  std::string_view bytes;
  uint64_t hash = 0;
};

}  // namespace keyhole::resp
