#include "proxy/store/rdb/reader.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "proxy/store/rdb/low_first.h"
#include "proxy/store/rdb/lzf.h"

namespace keyhole::store::rdb {

namespace {

uint64_t HighFirst(std::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

}  // namespace

bool Reader::Take(uint64_t size, std::string_view* bytes) {
  if (size > rest_.size()) {
    wants_more_ = true;
    return false;
  }
  *bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return true;
}

bool Reader::Byte(uint8_t* byte) {
  std::string_view one;
  if (!Take(1, &one)) return false;
  *byte = static_cast<uint8_t>(one[0]);
  return true;
}

bool Reader::LengthOrForm(uint64_t* length, bool* encoded) {
  uint8_t head = 0;
  std::string_view more;
  *encoded = false;
  if (!Byte(&head)) return false;
  *length = head & 63;
  if (head < 0x40) return true;
  if (head >= 0xC0) {
    *encoded = true;
    return true;
  }
  if (head < 0x80) {
    if (!Take(1, &more)) return false;
    *length = *length << 8 | HighFirst(more);
    return true;
  }
  if (head > 0x81 || !Take(head == 0x80 ? 4 : 8, &more)) return false;
  *length = HighFirst(more);
  return true;
}

bool Reader::Length(uint64_t* length) {
  bool encoded = false;
  return LengthOrForm(length, &encoded) && !encoded;
}

bool Reader::Count(uint64_t* count) {
  if (!Length(count)) return false;
  wants_more_ = *count > rest_.size();
  return !wants_more_;
}

bool Reader::IntegerString(size_t size, std::string* text) {
  std::string_view bytes;
  if (!Take(size, &bytes)) return false;
  uint64_t bits = 0;
  for (size_t i = size; i > 0; --i) bits = bits << 8 | static_cast<uint8_t>(bytes[i - 1]);
  const auto unused = static_cast<unsigned>(64 - 8 * size);
  *text = std::to_string(static_cast<int64_t>(bits << unused) >> unused);
  return true;
}

bool Reader::CompressedString(std::string* text) {
  uint64_t size = 0;
  uint64_t length = 0;
  std::string_view bytes;
  return Length(&size) && Length(&length) && Take(size, &bytes) &&
         DecompressLzf(bytes, length, text);
}

bool Reader::String(std::string* scratch, std::string_view* text) {
  constexpr uint64_t kCompressed = 3;
  uint64_t length = 0;
  bool encoded = false;
  if (!LengthOrForm(&length, &encoded)) return false;
  if (!encoded) return Take(length, text);
  const bool known = length < kCompressed    ? IntegerString(size_t{1} << length, scratch)
                     : length == kCompressed ? CompressedString(scratch)
                                             : false;
  *text = *scratch;
  return known;
}

bool Reader::Double(double* value) {
  std::string_view bytes;
  if (!Take(sizeof(*value), &bytes)) return false;
  std::memcpy(value, bytes.data(), sizeof(*value));
  return true;
}

bool Reader::Milliseconds(int64_t* value) {
  std::string_view bytes;
  if (!Take(sizeof(*value), &bytes)) return false;
  *value = static_cast<int64_t>(LowFirst(bytes, 0, sizeof(*value)));
  return true;
}

bool Reader::OldDouble(double* value) {
  constexpr uint8_t kNan = 253;
  constexpr uint8_t kInfinity = 254;
  uint8_t size = 0;
  std::string_view digits;
  if (!Byte(&size)) return false;
  if (size >= kNan) {
    const double infinity = std::numeric_limits<double>::infinity();
    *value = size == kNan ? std::nan("") : size == kInfinity ? infinity : -infinity;
    return true;
  }
  if (size == 0 || !Take(size, &digits)) return false;
  const std::string text(digits);
  char* end = nullptr;
  *value = std::strtod(text.c_str(), &end);
  return end == text.c_str() + text.size();
}

}  // namespace keyhole::store::rdb
