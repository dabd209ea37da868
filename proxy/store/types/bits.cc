#include "proxy/store/types/bits.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace keyhole::store {

namespace {

constexpr size_t kWord = sizeof(uint64_t);

uint64_t LoadWord(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, kWord);
  return word;
}

// Four sums, so that no addition waits for the one before.
template <typename Count>
inline __attribute__((always_inline)) uint64_t SumWords(const char* bytes, size_t words,
                                                        Count count) {
  uint64_t sums[4] = {};
  size_t i = 0;
  for (; i + 4 <= words; i += 4) {
    for (size_t j = 0; j < 4; ++j) sums[j] += count(LoadWord(bytes + (i + j) * kWord));
  }
  for (; i < words; ++i) sums[0] += count(LoadWord(bytes + i * kWord));
  return sums[0] + sums[1] + sums[2] + sums[3];
}

// Source: Hacker's Delight, 5-1.
inline uint64_t CountInWord(uint64_t x) {
  x -= (x >> 1) & 0x5555555555555555U;
  x = (x & 0x3333333333333333U) + ((x >> 2) & 0x3333333333333333U);
  x = (x + (x >> 4)) & 0x0F0F0F0F0F0F0F0FU;
  return x * 0x0101010101010101U >> 56;
}

uint64_t SumPlainly(const char* bytes, size_t words) {
  return SumWords(bytes, words, CountInWord);
}

#if defined(__x86_64__)
[[gnu::target("popcnt")]] uint64_t SumByInstruction(const char* bytes, size_t words) {
  uint64_t sums[4] = {};
  size_t i = 0;
  for (; i + 4 <= words; i += 4) {
    for (size_t j = 0; j < 4; ++j) {
      sums[j] += static_cast<uint64_t>(__builtin_popcountll(LoadWord(bytes + (i + j) * kWord)));
    }
  }
  for (; i < words; ++i) {
    sums[0] += static_cast<uint64_t>(__builtin_popcountll(LoadWord(bytes + i * kWord)));
  }
  return sums[0] + sums[1] + sums[2] + sums[3];
}

uint64_t CountWords(const char* bytes, size_t words) {
  static const bool has_instruction = __builtin_cpu_supports("popcnt") != 0;
  return has_instruction ? SumByInstruction(bytes, words) : SumPlainly(bytes, words);
}
#else
uint64_t CountWords(const char* bytes, size_t words) {
  return SumPlainly(bytes, words);
}
#endif

uint8_t ByteAt(std::string_view bytes, uint64_t at) {
  return at < bytes.size() ? static_cast<uint8_t>(bytes[at]) : 0;
}

// Of a byte the bits before `bit` ...
unsigned Before(uint64_t bit) {
  return 0xFF00U >> bit % 8 & 0xFFU;
}
// ... and those behind it.
unsigned Behind(uint64_t bit) {
  return 0x7FU >> bit % 8;
}

}  // namespace

uint64_t CountBits(std::string_view bytes) {
  const size_t words = bytes.size() / kWord;
  uint64_t last = 0;
  const size_t rest = bytes.size() % kWord;
  if (rest > 0) std::memcpy(&last, bytes.data() + words * kWord, rest);
  return CountWords(bytes.data(), words) + CountInWord(last);
}

uint64_t CountBits(std::string_view bytes, uint64_t first, uint64_t last) {
  const std::string_view part = bytes.substr(first / 8, last / 8 - first / 8 + 1);
  return CountBits(part) - CountInWord(ByteAt(bytes, first / 8) & Before(first)) -
         CountInWord(ByteAt(bytes, last / 8) & Behind(last));
}

uint64_t FindBit(std::string_view bytes, bool set, uint64_t first, uint64_t last) {
  const uint8_t flip = set ? 0 : 0xFF;  // so that what is looked for is a one
  const auto none = static_cast<char>(flip);
  for (uint64_t at = first / 8; at <= last / 8; ++at) {
    while (at + kWord <= last / 8 && bytes[at] == none &&
           LoadWord(bytes.data() + at) == (set ? 0 : UINT64_MAX)) {
      at += kWord;
    }
    unsigned byte = static_cast<uint8_t>(ByteAt(bytes, at) ^ flip);
    if (at == first / 8) byte &= ~Before(first);
    if (at == last / 8) byte &= ~Behind(last);
    if (byte != 0) return at * 8 + static_cast<unsigned>(std::countl_zero(byte)) - 24;
  }
  return kNoBit;
}

// Nine bytes hold any 64 bits: eight as one number, and the rest.
uint64_t ReadBits(std::string_view bytes, uint64_t bit, unsigned width) {
  const uint64_t at = bit / 8;
  uint64_t high = 0;
  if (at + kWord <= bytes.size()) {
    high = __builtin_bswap64(LoadWord(bytes.data() + at));
  } else {
    for (uint64_t i = 0; i < kWord; ++i) high = high << 8 | ByteAt(bytes, at + i);
  }
  const auto skipped = static_cast<unsigned>(bit % 8);
  if (skipped > 0) high = high << skipped | uint64_t{ByteAt(bytes, at + kWord)} >> (8 - skipped);
  return high >> (64 - width);
}

void WriteBits(char* bytes, uint64_t bit, unsigned width, uint64_t value) {
  while (width > 0) {
    const auto offset = static_cast<unsigned>(bit % 8);
    const unsigned count = std::min(8 - offset, width);  // in this byte
    const unsigned shift = 8 - offset - count;
    const unsigned mask = ((1U << count) - 1) << shift;
    const auto part = static_cast<unsigned>(value >> (width - count)) << shift & mask;
    char& byte = bytes[bit / 8];
    byte = static_cast<char>((static_cast<uint8_t>(byte) & ~mask) | part);
    bit += count;
    width -= count;
  }
}

int64_t AsInteger(uint64_t bits, IntegerType type) {
  const unsigned unused = 64 - type.width;
  return type.is_signed ? static_cast<int64_t>(bits << unused) >> unused
                        : static_cast<int64_t>(bits << unused >> unused);
}

// A value that is given as an unsigned one may be negative: it is then a very large one.
bool AddIntegers(int64_t value, int64_t more, IntegerType type, Overflow overflow, int64_t* sum) {
  const unsigned value_bits = type.is_signed ? type.width - 1 : type.width;
  const int64_t max =
      value_bits == 63 ? std::numeric_limits<int64_t>::max() : (int64_t{1} << value_bits) - 1;
  const int64_t min = type.is_signed ? -max - 1 : 0;
  int64_t exact = 0;
  const bool lost = __builtin_add_overflow(value, more, &exact);
  const bool huge = !type.is_signed && value < 0;
  const bool above = huge || value > max || (lost ? more > 0 : exact > max);
  const bool below = !above && (value < min || (lost ? more < 0 : exact < min));
  const auto wrapped = static_cast<uint64_t>(value) + static_cast<uint64_t>(more);
  *sum = overflow == Overflow::kSaturate && above   ? max
         : overflow == Overflow::kSaturate && below ? min
                                                    : AsInteger(wrapped, type);
  return !above && !below;
}

}  // namespace keyhole::store
