// The pieces of snapshots and of DUMP. That whole payloads are Redis' is shown by tests/conformance
// and by dump_redis_test.cc there.
#include <gtest/gtest.h>

#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

#include "proxy/base/random.h"
#include "proxy/store/rdb/crc64.h"
#include "proxy/store/rdb/elements.h"
#include "proxy/store/rdb/listpack.h"
#include "proxy/store/rdb/lzf.h"
#include "proxy/store/rdb/old_forms.h"
#include "proxy/store/rdb/reader.h"
#include "proxy/store/rdb/writer.h"

namespace keyhole::store::rdb {
namespace {

using Texts = std::vector<std::string>;

TEST(Crc64, IsThatOfJones) {
  EXPECT_EQ(Crc64("123456789"), 0xe9c6d914c4b8d9caU);
  EXPECT_EQ(Crc64(""), 0U);
}

TEST(Crc64, CanBeContinuedAnywhere) {
  const std::string text = "This is a test of whatever is longer than a word of eight bytes.";
  for (size_t i = 0; i <= text.size(); ++i) {
    EXPECT_EQ(Crc64(text.substr(i), Crc64(text.substr(0, i))), Crc64(text)) << i;
  }
}

// Text of few letters with repetitions of any length.
std::string SomeText(uint64_t* random, size_t size) {
  std::string text;
  while (text.size() < size) {
    const size_t length = NextRandom(random) % 300;
    if (NextRandom(random) % 2 == 0 || text.empty()) {
      for (size_t i = 0; i < length % 40; ++i) text += static_cast<char>(NextRandom(random) % 7);
    } else {
      text += text.substr(NextRandom(random) % text.size(), length);
    }
  }
  return text.substr(0, size);
}

TEST(Lzf, GivesBackWhatItWasGiven) {
  uint64_t random = 1;
  std::string compressed;
  std::string text;
  for (size_t size = 0; size < 3000; size += 1 + size / 20) {
    const std::string original = SomeText(&random, size);
    if (!CompressLzf(original, 2 * size + 10, &compressed)) FAIL() << size;
    ASSERT_TRUE(DecompressLzf(compressed, size, &text)) << size;
    EXPECT_EQ(text, original);
  }
  const std::string zeros(100'000, '\0');
  ASSERT_TRUE(CompressLzf(zeros, 2000, &compressed));
  ASSERT_TRUE(DecompressLzf(compressed, zeros.size(), &text));
  EXPECT_EQ(text, zeros);
}

TEST(Lzf, SaysWhenItIsNotWorthWhile) {
  std::string compressed;
  EXPECT_FALSE(CompressLzf("abcdefghijklmnopqrstuvwxyz", 22, &compressed));
}

TEST(Lzf, RefusesWhatItIsNot) {
  std::string text;
  EXPECT_FALSE(DecompressLzf("", 1, &text));
  EXPECT_FALSE(
      DecompressLzf("\x05"
                    "ab",
                    6, &text))
      << "too few literals";
  EXPECT_FALSE(DecompressLzf(std::string("\x20\x00", 2), 3, &text)) << "before the beginning";
  EXPECT_FALSE(DecompressLzf("\xE0", 100, &text)) << "a match without its length";
  EXPECT_FALSE(DecompressLzf(std::string("\x00"
                                         "a\x20",
                                         3),
                             4, &text))
      << "or its distance";
  EXPECT_FALSE(DecompressLzf(std::string("\x00"
                                         "a\x20\x00",
                                         4),
                             5, &text))
      << "another size";
  EXPECT_FALSE(
      DecompressLzf("\x00"
                    "a",
                    size_t{1} << 40, &text))
      << "too much for so little";
}

std::string Written(std::string_view text) {
  std::string bytes;
  Writer(&bytes).String(text);
  return bytes;
}

TEST(Pieces, AreWrittenAsRedisWritesThem) {
  EXPECT_EQ(Written(""), std::string(1, '\0'));
  EXPECT_EQ(Written("abc"),
            "\x03"
            "abc");
  EXPECT_EQ(Written("7"), "\xC0\x07");
  EXPECT_EQ(Written("-128"), "\xC0\x80");
  EXPECT_EQ(Written("128"), std::string("\xC1\x80\x00", 3));
  EXPECT_EQ(Written("-32769"), "\xC2\xFF\x7F\xFF\xFF");
  EXPECT_EQ(Written("2147483648"),
            "\x0A"
            "2147483648");
  EXPECT_EQ(Written("07"),
            "\x02"
            "07");
  EXPECT_EQ(Written(std::string(100, 'a')).substr(0, 1), "\xC3");
  std::string bytes;
  Writer writer(&bytes);
  for (const uint64_t length : {63U, 64U, 16383U, 16384U}) writer.Length(length);
  writer.Length(uint64_t{1} << 32);
  EXPECT_EQ(bytes, std::string("\x3F"
                               "\x40\x40"
                               "\x7F\xFF"
                               "\x80\x00\x00\x40\x00"
                               "\x81\x00\x00\x00\x01\x00\x00\x00\x00",
                               19));
}

TEST(Pieces, AreReadAsTheyWereWritten) {
  uint64_t random = 5;
  for (size_t size = 0; size < 40'000; size += 1 + size / 7) {
    for (const std::string& text : {SomeText(&random, size), std::to_string(NextRandom(&random))}) {
      const std::string bytes = Written(text);
      Reader reader(bytes);
      std::string scratch;
      std::string_view read;
      ASSERT_TRUE(reader.String(&scratch, &read));
      EXPECT_EQ(read, text);
      EXPECT_TRUE(reader.rest().empty());
      for (size_t cut = 0; cut < bytes.size(); cut += 1 + bytes.size() / 50) {
        Reader half(std::string_view(bytes).substr(0, cut));
        EXPECT_FALSE(half.String(&scratch, &read));
      }
    }
  }
}

Texts Collect(bool (*walk)(std::string_view, const ElementSink&), std::string_view bytes) {
  Texts all;
  const bool whole = walk(bytes, [&all](std::string_view text) {
    all.emplace_back(text);
    return true;
  });
  return whole ? all : Texts{"refused"};
}

Texts ManyTexts() {
  Texts texts = {"", "a", "0", "127", "128", "-1", "4095", "-4096", "4096", "-4097", "01", "-0"};
  for (unsigned bits = 6; bits < 63; ++bits) {
    const auto edge = static_cast<int64_t>(uint64_t{1} << bits);
    for (const int64_t value : {edge - 1, edge, -edge, -(edge - 1) - 2}) {
      texts.push_back(std::to_string(value));
    }
  }
  texts.push_back(std::to_string(std::numeric_limits<int64_t>::min()));
  texts.push_back(std::to_string(std::numeric_limits<int64_t>::max()));
  for (const size_t size : {63U, 64U, 120U, 127U, 4095U, 4096U, 16380U, 16384U, 70'000U}) {
    texts.emplace_back(size, 'x');
  }
  return texts;
}

TEST(Listpack, HoldsWhatItWasGiven) {
  ListpackWriter writer;
  for (const std::string& text : ManyTexts()) writer.Append(text);
  EXPECT_EQ(Collect(ReadListpack, writer.Finish()), ManyTexts());
}

TEST(Listpack, OfManyElementsIsCounted) {
  ListpackWriter writer;
  const Texts texts(70'000, "1");
  for (const std::string& text : texts) writer.Append(text);
  EXPECT_EQ(Collect(ReadListpack, writer.Finish()).size(), texts.size());
}

// Each byte is changed to each other one: it is refused, or means something else.
TEST(Listpack, ThatIsBrokenIsRefused) {
  ListpackWriter writer;
  for (const char* const text : {"hello", "77", "100000", "x"}) writer.Append(text);
  const std::string whole = writer.Finish();
  for (size_t at = 0; at < whole.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string broken = whole;
      broken[at] = static_cast<char>(byte);
      if (broken == whole) continue;
      const Texts texts = Collect(ReadListpack, broken);
      EXPECT_TRUE(texts == Texts{"refused"} || texts.size() == 4) << at << " " << byte;
    }
    EXPECT_EQ(Collect(ReadListpack, whole.substr(0, at)), Texts{"refused"});
  }
}

TEST(OldForms, AreRead) {
  EXPECT_EQ(Collect(ReadZiplist, std::string("\x17\x00\x00\x00\x12\x00\x00\x00\x03\x00"
                                             "\x00\x02hi"
                                             "\x04\xF6"
                                             "\x02\xC0\x2C\x01"
                                             "\x04\xFF"
                                             "\x00",
                                             23)),
            Texts{"refused"});
  EXPECT_EQ(Collect(ReadZiplist, std::string("\x15\x00\x00\x00\x10\x00\x00\x00\x03\x00"
                                             "\x00\x02hi"
                                             "\x04\xF6"
                                             "\x02\xC0\x2C\x01"
                                             "\xFF",
                                             21)),
            (Texts{"hi", "5", "300"}));
  EXPECT_EQ(Collect(ReadZipmap, std::string("\x01\x03"
                                            "foo\x03\x00"
                                            "bar\xFF",
                                            11)),
            (Texts{"foo", "bar"}));
  EXPECT_EQ(Collect(ReadZipmap, std::string("\x01\x03"
                                            "foo\x09\x00"
                                            "bar\xFF",
                                            11)),
            Texts{"refused"});
  EXPECT_EQ(
      Collect(ReadIntset, std::string("\x02\x00\x00\x00\x02\x00\x00\x00\xFF\xFF\x07\x00", 12)),
      (Texts{"-1", "7"}));
  EXPECT_EQ(
      Collect(ReadIntset, std::string("\x02\x00\x00\x00\x02\x00\x00\x00\x07\x00\x07\x00", 12)),
      Texts{"refused"});
}

// A count that is larger than what follows could be is refused before memory is asked for.
TEST(Elements, HugeCountsAreRefused) {
  for (const uint8_t form : std::initializer_list<uint8_t>{1, 2, 3, 4, 5, 14, 18}) {
    Reader reader(
        std::string_view("\x81\x00\x00\x00\xFF\xFF\xFF\xFF\xFF\x01"
                         "a",
                         11));
    EXPECT_FALSE(
        ReadElements(static_cast<Form>(form), &reader, [](const Element&) { return true; }));
  }
}

}  // namespace
}  // namespace keyhole::store::rdb
