#include "resp/number.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace keyhole::resp {
namespace {

std::optional<int64_t> Number(std::string_view text) {
  int64_t value = 42;
  if (ParseInteger(text, &value)) return value;
  EXPECT_EQ(value, 42) << text << " is no number, the value must stay";
  return std::nullopt;
}

TEST(ParseInteger, Numbers) {
  EXPECT_EQ(Number("0"), 0);
  EXPECT_EQ(Number("1"), 1);
  EXPECT_EQ(Number("-1"), -1);
  EXPECT_EQ(Number("1234567890"), 1234567890);
  EXPECT_EQ(Number("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(Number("-9223372036854775808"), INT64_MIN);
}

TEST(ParseInteger, WhatDoesNotFitIsNone) {
  EXPECT_EQ(Number("9223372036854775808"), std::nullopt);
  EXPECT_EQ(Number("-9223372036854775809"), std::nullopt);
  EXPECT_EQ(Number("18446744073709551616"), std::nullopt);
  EXPECT_EQ(Number("100000000000000000000000000000000"), std::nullopt);
}

// As in Redis' string2ll(): a number has one way to be written.
TEST(ParseInteger, OtherWaysToWriteThemAreNone) {
  for (const std::string_view text : {"", "-", "+", "+1", "01", "00", "-0", "-01", " 1", "1 ",
                                      "1.0", "1e3", "0x1", "--1", "1-", "x", "1\r", "\0"}) {
    EXPECT_EQ(Number(text), std::nullopt) << testing::PrintToString(text);
  }
  EXPECT_EQ(Number(std::string_view("1\0", 2)), std::nullopt);
}

// The way for one and two digits, against the one for all.
TEST(ReadShortLength, ReadsWhatTheLoopReads) {
  constexpr std::string_view kBytes = "019/:\r\nx-";
  constexpr size_t kLongest = 5;
  size_t read = 0;
  for (size_t size = 0; size <= kLongest; ++size) {
    size_t count = 1;
    for (size_t i = 0; i < size; ++i) count *= kBytes.size();
    for (size_t number = 0; number < count; ++number) {
      std::string text;
      for (size_t i = 0, rest = number; i < size; ++i, rest /= kBytes.size()) {
        text.push_back(kBytes[rest % kBytes.size()]);
      }
      const char* const end = text.data() + text.size();
      const char* fast = text.data();
      size_t fast_value = 42;
      const LengthByDigits slow = ReadLengthByDigits(text.data(), end);
      const bool known = slow.end != nullptr;
      ASSERT_EQ(ReadShortLength(&fast, end, &fast_value), known) << testing::PrintToString(text);
      ASSERT_EQ(fast, known ? slow.end : text.data()) << testing::PrintToString(text);
      ASSERT_EQ(fast_value, known ? slow.value : 42) << testing::PrintToString(text);
      read += known ? 1 : 0;
    }
  }
  EXPECT_GT(read, 100U);
}

TEST(ReadShortLength, UpToSevenDigits) {
  for (const std::string_view text : {"7\r\n", "42\r\n", "100\r\n", "1234567\r\n"}) {
    const char* at = text.data();
    size_t value = 0;
    ASSERT_TRUE(ReadShortLength(&at, text.data() + text.size(), &value)) << text;
    EXPECT_EQ(std::to_string(value) + "\r\n", text);
    EXPECT_EQ(at, text.data() + text.size());
  }
  for (const std::string_view text : {"12345678\r\n", "007\r\n", "1\r", "12\r", "-1\r\n", ""}) {
    const char* at = text.data();
    size_t value = 42;
    EXPECT_FALSE(ReadShortLength(&at, text.data() + text.size(), &value)) << text;
    EXPECT_EQ(at, text.data());
    EXPECT_EQ(value, 42U);
  }
}

}  // namespace
}  // namespace keyhole::resp
