// What becomes of counts when keys are to be counted in another way.
#include "metrics/key_books.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace keyhole::metrics {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct KeyBooksTest : testing::Test {
  KeyTable Table() { return books.Table(KeyTracker::Instant{}); }
  std::unique_ptr<KeyStats> Worker() { return std::make_unique<KeyStats>(*books.now()->directory); }
  static std::vector<std::string> Labels(const std::vector<KeyCounts>& keys) {
    std::vector<std::string> labels;
    for (const KeyCounts& key : keys) labels.push_back(key.label);
    return labels;
  }

  KeyBooks books{KeyOptions{.capacity = 3}};
};

TEST_F(KeyBooksTest, CountsBeginAnewAndTheirSumGoesOn) {
  const auto one = Worker();
  const auto two = Worker();
  for (const char* key : {"a:1", "a:2", "b", "c", "d"}) one->Record(key, true, 10);
  two->Record("a:1", false);
  EXPECT_TRUE(books.Change({.capacity = 1, .patterns = {"a:*"}}));
  EXPECT_EQ(Table().retired.hits, 5u) << "who has not followed yet counts as before";
  books.Follow(*one);
  two->Record("b", false);
  one->Record("a:3", true);
  one->Record("e", true);
  one->Record("f", true);
  EXPECT_EQ(Table().Sum(), (KeyTotals{.hits = 8, .misses = 2, .bytes = 50}));
  books.Follow(*two);
  two->Record("a:1", true);
  const KeyTable table = Table();
  EXPECT_EQ(table.Sum(), (KeyTotals{.hits = 9, .misses = 2, .bytes = 50}));
  EXPECT_EQ(table.retired, (KeyTotals{.hits = 5, .misses = 2, .bytes = 50}));
  ASSERT_THAT(Labels(table.patterns), ElementsAre("a:*"));
  EXPECT_EQ(table.patterns[0].hits, 2u);
  EXPECT_THAT(Labels(table.keys), ElementsAre("e"));
  EXPECT_EQ(table.other.hits, 1u);
  EXPECT_EQ(table.tracked_keys_limit, 1u);
}

TEST_F(KeyBooksTest, ThePaceAloneIsNoReason) {
  const auto book = books.now();
  EXPECT_FALSE(books.Change({.capacity = 3, .epoch = std::chrono::seconds(77)}));
  EXPECT_EQ(books.now(), book);
  EXPECT_EQ(book->directory->options().epoch, std::chrono::seconds(77));
  EXPECT_TRUE(books.Change({.capacity = 3, .labels = KeyLabels::kOff}));
  EXPECT_FALSE(books.Change({.capacity = 3, .labels = KeyLabels::kOff}));
}

TEST_F(KeyBooksTest, SeveralBeforeAnybodyFollows) {
  const auto worker = Worker();
  worker->Record("k", true);
  std::weak_ptr<KeyDirectory> first = books.now()->directory;
  for (size_t capacity : {4UL, 5UL, 6UL}) {
    EXPECT_TRUE(books.Change({.capacity = capacity}));
    books.Tick(KeyTracker::Instant{}, 0);
    EXPECT_EQ(Table().Sum().hits, 1u);
  }
  EXPECT_FALSE(first.expired()) << "it is counted there";
  worker->Record("k", true);
  books.Follow(*worker);
  books.Tick(KeyTracker::Instant{}, 0);
  EXPECT_TRUE(first.expired());
  worker->Record("k", true);
  const KeyTable table = Table();
  EXPECT_EQ(table.retired.hits, 2u);
  ASSERT_THAT(Labels(table.keys), ElementsAre("k"));
  EXPECT_EQ(table.keys[0].hits, 1u);
  EXPECT_THAT(table.patterns, IsEmpty());
}

TEST_F(KeyBooksTest, NoSumEverGoesBackWhileWorkersCount) {
  constexpr uint64_t kLookups = 300'000;
  std::atomic<int> counting{2};
  std::vector<std::unique_ptr<KeyStats>> stats;
  for (int i = 0; i < 2; ++i) stats.push_back(Worker());
  std::vector<std::thread> threads;
  for (const auto& one : stats) {
    threads.emplace_back([&, worker = one.get()] {
      for (uint64_t i = 0; i < kLookups; ++i) {
        worker->Record("key:" + std::to_string(i % 20), true);
        if (i % 1000 != 0) continue;
        worker->CatchUp();
        books.Follow(*worker);
      }
      --counting;
    });
  }
  uint64_t seen = 0;
  for (size_t capacity = 1; counting > 0; capacity = capacity % 9 + 1) {
    books.Change({.capacity = capacity, .patterns = {"key:1*"}});
    books.Tick(KeyTracker::Instant{}, 0);
    const uint64_t now = Table().Sum().hits;
    EXPECT_GE(now, seen);
    seen = now;
    std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Table().Sum().hits, 2 * kLookups);
}

}  // namespace
}  // namespace keyhole::metrics
