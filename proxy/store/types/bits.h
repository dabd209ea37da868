// Strings as rows of bits, the first of which is the highest of the first byte. Plain functions
// over bytes that others own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace keyhole::store {

// How many bits are set.
uint64_t CountBits(std::string_view bytes);
// The same from bit `first` to bit `last`, both included. REQUIRES: first <= last, both in bytes.
uint64_t CountBits(std::string_view bytes, uint64_t first, uint64_t last);

inline constexpr uint64_t kNoBit = UINT64_MAX;
// The first bit that is `set` from `first` to `last`, both included; kNoBit if there is none.
// REQUIRES: as above.
uint64_t FindBit(std::string_view bytes, bool set, uint64_t first, uint64_t last);

inline bool BitAt(std::string_view bytes, uint64_t bit) {
  const uint64_t at = bit / 8;
  return at < bytes.size() && (static_cast<uint8_t>(bytes[at]) >> (7 - bit % 8) & 1) != 0;
}

// The integer whose `width` bits, 1 to 64, begin at `bit`, the highest first. Beyond the end are
// zeros.
uint64_t ReadBits(std::string_view bytes, uint64_t bit, unsigned width);
// The lowest `width` bits of the value take the place of these. REQUIRES: they are all there.
void WriteBits(char* bytes, uint64_t bit, unsigned width, uint64_t value);

// An integer of so many bits, as BITFIELD's types i1 to i64 and u1 to u63.
struct IntegerType {
  bool is_signed;
  unsigned width;
};

// What the lowest bits of `bits` are as such an integer.
int64_t AsInteger(uint64_t bits, IntegerType type);

enum class Overflow : uint8_t { kWrap, kSaturate, kFail };
// value + more. False if it does not fit; then *sum is what is left of it, or the limit it would
// have passed.
bool AddIntegers(int64_t value, int64_t more, IntegerType type, Overflow overflow, int64_t* sum);

}  // namespace keyhole::store
