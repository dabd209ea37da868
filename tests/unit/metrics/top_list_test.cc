// The biggest and the slowest of the last ten minutes.
#include "metrics/top_list.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace keyhole::metrics {
namespace {

using resp::CommandId;
using std::chrono::minutes;
using std::chrono::seconds;

class TopListTest : public testing::Test {
 protected:
  void Offer(const std::string& key, uint64_t value, CommandId command = CommandId::kGet) {
    list_.Offer(command, key, value, now_, directory_);
  }
  std::vector<TopEntry> Top(size_t size = TopList::kSize) {
    std::vector<TopEntry> entries;
    list_.AddTo(&entries);
    return Largest(std::move(entries), size, now_);
  }

  KeyDirectory directory_{10};
  TopList list_;
  TopList::Instant now_{};
};

TEST_F(TopListTest, KeepsTheLargest) {
  for (uint64_t i = 1; i <= 1000; ++i) Offer("key" + std::to_string(i * 7919 % 1000), i);
  const auto top = Top();
  ASSERT_EQ(top.size(), TopList::kSize);
  for (size_t i = 0; i < top.size(); ++i) EXPECT_EQ(top[i].value, 1000 - i);
  EXPECT_EQ(Top(3).size(), 3u);
}

TEST_F(TopListTest, ACommandAndKeyIsThereOnceWithItsLargest) {
  for (const uint64_t value : {5u, 9u, 7u}) Offer("a", value);
  Offer("a", 6, CommandId::kHgetall);
  const auto top = Top();
  ASSERT_EQ(top.size(), 2u);
  EXPECT_EQ(top[0].value, 9u);
  EXPECT_EQ(top[0].label, "a");
  EXPECT_EQ(top[1].command, CommandId::kHgetall);
}

TEST_F(TopListTest, WhatIsTenMinutesOldIsGone) {
  Offer("old", 100);
  now_ += minutes(9);
  EXPECT_EQ(Top().size(), 1u);
  Offer("new", 1);
  now_ += minutes(1);
  EXPECT_EQ(Top()[0].label, "new") << "also if nothing has come since";
  Offer("old", 50);
  EXPECT_EQ(Top()[0].value, 50u);
  EXPECT_EQ(Top()[0].at, now_);
}

TEST_F(TopListTest, AFullListMakesRoomWhenItsEntriesAreOld) {
  for (int i = 0; i < 100; ++i) Offer("big" + std::to_string(i), 1000);
  Offer("small", 1);
  EXPECT_EQ(Top().size(), TopList::kSize);
  now_ += minutes(10);
  Offer("small", 1);
  ASSERT_EQ(Top().size(), 1u);
  EXPECT_EQ(Top()[0].label, "small");
}

TEST_F(TopListTest, ACommandMayHaveNoKey) {
  list_.Offer(CommandId::kPing, std::nullopt, 5, now_, directory_);
  Offer("", 4, CommandId::kPing);
  const auto top = Top();
  ASSERT_EQ(top.size(), 2u);
  EXPECT_EQ(top[0].label, std::nullopt);
  EXPECT_EQ(top[1].label, KeyLabel(""));
}

TEST_F(TopListTest, KeysAreCalledAsTheDirectorySays) {
  KeyOptions options;
  options.labels = KeyLabels::kOff;
  options.patterns = {"user:*"};
  const KeyDirectory directory(options);
  list_.Offer(CommandId::kGet, "user:7", 9, now_, directory);
  list_.Offer(CommandId::kGet, "user:8", 8, now_, directory);
  list_.Offer(CommandId::kGet, "secret", 7, now_, directory);
  const auto top = Top();
  ASSERT_EQ(top.size(), 2u) << "one entry for the pattern";
  EXPECT_EQ(top[0].label, "user:*");
  EXPECT_EQ(top[0].value, 9u);
  EXPECT_EQ(top[1].label, "__other__");
}

TEST_F(TopListTest, AReaderSeesWholeEntriesOnly) {
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) {
      std::vector<TopEntry> entries;
      list_.AddTo(&entries);
      for (const TopEntry& entry : entries) {
        // The label is the value in digits, over and over.
        const std::string digits = std::to_string(entry.value);
        ASSERT_EQ(entry.label->substr(0, digits.size()), digits);
        ASSERT_EQ(entry.label->substr(entry.label->size() - digits.size()), digits);
      }
    }
  });
  for (uint64_t i = 1000; i < 9999; ++i) {
    std::string key;
    for (int n = 0; n < 25; ++n) key += std::to_string(i);
    Offer(key, i);
  }
  stop = true;
  reader.join();
}

}  // namespace
}  // namespace keyhole::metrics
