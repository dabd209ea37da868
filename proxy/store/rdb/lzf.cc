#include "proxy/store/rdb/lzf.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace keyhole::store::rdb {

namespace {

constexpr size_t kMaxLiteral = 32;
constexpr size_t kMaxDistance = 8192;
constexpr size_t kMinMatch = 3;
constexpr size_t kMaxMatch = 264;
constexpr size_t kLongMatch = 9;  // from there on its length has a byte of its own

uint8_t ByteAt(std::string_view bytes, size_t at) {
  return static_cast<uint8_t>(bytes[at]);
}

void AppendLiterals(std::string_view bytes, std::string* to) {
  while (!bytes.empty()) {
    const size_t count = std::min(bytes.size(), kMaxLiteral);
    to->push_back(static_cast<char>(count - 1));
    to->append(bytes.substr(0, count));
    bytes.remove_prefix(count);
  }
}

void AppendMatch(size_t length, size_t distance, std::string* to) {
  const size_t offset = distance - 1;
  const size_t shown = std::min<size_t>(length - 2, 7);
  to->push_back(static_cast<char>(static_cast<uint8_t>(shown << 5 | offset >> 8)));
  if (shown == 7) to->push_back(static_cast<char>(static_cast<uint8_t>(length - kLongMatch)));
  to->push_back(static_cast<char>(static_cast<uint8_t>(offset)));
}

size_t MatchLength(std::string_view bytes, size_t at, size_t before) {
  const size_t most = std::min(kMaxMatch, bytes.size() - at);
  size_t length = 0;
  while (length < most && bytes[at + length] == bytes[before + length]) ++length;
  return length;
}

}  // namespace

// Where three bytes stood last is remembered by a hash of them.
bool CompressLzf(std::string_view bytes, size_t most, std::string* to) {
  constexpr unsigned kHashBits = 13;
  std::array<uint32_t, size_t{1} << kHashBits> last{};  // one more than where; 0: nowhere
  to->clear();
  size_t literals = 0;  // where those begin that are not written yet
  size_t at = 0;
  while (at + kMinMatch <= bytes.size()) {
    if (to->size() >= most) return false;
    const uint32_t three = static_cast<uint32_t>(ByteAt(bytes, at)) << 16 |
                           static_cast<uint32_t>(ByteAt(bytes, at + 1)) << 8 |
                           ByteAt(bytes, at + 2);
    uint32_t& known = last[three * 0x9E3779B1U >> (32 - kHashBits)];
    const size_t before = known;
    known = static_cast<uint32_t>(at + 1);
    const bool near = before != 0 && at - (before - 1) <= kMaxDistance;
    const size_t length = near ? MatchLength(bytes, at, before - 1) : 0;
    if (length < kMinMatch) {
      ++at;
      continue;
    }
    AppendLiterals(bytes.substr(literals, at - literals), to);
    AppendMatch(length, at - (before - 1), to);
    at += length;
    literals = at;
  }
  AppendLiterals(bytes.substr(literals), to);
  return to->size() < most;
}

bool DecompressLzf(std::string_view bytes, size_t size, std::string* to) {
  to->clear();
  if (size / kMaxMatch > bytes.size()) return false;
  to->reserve(size);
  for (size_t at = 0; at < bytes.size();) {
    const size_t head = ByteAt(bytes, at++);
    if (head < kMaxLiteral) {
      if (head + 1 > bytes.size() - at || to->size() + head + 1 > size) return false;
      to->append(bytes.substr(at, head + 1));
      at += head + 1;
      continue;
    }
    size_t length = (head >> 5) + 2;
    if (length == kLongMatch) {
      if (at == bytes.size()) return false;
      length += ByteAt(bytes, at++);
    }
    if (at == bytes.size()) return false;
    const size_t distance = ((head & 31) << 8 | ByteAt(bytes, at++)) + 1;
    if (distance > to->size() || to->size() + length > size) return false;
    // Byte by byte: what is copied may reach into what is being written.
    for (size_t from = to->size() - distance; length > 0; --length) to->push_back((*to)[from++]);
  }
  return to->size() == size;
}

}  // namespace keyhole::store::rdb
