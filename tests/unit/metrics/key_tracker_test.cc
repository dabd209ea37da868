// How keys get series of their own and lose them, on a simulated clock.
#include "metrics/key_tracker.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "metrics/key_stats.h"
#include "metrics/label.h"

namespace keyhole::metrics {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr milliseconds kTick{100};

class Process {
 public:
  explicit Process(KeyOptions options, size_t workers = 1) : directory_(std::move(options)) {
    for (size_t i = 0; i < workers; ++i) {
      workers_.push_back(std::make_unique<KeyStats>(directory_));
    }
    tracker_.Tick(now_, kBegin);
  }

  KeyStats& worker(size_t n = 0) { return *workers_[n]; }
  // Time passes; `traffic` happens ten times a second.
  template <typename Traffic>
  void Run(seconds time, Traffic traffic) {
    for (milliseconds t{0}; t < time; t += kTick) {
      traffic();
      now_ += kTick;
      for (size_t i = 0; i < workers_.size(); ++i) {
        if (i != asleep) workers_[i]->CatchUp();
      }
      const double passed = std::chrono::duration<double>(now_.time_since_epoch()).count();
      tracker_.Tick(now_, kBegin + passed);
    }
  }
  void Run(seconds time) {
    Run(time, [] {});
  }
  void Lookups(const std::string& key, int n, bool hit = true) {
    for (int i = 0; i < n; ++i) worker().Record(key, hit);
  }

  KeyTable Scrape() { return ReadKeys(directory_, true); }
  // What is exported of the key, without being a scrape.
  std::optional<KeyCounts> Find(const std::string& label) {
    const KeyTable table = tracker_.Table(now_);
    for (const auto* keys : {&table.patterns, &table.keys}) {
      for (const KeyCounts& key : *keys) {
        if (key.label == label) return key;
      }
    }
    return std::nullopt;
  }
  std::set<std::string> Labels() {
    std::set<std::string> labels;
    for (const KeyCounts& key : tracker_.Table(now_).keys) labels.insert(key.label);
    return labels;
  }

  static constexpr double kBegin = 1'700'000'000;
  size_t asleep = SIZE_MAX;  // a worker that does not come to its tick

 private:
  KeyDirectory directory_;
  std::vector<std::unique_ptr<KeyStats>> workers_;
  KeyTracker tracker_{directory_};
  KeyTracker::Instant now_{};
};

KeyOptions Few(size_t capacity) {
  KeyOptions options;
  options.capacity = capacity;
  options.churn = 10;  // no limit in practice
  return options;
}

TEST(KeyTrackerTest, WhileThereIsRoomAKeyIsThereAtOnce) {
  Process keyhole(Few(3));
  keyhole.Lookups("a", 1);
  EXPECT_EQ(keyhole.Find("a")->hits, 1u);
  EXPECT_EQ(keyhole.Find("a")->created, 0);  // with the process
  keyhole.Run(minutes(5));
  EXPECT_EQ(keyhole.Find("a")->hits, 1u) << "nobody wants its place";
}

TEST(KeyTrackerTest, AHeavierKeyTakesThePlaceOfTheLightest) {
  Process keyhole(Few(2));
  keyhole.Lookups("strong", 100);
  keyhole.Lookups("weak", 3, false);
  keyhole.Run(seconds(11), [&] {
    keyhole.Lookups("strong", 2);
    keyhole.Lookups("new", 1);
  });
  EXPECT_EQ(keyhole.Labels(), (std::set<std::string>{"strong", "new"}));
  const KeyTable table = keyhole.Scrape();
  EXPECT_EQ(table.promotions, 1u);
  EXPECT_EQ(table.demotions, 1u);
  EXPECT_EQ(table.retired.misses, 3u);
  EXPECT_EQ(table.retired.hits, 0u);
  EXPECT_EQ(keyhole.Find("new")->hits, 0u);
  EXPECT_NEAR(keyhole.Find("new")->created, Process::kBegin + 10, 1);
}

TEST(KeyTrackerTest, ANewSeriesStaysAtZeroForTheHoldAndUntilItWasScraped) {
  Process keyhole(Few(1));
  keyhole.Lookups("old", 1);
  const auto traffic = [&] { keyhole.Lookups("new", 1); };
  keyhole.Run(seconds(5), traffic);
  keyhole.Scrape();  // somebody scrapes
  keyhole.Run(seconds(6), traffic);
  ASSERT_TRUE(keyhole.Find("new"));
  keyhole.Run(seconds(60), traffic);
  EXPECT_EQ(keyhole.Find("new")->hits, 0u) << "it has not been scraped yet";
  EXPECT_EQ(keyhole.Scrape().keys[0].hits, 0u);
  const uint64_t other = keyhole.Scrape().other.hits;
  keyhole.Run(seconds(2), traffic);
  EXPECT_GT(keyhole.Find("new")->hits, 15u);
  EXPECT_LE(keyhole.Scrape().other.hits, other + 2) << "and counts there no more";
}

TEST(KeyTrackerTest, TheHoldIsKeptHoweverOftenItIsScraped) {
  Process keyhole(Few(1));
  keyhole.Lookups("old", 1);
  const auto traffic = [&] {
    keyhole.Lookups("new", 1);
    keyhole.Scrape();
  };
  keyhole.Run(seconds(24), traffic);  // the epoch's 10 s, and then less than 15 s
  EXPECT_EQ(keyhole.Find("new")->hits, 0u);
  keyhole.Run(seconds(3), traffic);
  EXPECT_GT(keyhole.Find("new")->hits, 0u);
}

TEST(KeyTrackerTest, WhereNobodyScrapesNobodyIsWaitedFor) {
  Process keyhole(Few(1));
  keyhole.Lookups("old", 1);
  keyhole.Run(seconds(30), [&] { keyhole.Lookups("new", 1); });
  EXPECT_GT(keyhole.Find("new")->hits, 0u);
}

TEST(KeyTrackerTest, ASeriesThatComesBackBeginsAtZero) {
  Process keyhole(Few(1));
  keyhole.Lookups("a", 50);
  const auto scrape = [&] { keyhole.Scrape(); };
  keyhole.Run(minutes(2), [&] { keyhole.Lookups("b", 5), scrape(); });
  EXPECT_EQ(keyhole.Labels(), (std::set<std::string>{"b"}));
  bool was_zero = false;
  for (int i = 0; i < 1200 && !was_zero; ++i) {
    keyhole.Run(seconds(1), [&] { keyhole.Lookups("a", 20), scrape(); });
    if (const auto a = keyhole.Find("a")) {
      EXPECT_EQ(a->hits, 0u);
      was_zero = true;
    }
  }
  EXPECT_TRUE(was_zero);
  const KeyTable table = keyhole.Scrape();
  EXPECT_GE(table.retired.hits, 50u);
}

TEST(KeyTrackerTest, EqualKeysStayWhereTheyAre) {
  Process keyhole(Few(2));
  keyhole.Run(minutes(5), [&] {
    for (const char* key : {"a", "b", "c", "d", "e"}) keyhole.Lookups(key, 1);
  });
  EXPECT_EQ(keyhole.Scrape().promotions, 0u);
}

TEST(KeyTrackerTest, OneQuietEpochMakesNoKeyLight) {
  Process keyhole(Few(1));
  keyhole.Run(seconds(30), [&] { keyhole.Lookups("steady", 10); });
  keyhole.Run(seconds(10), [&] { keyhole.Lookups("burst", 5); });
  keyhole.Run(seconds(30), [&] { keyhole.Lookups("steady", 10); });
  EXPECT_EQ(keyhole.Labels(), (std::set<std::string>{"steady"}));
}

TEST(KeyTrackerTest, WithoutChurnTheFirstStayForEver) {
  KeyOptions options = Few(1);
  options.churn = 0;
  Process keyhole(options);
  keyhole.Lookups("first", 1);
  keyhole.Run(minutes(2), [&] { keyhole.Lookups("heavy", 10); });
  EXPECT_EQ(keyhole.Labels(), (std::set<std::string>{"first"}));
  EXPECT_EQ(keyhole.Scrape().other.hits, 12'000u);
}

TEST(KeyTrackerTest, NoMoreThanTheAllowanceChangesHands) {
  KeyOptions options;
  options.capacity = 100;
  options.churn = 0.1;
  Process keyhole(options);
  for (int i = 0; i < 100; ++i) keyhole.Lookups("first" + std::to_string(i), 1);
  int generation = 0;
  // Other keys every minute, for ten minutes: the table of the start, and 10 a minute.
  for (int minute = 0; minute < 10; ++minute, ++generation) {
    keyhole.Run(seconds(60), [&] {
      for (int i = 0; i < 200; ++i) {
        keyhole.Lookups("g" + std::to_string(generation) + ":" + std::to_string(i), 1);
      }
    });
  }
  EXPECT_LE(keyhole.Scrape().promotions, 200u);
  EXPECT_GE(keyhole.Scrape().promotions, 100u);
}

TEST(KeyTrackerTest, AWorkerThatSleepsHoldsUpTheHandover) {
  Process keyhole(Few(1), 2);
  keyhole.worker(0).Record("old", true);
  keyhole.worker(1).Record("old", true);
  keyhole.asleep = 1;
  const auto traffic = [&] { keyhole.Lookups("new", 5); };
  keyhole.Run(seconds(60), traffic);
  keyhole.worker(1).Record("old", true);
  EXPECT_EQ(keyhole.Find("old")->hits, 3u) << "it still counts, and is still exported";
  keyhole.asleep = SIZE_MAX;
  keyhole.Run(seconds(12), traffic);
  EXPECT_FALSE(keyhole.Find("old"));
  EXPECT_EQ(keyhole.Scrape().retired.hits, 3u);
}

TEST(KeyTrackerTest, AKeyThatIsNotSeenAgainGetsNoSeries) {
  Process keyhole(Few(1));
  keyhole.Lookups("old", 1);
  keyhole.Run(seconds(9), [&] { keyhole.Lookups("gone", 3); });
  keyhole.Run(seconds(30));
  EXPECT_TRUE(keyhole.Labels().empty()) << "the place is free";
  keyhole.Run(seconds(12), [&] { keyhole.Lookups("next", 3); });
  EXPECT_EQ(keyhole.Labels(), (std::set<std::string>{"next"}));
}

TEST(KeyTrackerTest, WorkersFindAHeavyKeyTogether) {
  Process keyhole(Few(1), 4);
  keyhole.Lookups("old", 8);
  keyhole.Run(seconds(11), [&] {
    static int turn = 0;
    if (++turn % 5 == 0) keyhole.worker(static_cast<size_t>(turn / 5) % 4).Record("new", true);
  });
  EXPECT_EQ(keyhole.Scrape().promotions, 0u) << "20 are not sure to be more than 1.5 times 8";
  keyhole.Run(seconds(20), [&] {
    for (size_t i = 0; i < 4; ++i) keyhole.worker(i).Record("new", true);
  });
  EXPECT_EQ(keyhole.Labels(), (std::set<std::string>{"new"}));
}

TEST(KeyTrackerTest, LongKeysArePromotedToo) {
  Process keyhole(Few(1));
  const std::string key(5000, 'k');
  keyhole.Lookups("old", 1);
  keyhole.Run(seconds(30), [&] { keyhole.Lookups(key, 1); });
  EXPECT_GT(keyhole.Find(KeyLabel(key))->hits, 0u);
}

TEST(KeyTrackerTest, PatternsAreThereFromTheStartAndTheFirstMatchTakesTheKey) {
  KeyOptions options = Few(1);
  options.patterns = {"user:1*", "user:*"};
  Process keyhole(options);
  EXPECT_EQ(keyhole.Find("user:*")->requests(), 0u);
  keyhole.Lookups("user:12", 1);
  keyhole.Lookups("user:2", 2);
  keyhole.Lookups("a", 1);
  keyhole.worker().RecordError("user:9");
  EXPECT_EQ(keyhole.Find("user:1*")->hits, 1u);
  EXPECT_EQ(keyhole.Find("user:*")->hits, 2u);
  EXPECT_EQ(keyhole.Find("user:*")->errors, 1u);
  EXPECT_EQ(keyhole.Labels(), (std::set<std::string>{"a"}));
  keyhole.Run(seconds(60), [&] { keyhole.Lookups("user:2", 10), keyhole.Lookups("b", 1); });
  EXPECT_EQ(keyhole.Find("user:*")->hits, 6002u);
  EXPECT_EQ(keyhole.Labels(), (std::set<std::string>{"b"}));
}

TEST(KeyTrackerTest, APatternAndAKeyOfThatNameShareNoSeries) {
  KeyOptions options = Few(5);
  options.patterns = {"h[ae]llo"};
  Process keyhole(options);
  keyhole.Lookups("hello", 1);
  keyhole.Lookups("h[ae]llo", 1);
  EXPECT_EQ(keyhole.Find("h[ae]llo")->hits, 1u);
  EXPECT_EQ(keyhole.Scrape().other.hits, 1u);
}

TEST(KeyTrackerTest, HashedLabelsShowNothingOfTheKey) {
  KeyOptions options = Few(2);
  options.labels = KeyLabels::kHash;
  Process keyhole(options);
  keyhole.Lookups("secret", 1);
  EXPECT_EQ(keyhole.Labels(), (std::set<std::string>{HashLabel("secret")}));
  EXPECT_EQ(HashLabel("secret").find("secret"), std::string::npos);
}

TEST(KeyTrackerTest, WithoutLabelsOnlyPatternsAreTold) {
  KeyOptions options = Few(10);
  options.labels = KeyLabels::kOff;
  options.patterns = {"user:*"};
  Process keyhole(options);
  keyhole.Lookups("secret", 3);
  keyhole.Lookups("user:7", 2);
  EXPECT_TRUE(keyhole.Labels().empty());
  EXPECT_EQ(keyhole.Find("user:*")->hits, 2u);
  EXPECT_EQ(keyhole.Scrape().other.hits, 3u);
}

TEST(KeyTrackerTest, ErrorsAreRequestsButGiveNoKeyAPlace) {
  Process keyhole(Few(1));
  keyhole.worker().RecordError("a");
  EXPECT_TRUE(keyhole.Labels().empty());
  keyhole.Lookups("a", 1);
  keyhole.worker().RecordError("a");
  EXPECT_EQ(keyhole.Find("a")->requests(), 2u);
  EXPECT_EQ(keyhole.Scrape().Sum().errors, 2u);
}

TEST(KeyTrackerTest, TheRateIsOfTheLastMinute) {
  Process keyhole(Few(2));
  keyhole.Run(seconds(120), [&] { keyhole.Lookups("a", 10); });
  EXPECT_NEAR(keyhole.Find("a")->rate, 100, 2);
  keyhole.Run(seconds(120), [&] { keyhole.Lookups("a", 1); });
  EXPECT_NEAR(keyhole.Find("a")->rate, 10, 1);
  keyhole.Run(seconds(120));
  EXPECT_EQ(keyhole.Find("a")->rate, 0);
}

}  // namespace
}  // namespace keyhole::metrics
