#include "metrics/key_identity.h"

#include <cstring>

namespace keyhole::metrics {

void KeyIdentity::Digest(std::string_view key) {
  static const resp::HashSecrets other_secrets = resp::DrawSecrets();
  const uint64_t numbers[3] = {key.size(), resp::HashLongKey(key, other_secrets), hash_};
  std::memcpy(digest_.data(), key.data(), kPrefixBytes);
  std::memcpy(digest_.data() + kPrefixBytes, numbers, sizeof(numbers));
  static_assert(kPrefixBytes + sizeof(numbers) > kVerbatimBytes);
  bytes_ = {digest_.data(), digest_.size()};
}

}  // namespace keyhole::metrics
