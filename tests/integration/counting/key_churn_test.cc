// Keys lose their series to heavier ones while Prometheus looks: at every scrape the sums are
// exact, and what a rate is made of never goes back.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/counting/exposition.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/raw_client.h"

namespace keyhole::test {
namespace {

constexpr const char* kHits = "redis_app_cache_hit_total";
constexpr const char* kMisses = "redis_app_cache_miss_total";

class KeyChurn : public testing::Test {
 protected:
  // Every other key is there. Every two seconds other keys are popular.
  void Ask(unsigned seed) {
    RawClient client = RawClient::Connect(proxy_.port());
    std::mt19937 random(seed);
    std::geometric_distribution<int> popularity(0.2);
    const auto begin = std::chrono::steady_clock::now();
    while (!done_) {
      const auto round = (std::chrono::steady_clock::now() - begin) / std::chrono::seconds(2);
      std::vector<std::string> keys;
      for (int i = 0; i < 20; ++i) {
        keys.push_back("key:" + std::to_string(popularity(random) + 40 * round));
      }
      std::vector<std::string_view> request = {"MGET"};
      request.insert(request.end(), keys.begin(), keys.end());
      client.SendCommand(std::span<const std::string_view>(request));
      client.ReadReply();
      lookups_ += 20;
    }
  }

  void Scrape() {
    const uint64_t before = lookups_;
    Exposition now(proxy_.HttpGet("/metrics"));
    const double hits = now.Sum(kHits) + now.Value("redis_app_cache_retired_hit_total");
    const double misses = now.Sum(kMisses) + now.Value("redis_app_cache_retired_miss_total");
    ASSERT_EQ(hits, now.Value("keyhole_lookups_total", {{"result", "hit"}}));
    ASSERT_EQ(misses, now.Value("keyhole_lookups_total", {{"result", "miss"}}));
    ASSERT_GE(hits + misses, static_cast<double>(before));
    ASSERT_LE(now.Value("keyhole_tracked_keys"), 10);
    for (const char* name : {kHits, kMisses}) {
      const auto series = now.By("key", name);
      const auto earlier = last_ ? last_->By("key", name) : std::map<std::string, double>();
      for (const auto& [key, value] : series) {
        const auto it = earlier.find(key);
        if (it != earlier.end()) {
          ASSERT_GE(value, it->second) << name << " " << key;
        } else if (full_) {
          ASSERT_EQ(value, 0) << name << " " << key << " begins at 0";
        }
      }
    }
    full_ = now.Value("keyhole_tracked_keys") == 10;
    last_ = std::move(now);
  }

  KeyholeProcess proxy_{{"--workers", "2", "--tracked-keys", "10", "--key-epoch", "300ms",
                         "--key-zero-hold", "100ms", "--key-churn", "1000"}};
  std::atomic<uint64_t> lookups_{0};
  std::atomic<bool> done_{false};
  std::optional<Exposition> last_;
  bool full_ = false;
};

TEST_F(KeyChurn, SumsAreExactAndNothingGoesBack) {
  RawClient client = RawClient::Connect(proxy_.port());
  for (int i = 0; i < 500; i += 2) client.Ask({"SET", "key:" + std::to_string(i), "value"});
  std::vector<std::thread> threads;
  for (unsigned seed : {1u, 2u}) threads.emplace_back([this, seed] { Ask(seed); });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  const auto enough = [&] {
    return last_ && last_->Value("keyhole_key_promotions_total") >= 10 &&
           last_->Value("redis_app_cache_retired_hit_total") > 0;
  };
  while (!enough() && !HasFatalFailure() && std::chrono::steady_clock::now() < deadline) Scrape();
  done_ = true;
  for (std::thread& thread : threads) thread.join();
  Scrape();
  EXPECT_EQ(last_->Sum("keyhole_lookups_total"), static_cast<double>(lookups_.load()));
  EXPECT_TRUE(enough()) << "no key changed places within a minute";
}

TEST_F(KeyChurn, TheReportsAreThere) {
  RawClient client = RawClient::Connect(proxy_.port());
  client.Ask({"SET", "a", std::string(3000, 'x')});
  client.Ask({"MGET", "a", "b", "a"});
  const auto keys = boost::json::parse(proxy_.HttpGet("/api/keys?sort=hits&limit=1"));
  ASSERT_EQ(keys.at("keys").as_array().size(), 1U);
  EXPECT_EQ(keys.at("keys").at(0).at("key").as_string(), "a");
  EXPECT_EQ(keys.at("keys").at(0).at("hits").as_int64(), 2);
  EXPECT_EQ(keys.at("keys").at(0).at("bytes").as_int64(), 6000);
  const auto slow = boost::json::parse(proxy_.HttpGet("/api/slow"));
  EXPECT_EQ(slow.at("big").at(0).at("key").as_string(), "a");
  EXPECT_EQ(slow.at("big").at(0).at("bytes").as_int64(), 3000);
}

}  // namespace
}  // namespace keyhole::test
