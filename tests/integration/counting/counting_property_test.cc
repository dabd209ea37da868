// The law of the house: what is exported is what was told, to the last lookup.
//
// Several clients send random traffic (traffic.h) while /metrics is read all the time; at the end
// every series is compared with the model's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "metrics/label.h"
#include "tests/integration/counting/exposition.h"
#include "tests/integration/counting/traffic.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/redis_server.h"

namespace keyhole::test {
namespace {

constexpr const char* kHits = "redis_app_cache_hit_total";
constexpr const char* kMisses = "redis_app_cache_miss_total";

struct Arrangement {
  const char* name;
  bool redis;
  const char* sharing;
  const char* workers;
  size_t tracked;  // --tracked-keys
};

std::ostream& operator<<(std::ostream& out, const Arrangement& setup) {
  return out << setup.name;
}

constexpr size_t kKeys = 120;
constexpr int kClients = 5;
constexpr int kBatches = 200;

constexpr Arrangement kArrangements[] = {
    {"Shared", true, "on", "1", 1000},         {"SharedTwoWorkers", true, "on", "2", 1000},
    {"Private", true, "off", "1", 1000},       {"PrivateTwoWorkers", true, "off", "2", 1000},
    {"Embedded", false, "on", "1", 1000},      {"EmbeddedTwoWorkers", false, "on", "2", 1000},
    {"SharedFewTracked", true, "on", "2", 10}, {"EmbeddedFewTracked", false, "on", "2", 10},
    {"NoneTracked", true, "on", "1", 0},
};

// Runs things at the same time; what one of them throws is thrown when all have ended.
void AtOnce(std::vector<std::function<void()>> things) {
  std::mutex mutex;
  std::exception_ptr first;
  std::vector<std::thread> threads;
  for (auto& thing : things) {
    threads.emplace_back([&, thing = std::move(thing)] {
      try {
        thing();
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (first == nullptr) first = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (first != nullptr) std::rethrow_exception(first);
}

class CountingProperty : public testing::TestWithParam<Arrangement> {
 protected:
  void SetUp() override {
    const Arrangement& setup = GetParam();
    std::vector<std::string> options = {"--workers", setup.workers, "--sharing", setup.sharing,
                                        "--tracked-keys", std::to_string(setup.tracked),
                                        // Keys that come and go are key_churn_test's.
                                        "--key-churn", "0"};
    if (setup.redis) {
      redis_ = std::make_unique<RedisServer>();
      options.insert(options.end(),
                     {"--upstream", "redis://127.0.0.1:" + std::to_string(redis_->port())});
    }
    proxy_ = std::make_unique<KeyholeProcess>(options);
  }

  Exposition Scrape() const { return Exposition(proxy_->HttpGet("/metrics")); }

  // Until told to stop: every scrape is of the format, and nothing goes back.
  void Watch(const std::atomic<bool>& stop) const {
    Exposition last = Scrape();
    while (!stop.load()) {
      Exposition next = Scrape();
      const std::string decreased = next.Decreased(last);
      if (!decreased.empty()) throw std::runtime_error("went back: " + decreased);
      last = std::move(next);
    }
  }

  std::unique_ptr<RedisServer> redis_;
  std::unique_ptr<KeyholeProcess> proxy_;
};

INSTANTIATE_TEST_SUITE_P(, CountingProperty, testing::ValuesIn(kArrangements),
                         [](const auto& setup) { return std::string(setup.param.name); });

TEST_P(CountingProperty, WhatIsExportedIsWhatWasTold) {
  // Other traffic in each round of --gtest_shuffle --gtest_repeat=100.
  const auto first_seed =
      1 + 1000 * static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  const std::vector<std::string> keys = StrangeKeys(kKeys);
  std::vector<std::unique_ptr<Traffic>> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<Traffic>(
        proxy_->port(), keys, first_seed + static_cast<unsigned>(i), GetParam().redis));
  }
  std::atomic<bool> stop{false};
  std::atomic<int> running{kClients};
  std::vector<std::function<void()>> things = {[&] { Watch(stop); }};
  for (auto& client : clients) {
    things.push_back([&, traffic = client.get()] {
      const std::unique_ptr<void, std::function<void(void*)>> last(traffic, [&](void*) {
        if (running.fetch_sub(1) == 1) stop = true;
      });
      traffic->Run(kBatches);
    });
  }
  ASSERT_NO_THROW(AtOnce(std::move(things)));

  Tally tally;
  double requests = 0;
  for (const auto& client : clients) {
    Add(client->tally(), &tally);
    requests += client->requests();
  }
  const Exposition metrics = Scrape();
  EXPECT_EQ(metrics.Sum(kHits), SumOf(tally).hits);
  EXPECT_EQ(metrics.Sum(kMisses), SumOf(tally).misses);
  EXPECT_EQ(metrics.Sum("keyhole_requests_total"), requests);

  double other_hits = 0;
  double other_misses = 0;
  size_t tracked = 0;
  size_t wrong = 0;
  for (const auto& [key, counts] : tally) {
    const Labels labels{{"key", metrics::KeyLabel(key)}};
    if (metrics.Has(kHits, labels)) {
      ++tracked;
      const HitsAndMisses exported{.hits = metrics.Value(kHits, labels),
                                   .misses = metrics.Value(kMisses, labels)};
      if (exported == counts) continue;
      if (++wrong == 1) {
        ADD_FAILURE() << labels.at("key") << ": " << exported.hits << " hits, " << exported.misses
                      << " misses; told were " << counts.hits << " and " << counts.misses;
      }
    } else {
      other_hits += counts.hits;
      other_misses += counts.misses;
    }
  }
  EXPECT_EQ(wrong, 0U) << "keys";
  EXPECT_EQ(tracked, std::min(tally.size(), GetParam().tracked));
  EXPECT_EQ(metrics.By("key", kHits).size(), tracked + 1);
  EXPECT_EQ(metrics.By("key", kMisses).size(), tracked + 1);
  EXPECT_EQ(metrics.Value(kHits, {{"key", "__other__"}}), other_hits);
  EXPECT_EQ(metrics.Value(kMisses, {{"key", "__other__"}}), other_misses);
  EXPECT_EQ(metrics.Value("keyhole_tracked_keys"), static_cast<double>(tracked));
  EXPECT_GT(SumOf(tally).hits, 1000) << "the traffic is worth something";
  EXPECT_GT(SumOf(tally).misses, 1000);
}

}  // namespace
}  // namespace keyhole::test
