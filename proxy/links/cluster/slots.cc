#include "proxy/links/cluster/slots.h"

#include <array>

namespace keyhole::core {
namespace {

constexpr uint16_t kPolynomial = 0x1021;

constexpr std::array<uint16_t, 256> kCrcOfByte = [] {
  std::array<uint16_t, 256> table{};
  for (size_t byte = 0; byte < table.size(); ++byte) {
    auto crc = static_cast<uint16_t>(byte << 8);
    for (int bit = 0; bit < 8; ++bit) {
      const bool carry = (crc & 0x8000) != 0;
      crc = static_cast<uint16_t>(crc << 1);
      if (carry) crc ^= kPolynomial;
    }
    table[byte] = crc;
  }
  return table;
}();

std::string_view HashedPart(std::string_view key) {
  const size_t open = key.find('{');
  if (open == std::string_view::npos) return key;
  const size_t close = key.find('}', open + 1);
  const bool has_tag = close != std::string_view::npos && close > open + 1;
  return has_tag ? key.substr(open + 1, close - open - 1) : key;
}

}  // namespace

uint16_t Crc16(std::string_view bytes) {
  uint16_t crc = 0;
  for (const char byte : bytes) {
    const auto index = static_cast<uint8_t>((crc >> 8) ^ static_cast<uint8_t>(byte));
    crc = static_cast<uint16_t>((crc << 8) ^ kCrcOfByte[index]);
  }
  return crc;
}

Slot SlotOf(std::string_view key) {
  return Crc16(HashedPart(key)) % kSlotCount;
}

}  // namespace keyhole::core
