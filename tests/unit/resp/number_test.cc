#include "resp/number.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
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

}  // namespace
}  // namespace keyhole::resp
