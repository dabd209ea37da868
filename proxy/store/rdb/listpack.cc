#include "proxy/store/rdb/listpack.h"

#include <charconv>
#include <limits>

#include "proxy/store/rdb/low_first.h"
#include "resp/number.h"

namespace keyhole::store::rdb {

namespace {

constexpr size_t kHeader = 6;
constexpr uint8_t kEnd = 0xFF;
constexpr size_t kManyElements = 65535;  // as many or more; they have to be counted

void AppendByte(uint64_t byte, std::string* bytes) {
  bytes->push_back(static_cast<char>(static_cast<uint8_t>(byte)));
}

// The limits are those of Redis, one below what would fit.
size_t BackLengthSize(size_t size) {
  return size <= 127 ? 1 : size < 16383 ? 2 : size < 2097151 ? 3 : size < 268435455 ? 4 : 5;
}

// Seven bits to a byte, the lowest last; all but the first are marked.
void AppendBackLength(size_t size, std::string* bytes) {
  for (size_t i = BackLengthSize(size); i > 0; --i) {
    const size_t part = size >> 7 * (i - 1) & 127;
    AppendByte(i == BackLengthSize(size) ? part : part | 128, bytes);
  }
}

// What the head of an element says.
struct Head {
  size_t size = 0;   // its bytes; 0: it means nothing
  size_t bytes = 0;  // that follow
  bool is_integer = false;
  int64_t integer = 0;
};

int64_t SignExtend(uint64_t bits, unsigned width) {
  return static_cast<int64_t>(bits << (64 - width)) >> (64 - width);
}

Head ReadHead(std::string_view rest) {
  const auto first = static_cast<uint8_t>(rest[0]);
  if (first < 0x80) return {1, 0, true, first};
  if (first < 0xC0) return {1, first & 63U, false, 0};
  if (first < 0xF0) {
    if (rest.size() < 2) return {};
    const size_t low = static_cast<uint8_t>(rest[1]);
    if (first < 0xE0) return {2, 0, true, SignExtend((first & 31U) << 8 | low, 13)};
    return {2, (first & 15U) << 8 | low, false, 0};
  }
  if (first == 0xF0) {
    if (rest.size() < 5) return {};
    return {5, LowFirst(rest, 1, 4), false, 0};
  }
  if (first > 0xF4) return {};
  const size_t size = first == 0xF4 ? 8 : first - 0xEFU;
  if (rest.size() < 1 + size) return {};
  return {1 + size, 0, true, SignExtend(LowFirst(rest, 1, size), static_cast<unsigned>(8 * size))};
}

// The bytes that say how many an element has.
bool IsBackLength(std::string_view rest, size_t size) {
  std::string expected;
  AppendBackLength(size, &expected);
  return rest.starts_with(expected);
}

}  // namespace

void ListpackWriter::Append(std::string_view text) {
  int64_t value = 0;
  if (resp::ParseInteger(text, &value)) return AppendInteger(value);
  const size_t begin = bytes_.size();
  const size_t size = text.size();
  if (size < 64) {
    AppendByte(0x80 | size, &bytes_);
  } else if (size < 4096) {
    AppendByte(0xE0 | size >> 8, &bytes_);
    AppendByte(size, &bytes_);
  } else {
    AppendByte(0xF0, &bytes_);
    AppendLowFirst(size, 4, &bytes_);
  }
  bytes_.append(text);
  End(begin);
}

void ListpackWriter::AppendInteger(int64_t value) {
  const size_t begin = bytes_.size();
  const auto bits = static_cast<uint64_t>(value);
  if (value >= 0 && value < 128) {
    AppendByte(bits, &bytes_);
    return End(begin);
  }
  if (value >= -4096 && value < 4096) {
    AppendByte(0xC0 | (bits >> 8 & 31), &bytes_);
    AppendByte(bits, &bytes_);
    return End(begin);
  }
  size_t size = 8;
  for (const size_t fewer : {4U, 3U, 2U}) {
    const int64_t limit = int64_t{1} << (8 * fewer - 1);
    if (value >= -limit && value < limit) size = fewer;
  }
  AppendByte(size == 8 ? 0xF4 : 0xEF + size, &bytes_);
  AppendLowFirst(bits, size, &bytes_);
  End(begin);
}

void ListpackWriter::End(size_t begin) {
  AppendBackLength(bytes_.size() - begin, &bytes_);
  ++count_;
}

const std::string& ListpackWriter::Finish() {
  AppendByte(kEnd, &bytes_);
  std::string header;
  AppendLowFirst(bytes_.size(), 4, &header);
  AppendLowFirst(count_ < kManyElements ? count_ : kManyElements, 2, &header);
  return bytes_.replace(0, kHeader, header);
}

bool ReadListpack(std::string_view bytes, const ElementSink& sink) {
  if (bytes.size() < kHeader + 1 || LowFirst(bytes, 0, 4) != bytes.size()) return false;
  if (static_cast<uint8_t>(bytes.back()) != kEnd) return false;
  const size_t count = LowFirst(bytes, 4, 2);
  std::string_view rest = bytes.substr(kHeader, bytes.size() - kHeader - 1);
  size_t seen = 0;
  for (; !rest.empty(); ++seen) {
    const Head head = ReadHead(rest);
    if (head.size == 0 || head.bytes > rest.size() - head.size) return false;
    const size_t size = head.size + head.bytes;
    char digits[24];
    std::string_view text = rest.substr(head.size, head.bytes);
    if (head.is_integer) {
      const char* const end = std::to_chars(digits, digits + sizeof(digits), head.integer).ptr;
      text = {digits, static_cast<size_t>(end - digits)};
    }
    if (!IsBackLength(rest.substr(size), size) || !sink(text)) return false;
    rest.remove_prefix(size + BackLengthSize(size));
  }
  return count == kManyElements || count == seen;
}

}  // namespace keyhole::store::rdb
