// What the sketch promises of the keys it holds, and of those it does not.
#include "metrics/key_sketch.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace keyhole::metrics {
namespace {

struct Held {
  uint32_t count;
  uint32_t error;
};

std::map<uint64_t, Held> Contents(const KeySketch& sketch) {
  std::map<uint64_t, Held> contents;
  sketch.ForEach([&](uint64_t hash, uint32_t count, uint32_t error) {
    EXPECT_TRUE(contents.emplace(hash, Held{count, error}).second) << "twice: " << hash;
  });
  return contents;
}

uint64_t HashOf(uint64_t number) {
  std::mt19937_64 random(number);
  return random();
}

TEST(KeySketchTest, IsExactWhileThereIsRoom) {
  KeySketch sketch(8);
  for (uint64_t key = 0; key < 8; ++key) {
    for (uint64_t i = 0; i <= key; ++i) sketch.Offer(HashOf(key));
  }
  const auto contents = Contents(sketch);
  ASSERT_EQ(contents.size(), 8u);
  for (uint64_t key = 0; key < 8; ++key) {
    EXPECT_EQ(contents.at(HashOf(key)).count, key + 1);
    EXPECT_EQ(contents.at(HashOf(key)).error, 0u);
  }
}

TEST(KeySketchTest, TheCountIsBetweenItsBoundsAndNobodyHeavyIsMissing) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    KeySketch sketch(64);
    std::map<uint64_t, uint32_t> exact;
    std::mt19937 random(seed);
    std::geometric_distribution<uint64_t> popularity(0.01);
    for (int i = 0; i < 20'000; ++i) {
      const uint64_t hash = HashOf(popularity(random));
      sketch.Offer(hash);
      ++exact[hash];
    }
    const auto contents = Contents(sketch);
    for (const auto& [hash, held] : contents) {
      EXPECT_LE(held.count - held.error, exact[hash]);
      EXPECT_GE(held.count, exact[hash]);
    }
    for (const auto& [hash, count] : exact) {
      EXPECT_TRUE(count <= sketch.MaxError() || contents.contains(hash)) << count;
    }
  }
}

TEST(KeySketchTest, ClearForgetsEverything) {
  KeySketch sketch(100);
  for (uint64_t key = 0; key < 1000; ++key) sketch.Offer(HashOf(key));
  EXPECT_GT(sketch.MaxError(), 0u);
  sketch.Clear();
  EXPECT_TRUE(Contents(sketch).empty());
  EXPECT_EQ(sketch.MaxError(), 0u);
}

TEST(KeySketchTest, AHashOfZeroIsAHash) {
  KeySketch sketch(8);
  sketch.Offer(0);
  sketch.Offer(0);
  EXPECT_EQ(Contents(sketch).at(0).count, 2u);
}

}  // namespace
}  // namespace keyhole::metrics
