#include "metrics/key_stats.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "metrics/label.h"

namespace keyhole::metrics {
namespace {

// Hits and misses by label, those of __other__ included.
using Counts = std::map<std::string, std::pair<uint64_t, uint64_t>>;

Counts CountsOf(const KeyStats& stats, const KeyDirectory& directory) {
  Counts counts;
  for (size_t slot = 0; slot < directory.size(); ++slot) {
    counts[std::string(directory.label(slot))] = {stats.hits(slot), stats.misses(slot)};
  }
  const size_t other = directory.capacity();
  counts[std::string(kOtherLabel)] = {stats.hits(other), stats.misses(other)};
  return counts;
}

TEST(KeyStatsTest, CountsEachKeyFromItsFirstLookupOn) {
  KeyDirectory directory(10);
  KeyStats stats(directory);
  stats.Record("a", true);
  stats.Record("b", false);
  stats.Record("a", true);
  stats.Record("a", false);
  EXPECT_EQ(CountsOf(stats, directory),
            (Counts{{"a", {2, 1}}, {"b", {0, 1}}, {"__other__", {0, 0}}}));
}

TEST(KeyStatsTest, WhatFindsNoRoomIsOther) {
  KeyDirectory directory(2);
  KeyStats stats(directory);
  for (const char* key : {"a", "b", "c", "d", "c", "a"}) stats.Record(key, true);
  EXPECT_TRUE(directory.full());
  EXPECT_EQ(CountsOf(stats, directory),
            (Counts{{"a", {2, 0}}, {"b", {1, 0}}, {"__other__", {3, 0}}}));
}

TEST(KeyStatsTest, WithoutCapacityAllIsOther) {
  KeyDirectory directory(0);
  KeyStats stats(directory);
  stats.Record("a", true);
  stats.Record("", false);
  stats.Record(std::string(1000, 'x'), false);
  EXPECT_EQ(CountsOf(stats, directory), (Counts{{"__other__", {1, 2}}}));
}

TEST(KeyStatsTest, OtherCanBeCountedInOneGo) {
  KeyDirectory directory(1);
  KeyStats stats(directory);
  stats.RecordOther(true, 5);
  stats.RecordOther(false);
  EXPECT_EQ(CountsOf(stats, directory), (Counts{{"__other__", {5, 1}}}));
}

TEST(KeyStatsTest, AKeyNamedLikeTheRestHasItsOwnSeries) {
  KeyDirectory directory(1);
  KeyStats stats(directory);
  stats.Record("__other__", true);
  stats.Record("x", false);
  EXPECT_EQ(CountsOf(stats, directory),
            (Counts{{KeyLabel("__other__"), {1, 0}}, {"__other__", {0, 1}}}));
}

TEST(KeyStatsTest, TheEmptyKeyIsAKey) {
  KeyDirectory directory(1);
  KeyStats stats(directory);
  stats.Record("", true);
  EXPECT_EQ(stats.hits(0), 1u);
}

TEST(KeyStatsTest, KeysWithNulAreTold) {
  KeyDirectory directory(10);
  KeyStats stats(directory);
  stats.Record(std::string_view("a\0b", 3), true);
  stats.Record(std::string_view("a\0c", 3), true);
  stats.Record("a", true);
  EXPECT_EQ(directory.size(), 3u);
}

TEST(KeyStatsTest, KeepsNothingOfTheCallersKey) {
  KeyDirectory directory(2);
  KeyStats stats(directory);
  std::string key = "first";
  stats.Record(key, true);
  key = "other";
  stats.Record(key, true);
  stats.Record("first", true);
  EXPECT_EQ(CountsOf(stats, directory),
            (Counts{{"first", {2, 0}}, {"other", {1, 0}}, {"__other__", {0, 0}}}));
}

TEST(KeyStatsTest, WorkersAgreeOnTheSlots) {
  KeyDirectory directory(3);
  KeyStats one(directory);
  KeyStats two(directory);
  one.Record("a", true);
  two.Record("b", true);
  two.Record("a", false);
  one.Record("c", true);
  two.Record("d", true);  // the directory is full, and two has not seen c
  two.Record("c", true);
  EXPECT_EQ(directory.size(), 3u);
  EXPECT_EQ(CountsOf(one, directory),
            (Counts{{"a", {1, 0}}, {"b", {0, 0}}, {"c", {1, 0}}, {"__other__", {0, 0}}}));
  EXPECT_EQ(CountsOf(two, directory),
            (Counts{{"a", {0, 1}}, {"b", {1, 0}}, {"c", {1, 0}}, {"__other__", {1, 0}}}));
}

TEST(KeyStatsTest, AWorkerThatCameLateSeesTheTrackedKeys) {
  KeyDirectory directory(1);
  KeyStats one(directory);
  one.Record("a", true);
  KeyStats late(directory);
  late.Record("a", true);
  late.Record("b", true);
  EXPECT_EQ(CountsOf(late, directory), (Counts{{"a", {1, 0}}, {"__other__", {1, 0}}}));
}

std::string LongKey(size_t bytes, char last) {
  std::string key(bytes, 'k');
  key.back() = last;
  return key;
}

TEST(KeyIdentityTest, IsTheKeyWhereItIsShort) {
  EXPECT_EQ(KeyIdentity("abc").bytes(), "abc");
  EXPECT_EQ(KeyIdentity("").bytes(), "");
  const std::string longest(KeyIdentity::kVerbatimBytes, 'k');
  EXPECT_EQ(KeyIdentity(longest).bytes(), longest);
}

TEST(KeyIdentityTest, IsBoundedHoweverLongTheKey) {
  const std::string key(10 << 20, 'k');
  const KeyIdentity identity(key);
  EXPECT_GT(identity.bytes().size(), KeyIdentity::kVerbatimBytes);
  EXPECT_LT(identity.bytes().size(), 300u);
  EXPECT_EQ(identity.bytes(), KeyIdentity(std::string(10 << 20, 'k')).bytes());
}

TEST(KeyIdentityTest, TellsLongKeysByEveryByteAndByLength) {
  for (const size_t bytes : {257u, 258u, 271u, 272u, 273u, 1000u, 4096u}) {
    const std::string key(bytes, 'k');
    const KeyIdentity identity(key);
    EXPECT_NE(identity.bytes(), KeyIdentity(key + "k").bytes());
    for (size_t i = 0; i < bytes; ++i) {
      std::string changed = key;
      changed[i] = 'l';
      ASSERT_NE(identity.bytes(), KeyIdentity(changed).bytes()) << bytes << " " << i;
    }
  }
}

TEST(KeyIdentityTest, OfALongKeyIsNoOtherKey) {
  const std::string key = LongKey(300, 'a');
  const std::string bytes(KeyIdentity(key).bytes());
  EXPECT_NE(KeyIdentity(bytes).bytes(), bytes);
}

TEST(KeyStatsTest, LongKeysHaveSeriesOfTheirOwn) {
  KeyDirectory directory(2);
  KeyStats stats(directory);
  for (int i = 0; i < 3; ++i) stats.Record(LongKey(5000, 'a'), true);
  stats.Record(LongKey(5000, 'b'), false);
  stats.Record(LongKey(5000, 'c'), false);
  EXPECT_EQ(CountsOf(stats, directory), (Counts{{KeyLabel(LongKey(5000, 'a')), {3, 0}},
                                                {KeyLabel(LongKey(5000, 'b')), {0, 1}},
                                                {"__other__", {0, 1}}}));
}

TEST(KeyDirectoryTest, GivesTheSameKeyTheSameSlot) {
  KeyDirectory directory(2);
  EXPECT_EQ(directory.Add("a", KeyIdentity("a")), 0u);
  EXPECT_EQ(directory.Add("b", KeyIdentity("b")), 1u);
  EXPECT_EQ(directory.Add("a", KeyIdentity("a")), 0u);
  EXPECT_EQ(directory.Add("c", KeyIdentity("c")), std::nullopt);
  EXPECT_EQ(directory.identity(1), "b");
  EXPECT_EQ(directory.label(1), "b");
}

// Two keys with one LabelHash are not to be had, so the label is given for another identity.
TEST(KeyDirectoryTest, NeverGivesALabelTwice) {
  KeyDirectory directory(5);
  EXPECT_EQ(directory.Add("a", KeyIdentity("a")), 0u);
  EXPECT_EQ(directory.Add("a", KeyIdentity("another")), std::nullopt);
  EXPECT_EQ(directory.size(), 1u);
}

}  // namespace
}  // namespace keyhole::metrics
