#include "proxy/store/rdb/old_forms.h"

#include <cstddef>
#include <cstdint>

#include "proxy/store/rdb/low_first.h"

namespace keyhole::store::rdb {

namespace {

constexpr uint8_t kEnd = 0xFF;
constexpr uint8_t kWide = 0xFE;  // four bytes follow

uint8_t ByteAt(std::string_view bytes, size_t at) {
  return static_cast<uint8_t>(bytes[at]);
}

uint64_t HighFirst(std::string_view bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | ByteAt(bytes, at + i);
  return value;
}

int64_t SignedLowFirst(std::string_view bytes, size_t at, size_t size) {
  const auto unused = static_cast<unsigned>(64 - 8 * size);
  return static_cast<int64_t>(LowFirst(bytes, at, size) << unused) >> unused;
}

// A byte, or four behind one that says so. False if they are not there.
bool ReadSize(std::string_view rest, size_t* size, size_t* header) {
  if (rest.empty() || ByteAt(rest, 0) == kEnd) return false;
  *header = ByteAt(rest, 0) == kWide ? 5 : 1;
  if (rest.size() < *header) return false;
  *size = *header == 1 ? ByteAt(rest, 0) : LowFirst(rest, 1, 4);
  return true;
}

struct Head {
  size_t size = 0;   // its bytes; 0: it means nothing
  size_t bytes = 0;  // that follow, of a string or an integer
  bool is_integer = false;
  int64_t integer = 0;  // if no bytes follow
};

Head ReadHead(std::string_view rest) {
  if (rest.empty()) return {};
  const uint8_t first = ByteAt(rest, 0);
  if (first < 0x40) return {1, first, false, 0};
  if (first < 0x80) {
    if (rest.size() < 2) return {};
    return {2, (first & 63U) << 8 | ByteAt(rest, 1), false, 0};
  }
  if (first < 0xC0) {
    if (rest.size() < 5) return {};
    return {5, HighFirst(rest, 1, 4), false, 0};
  }
  switch (first) {
    case 0xC0:
      return {1, 2, true, 0};
    case 0xD0:
      return {1, 4, true, 0};
    case 0xE0:
      return {1, 8, true, 0};
    case 0xF0:
      return {1, 3, true, 0};
    case 0xFE:
      return {1, 1, true, 0};
    default:
      if (first > 0xF0 && first < 0xFE) return {1, 0, true, (first & 15) - 1};
      return {};
  }
}

}  // namespace

bool ReadZiplist(std::string_view bytes, const ElementSink& sink) {
  constexpr size_t kHeader = 10;
  constexpr size_t kManyEntries = 65535;
  if (bytes.size() < kHeader + 1 || LowFirst(bytes, 0, 4) != bytes.size()) return false;
  if (ByteAt(bytes, bytes.size() - 1) != kEnd) return false;
  std::string_view rest = bytes.substr(kHeader, bytes.size() - kHeader - 1);
  size_t seen = 0;
  size_t before = 0;         // bytes of the last entry
  size_t last_at = kHeader;  // and where it began
  for (; !rest.empty(); ++seen) {
    size_t said = 0;
    size_t prefix = 0;
    if (!ReadSize(rest, &said, &prefix) || said != before) return false;
    const Head head = ReadHead(rest.substr(prefix));
    if (head.size == 0 || head.bytes > rest.size() - prefix - head.size) return false;
    const std::string_view body = rest.substr(prefix + head.size, head.bytes);
    const int64_t integer =
        head.bytes == 0 || !head.is_integer ? head.integer : SignedLowFirst(body, 0, body.size());
    if (!sink(head.is_integer ? std::string_view(std::to_string(integer)) : body)) return false;
    last_at = bytes.size() - 1 - rest.size();
    before = prefix + head.size + head.bytes;
    rest.remove_prefix(before);
  }
  const size_t count = LowFirst(bytes, 8, 2);
  return LowFirst(bytes, 4, 4) == last_at && (count == kManyEntries || count == seen);
}

bool ReadZipmap(std::string_view bytes, const ElementSink& sink) {
  constexpr size_t kManyEntries = 254;
  if (bytes.size() < 2 || ByteAt(bytes, bytes.size() - 1) != kEnd) return false;
  std::string_view rest = bytes.substr(1, bytes.size() - 2);
  size_t seen = 0;
  for (; !rest.empty(); ++seen) {
    size_t size = 0;
    size_t header = 0;
    if (!ReadSize(rest, &size, &header) || size > rest.size() - header) return false;
    if (!sink(rest.substr(header, size))) return false;
    rest.remove_prefix(header + size);
    if (!ReadSize(rest, &size, &header) || rest.size() == header) return false;
    const size_t unused = ByteAt(rest, header++);
    if (size > rest.size() - header || unused > rest.size() - header - size) return false;
    if (!sink(rest.substr(header, size))) return false;
    rest.remove_prefix(header + size + unused);
  }
  const size_t count = ByteAt(bytes, 0);
  return count >= kManyEntries || count == seen;
}

bool ReadIntset(std::string_view bytes, const ElementSink& sink) {
  constexpr size_t kHeader = 8;
  if (bytes.size() < kHeader) return false;
  const size_t width = LowFirst(bytes, 0, 4);
  const size_t count = LowFirst(bytes, 4, 4);
  if (width != 2 && width != 4 && width != 8) return false;
  if (count == 0 || bytes.size() != kHeader + count * width) return false;
  int64_t before = 0;
  for (size_t i = 0; i < count; ++i) {
    const int64_t value = SignedLowFirst(bytes, kHeader + i * width, width);
    if (i > 0 && value <= before) return false;
    if (!sink(std::to_string(value))) return false;
    before = value;
  }
  return true;
}

}  // namespace keyhole::store::rdb
