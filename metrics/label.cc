#include "metrics/label.h"

#include <algorithm>

#include "proxy/base/text.h"

namespace keyhole::metrics {
namespace {

constexpr size_t kHashDigits = 16;
constexpr size_t kSuffixBytes = 1 + kHashDigits;
constexpr std::string_view kHexDigits = "0123456789abcdef";

uint8_t Byte(std::string_view s, size_t i) {
  return static_cast<uint8_t>(s[i]);
}

// Of a well-formed character: C0, DEL or C1.
bool IsControl(std::string_view character) {
  const uint8_t lead = Byte(character, 0);
  return lead < 0x20 || lead == 0x7F || (lead == 0xC2 && Byte(character, 1) < 0xA0);
}

void AppendEscaped(std::string_view bytes, std::string* text) {
  for (const char byte : bytes) core::AppendEscapedByte(byte, text);
}

// As much of the key as goes into `limit` bytes, escaped.
std::string Printable(std::string_view key, size_t limit) {
  std::string text;
  while (!key.empty()) {
    const size_t length = core::Utf8Length(key);
    const std::string_view piece = key.substr(0, std::max<size_t>(length, 1));
    const bool plain = length != 0 && !IsControl(piece);
    if (text.size() + (plain ? piece.size() : 4 * piece.size()) > limit) break;
    if (plain) {
      text += piece;
    } else {
      AppendEscaped(piece, &text);
    }
    key.remove_prefix(piece.size());
  }
  return text;
}

bool LooksAltered(std::string_view key) {
  if (key.size() < kSuffixBytes) return false;
  const std::string_view suffix = key.substr(key.size() - kSuffixBytes);
  return suffix[0] == '#' && suffix.find_first_not_of(kHexDigits, 1) == suffix.npos;
}

}  // namespace

uint64_t LabelHash(std::string_view bytes) {
  // FNV-1a: Fowler, Noll, Vo; the finaliser: Austin Appleby's MurmurHash3. Both public domain.
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < bytes.size(); ++i) hash = (hash ^ Byte(bytes, i)) * 0x100000001b3;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
  return hash ^ (hash >> 33);
}

std::string KeyLabel(std::string_view key) {
  if (!key.empty() && key != kOtherLabel && !LooksAltered(key)) {
    std::string text = Printable(key, kMaxLabelBytes);
    if (text == key) return text;
  }
  return Printable(key, kMaxLabelBytes - kSuffixBytes) + HashLabel(key);
}

std::string HashLabel(std::string_view key) {
  std::string label = "#";
  const uint64_t hash = LabelHash(key);
  for (int shift = 60; shift >= 0; shift -= 4) label += kHexDigits[(hash >> shift) & 15];
  return label;
}

}  // namespace keyhole::metrics
