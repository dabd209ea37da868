// Small sorted sets in a block: members and scores come out in their order, and scores bit by bit.
#include "proxy/store/types/packed_scores.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace keyhole::store {
namespace {

using Item = std::pair<double, std::string>;

std::vector<Item> Unpack(std::string_view block) {
  std::vector<Item> items;
  for (PackedScores members(block); !members.at_end();) {
    std::string member(members.Member());
    items.emplace_back(members.Score(), std::move(member));
  }
  return items;
}

TEST(PackedScores, GiveBackEveryScore) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double score : {0.0, 1.0, -1.0, 63.0, 64.0, -4096.0, 4096.0, 0.1, -2.5, 1e17, 1e300,
                             5e-324, 4503599627370496.5, 4611686018427387904.0,
                             9223372036854775808.0, -1e19, kInfinity, -kInfinity, 3.544e-314}) {
    for (const bool exact : {false, true}) {
      std::string block;
      AppendPackedMember(&block, "a", score, exact);
      AppendPackedMember(&block, "b", score, exact);
      EXPECT_EQ(Unpack(block), (std::vector<Item>{{score, "a"}, {score, "b"}})) << score;
    }
  }
}

// Bytes that are digits are no integer.
TEST(PackedScores, AScoreWhoseBytesAreDigitsStaysWhatItIs) {
  const auto score = std::bit_cast<double>(uint64_t{0x3837363534333231});  // "12345678"
  std::string block;
  AppendPackedMember(&block, "a", score, /*exact=*/false);
  EXPECT_EQ(FirstPackedScore(std::string_view(block).substr(2)), score);
}

TEST(PackedScores, MinusZeroIsKeptWhereRedisKeepsIt) {
  for (const bool exact : {false, true}) {
    std::string block;
    AppendPackedMember(&block, "a", -0.0, exact);
    EXPECT_EQ(std::signbit(Unpack(block)[0].first), exact);
  }
}

TEST(PackedScores, LieInTheirOrderWhicheverComesFirst) {
  std::minstd_rand random(3);
  std::string block;
  std::set<Item> expected;
  for (int i = 0; i < 200; ++i) {
    const double score = static_cast<double>(random() % 20) / 2;
    const std::string member = std::to_string(random() % 1000);
    if (FindPackedMember(block, member) != std::string::npos) continue;
    InsertPackedMember(&block, member, score, /*exact=*/false);
    expected.emplace(score, member);
  }
  EXPECT_EQ(Unpack(block), std::vector<Item>(expected.begin(), expected.end()));
}

}  // namespace
}  // namespace keyhole::store
