#include "proxy/store/script/sha1.h"

#include <openssl/sha.h>

namespace keyhole::script {

Sha1Digits Sha1(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  Sha1Digits digits;
  for (size_t i = 0; i < digest.size(); ++i) {
    digits[2 * i] = kDigits[digest[i] >> 4];
    digits[2 * i + 1] = kDigits[digest[i] & 15];
  }
  return digits;
}

}  // namespace keyhole::script
