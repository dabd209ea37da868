#include "proxy/store/rdb/crc64.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace keyhole::store::rdb {

namespace {

using Tables = std::array<std::array<uint64_t, 256>, 8>;

// Table n says what a byte does that is followed by n others, so that eight are taken at once.
// Source: "slicing by 8", M. Kounavis and F. Berry, "A systematic approach to building high
// performance, software-based, CRC generators", 2005.
constexpr Tables MakeTables() {
  constexpr uint64_t kPolynomial = 0x95ac9329ac4bc9b5;  // ad93d23594c935a9 with its bits reversed
  Tables tables{};
  for (size_t byte = 0; byte < 256; ++byte) {
    uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ kPolynomial : crc >> 1;
    tables[0][byte] = crc;
  }
  for (size_t n = 1; n < 8; ++n) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint64_t before = tables[n - 1][byte];
      tables[n][byte] = before >> 8 ^ tables[0][before & 255];
    }
  }
  return tables;
}
constexpr Tables kTables = MakeTables();

}  // namespace

uint64_t Crc64(std::string_view bytes, uint64_t crc) {
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof(word));
    crc ^= word;
    uint64_t next = 0;
    for (size_t i = 0; i < 8; ++i) next ^= kTables[7 - i][crc >> 8 * i & 255];
    crc = next;
  }
  for (const char byte : bytes)
    crc = crc >> 8 ^ kTables[0][(crc ^ static_cast<uint8_t>(byte)) & 255];
  return crc;
}

}  // namespace keyhole::store::rdb
