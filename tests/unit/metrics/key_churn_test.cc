// Workers count, keys come and go, a scraper looks at all times: at every scrape the numbers add
// up, and no series ever decreases. Real threads; only the tracker's clock is simulated, and
// hurries.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "metrics/key_stats.h"
#include "metrics/key_tracker.h"

namespace keyhole::metrics {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kWorkers = 3;
constexpr int kLookups = 300'000;
constexpr int kMostLookups = 100 * kLookups;  // where the tracker hardly gets to run
constexpr uint64_t kEnough = 20;              // series that have come and gone
constexpr size_t kKeys = 2000;
constexpr size_t kTracked = 40;

// What a worker has done, to be read while it goes on.
struct Done {
  std::atomic<uint64_t> hits{0};
  std::atomic<uint64_t> misses{0};
};

struct Sum {
  uint64_t hits = 0;
  uint64_t misses = 0;
};

class KeyChurnTest : public testing::Test {
 protected:
  static KeyOptions Options() {
    KeyOptions options;
    options.capacity = kTracked;
    options.churn = 1000;
    options.zero_hold = seconds(1);
    return options;
  }

  KeyChurnTest() {
    for (auto& worker : workers_) worker = std::make_unique<KeyStats>(directory_);
  }

  // Which keys are popular changes all the time.
  void Work(unsigned seed) {
    std::mt19937 random(seed);
    std::geometric_distribution<size_t> popularity(0.05);
    KeyStats& stats = *workers_[seed];
    for (int i = 0; i < kLookups || (!enough_.load() && i < kMostLookups); ++i) {
      const size_t shift = static_cast<size_t>(i) / 30'000 * 100;
      const std::string key = "key:" + std::to_string((popularity(random) + shift) % kKeys);
      const bool hit = random() % 3 != 0;
      stats.Record(key, hit);
      (hit ? done_[seed].hits : done_[seed].misses).fetch_add(1, std::memory_order_release);
      if (i % 50 == 0) stats.CatchUp();
      if (i % 500 == 0) std::this_thread::yield();
    }
    running_.fetch_sub(1);
    while (!stop_.load()) stats.CatchUp(), std::this_thread::yield();
  }

  Sum DoneSoFar() const {
    Sum sum;
    for (const Done& done : done_) {
      sum.hits += done.hits.load(std::memory_order_acquire);
      sum.misses += done.misses.load(std::memory_order_acquire);
    }
    return sum;
  }

  void Scrape() {
    const Sum before = DoneSoFar();
    const KeyTable table = ReadKeys(directory_, true);
    const Sum after = DoneSoFar();
    const KeyTotals sum = table.Sum();
    ASSERT_GE(sum.hits, before.hits);
    // A worker may have counted one that it has not put down yet.
    ASSERT_LE(sum.hits, after.hits + kWorkers);
    ASSERT_GE(sum.misses, before.misses);
    ASSERT_LE(sum.misses, after.misses + kWorkers);
    ASSERT_LE(table.keys.size(), kTracked);
    Compare(table);
    ++scrapes_;
  }

  // A series goes on where it was, or is new at this scrape, and then it is at 0, but for those
  // that came while there was room.
  void Compare(const KeyTable& table) {
    std::map<std::string, KeyCounts> now;
    for (const KeyCounts& key : table.keys) {
      ASSERT_TRUE(now.emplace(key.label, key).second) << "twice: " << key.label;
      const auto it = last_.find(key.label);
      if (it != last_.end() && it->second.created == key.created) {
        ASSERT_GE(key.hits, it->second.hits);
        ASSERT_GE(key.misses, it->second.misses);
      } else if (key.created > 0) {
        ASSERT_EQ(key.requests(), 0u) << key.label;
        ++appeared_;
      }
    }
    last_ = std::move(now);
    enough_ = appeared_ > kEnough && table.demotions > kEnough;
    ASSERT_GE(table.other.hits, other_.hits);
    ASSERT_GE(table.retired.hits, retired_.hits);
    ASSERT_GE(table.retired.misses, retired_.misses);
    other_ = static_cast<const KeyTotals&>(table.other);
    retired_ = table.retired;
  }

  KeyDirectory directory_{Options()};
  std::array<std::unique_ptr<KeyStats>, kWorkers> workers_;
  std::array<Done, kWorkers> done_;
  KeyTracker tracker_{directory_};
  std::atomic<size_t> running_{kWorkers};
  std::atomic<bool> stop_{false};
  std::atomic<bool> enough_{false};
  std::atomic<int> scrapes_{0};
  std::map<std::string, KeyCounts> last_;
  KeyTotals other_;
  KeyTotals retired_;
  uint64_t appeared_ = 0;
};

TEST_F(KeyChurnTest, AtEveryScrapeTheNumbersAddUp) {
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kWorkers; ++i) threads.emplace_back([this, i] { Work(i); });
  std::thread control([this] {
    KeyTracker::Instant now{};
    int scrapes = -1;
    for (int i = 0; !stop_.load(); ++i) {
      // Five minutes without a scrape are another story.
      while (i % 10 == 0 && scrapes == scrapes_.load() && !stop_.load()) std::this_thread::yield();
      scrapes = scrapes_.load();
      now += milliseconds(500);
      tracker_.Tick(now, 1000 + i);
    }
  });
  do {
    Scrape();
  } while (!HasFatalFailure() && running_.load() > 0);
  stop_ = true;
  for (std::thread& thread : threads) thread.join();
  control.join();

  Scrape();
  const Sum done = DoneSoFar();
  const KeyTable table = ReadKeys(directory_, true);
  EXPECT_EQ(table.Sum().hits, done.hits);
  EXPECT_EQ(table.Sum().misses, done.misses);
  EXPECT_GT(table.demotions, kEnough) << "the test is worth something";
  EXPECT_GT(table.retired.hits, 0u);
  EXPECT_GT(appeared_, kEnough) << table.promotions << " promotions, " << scrapes_ << " scrapes";
}

}  // namespace
}  // namespace keyhole::metrics
