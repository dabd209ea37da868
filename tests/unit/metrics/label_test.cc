#include "metrics/label.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace keyhole::metrics {
namespace {

using namespace std::string_literals;  // NOLINT(google-build-using-namespace): for ""s

// Decodes by arithmetic, and then asks whether that was the shortest form of a character: another
// way than the one under test.
bool IsValidUtf8(std::string_view s) {
  for (size_t i = 0; i < s.size();) {
    const auto lead = static_cast<unsigned char>(s[i++]);
    if (lead < 0x80) continue;
    int more = 0;
    while (more < 7 && (lead & (0x80 >> (more + 1))) != 0) ++more;
    if (more < 1 || more > 3) return false;
    uint32_t code = lead & (0x3Fu >> more);
    for (int k = 0; k < more; ++k, ++i) {
      if (i == s.size() || (s[i] & 0xC0) != 0x80) return false;
      code = code << 6 | (static_cast<unsigned char>(s[i]) & 0x3Fu);
    }
    const uint32_t least = more == 1 ? 0x80 : more == 2 ? 0x800 : 0x10000;
    if (code < least || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
  }
  return true;
}

bool HasControlCharacter(std::string_view s) {
  for (size_t i = 0; i < s.size(); ++i) {
    const auto byte = static_cast<unsigned char>(s[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte == 0xC2 && static_cast<unsigned char>(s[i + 1]) < 0xA0) return true;
  }
  return false;
}

void ExpectProper(const std::string& label) {
  EXPECT_TRUE(IsValidUtf8(label)) << label;
  EXPECT_FALSE(HasControlCharacter(label)) << label;
  EXPECT_FALSE(label.empty());
  EXPECT_LE(label.size(), kMaxLabelBytes);
}

std::string Suffix(std::string_view key) {
  char text[18];
  std::snprintf(text, sizeof(text), "#%016llx", static_cast<unsigned long long>(LabelHash(key)));
  return text;
}

TEST(LabelTest, AnOrdinaryKeyIsItsOwnLabel) {
  EXPECT_EQ(KeyLabel("user:1"), "user:1");
  EXPECT_EQ(KeyLabel("a b\"c\\d{e}"), "a b\"c\\d{e}");
  EXPECT_EQ(KeyLabel("ключ-鍵-🔑"), "ключ-鍵-🔑");
  EXPECT_EQ(KeyLabel("#0123"), "#0123");
}

TEST(LabelTest, ControlCharactersBecomeText) {
  EXPECT_EQ(KeyLabel("a\nb"), "a\\x0ab" + Suffix("a\nb"));
  EXPECT_EQ(KeyLabel("\0"s), "\\x00" + Suffix("\0"s));
  EXPECT_EQ(KeyLabel("\r\x7F"), "\\x0d\\x7f" + Suffix("\r\x7F"));
  EXPECT_EQ(KeyLabel("\xC2\x85"), "\\xc2\\x85" + Suffix("\xC2\x85"));  // U+0085, next line
  EXPECT_EQ(KeyLabel("\xC2\xA0"), "\xC2\xA0");                         // U+00A0 is none
}

TEST(LabelTest, BrokenUtf8BecomesText) {
  const std::map<std::string, std::string> cases = {
      {"\xFF", "\\xff"},
      {"a\x80", "a\\x80"},                           // goes on from nothing
      {"\xE2\x82", "\\xe2\\x82"},                    // ends too soon
      {"\xE2\x82z", "\\xe2\\x82z"},                  //
      {"\xC0\xAF", "\\xc0\\xaf"},                    // '/' in two bytes
      {"\xE0\x80\xAF", "\\xe0\\x80\\xaf"},           // in three
      {"\xF0\x80\x80\xAF", "\\xf0\\x80\\x80\\xaf"},  // in four
      {"\xED\xA0\x80", "\\xed\\xa0\\x80"},           // a surrogate
      {"\xF4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // U+110000
      {"\xF8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"},
      {"\xFF\xC3\xA9", "\\xff\xC3\xA9"},  // what is well stays
  };
  for (const auto& [key, text] : cases) {
    ExpectProper(KeyLabel(key));
    EXPECT_EQ(KeyLabel(key), text + Suffix(key));
  }
}

TEST(LabelTest, TheEdgesOfUtf8AreKept) {
  for (const std::string key :
       {"\xC2\xA0", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF",
        "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(KeyLabel(key), key);
  }
}

TEST(LabelTest, WrittenOutEscapesAreNotMistakenForReal) {
  EXPECT_EQ(KeyLabel("\\x00"), "\\x00");
  EXPECT_NE(KeyLabel("\\x00"), KeyLabel("\0"s));
  EXPECT_NE(KeyLabel("\\x00\n"), KeyLabel("\0\n"s));  // both altered, to the same text
}

TEST(LabelTest, AKeyThatLooksAlteredIsAltered) {
  const std::string altered = KeyLabel("\xFF");
  EXPECT_NE(KeyLabel(altered), altered);
  EXPECT_EQ(KeyLabel(altered), altered + Suffix(altered));
  EXPECT_NE(KeyLabel(KeyLabel(altered)), KeyLabel(altered));
  EXPECT_EQ(KeyLabel("x#0123456789abcdeg"), "x#0123456789abcdeg");
  EXPECT_EQ(KeyLabel("x#0123456789ABCDEF"), "x#0123456789ABCDEF");
  EXPECT_NE(KeyLabel("#0123456789abcdef"), "#0123456789abcdef");
}

TEST(LabelTest, TheEmptyKeyHasAText) {
  EXPECT_EQ(KeyLabel(""), Suffix(""));
}

TEST(LabelTest, AKeyNamedLikeTheRestIsNotTheRest) {
  EXPECT_EQ(KeyLabel("__other__"), "__other__" + Suffix("__other__"));
}

TEST(LabelTest, LongKeysAreCutAndTold) {
  const std::string fits(128, 'k');
  EXPECT_EQ(KeyLabel(fits), fits);
  const std::string longer(129, 'k');
  EXPECT_EQ(KeyLabel(longer), std::string(111, 'k') + Suffix(longer));
  EXPECT_NE(KeyLabel(longer), KeyLabel(longer + "k"));
  EXPECT_NE(KeyLabel(std::string(1 << 20, 'k') + "a"), KeyLabel(std::string(1 << 20, 'k') + "b"));
}

TEST(LabelTest, NeverCutsInsideACharacterOrAnEscape) {
  const std::string euro = "\xE2\x82\xAC";
  for (size_t before = 0; before < 8; ++before) {
    std::string euros(before, '.');
    std::string bytes(before, '.');
    for (int i = 0; i < 60; ++i) euros += euro;
    bytes += std::string(60, '\xFE');
    ExpectProper(KeyLabel(euros));
    const std::string cut = KeyLabel(euros).substr(before, (111 - before) / 3 * 3);
    EXPECT_EQ(cut, euros.substr(before, cut.size()));
    const std::string label = KeyLabel(bytes);
    EXPECT_EQ(label.size(), before + (111 - before) / 4 * 4 + 17);
  }
}

TEST(LabelTest, TheHashIsTheSameForEver) {
  // FNV-1a of "" and "a" are 0xcbf29ce484222325 and 0xaf63dc4c8601ec8c; these are them, finalised.
  EXPECT_EQ(LabelHash(""), 0xefd01f60ba992926u);
  EXPECT_EQ(LabelHash("a"), 0x82a2a958a9bece5bu);
}

// Random keys from alphabets that are full of trouble, of lengths around the limits.
std::string NastyKey(std::mt19937& random) {
  static const std::vector<std::string> pieces = {"a",
                                                  "\\",
                                                  "\\x00",
                                                  "\0"s,
                                                  "\n",
                                                  "\x7F",
                                                  "\x80",
                                                  "\xC2",
                                                  "\xC2\x85",
                                                  "\xE2\x82\xAC",
                                                  "\xE2\x82",
                                                  "\xF0\x9F\x94\x91",
                                                  "\xED\xA0\x80",
                                                  "\xFF",
                                                  "\"",
                                                  "#",
                                                  "0123456789abcdef",
                                                  "#0123456789abcdef",
                                                  "__other__",
                                                  "0"};
  std::string key;
  const size_t parts = random() % 3 == 0 ? random() % 80 : random() % 4;
  for (size_t i = 0; i < parts; ++i) key += pieces[random() % pieces.size()];
  return key;
}

TEST(LabelTest, NoTwoKeysShareALabel) {
  std::mt19937 random(2024);
  std::map<std::string, std::string> key_of;
  for (int i = 0; i < 100'000; ++i) {
    std::string key = NastyKey(random);
    if (i % 4 == 0) key = KeyLabel(key);
    if (i % 5 == 0) key += static_cast<char>(random());
    const std::string label = KeyLabel(key);
    ASSERT_TRUE(IsValidUtf8(label) && !HasControlCharacter(label)) << label;
    ASSERT_TRUE(!label.empty() && label.size() <= kMaxLabelBytes) << label;
    ASSERT_NE(label, kOtherLabel);
    const auto [it, is_new] = key_of.emplace(label, key);
    ASSERT_EQ(it->second, key) << label;
    ASSERT_TRUE(is_new || it->second == key);
  }
}

TEST(LabelTest, AllShortByteStringsDiffer) {
  std::map<std::string, std::string> key_of;
  for (int a = 0; a < 256; ++a) {
    ASSERT_TRUE(key_of.emplace(KeyLabel(std::string(1, static_cast<char>(a))), "").second);
    for (int b = 0; b < 256; ++b) {
      const std::string key = {static_cast<char>(a), static_cast<char>(b)};
      const std::string label = KeyLabel(key);
      ASSERT_TRUE(IsValidUtf8(label));
      ASSERT_TRUE(key_of.emplace(label, key).second) << label;
    }
  }
}

}  // namespace
}  // namespace keyhole::metrics
