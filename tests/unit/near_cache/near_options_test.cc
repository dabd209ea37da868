// The options of the near cache.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/config_loading.h"

namespace keyhole::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kRedis[] = "redis://db";

TEST(NearOptions, OffUnlessAskedFor) {
  EXPECT_EQ(Good({"--upstream", kRedis}).near.memory, 0u);
}

TEST(NearOptions, AllOfThemAreRead) {
  const Config config = Good({"--upstream",
                              kRedis,
                              "--near-cache",
                              "256mb",
                              "--near-cache-prefix",
                              "a:",
                              "--near-cache-prefix",
                              "b:",
                              "--near-cache-consistency",
                              "eventual",
                              "--near-cache-min-reads",
                              "7",
                              "--near-cache-max-age",
                              "5m",
                              "--near-cache-max-value",
                              "1mb",
                              "--near-cache-nulls",
                              "off",
                              "--near-cache-mget",
                              "on",
                              "--near-cache-heartbeat",
                              "250ms",
                              "--serve-stale",
                              "30s"});
  EXPECT_EQ(config.near.memory, 256u << 20);
  EXPECT_THAT(config.near.prefixes, ElementsAre("a:", "b:"));
  EXPECT_EQ(config.near.consistency, NearConsistency::kEventual);
  EXPECT_EQ(config.near.min_reads, 7u);
  EXPECT_EQ(config.near.max_age, std::chrono::minutes(5));
  EXPECT_EQ(config.near.max_value, 1u << 20);
  EXPECT_FALSE(config.near.nulls);
  EXPECT_TRUE(config.near.mget);
  EXPECT_EQ(config.near.heartbeat, std::chrono::milliseconds(250));
  EXPECT_EQ(config.near.serve_stale, std::chrono::seconds(30));
}

TEST(NearOptions, WrongOnesAreExplained) {
  EXPECT_THAT(Bad({"--near-cache", "64mb"}), HasSubstr("--upstream is not given"));
  EXPECT_THAT(Bad({"--upstream", kRedis, "--near-cache", "100kb"}), HasSubstr("at least 1mb"));
  EXPECT_THAT(Bad({"--upstream", kRedis, "--near-cache-consistency", "strong"}),
              HasSubstr("give causal or eventual"));
  EXPECT_THAT(Bad({"--upstream", kRedis, "--near-cache-heartbeat", "1ms"}), HasSubstr("100ms"));
  EXPECT_THAT(Bad({"--upstream", kRedis, "--near-cache-max-value", "1gb"}), HasSubstr("16mb"));
}

}  // namespace
}  // namespace keyhole::core
