#include "proxy/program/repeats.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace keyhole::program {
namespace {

using std::chrono::seconds;

struct RepeatsTest : testing::Test {
  std::vector<std::string> Told() {
    std::vector<std::string> told;
    repeats.Tell(now, [&](int, std::string_view line) { told.emplace_back(line); });
    return told;
  }

  Repeats repeats;
  Repeats::Instant now{seconds(100)};
};

TEST_F(RepeatsTest, FiveOfAKindPassAndTheRestIsCounted) {
  int passed = 0;
  for (int port = 0; port < 300; ++port) {
    passed += repeats.Pass("closed 10.0.0.7:" + std::to_string(port), 3, now) ? 1 : 0;
  }
  EXPECT_EQ(passed, Repeats::kBurst);
  EXPECT_TRUE(Told().empty());
  EXPECT_TRUE(repeats.Pass("another kind of line", 3, now));
  now += Repeats::kWindow;
  EXPECT_EQ(Told(), std::vector<std::string>{"closed 10.0.0.7:299 (the last of 295 more like it)"});
  EXPECT_TRUE(repeats.Pass("closed 10.0.0.7:1", 3, now));
}

TEST_F(RepeatsTest, OneThatWasHeldBackIsWrittenAsItIs) {
  for (int i = 0; i <= Repeats::kBurst; ++i) repeats.Pass("line " + std::to_string(i), 2, now);
  now += Repeats::kWindow;
  EXPECT_EQ(Told(), std::vector<std::string>{"line 5"});
  EXPECT_TRUE(Told().empty());
}

TEST_F(RepeatsTest, ItsMemoryIsBounded) {
  std::string word;
  for (size_t i = 0; i < 2 * Repeats::kMostKinds; ++i) {
    word.push_back('a');
    EXPECT_TRUE(repeats.Pass(word, 2, now));
  }
  EXPECT_TRUE(repeats.Pass(word, 2, now)) << "it is not remembered";
}

}  // namespace
}  // namespace keyhole::program
