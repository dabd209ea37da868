// Keys of any bytes stay apart in /metrics, and Prometheus can read what stands there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "metrics/label.h"
#include "tests/integration/counting/exposition.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/raw_client.h"

namespace keyhole::test {
namespace {

using std::string_literals::operator""s;

constexpr const char* kHits = "redis_app_cache_hit_total";
constexpr const char* kMisses = "redis_app_cache_miss_total";

std::vector<std::string> NastyKeys() {
  std::vector<std::string> keys = {"",
                                   " ",
                                   "__other__",
                                   "__other__ ",
                                   "__other__#0123456789abcdef",
                                   "plain",
                                   "double \" quote",
                                   "single ' quote",
                                   "back\\slash",
                                   "\\",
                                   "\\n",
                                   "\n",
                                   "\r\n",
                                   "\t",
                                   "\0"s,
                                   "\0\0"s,
                                   "a\0b"s,
                                   "\\x00",
                                   "\x7f",
                                   "\xc2\x80",
                                   "\xff",
                                   "\xfe\xff",
                                   "\xc3",
                                   "\xc3\xa9",
                                   "\xed\xa0\x80",
                                   "\xf4\x90\x80\x80",
                                   "\xf0\x9f\x94\x91",
                                   "{key=\"x\"} 1",
                                   "# TYPE x counter",
                                   "\"} 5\nfake_total{key=\"",
                                   "#",
                                   "#0123456789abcdef",
                                   "a#0123456789abcdef",
                                   std::string(127, 'x'),
                                   std::string(128, 'x'),
                                   std::string(129, 'x'),
                                   std::string(130, 'x'),
                                   std::string(10'000, 'y'),
                                   std::string(9'999, 'y') + "z",
                                   std::string(10'000, '\xff'),
                                   std::string(64, '\n')};
  // Long keys that differ in one place.
  for (const size_t place : {size_t{0}, size_t{250}, size_t{9'999}}) {
    keys.push_back(std::string(10'000, 'w'));
    keys.back()[place] = 'v';
  }
  return keys;
}

class LabelsOfKeys : public testing::Test {
 protected:
  // Every key misses once more often than the one before it, and hits once.
  void LookUpAll() {
    RawClient client = RawClient::Connect(proxy_.port());
    for (size_t i = 0; i < keys_.size(); ++i) {
      for (size_t n = 0; n <= i; ++n) {
        ASSERT_EQ(client.Ask({"GET", keys_[i]}), "$-1\r\n");
      }
      ASSERT_EQ(client.Ask({"SET", keys_[i], "v"}), "+OK\r\n");
      ASSERT_EQ(client.Ask({"GET", keys_[i]}), "$1\r\nv\r\n");
    }
  }

  const std::vector<std::string> keys_ = NastyKeys();
  KeyholeProcess proxy_;
};

TEST_F(LabelsOfKeys, EachHasASeriesOfItsOwn) {
  LookUpAll();
  const Exposition metrics(proxy_.HttpGet("/metrics"));
  const auto hits = metrics.By("key", kHits);
  EXPECT_EQ(hits.size(), keys_.size() + 1);
  for (size_t i = 0; i < keys_.size(); ++i) {
    const Labels labels{{"key", metrics::KeyLabel(keys_[i])}};
    EXPECT_EQ(metrics.Value(kMisses, labels), static_cast<double>(i + 1)) << labels.at("key");
    EXPECT_EQ(metrics.Value(kHits, labels), 1) << labels.at("key");
  }
  EXPECT_EQ(metrics.Value(kHits, {{"key", "__other__"}}), 0);
  EXPECT_EQ(metrics.Value(kMisses, {{"key", "__other__"}}), 0);
  for (const auto& [label, count] : hits) {
    EXPECT_GE(label.size(), 1U);
    EXPECT_LE(label.size(), metrics::kMaxLabelBytes);
  }
  // What can stand as it is does.
  for (const std::string key : {"plain", " ", "double \" quote", "back\\slash", "\xc3\xa9"}) {
    EXPECT_TRUE(hits.contains(key)) << key;
  }
  EXPECT_FALSE(metrics.Has("fake_total"));
}

TEST_F(LabelsOfKeys, PromtoolHasNothingToSay) {
  LookUpAll();
  ChildProcess promtool({"promtool", "check", "metrics"}, proxy_.HttpGet("/metrics"));
  EXPECT_EQ(promtool.Wait(), 0);
  EXPECT_EQ(promtool.out() + promtool.err(), "");
}

TEST(TrackedKeys, TheFirstOnesKeepTheirSeries) {
  KeyholeProcess proxy({"--tracked-keys", "3"});
  RawClient client = RawClient::Connect(proxy.port());
  for (int round = 0; round < 4; ++round) {
    for (const char* const key : {"a", "b", "c", "d", "e"}) client.Ask({"GET", key});
  }
  const Exposition metrics(proxy.HttpGet("/metrics"));
  const std::map<std::string, double> expected{{"a", 4}, {"b", 4}, {"c", 4}, {"__other__", 8}};
  EXPECT_EQ(metrics.By("key", kMisses), expected);
  EXPECT_EQ(metrics.Value("keyhole_tracked_keys"), 3);
  EXPECT_EQ(metrics.Value("keyhole_tracked_keys_limit"), 3);
}

TEST(TrackedKeys, NoneAtAll) {
  KeyholeProcess proxy({"--tracked-keys", "0", "--workers", "2"});
  for (int i = 0; i < 4; ++i) {
    RawClient client = RawClient::Connect(proxy.port());
    client.Ask({"SET", "k", "v"});
    client.Ask({"MGET", "k", "none", "k"});
  }
  const Exposition metrics(proxy.HttpGet("/metrics"));
  EXPECT_EQ(metrics.By("key", kHits), (std::map<std::string, double>{{"__other__", 8}}));
  EXPECT_EQ(metrics.By("key", kMisses), (std::map<std::string, double>{{"__other__", 4}}));
  EXPECT_EQ(metrics.Value("keyhole_tracked_keys"), 0);
}

TEST(TrackedKeys, TenThousand) {
  constexpr int kKeys = 12'000;
  KeyholeProcess proxy({"--tracked-keys", "10000"});
  RawClient client = RawClient::Connect(proxy.port());
  std::string requests;
  for (int i = 0; i < kKeys; ++i) requests += "GET k" + std::to_string(i) + "\r\n";
  client.Send(requests);
  for (int i = 0; i < kKeys; ++i) ASSERT_EQ(client.ReadReply(), "$-1\r\n");
  const Exposition metrics(proxy.HttpGet("/metrics"));
  const auto misses = metrics.By("key", kMisses);
  EXPECT_EQ(misses.size(), 10'001U);
  EXPECT_EQ(misses.at("k0"), 1);
  EXPECT_EQ(misses.at("k9999"), 1);
  EXPECT_EQ(misses.at("__other__"), 2'000);
}

}  // namespace
}  // namespace keyhole::test
