// The tree of a sorted set, against a std::set that is told the same.
#include "proxy/store/types/rank_tree.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace keyhole::store {
namespace {

using Member = std::pair<double, std::string>;

class Trees : public testing::Test {
 protected:
  ~Trees() override {
    tree_.Clear();
    for (const auto& [item, entry] : entries_) Item::Destroy(entry, MallocHeap());
  }

  void Insert(double score, const std::string& member) {
    if (!expected_.emplace(score, member).second) return;
    const Item entry = Item::Make(member, "8 bytes.", kNever, MallocHeap());
    SetScore(entry, score);
    tree_.Insert(entry);
    entries_.emplace_back(Member{score, member}, entry);
  }
  void Remove(size_t index) {
    const auto [item, entry] = entries_[index];
    entries_[index] = entries_.back();
    entries_.pop_back();
    expected_.erase(item);
    tree_.Remove(entry);
    Item::Destroy(entry, MallocHeap());
  }
  void Rescore(size_t index, double score) {
    auto& [item, entry] = entries_[index];
    if (!expected_.emplace(score, item.second).second) return;
    expected_.erase(item);
    item.first = score;
    tree_.Rescore(entry, score);
  }
  void ExpectAllThere() {
    tree_.Check();
    ASSERT_EQ(tree_.size(), expected_.size());
    std::vector<Member> upwards;
    std::vector<Member> downwards;
    const auto into = [](std::vector<Member>* list) {
      return [list](Item entry) { list->emplace_back(ScoreOf(entry), entry.key()); };
    };
    const size_t size = tree_.size();
    tree_.Visit(0, size, /*downwards=*/false, into(&upwards));
    if (size > 0) tree_.Visit(size - 1, size, /*downwards=*/true, into(&downwards));
    EXPECT_EQ(upwards, std::vector<Member>(expected_.begin(), expected_.end()));
    EXPECT_EQ(downwards, std::vector<Member>(expected_.rbegin(), expected_.rend()));
  }
  void ExpectRanks() {
    for (const auto& [item, entry] : entries_) {
      const auto rank = static_cast<size_t>(std::distance(expected_.begin(), expected_.find(item)));
      ASSERT_EQ(tree_.RankOf(entry), rank);
      ASSERT_EQ(tree_.At(rank).raw(), entry.raw());
    }
  }
  size_t Random(size_t below) { return random_() % below; }

  RankTree tree_;
  std::set<Member> expected_;
  std::vector<std::pair<Member, Item>> entries_;
  std::minstd_rand random_{20261129};
};

TEST_F(Trees, AnEmptyOneHasNothingAndTakesNothing) {
  EXPECT_EQ(tree_.size(), 0U);
  EXPECT_EQ(tree_.memory(), 0U);
  EXPECT_EQ(tree_.CountByScore([](double) { return true; }), 0U);
}

TEST_F(Trees, EqualScoresAreInTheOrderOfTheirBytes) {
  for (const char* member : {"b", "a", "", "ab", "\xff", "B"}) Insert(1, member);
  ExpectAllThere();
  EXPECT_EQ(tree_.At(0).key(), "");
  EXPECT_EQ(tree_.At(5).key(), "\xff");
}

TEST_F(Trees, WhatComesInOrderLiesDensely) {
  for (int i = 0; i < 20'000; ++i) Insert(i, std::to_string(i));
  ExpectAllThere();
  EXPECT_LT(static_cast<double>(tree_.memory()) / 20'000, 9.7);
}

TEST_F(Trees, WhatComesInReverseOrByChanceIsFoundAsWell) {
  for (int i = 0; i < 3000; ++i) Insert(-i, "down");
  for (int i = 0; i < 3000; ++i) Insert(static_cast<double>(Random(1000)), std::to_string(i));
  ExpectAllThere();
  ExpectRanks();
}

TEST_F(Trees, ManyChangesByChanceLeaveItWhatItShouldBe) {
  size_t most = 0;
  for (int step = 0; step < 60'000; ++step) {
    // It grows, shrinks to nearly nothing, and grows again.
    const bool grows = step / 10'000 % 2 == 0;
    const size_t dice = Random(10);
    if (entries_.empty() || dice < (grows ? 6U : 2U)) {
      Insert(static_cast<double>(Random(50)), std::to_string(Random(100'000)));
    } else if (dice < 8) {
      Remove(Random(entries_.size()));
    } else {
      Rescore(Random(entries_.size()), static_cast<double>(Random(50)));
    }
    most = std::max(most, tree_.size());
    if (step % 500 == 0) tree_.Check();
    if (step % 10'000 == 9'999) ExpectAllThere();
  }
  EXPECT_GT(most, 3000U);
  ExpectRanks();
}

TEST_F(Trees, TakingFromAnEndGoesToTheLast) {
  for (int i = 0; i < 5000; ++i) Insert(static_cast<double>(Random(1000)), std::to_string(i));
  while (!entries_.empty()) {
    const Item entry = tree_.At(entries_.size() % 2 == 0 ? 0 : tree_.size() - 1);
    tree_.Remove(entry);
    expected_.erase({ScoreOf(entry), std::string(entry.key())});
    std::erase_if(entries_, [&](const auto& one) { return one.second.raw() == entry.raw(); });
    Item::Destroy(entry, MallocHeap());
    if (entries_.size() % 250 == 0) ExpectAllThere();
  }
  EXPECT_EQ(tree_.memory(), 0U);
}

TEST_F(Trees, MemoryComesBackWhenMostHaveGone) {
  for (int i = 0; i < 20'000; ++i) Insert(static_cast<double>(Random(1000)), std::to_string(i));
  while (entries_.size() > 1000) Remove(Random(entries_.size()));
  ExpectAllThere();
  EXPECT_LT(tree_.memory() / 1000, 40U);
}

TEST_F(Trees, AllOfItCanGoInParts) {
  for (int i = 0; i < 20'000; ++i) Insert(static_cast<double>(Random(1000)), std::to_string(i));
  const size_t before = tree_.memory();
  EXPECT_FALSE(tree_.ClearSome(100));
  EXPECT_LT(tree_.memory(), before - 100 * 250);
  while (!tree_.ClearSome(100)) continue;
  EXPECT_EQ(tree_.memory(), 0U);
}

TEST_F(Trees, HowManyAreBelowABoundIsCounted) {
  for (int i = 0; i < 4000; ++i) Insert(static_cast<double>(Random(100)), std::to_string(i));
  for (const double bound : {-1.0, 0.0, 17.0, 50.5, 99.0, 100.0}) {
    const auto below =
        static_cast<size_t>(std::distance(expected_.begin(), expected_.lower_bound({bound, ""})));
    EXPECT_EQ(tree_.CountByScore([bound](double score) { return score < bound; }), below);
  }
}

TEST_F(Trees, ByMemberIfAllScoresAreEqual) {
  for (int i = 0; i < 4000; ++i) Insert(0, std::to_string(i));
  for (const std::string bound : {"", "1", "2500", "9", "a"}) {
    const auto below =
        static_cast<size_t>(std::distance(expected_.begin(), expected_.lower_bound({0, bound})));
    EXPECT_EQ(tree_.CountByMember([&](std::string_view member) { return member < bound; }), below);
  }
}

}  // namespace
}  // namespace keyhole::store
