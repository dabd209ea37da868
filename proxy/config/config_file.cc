#include "proxy/config/config_file.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "proxy/config/config_values.h"

namespace keyhole::core {
namespace {

bool IsBareKeyByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

void AppendUtf8(uint32_t code, std::string* out) {
  const auto push = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code < 0x80) return push(code);
  if (code < 0x800) {
    push(0xc0 | (code >> 6));
  } else {
    if (code < 0x10000) {
      push(0xe0 | (code >> 12));
    } else {
      push(0xf0 | (code >> 18));
      push(0x80 | ((code >> 12) & 0x3f));
    }
    push(0x80 | ((code >> 6) & 0x3f));
  }
  push(0x80 | (code & 0x3f));
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  FileContents Read() {
    if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);  // a byte order mark
    while (SkipToContent(), !rest_.empty()) {
      if (!ReadItem() || !ReadEndOfLine()) break;
    }
    return std::move(contents_);
  }

 private:
  // All Read...() take what they name from rest_; false: contents_.problem says why not.
  bool ReadItem();
  bool ReadKey(std::string* key);
  bool ReadArray(FileItem* item);
  bool ReadValue(std::string* value);
  bool ReadBasicString(std::string* value);
  bool ReadLiteralString(std::string* value);
  bool ReadEscape(std::string* value);
  bool ReadBareValue(std::string* value);
  bool ReadEndOfLine();

  bool Fail(const std::string& what) {
    contents_.problem = "line " + std::to_string(line_) + ": " + what;
    return false;
  }
  bool At(char c) const { return !rest_.empty() && rest_[0] == c; }
  bool AtEndOfLine() const { return rest_.empty() || At('\n') || rest_.starts_with("\r\n"); }
  void SkipBlanks() {
    while (At(' ') || At('\t')) rest_.remove_prefix(1);
  }
  void SkipComment() {
    if (At('#')) rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
  }
  // Blanks, comments and ends of lines.
  void SkipToContent() {
    for (;;) {
      SkipBlanks();
      SkipComment();
      if (rest_.empty() || !AtEndOfLine()) return;
      line_ += At('\n') ? 1 : 0;
      rest_.remove_prefix(1);
    }
  }

  std::string_view rest_;
  int line_ = 1;
  FileContents contents_;
};

bool Reader::ReadItem() {
  FileItem item;
  item.line = line_;
  if (At('[')) return Fail("sections have no meaning here; give all options as key = value");
  if (!ReadKey(&item.key)) return false;
  for (const FileItem& other : contents_.items) {
    if (other.key == item.key) {
      return Fail(Quoted(item.key) + " is given twice, first in line " +
                  std::to_string(other.line));
    }
  }
  SkipBlanks();
  if (!At('=')) return Fail("after the key " + Quoted(item.key) + " comes no =; give key = value");
  rest_.remove_prefix(1);
  SkipBlanks();
  if (At('[')) {
    if (!ReadArray(&item)) return false;
  } else {
    item.values.emplace_back();
    if (!ReadValue(&item.values.back())) return false;
  }
  contents_.items.push_back(std::move(item));
  return true;
}

bool Reader::ReadKey(std::string* key) {
  if (At('"')) return ReadBasicString(key);
  if (At('\'')) return ReadLiteralString(key);
  const size_t size = static_cast<size_t>(
      std::find_if_not(rest_.begin(), rest_.end(), IsBareKeyByte) - rest_.begin());
  if (size == 0) return Fail("this is no key = value");
  key->assign(rest_.substr(0, size));
  rest_.remove_prefix(size);
  return true;
}

bool Reader::ReadArray(FileItem* item) {
  item->is_array = true;
  rest_.remove_prefix(1);
  for (;;) {
    SkipToContent();
    if (!At(']')) {
      item->values.emplace_back();
      if (!ReadValue(&item->values.back())) return false;
      SkipToContent();
      if (At(',')) {
        rest_.remove_prefix(1);
        continue;
      }
    }
    if (!At(']')) return Fail("the array of " + Quoted(item->key) + " misses a comma or its ]");
    rest_.remove_prefix(1);
    return true;
  }
}

bool Reader::ReadValue(std::string* value) {
  if (rest_.starts_with("\"\"\"") || rest_.starts_with("'''")) {
    return Fail("strings of several lines have no meaning here");
  }
  if (At('"')) return ReadBasicString(value);
  if (At('\'')) return ReadLiteralString(value);
  return ReadBareValue(value);
}

bool Reader::ReadLiteralString(std::string* value) {
  const size_t end = rest_.find_first_of("'\n", 1);
  if (end == std::string_view::npos || rest_[end] == '\n') return Fail("a closing ' is missing");
  value->assign(rest_.substr(1, end - 1));
  rest_.remove_prefix(end + 1);
  return true;
}

bool Reader::ReadBasicString(std::string* value) {
  rest_.remove_prefix(1);
  while (!At('"')) {
    if (AtEndOfLine()) return Fail("a closing \" is missing");
    if (At('\\')) {
      if (!ReadEscape(value)) return false;
      continue;
    }
    value->push_back(rest_[0]);
    rest_.remove_prefix(1);
  }
  rest_.remove_prefix(1);
  return true;
}

bool Reader::ReadEscape(std::string* value) {
  constexpr std::string_view kLetters = "btnfr\"\\";
  constexpr std::string_view kBytes = "\b\t\n\f\r\"\\";
  const char letter = rest_.size() > 1 ? rest_[1] : '\0';
  if (const size_t at = kLetters.find(letter); at != std::string_view::npos) {
    value->push_back(kBytes[at]);
    rest_.remove_prefix(2);
    return true;
  }
  if (letter == 'u' || letter == 'U') {
    const size_t digits = letter == 'u' ? 4 : 8;
    const std::string_view hex = rest_.substr(2, digits);
    uint32_t code = 0;
    bool valid = hex.size() == digits;
    for (const char c : hex) {
      const size_t digit = std::string_view("0123456789abcdefABCDEF").find(c);
      valid = valid && digit != std::string_view::npos;
      code = code * 16 + static_cast<uint32_t>(digit > 15 ? digit - 6 : digit);
    }
    if (valid && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)) {
      AppendUtf8(code, value);
      rest_.remove_prefix(2 + digits);
      return true;
    }
  }
  return Fail(
      "a \\ in \"...\" stands before one of b t n f r \" \\ uXXXX; '...' takes it as it is");
}

bool Reader::ReadBareValue(std::string* value) {
  const size_t size = std::min(rest_.find_first_of(" \t\r\n#,]"), rest_.size());
  const std::string_view word = rest_.substr(0, size);
  if (word.empty()) return Fail("the value is missing; give key = value");
  const bool number = word[0] >= '0' && word[0] <= '9' && word.back() != '_' &&
                      word.find_first_not_of("0123456789_") == std::string_view::npos &&
                      word.find("__") == std::string_view::npos;
  if (!number && word != "true" && word != "false") {
    return Fail("a value that is neither a whole number nor true or false goes in quotes: \"...\"");
  }
  for (const char c : word) {
    if (c != '_') value->push_back(c);
  }
  rest_.remove_prefix(size);
  return true;
}

bool Reader::ReadEndOfLine() {
  SkipBlanks();
  SkipComment();
  if (!AtEndOfLine()) return Fail("after the value comes more; give one key = value a line");
  return true;
}

}  // namespace

FileContents ParseConfigFile(std::string_view text) {
  return Reader(text).Read();
}

}  // namespace keyhole::core
