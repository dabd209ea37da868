// Numbers of so many bytes, low byte first, as Redis writes them in snapshots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace keyhole::store::rdb {

inline void AppendLowFirst(uint64_t value, size_t size, std::string* bytes) {
  for (size_t i = 0; i < size; ++i) {
    bytes->push_back(static_cast<char>(static_cast<uint8_t>(value >> 8 * i)));
  }
}

// REQUIRES: there are so many bytes from `at` on; 8 at most.
inline uint64_t LowFirst(std::string_view bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = size; i > 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[at + i - 1]);
  return value;
}

}  // namespace keyhole::store::rdb
