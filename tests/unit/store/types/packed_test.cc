// Blocks of elements and blocks of integers: what goes in comes out, and takes no more than said.
#include "proxy/store/types/packed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "proxy/store/types/integers.h"

namespace keyhole::store {
namespace {

using testing::ElementsAre;

std::string Pack(const std::vector<std::string>& texts) {
  std::string block;
  for (const std::string& text : texts) AppendPacked(text, &block);
  return block;
}

std::vector<std::string> Unpack(std::string_view block) {
  std::vector<std::string> texts;
  for (PackedReader reader(block); !reader.at_end();) texts.emplace_back(reader.Next());
  return texts;
}

TEST(Packed, GivesBackEveryText) {
  std::vector<std::string> texts = {"", "a", " 1", "+1", "01", "-0", "1.5", "9223372036854775808"};
  for (const size_t size : {63U, 64U, 127U, 128U, 300U, 70'000U}) texts.emplace_back(size, 'x');
  for (int shift = 0; shift < 63; ++shift) {
    const int64_t power = int64_t{1} << shift;
    for (const int64_t near : {power - 1, power, power + 1}) {
      texts.push_back(std::to_string(near));
      texts.push_back(std::to_string(-near));
    }
  }
  texts.push_back(std::to_string(std::numeric_limits<int64_t>::min()));
  texts.push_back(std::to_string(std::numeric_limits<int64_t>::max()));
  const std::string block = Pack(texts);
  EXPECT_EQ(Unpack(block), texts);
  EXPECT_EQ(CountPacked(block), texts.size());
}

// Redis' listpack takes one byte more at least, for the length of an element behind it.
TEST(Packed, TakesNoMoreThanAListpack) {
  struct Size {
    std::string text;
    size_t listpack;
  };
  const Size sizes[] = {{"0", 2},
                        {"63", 2},
                        {"127", 2},
                        {"128", 3},
                        {"-1", 3},
                        {"4095", 3},
                        {"4096", 4},
                        {"-32768", 4},
                        {"8388607", 5},
                        {"2147483647", 6},
                        {"9223372036854775807", 10},
                        {"", 2},
                        {"user:1", 8},
                        {std::string(63, 'x'), 65},
                        {std::string(64, 'x'), 67},
                        {std::string(200, 'x'), 204}};
  for (const Size& size : sizes) EXPECT_LE(Pack({size.text}).size(), size.listpack) << size.text;
}

TEST(Packed, FindsFieldsButNotValues) {
  const std::string block = Pack({"a", "b", "b", "10", "10", "a"});
  EXPECT_EQ(FindPacked(block, "a", 2), 0U);
  EXPECT_EQ(FindPacked(block, "b", 2), 4U);
  EXPECT_EQ(FindPacked(block, "10", 2), 7U);
  EXPECT_EQ(FindPacked(block, "10", 1), 6U);
  for (const std::string_view absent : {"c", "", "1", "100", "010"}) {
    EXPECT_EQ(FindPacked(block, absent, 2), std::string::npos) << absent;
  }
}

TEST(Packed, ReplacesAndErasesInPlace) {
  std::string block = Pack({"a", "1", "b", "2", "c", "3"});
  ReplacePacked(&block, FindPacked(block, "2", 1), 1, "much longer than before");
  EXPECT_THAT(Unpack(block), ElementsAre("a", "1", "b", "much longer than before", "c", "3"));
  ErasePacked(&block, FindPacked(block, "b", 2), 2);
  EXPECT_THAT(Unpack(block), ElementsAre("a", "1", "c", "3"));
  ErasePacked(&block, 0, 4);
  EXPECT_EQ(block, "");
}

TEST(Packed, AFieldAndItsValueCanBeHeldTogether) {
  const std::string block = Pack({"100", "200"});
  PackedReader reader(block);
  const std::string_view field = reader.Next();
  const std::string_view value = reader.Next();
  EXPECT_EQ(field, "100");
  EXPECT_EQ(value, "200");
}

std::vector<int64_t> All(std::string_view block) {
  std::vector<int64_t> all;
  for (size_t i = 0; i < CountIntegers(block); ++i) all.push_back(IntegerAt(block, i));
  return all;
}

TEST(Integers, AreSortedAndAsWideAsTheWidest) {
  std::string block;
  EXPECT_TRUE(AddInteger(&block, 5));
  EXPECT_TRUE(AddInteger(&block, -5));
  EXPECT_FALSE(AddInteger(&block, 5));
  EXPECT_EQ(block.size(), 1U + 2 * 2);
  EXPECT_TRUE(AddInteger(&block, 100'000));
  EXPECT_EQ(block.size(), 1U + 3 * 4);
  EXPECT_TRUE(AddInteger(&block, int64_t{1} << 40));
  EXPECT_EQ(block.size(), 1U + 4 * 8);
  EXPECT_THAT(All(block), ElementsAre(-5, 5, 100'000, int64_t{1} << 40));
  EXPECT_FALSE(RemoveInteger(&block, 6));
  EXPECT_TRUE(RemoveInteger(&block, 5));
  EXPECT_THAT(All(block), ElementsAre(-5, 100'000, int64_t{1} << 40));
}

TEST(Integers, AgreeWithASetOfTheLibrary) {
  std::minstd_rand random(7);
  std::string block;
  std::set<int64_t> model;
  for (int i = 0; i < 5000; ++i) {
    const int64_t value = static_cast<int64_t>(random() % 200) - 100 + (i > 2500 ? 1 << 20 : 0);
    if (random() % 2 == 0) {
      EXPECT_EQ(AddInteger(&block, value), model.insert(value).second);
    } else {
      EXPECT_EQ(RemoveInteger(&block, value), model.erase(value) == 1);
    }
    EXPECT_EQ(HasInteger(block, value), model.count(value) == 1);
  }
  EXPECT_EQ(All(block), std::vector<int64_t>(model.begin(), model.end()));
}

}  // namespace
}  // namespace keyhole::store
