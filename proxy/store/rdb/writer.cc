#include "proxy/store/rdb/writer.h"

#include <cstring>
#include <limits>

#include "proxy/store/rdb/low_first.h"
#include "proxy/store/rdb/lzf.h"
#include "resp/number.h"

namespace keyhole::store::rdb {

namespace {

template <typename T>
bool Fits(int64_t value) {
  return value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max();
}

}  // namespace

void Writer::Length(uint64_t length) {
  if (length < 64) return Byte(static_cast<uint8_t>(length));
  if (length < 16384) {
    Byte(static_cast<uint8_t>(0x40 | length >> 8));
    return Byte(static_cast<uint8_t>(length));
  }
  const bool wide = length > std::numeric_limits<uint32_t>::max();
  Byte(wide ? 0x81 : 0x80);
  for (unsigned i = wide ? 8 : 4; i > 0; --i) Byte(static_cast<uint8_t>(length >> 8 * (i - 1)));
}

bool Writer::Integer(std::string_view text) {
  constexpr size_t kLongest = 11;
  int64_t value = 0;
  if (text.size() > kLongest || !resp::ParseInteger(text, &value) || !Fits<int32_t>(value)) {
    return false;
  }
  const unsigned kind = Fits<int8_t>(value) ? 0 : Fits<int16_t>(value) ? 1 : 2;
  Byte(static_cast<uint8_t>(0xC0 | kind));
  AppendLowFirst(static_cast<uint64_t>(value), size_t{1} << kind, &out_);
  return true;
}

void Writer::String(std::string_view text) {
  constexpr size_t kShort = 20;  // too short to be compressed
  constexpr size_t kSaved = 4;   // fewer are not worth while
  if (Integer(text)) return;
  std::string compressed;
  if (text.size() > kShort && CompressLzf(text, text.size() - kSaved, &compressed)) {
    Byte(0xC3);
    Length(compressed.size());
    Length(text.size());
    out_.append(compressed);
    return;
  }
  Length(text.size());
  out_.append(text);
}

void Writer::Double(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  AppendLowFirst(bits, sizeof(bits), &out_);
}

void Writer::Milliseconds(int64_t value) {
  AppendLowFirst(static_cast<uint64_t>(value), sizeof(value), &out_);
}

}  // namespace keyhole::store::rdb
