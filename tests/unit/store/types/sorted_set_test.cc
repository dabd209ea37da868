// Sorted sets in a store: which way they are kept, and what that costs. That their replies are
// Redis' is shown by tests/conformance.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/unit/store/replies.h"
#include "tests/unit/store/store_client.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;

class SortedSets : public testing::Test {
 protected:
  std::string Ask(const std::string& line) { return client_.Ask(line); }
  int64_t MemoryOf(const std::string& key) { return Number(Ask("MEMORY USAGE " + key)); }
  int64_t UsedMemory() {
    const std::string info = Ask("INFO memory");
    return std::stoll(info.substr(info.find("used_memory:") + 12));
  }
  // Members of 15 bytes with scores that are no integers.
  void Fill(const std::string& key, int first, int last) {
    for (int i = first; i < last; ++i) {
      std::string number = std::to_string(i);
      number.insert(0, 8 - number.size(), '0');
      const std::string score = std::to_string(i * 7919 % 10007) + ".5";
      Ask("ZADD " + key + " " + score + " member:" + number);
    }
  }

  TestStore store_;
  TestClient client_{store_};
};

TEST_F(SortedSets, ASmallOneLiesInItsKeysBlock) {
  Ask("ZADD z 1 a 2 b 3 c");
  EXPECT_LE(MemoryOf("z"), 40);
  EXPECT_THAT(Ask("OBJECT ENCODING z"), HasSubstr("listpack"));
}

// MEMORY USAGE of redis-server 7.0.15: 121 bytes a member.
TEST_F(SortedSets, AMemberOfALargeOneTakesLessThan64Bytes) {
  Fill("z", 0, 5000);
  EXPECT_LE(MemoryOf("z"), 5000 * 64);
}

TEST_F(SortedSets, WhatIsTakenIsGivenBack) {
  const int64_t before = UsedMemory();
  Fill("z", 0, 2000);
  Ask("ZADD z 1 " + std::string(300, 'x'));
  Ask("COPY z z2");
  Ask("RENAME z z3");
  Ask("ZREMRANGEBYRANK z3 0 1500");
  Ask("ZPOPMAX z3 200");
  Ask("ZUNIONSTORE z2 2 z2 z3");
  Ask("DEL z2");
  Ask("ZREMRANGEBYSCORE z3 -inf inf");
  EXPECT_EQ(Ask("DBSIZE"), ":0\r\n");
  for (int i = 0; i < 100 && store_.store.Sweep(store_.now); ++i) {
  }
  EXPECT_LE(UsedMemory(), before + 1024);  // the table of keys itself has grown
}

// Every member that stays is seen, while others come and go and the table grows and shrinks.
TEST_F(SortedSets, ScanSeesAllThatStays) {
  for (int i = 0; i < 500; ++i) Ask("ZADD z 1 stay:" + std::to_string(i));
  std::set<std::string> seen;
  std::string cursor = "0";
  int round = 0;
  do {
    const auto bulks = Bulks(Ask("ZSCAN z " + cursor + " COUNT 5 MATCH stay:*"));
    cursor = bulks.at(0);
    for (size_t i = 1; i < bulks.size(); i += 2) seen.insert(bulks[i]);
    for (int i = 0; i < 50; ++i) {
      const std::string member = " x:" + std::to_string(round % 20 * 100 + i);
      Ask((round / 20 % 2 == 0 ? "ZADD z 2" : "ZREM z") + member);
    }
    ASSERT_LT(++round, 10'000);
  } while (cursor != "0");
  EXPECT_EQ(seen.size(), 500U);
}

TEST_F(SortedSets, ChanceReachesEveryMember) {
  for (const int size : {10, 1000}) {
    const std::string key = "z" + std::to_string(size);
    Fill(key, 0, size);
    std::set<std::string> seen;
    for (int i = 0; i < 300; ++i) {
      const auto some = Bulks(Ask("ZRANDMEMBER " + key + " 50"));
      EXPECT_EQ(std::set<std::string>(some.begin(), some.end()).size(), some.size());
      seen.insert(some.begin(), some.end());
    }
    EXPECT_EQ(seen.size(), static_cast<size_t>(size));
  }
}

TEST_F(SortedSets, TheyExpireAndAreWatchedLikeStrings) {
  Ask("ZADD z 1 a");
  Ask("PEXPIRE z 100");
  Fill("z", 0, 300);
  EXPECT_THAT(Ask("OBJECT ENCODING z"), HasSubstr("skiplist"));
  EXPECT_EQ(Ask("PTTL z"), ":100\r\n");
  for (const std::string line : {"ZADD z 2 a", "ZREM z a", "ZPOPMIN z", "ZUNIONSTORE z 1 z"}) {
    Ask("WATCH z");
    Ask(line);
    Ask("MULTI");
    EXPECT_EQ(Ask("EXEC"), "*-1\r\n") << line;
  }
  Ask("WATCH z");
  Ask("ZADD z XX 2 nosuch");
  Ask("MULTI");
  EXPECT_EQ(Ask("EXEC"), "*0\r\n");
  Ask("PEXPIRE z 100");
  store_.now += 100;
  EXPECT_EQ(Ask("ZSCORE z a"), "$-1\r\n");
  EXPECT_EQ(Ask("TYPE z"), "+none\r\n");
}

TEST_F(SortedSets, TheyAreEvictedWithAllTheyHave) {
  Ask("CONFIG SET maxmemory 300000 maxmemory-policy allkeys-lru");
  for (int i = 0; i < 20; ++i) Fill("z" + std::to_string(i), 0, 500);
  EXPECT_LE(UsedMemory(), 300'000 + 40'000);
  EXPECT_GE(Number(Ask("DBSIZE")), 3);
}

}  // namespace
}  // namespace keyhole::test
