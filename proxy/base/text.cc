#include "proxy/base/text.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"

namespace keyhole::core {
namespace {

bool IsHexDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool LooksEscaped(std::string_view text) {
  return text.size() >= 4 && text.starts_with("\\x") && IsHexDigit(text[2]) && IsHexDigit(text[3]);
}

}  // namespace

std::string Quoted(std::string_view text) {
  constexpr size_t kShown = 80;
  std::string quoted = "'";
  for (const char c : text.substr(0, kShown)) quoted.push_back(c < ' ' || c == 0x7f ? '?' : c);
  if (text.size() > kShown) quoted += "...";
  return quoted + "'";
}

std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& names) {
  std::string_view best;
  size_t best_distance = word.size() / 3 + 2;  // further than this is not a misspelling
  std::vector<size_t> row;
  for (const std::string_view name : names) {
    // Levenshtein's distance, one row at a time.
    row.resize(name.size() + 1);
    for (size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= word.size(); ++i) {
      size_t diagonal = row[0];
      row[0] = i;
      for (size_t j = 1; j < row.size(); ++j) {
        const size_t replaced = diagonal + (word[i - 1] == name[j - 1] ? 0U : 1U);
        diagonal = row[j];
        row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = name;
    }
  }
  return best;
}

std::string DidYouMean(std::string_view nearest, std::string_view prefix) {
  if (nearest.empty()) return {};
  return std::string("; did you mean ").append(prefix).append(nearest).append("?");
}

std::string Lower(std::string_view text) {
  return absl::AsciiStrToLower(absl::string_view(text.data(), text.size()));
}

// The allowed ranges are those of table 3-7 of the Unicode standard; the second byte's keep out
// overlong forms, surrogates and all beyond U+10FFFF.
size_t Utf8Length(std::string_view text) {
  const auto at = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  const size_t bytes = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (bytes == 0 || text.size() < bytes) return 0;
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (at(1) < low || at(1) > high) return 0;
  for (size_t i = 2; i < bytes; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  return bytes;
}

void AppendEscapedByte(char byte, std::string* out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  out->append("\\x").append(1, kHex[value >> 4]).append(1, kHex[value & 15]);
}

std::string EscapeInvalidUtf8(std::string_view bytes, bool mark) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const size_t length = Utf8Length(bytes);
    if (mark && LooksEscaped(bytes)) {
      text.append("\\x5c");
    } else if (length > 0) {
      text.append(bytes.substr(0, length));
    } else {
      AppendEscapedByte(bytes[0], &text);
    }
    bytes.remove_prefix(std::max<size_t>(length, 1));
  }
  return text;
}

}  // namespace keyhole::core
