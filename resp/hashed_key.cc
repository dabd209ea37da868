#include "resp/hashed_key.h"

#include <random>

namespace keyhole::resp {

HashSecrets DrawSecrets() {
  std::random_device random;  // 32 bits a time
  const auto word = [&random] { return uint64_t{random()} << 32 | random(); };
  const uint64_t first = word();
  return {first, word()};
}

uint64_t HashLongKey(std::string_view key, const HashSecrets& secrets) {
  uint64_t hash = secrets.second ^ key.size();
  const char* const last = key.data() + key.size() - 16;
  for (const char* at = key.data(); at < last; at += 16) {
    hash = FoldProduct(LoadWord<uint64_t>(at) ^ secrets.first, LoadWord<uint64_t>(at + 8) ^ hash);
  }
  hash = FoldProduct(LoadWord<uint64_t>(last) ^ secrets.first, LoadWord<uint64_t>(last + 8) ^ hash);
  return FoldProduct(hash ^ secrets.second, secrets.first ^ key.size());
}

}  // namespace keyhole::resp
