// Several workers count random keys while a scraper reads: nothing is lost, nothing counted twice,
// nothing goes back.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "metrics/label.h"
#include "metrics/snapshot.h"

namespace keyhole::metrics {
namespace {

constexpr size_t kWorkers = 4;
constexpr int kLookups = 30'000;
constexpr size_t kKeys = 400;

struct Tally {
  uint64_t hits = 0;
  uint64_t misses = 0;
  bool operator==(const Tally&) const = default;
};

// Some short, some long, some broken.
std::string KeyNumber(size_t n) {
  std::string key = "key:" + std::to_string(n);
  if (n % 7 == 0) key += std::string(300, 'x');
  if (n % 11 == 0) key += '\xFF';
  return key;
}

// What one worker did, by key; index kKeys is RecordOther.
using Done = std::array<Tally, kKeys + 1>;

void Work(unsigned seed, WorkerMetrics* metrics, Done* done) {
  std::mt19937 random(seed);
  std::geometric_distribution<size_t> popularity(0.01);
  for (int i = 0; i < kLookups; ++i) {
    const bool hit = random() % 3 != 0;
    if (i % 100 == 0) {
      metrics->keys.RecordOther(hit, 2);
      (hit ? (*done)[kKeys].hits : (*done)[kKeys].misses) += 2;
      continue;
    }
    const size_t n = (popularity(random) + seed * 10) % kKeys;
    metrics->keys.Record(KeyNumber(n), hit);
    ++(hit ? (*done)[n].hits : (*done)[n].misses);
    metrics->request_latency[RequestFamily::kRead].Record(
        std::chrono::nanoseconds(random() % 1'000'000));
    metrics->http.Record(HttpMethod::kGet, HttpEndpoint::kGetItem, hit ? 200 : 404,
                         std::chrono::nanoseconds(random() % 1'000'000));
  }
}

// Compares each snapshot with the one before it.
class Watcher {
 public:
  void See(const Snapshot& s) {
    ASSERT_GE(s.keys.size(), keys_.size());
    keys_.resize(s.keys.size());
    std::set<std::string> labels = {s.other.label};
    for (size_t i = 0; i < s.keys.size(); ++i) {
      Compare(s.keys[i], &keys_[i]);
      ASSERT_TRUE(labels.insert(s.keys[i].label).second) << s.keys[i].label;
    }
    Compare(s.other, &other_);
    ASSERT_GE(s.request_latency[RequestFamily::kRead].count, latency_count_);
    latency_count_ = s.request_latency[RequestFamily::kRead].count;
  }

 private:
  static void Compare(const KeyCounts& now, KeyCounts* before) {
    if (!before->label.empty()) {
      ASSERT_EQ(now.label, before->label);
    }
    ASSERT_GE(now.hits, before->hits);
    ASSERT_GE(now.misses, before->misses);
    *before = now;
  }

  std::vector<KeyCounts> keys_;
  KeyCounts other_;
  uint64_t latency_count_ = 0;
};

class KeyStatsThreadsTest : public testing::TestWithParam<size_t> {
 protected:
  void RunWorkersAndScraper() {
    for (auto& worker : workers_) {
      worker = std::make_unique<WorkerMetrics>(directory_);
      pointers_.push_back(worker.get());
    }
    std::atomic<bool> stop = false;
    std::thread scraper([&] {
      Watcher watcher;
      do {
        watcher.See(Take(pointers_, directory_));
      } while (!stop);
      watcher.See(Take(pointers_, directory_));
    });
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kWorkers; ++i) {
      threads.emplace_back(Work, i, workers_[i].get(), &done_[i]);
    }
    for (std::thread& thread : threads) thread.join();
    stop = true;
    scraper.join();
  }

  Tally DoneWith(size_t n) const {
    Tally sum;
    for (const Done& done : done_) {
      sum.hits += done[n].hits;
      sum.misses += done[n].misses;
    }
    return sum;
  }

  KeyDirectory directory_{GetParam()};
  std::array<std::unique_ptr<WorkerMetrics>, kWorkers> workers_;
  std::vector<const WorkerMetrics*> pointers_;
  std::array<Done, kWorkers> done_{};
};

TEST_P(KeyStatsThreadsTest, EveryLookupCountsOnceAndInItsPlace) {
  RunWorkersAndScraper();
  const Snapshot end = Take(pointers_, directory_);

  std::map<std::string, Tally> tracked;
  Tally exported = {end.other.hits, end.other.misses};
  for (const KeyCounts& key : end.keys) {
    tracked[key.label] = {key.hits, key.misses};
    exported.hits += key.hits;
    exported.misses += key.misses;
  }
  Tally expected = DoneWith(kKeys);
  Tally other = expected;
  for (size_t n = 0; n < kKeys; ++n) {
    const Tally done = DoneWith(n);
    expected.hits += done.hits;
    expected.misses += done.misses;
    const auto it = tracked.find(KeyLabel(KeyNumber(n)));
    if (it == tracked.end()) {
      other.hits += done.hits;
      other.misses += done.misses;
    } else {
      EXPECT_EQ(it->second, done) << it->first;  // exact from the first lookup on
    }
  }
  EXPECT_EQ(exported, expected);
  EXPECT_EQ((Tally{end.other.hits, end.other.misses}), other);
  EXPECT_LE(end.keys.size(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Capacities, KeyStatsThreadsTest, testing::Values(0, 1, 50, 1000));

}  // namespace
}  // namespace keyhole::metrics
