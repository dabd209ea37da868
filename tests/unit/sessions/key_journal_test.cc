// What was last written to a key, and by whom.
#include "proxy/sessions/key_journal.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace keyhole::core {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;

class KeyJournalTest : public testing::Test {
 protected:
  void Write(const std::vector<std::string_view>& args, int64_t now = kNow, int database = 0) {
    journal_.Note(resp::Find(args), args,
                  {.name = "billing", .address = "10.0.0.1:50000", .database = database}, now);
  }
  KeyFate Fate(std::string_view key, int database = 0) {
    return journal_.Find(key, database).value_or(KeyFate());
  }

  KeyJournal journal_;
};

TEST_F(KeyJournalTest, NothingIsKnownAtFirst) {
  EXPECT_FALSE(journal_.Find("k", 0).has_value());
  Write({"set", "k", "v"});
  EXPECT_FALSE(journal_.Find("other", 0).has_value());
  EXPECT_FALSE(journal_.Find("k", 1).has_value()) << "of another database";
  const KeyFate fate = Fate("k");
  EXPECT_EQ(fate.kind, KeyFate::Kind::kWritten);
  EXPECT_EQ(fate.at, kNow);
  EXPECT_EQ(fate.expires, 0);
  EXPECT_EQ(fate.command, resp::CommandId::kSet);
  EXPECT_EQ(fate.client, "billing 10.0.0.1:50000");
}

TEST_F(KeyJournalTest, TimesToLive) {
  Write({"SET", "k", "v", "NX", "ex", "60"});
  EXPECT_EQ(Fate("k").expires, kNow + 60'000);
  EXPECT_EQ(Fate("k").ttl, 60'000);
  Write({"append", "k", "v"}, kNow + 5);
  EXPECT_EQ(Fate("k").expires, kNow + 60'000) << "it keeps its time";
  Write({"set", "k", "v", "KEEPTTL"});
  EXPECT_EQ(Fate("k").expires, kNow + 60'000);
  Write({"persist", "k"});
  EXPECT_EQ(Fate("k").expires, 0);
  Write({"psetex", "k", "1500", "v"});
  EXPECT_EQ(Fate("k").expires, kNow + 1500);
  Write({"set", "k", "v"});
  EXPECT_EQ(Fate("k").expires, 0);
  Write({"expire", "k", "10"});
  EXPECT_EQ(Fate("k").expires, kNow + 10'000);
  Write({"pexpireat", "k", "1700000009000"});
  EXPECT_EQ(Fate("k").expires, kNow + 9000);
  Write({"getex", "k", "PX", "100"});
  EXPECT_EQ(Fate("k").expires, kNow + 100);
  Write({"set", "k", "v", "EX"});  // Redis will refuse it
  Write({"expire", "k", "-1"});
  Write({"expire", "k"});
}

TEST_F(KeyJournalTest, KeysThatGo) {
  Write({"mset", "a", "1", "b", "2", "c", "3"});
  Write({"del", "a", "b"}, kNow + 1);
  EXPECT_EQ(Fate("a").kind, KeyFate::Kind::kRemoved);
  EXPECT_EQ(Fate("b").kind, KeyFate::Kind::kRemoved);
  EXPECT_EQ(Fate("c").kind, KeyFate::Kind::kWritten);
  Write({"rename", "c", "d"}, kNow + 2);
  EXPECT_EQ(Fate("c").kind, KeyFate::Kind::kRemoved);
  Write({"flushall"}, kNow + 3);
  EXPECT_EQ(Fate("never").kind, KeyFate::Kind::kDropped);
  EXPECT_EQ(Fate("a").kind, KeyFate::Kind::kDropped);
  Write({"set", "a", "1"}, kNow + 4);
  EXPECT_EQ(Fate("a").kind, KeyFate::Kind::kWritten);
}

TEST_F(KeyJournalTest, IsBounded) {
  for (int i = 0; i < 100'000; ++i) {
    const std::string key = "key:" + std::to_string(i);
    Write({"set", key, "v"}, kNow + i);
  }
  EXPECT_EQ(Fate("key:99999").at, kNow + 99'999);
  int known = 0;
  for (int i = 0; i < 100'000; ++i) {
    known += journal_.Find("key:" + std::to_string(i), 0).has_value() ? 1 : 0;
  }
  EXPECT_LE(known, 4096);
  EXPECT_GT(known, 3500);
}

}  // namespace
}  // namespace keyhole::core
