// A key with its hash, which is taken once and serves the table, the ghost and the write epochs.
//
// Views the key. Thread: any. Cost: one hash over the key.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

namespace keyhole::core {

struct NearKey {
  explicit NearKey(std::string_view key)
      : NearKey(key, absl::HashOf(absl::string_view(key.data(), key.size()))) {}
  // REQUIRES: the hash is that of an earlier NearKey(key).
  NearKey(std::string_view key, uint64_t its_hash) : bytes(key), hash(its_hash) {}

  std::string_view bytes;
  uint64_t hash;  // differs from process to process: nobody can prepare keys that collide
};

}  // namespace keyhole::core
