#include "resp/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace keyhole::resp {
namespace {

// tests/conformance/scripts/glob.txt compares many more with Redis.
TEST(Glob, Matches) {
  EXPECT_TRUE(GlobMatches("", ""));
  EXPECT_FALSE(GlobMatches("", "a"));
  EXPECT_TRUE(GlobMatches("*", ""));
  EXPECT_TRUE(GlobMatches("user:*", "user:1"));
  EXPECT_FALSE(GlobMatches("user:*", "use"));
  EXPECT_TRUE(GlobMatches("h?llo", "hello"));
  EXPECT_FALSE(GlobMatches("h?llo", "hllo"));
  EXPECT_TRUE(GlobMatches("h[ae]llo", "hallo"));
  EXPECT_FALSE(GlobMatches("h[^ae]llo", "hallo"));
  EXPECT_TRUE(GlobMatches("h[a-c]llo", "hbllo"));
  EXPECT_TRUE(GlobMatches("a\\*b", "a*b"));
  EXPECT_FALSE(GlobMatches("a\\*b", "axb"));
  EXPECT_TRUE(GlobMatches("*ab*ab*", "xabyabz"));
  EXPECT_FALSE(GlobMatches("*ab*ab*", "xabyaz"));
}

TEST(Glob, IgnoresCaseOnlyIfAsked) {
  EXPECT_FALSE(GlobMatches("MAX*", "maxmemory"));
  EXPECT_TRUE(GlobMatches("MAX*", "maxmemory", true));
  EXPECT_TRUE(GlobMatches("[A-Z]*", "maxmemory", true));
}

TEST(Glob, BrokenPatternsAreReadToTheirEnd) {
  EXPECT_TRUE(GlobMatches("[ab", "a"));
  EXPECT_FALSE(GlobMatches("[]", "a"));
  EXPECT_TRUE(GlobMatches("\\", "\\"));
  EXPECT_FALSE(GlobMatches("[", "["));
}

// Each star once multiplied the work in Redis (CVE-2022-36021).
TEST(Glob, ManyStarsTakeNoExponentialTime) {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "a*";
  EXPECT_FALSE(GlobMatches(pattern + "b", std::string(2000, 'a')));
}

}  // namespace
}  // namespace keyhole::resp
