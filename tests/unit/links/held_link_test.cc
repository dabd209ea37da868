// Redis holds a request, and answers others: who is behind it on its link, and who comes later.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "proxy/links/upstream/link_pool.h"
#include "tests/support/core_harness.h"

namespace keyhole::core {
namespace {

using std::chrono::milliseconds;
using test::Client;
using test::Harness;
using testing::ElementsAre;
using testing::IsEmpty;

class HeldLink : public testing::Test {
 public:
  static Config WithSpares() {
    Config config = Harness::WithUpstream();
    config.links.spares = 2;
    return config;
  }
  // Where the probe went; 0: nowhere.
  size_t Probed() {
    for (size_t i = 1; i < keyhole.connections(); ++i) {
      if (keyhole.redis(i).open() && !keyhole.redis(i).Requests().empty()) return i;
    }
    return 0;
  }
  // The request that is in flight on the main link is held, and Redis answers elsewhere.
  void Hold() {
    keyhole.Advance(milliseconds(10));
    const size_t probed = Probed();
    ASSERT_NE(probed, 0u);
    keyhole.redis(probed).Reply("+OK\r\n");
    keyhole.Advance(milliseconds(10));
    keyhole.Advance(milliseconds(10));
  }
  // The connection on which this request has come; its number.
  size_t Find(const std::string& request) {
    for (size_t i = 0; i < keyhole.connections(); ++i) {
      if (!keyhole.redis(i).open()) continue;
      for (const std::string& each : keyhole.redis(i).Requests()) {
        if (each == request) return i;
      }
    }
    return SIZE_MAX;
  }

  Harness keyhole{WithSpares()};
  Client& writer = keyhole.Connect();
  Client& reader = keyhole.Connect();
};

TEST_F(HeldLink, OthersGoOn) {
  writer.Send("SET a 1\r\n");
  Hold();
  reader.Send("GET b\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("SET a 1"));
  const size_t there = Find("GET b");
  ASSERT_NE(there, SIZE_MAX);
  keyhole.redis(there).Reply("+OK\r\n$-1\r\n");  // to its name first
  EXPECT_EQ(reader.Received(), "$-1\r\n");
}

// It has begun, and takes its time: Redis is not through with it, or its way is long.
TEST_F(HeldLink, BehindAHugeReplyComesNobody) {
  const std::string value(100'000, 'x');
  writer.Send("GET big\r\n");
  keyhole.redis(0).Reply("$100000\r\n" + value.substr(0, 1000));
  Hold();
  keyhole.redis(0).Requests();
  reader.Send("GET b\r\n");
  const size_t there = Find("GET b");
  ASSERT_NE(there, SIZE_MAX);
  EXPECT_NE(there, 0u);
  keyhole.redis(there).Reply("+OK\r\n$-1\r\n");  // to its name first
  EXPECT_EQ(reader.Received(), "$-1\r\n");
  keyhole.redis(0).Reply(value.substr(1000) + "\r\n");
  EXPECT_EQ(writer.Received(), "$100000\r\n" + value + "\r\n");
}

TEST_F(HeldLink, WhoHasSomethingInFlightThereStaysInOrder) {
  writer.Send("SET a 1\r\n");
  Hold();
  keyhole.redis(0).Requests();
  writer.Send("GET a\r\n");
  EXPECT_EQ(Find("GET a"), SIZE_MAX) << "it must see its own write";
  keyhole.redis(0).Reply("+OK\r\n");
  EXPECT_NE(Find("GET a"), SIZE_MAX);
  EXPECT_EQ(writer.Received(), "+OK\r\n");
}

TEST_F(HeldLink, WhatMayBeHeldTooDoesNotShare) {
  writer.Send("SET a 1\r\n");
  Hold();
  Client& second = keyhole.Connect();
  second.Send("SET b 1\r\n");
  reader.Send("GET b\r\n");
  const size_t write = Find("SET b 1");
  reader.Send("GET c\r\n");
  const size_t read = Find("GET c");
  EXPECT_NE(write, SIZE_MAX);
  EXPECT_NE(read, SIZE_MAX);
  EXPECT_NE(write, read);
}

// It passes through: nobody has to wait until it is noticed.
TEST_F(HeldLink, WhileRedisIsPausedWhatItHoldsDoesNotShare) {
  reader.Send("CLIENT PAUSE 1000 WRITE\r\n");
  keyhole.redis(0).Reply("+OK\r\n");
  keyhole.redis(0).Requests();
  writer.Send("SET a 1\r\n");
  reader.Send("PFCOUNT a\r\n");
  EXPECT_NE(Find("SET a 1"), 0u);
  EXPECT_NE(Find("PFCOUNT a"), 0u) << "it may write, too";
  Client& third = keyhole.Connect();
  third.Send("GET a\r\n");
  EXPECT_EQ(Find("GET a"), 0u);
}

TEST_F(HeldLink, APauseEnds) {
  reader.Send("CLIENT PAUSE 1000 WRITE\r\n");
  keyhole.redis(0).Reply("+OK\r\n");
  keyhole.Advance(milliseconds(900));
  EXPECT_TRUE(keyhole.pool().wary());
  keyhole.Advance(milliseconds(200));
  EXPECT_FALSE(keyhole.pool().wary());
  reader.Send("CLIENT PAUSE 1000\r\n");
  keyhole.redis(0).Reply("+OK\r\n");
  EXPECT_TRUE(keyhole.pool().wary());
  keyhole.redis(0).Requests();
  reader.Send("CLIENT UNPAUSE\r\n");
  keyhole.redis(Find("CLIENT UNPAUSE")).Reply("+OK\r\n");
  EXPECT_FALSE(keyhole.pool().wary());
  writer.Send("SET a 1\r\n");
  EXPECT_EQ(Find("SET a 1"), 0u);
}

TEST_F(HeldLink, APauseInATransactionBeginsWithItsExec) {
  reader.Send("MULTI\r\nCLIENT PAUSE 1000\r\n");
  const size_t own = Find("MULTI");
  keyhole.redis(own).Reply("+OK\r\n+QUEUED\r\n");
  EXPECT_FALSE(keyhole.pool().wary());
  reader.Send("EXEC\r\n");
  keyhole.redis(own).Reply("*1\r\n+OK\r\n");
  EXPECT_TRUE(keyhole.pool().wary());
}

TEST_F(HeldLink, APauseThatRedisRefusesIsNone) {
  reader.Send("CLIENT PAUSE 1000 NONSENSE\r\nCLIENT PAUSE x\r\n");
  keyhole.redis(0).Reply("-ERR mode\r\n-ERR timeout\r\n");
  EXPECT_FALSE(keyhole.pool().wary());
}

TEST_F(HeldLink, OnceItIsAnsweredAllShareAgain) {
  writer.Send("SET a 1\r\n");
  Hold();
  EXPECT_TRUE(keyhole.pool().wary());
  keyhole.redis(0).Reply("+OK\r\n");
  keyhole.Advance(milliseconds(10));
  EXPECT_FALSE(keyhole.pool().wary());
  keyhole.Advance(milliseconds(100));
  EXPECT_FALSE(keyhole.redis(0).open());
  writer.Send("SET b 1\r\n");
  const size_t first = Find("SET b 1");
  reader.Send("SET c 1\r\n");
  EXPECT_EQ(Find("SET c 1"), first);
}

TEST_F(HeldLink, ARedisThatAnswersNobodyHoldsNobody) {
  writer.Send("SET a 1\r\n");
  for (int i = 0; i < 100; ++i) keyhole.Advance(milliseconds(10));
  EXPECT_FALSE(keyhole.pool().wary());
}

// Each answer takes 40 ms.
TEST_F(HeldLink, NorOneThatIsFarAway) {
  std::vector<std::pair<int, size_t>> due;
  int probes = 0;
  int late = 0;
  for (int now = 0; now < 3000; now += 5) {
    if (now % 50 == 0) writer.Send("SET a 1\r\n");
    keyhole.Advance(milliseconds(5));
    for (size_t i = 0; i < keyhole.connections(); ++i) {
      const size_t asked = keyhole.redis(i).Requests().size();
      for (size_t n = 0; n < asked; ++n) due.emplace_back(now + 40, i);
      if (i == 0 || asked == 0) continue;
      ++probes;
      if (now > 2000) ++late;
    }
    for (const auto& [when, at] : due) {
      if (when == now) keyhole.redis(at).Reply("+OK\r\n");
    }
    ASSERT_FALSE(keyhole.pool().wary());
  }
  EXPECT_GT(probes, 0);
  EXPECT_EQ(late, 0) << "by then it is known how long an answer takes";
}

TEST_F(HeldLink, SoManyAtMost) {
  for (int i = 0; i < 20; ++i) {
    Client& each = keyhole.Connect();
    each.Send("GET big\r\n");
    keyhole.Advance(milliseconds(10));
    for (size_t j = 1; j < keyhole.connections(); ++j) {
      if (!keyhole.redis(j).open()) continue;
      for (const std::string& request : keyhole.redis(j).Requests()) {
        if (request != "GET big") keyhole.redis(j).Reply("+OK\r\n");
      }
    }
    keyhole.Advance(milliseconds(10));
    keyhole.Advance(milliseconds(10));
  }
  EXPECT_TRUE(keyhole.pool().wary());
  EXPECT_LE(keyhole.links(metrics::LinkKind::kPrivate), 8);
}

}  // namespace
}  // namespace keyhole::core
