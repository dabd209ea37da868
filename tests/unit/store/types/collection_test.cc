// Hashes and sets in a store: which way they are kept, and what that costs. That their replies are
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

class Collections : public testing::Test {
 protected:
  std::string Ask(const std::string& line) { return client_.Ask(line); }
  int64_t MemoryOf(const std::string& key) { return Number(Ask("MEMORY USAGE " + key)); }
  std::string EncodingOf(const std::string& key) { return Bulks(Ask("OBJECT ENCODING " + key))[0]; }
  int64_t UsedMemory() {
    const std::string info = Ask("INFO memory");
    return std::stoll(info.substr(info.find("used_memory:") + 12));
  }

  TestStore store_;
  TestClient client_{store_};
};

TEST_F(Collections, AHashIsAListUpToRedisLimits) {
  Ask("CONFIG SET hash-max-listpack-entries 3 hash-max-listpack-value 5");
  Ask("HSET h a 1 b 2 c 3");
  EXPECT_EQ(EncodingOf("h"), "listpack");
  EXPECT_EQ(Ask("HSET h d 4"), ":1\r\n");
  EXPECT_EQ(EncodingOf("h"), "hashtable");
  Ask("HDEL h b c d");
  EXPECT_EQ(EncodingOf("h"), "hashtable");  // there is no way back
  Ask("HSET other a 12345");
  EXPECT_EQ(EncodingOf("other"), "listpack");
  Ask("HSET other a 123456");
  EXPECT_EQ(EncodingOf("other"), "hashtable");
  EXPECT_EQ(Ask("HGET other a"), "$6\r\n123456\r\n");
}

TEST_F(Collections, ASetOfIntegersIsSortedUpToRedisLimit) {
  Ask("CONFIG SET set-max-intset-entries 3");
  Ask("SADD s 3 1 2");
  EXPECT_EQ(EncodingOf("s"), "intset");
  Ask("SADD s 4");
  EXPECT_EQ(EncodingOf("s"), "hashtable");
  EXPECT_EQ(Ask("SCARD s"), ":4\r\n");
}

// MEMORY USAGE of redis-server 7.0.15: 96 bytes, 232, 64 and 432.
TEST_F(Collections, SmallOnesLieInOneBlock) {
  Ask("HSET h name bob age 42 city Paris");
  EXPECT_LE(MemoryOf("h"), 64);
  Ask("SADD tags red green blue");
  EXPECT_LE(MemoryOf("tags"), 64);
  Ask("SADD ids 1 2 3");
  EXPECT_LE(MemoryOf("ids"), 48);
  // One long value does not make a table of it, although it is called one.
  Ask("HSET page title x body " + std::string(200, 'b'));
  EXPECT_EQ(EncodingOf("page"), "hashtable");
  EXPECT_LE(MemoryOf("page"), 256);
}

TEST_F(Collections, WhatIsTakenIsGivenBack) {
  const int64_t before = UsedMemory();
  for (int i = 0; i < 2000; ++i) {
    const std::string n = std::to_string(i);
    Ask("HSET h field:" + n + " value:" + n);
    Ask("SADD s member:" + n);
    Ask("SADD i " + n);
  }
  EXPECT_GT(UsedMemory(), before + 3 * 2000 * 12);
  Ask("COPY h h2");
  Ask("RENAME s s2");
  for (int i = 0; i < 1500; ++i) Ask("HDEL h field:" + std::to_string(i));
  Ask("SPOP s2 1900");
  Ask("SINTERSTORE i i nosuch");
  Ask("DEL h h2 s2");
  EXPECT_EQ(Ask("DBSIZE"), ":0\r\n");
  for (int i = 0; i < 100 && store_.store.Sweep(store_.now); ++i) {
  }
  EXPECT_LE(UsedMemory(), before + 1024);  // the table of keys itself has grown
}

// Every member that stays is seen, while others come and go and the table grows and shrinks.
TEST_F(Collections, ScanSeesAllThatStays) {
  for (int i = 0; i < 500; ++i) Ask("SADD s stay:" + std::to_string(i));
  std::set<std::string> seen;
  std::string cursor = "0";
  int round = 0;
  do {
    const auto bulks = Bulks(Ask("SSCAN s " + cursor + " COUNT 5 MATCH stay:*"));
    cursor = bulks.at(0);
    seen.insert(bulks.begin() + 1, bulks.end());
    const std::string verb = round / 20 % 2 == 0 ? "SADD s" : "SREM s";
    std::string line = verb;
    for (int i = 0; i < 100; ++i) line += " x:" + std::to_string(round % 20 * 100 + i);
    Ask(line);
    ASSERT_LT(++round, 10'000);
  } while (cursor != "0");
  EXPECT_EQ(seen.size(), 500U);
}

TEST_F(Collections, ChanceReachesEveryMember) {
  for (const int size : {10, 1000}) {
    const std::string key = "s" + std::to_string(size);
    for (int i = 0; i < size; ++i) Ask("SADD " + key + " m" + std::to_string(i));
    std::set<std::string> seen;
    for (int i = 0; i < 300; ++i) {
      const auto some = Bulks(Ask("SRANDMEMBER " + key + " 50"));
      EXPECT_EQ(std::set<std::string>(some.begin(), some.end()).size(), some.size());
      seen.insert(some.begin(), some.end());
    }
    EXPECT_EQ(seen.size(), static_cast<size_t>(size));
  }
}

TEST_F(Collections, TheyExpireAndAreWatchedLikeStrings) {
  Ask("HSET h a 1");
  Ask("PEXPIRE h 100");
  Ask("HSET h b 2");
  EXPECT_EQ(Ask("PTTL h"), ":100\r\n");
  for (int i = 0; i < 600; ++i) Ask("HSET h f" + std::to_string(i) + " v");
  EXPECT_EQ(EncodingOf("h"), "hashtable");
  EXPECT_EQ(Ask("PTTL h"), ":100\r\n");
  Ask("WATCH h");
  Ask("HSET h f1 w");
  Ask("MULTI");
  EXPECT_EQ(Ask("EXEC"), "*-1\r\n");
  store_.now += 100;
  EXPECT_EQ(Ask("HGET h a"), "$-1\r\n");
  EXPECT_EQ(Ask("TYPE h"), "+none\r\n");
}

}  // namespace
}  // namespace keyhole::test
