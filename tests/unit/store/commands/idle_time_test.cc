// OBJECT IDLETIME: what counts as a use, and what keeps the time of the last one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/store/store_client.h"

namespace keyhole::store {
namespace {

using test::TestClient;
using test::TestStore;

class IdleTime : public testing::TestWithParam<Eviction> {
 protected:
  void Pass(int seconds) { store_.now += seconds * 1000; }
  std::string Idle() { return app_.Ask("OBJECT IDLETIME k"); }

  TestStore store_{{.eviction = GetParam()}};
  TestClient app_{store_};
};

TEST_P(IdleTime, IsCountedFromTheLastUse) {
  app_.Ask("SET k v");
  EXPECT_EQ(Idle(), ":0\r\n");
  Pass(7);
  EXPECT_EQ(Idle(), ":7\r\n");
  for (const char* use : {"GET k", "SET k w", "APPEND k x", "EXPIRE k 1000", "TOUCH k"}) {
    Pass(5);
    app_.Ask(use);
    EXPECT_EQ(Idle(), ":0\r\n") << use;
  }
}

// As in Redis: who asks about a key does not use it.
TEST_P(IdleTime, AskingAboutAKeyIsNoUse) {
  app_.Ask("SET k v");
  Pass(9);
  for (const char* question :
       {"EXISTS k", "TTL k", "PTTL k", "EXPIRETIME k", "TYPE k", "OBJECT ENCODING k",
        "MEMORY USAGE k", "SCAN 0", "WATCH k", "UNWATCH"}) {
    app_.Ask(question);
    EXPECT_EQ(Idle(), ":9\r\n") << question;
  }
}

TEST_P(IdleTime, ClientNoTouchLeavesItButTouchDoesNot) {
  app_.Ask("SET k v");
  app_.Ask("CLIENT NO-TOUCH ON");
  Pass(9);
  app_.Ask("GET k");
  EXPECT_EQ(Idle(), ":9\r\n");
  app_.Ask("TOUCH k");
  EXPECT_EQ(Idle(), ":0\r\n");
  app_.Ask("RESET");
  Pass(9);
  app_.Ask("GET k");
  EXPECT_EQ(Idle(), ":0\r\n");
}

// An HTTP client that lists items: INFO, too, knows of no hit.
TEST_P(IdleTime, LookingIsNoUse) {
  app_.Ask("SET k v");
  Pass(9);
  EXPECT_EQ(app_.Look("MGET k nosuch"), "*2\r\n$1\r\nv\r\n$-1\r\n");
  EXPECT_EQ(Idle(), ":9\r\n");
  EXPECT_THAT(app_.Ask("INFO stats"), testing::HasSubstr("keyspace_misses:0\r\n"));
  app_.Ask("GET k");
  EXPECT_EQ(Idle(), ":0\r\n");
}

// Another worker may have read the clock a moment earlier, or somebody sets it back.
TEST_P(IdleTime, AClockThatGoesBackMakesNoKeyOld) {
  app_.Ask("SET k v");
  for (const int seconds : {1, 60, 24 * 3600}) {
    Pass(-seconds);
    EXPECT_EQ(Idle(), ":0\r\n") << seconds;
  }
}

// A queue is put together anew with each key that leaves it.
TEST_P(IdleTime, StaysWhenOthersComeAndGo) {
  for (const char* key : {"SET a v", "SET k v", "SET b v"}) app_.Ask(key);
  Pass(9);
  for (const char* change : {"GET a", "DEL b", "SET c v", "DEL a"}) app_.Ask(change);
  EXPECT_EQ(Idle(), ":9\r\n");
}

// The block moves: a longer value, an expiry, a value too large for a block.
TEST_P(IdleTime, StaysWithTheKey) {
  app_.Ask("SET k v");
  app_.Ask("CLIENT NO-TOUCH ON");
  Pass(9);
  for (const std::string& change :
       {"APPEND k " + std::string(40, 'x'), std::string("EXPIRE k 1000"),
        "APPEND k " + std::string(4000, 'x'), std::string("PERSIST k")}) {
    app_.Ask(change);
    EXPECT_EQ(Idle(), ":9\r\n") << change.substr(0, 10);
  }
}

TEST_P(IdleTime, IsExactForWeeks) {
  constexpr int kDay = 24 * 3600;
  app_.Ask("SET k v");
  Pass(20 * kDay);
  EXPECT_EQ(Idle(), ":" + std::to_string(20 * kDay) + "\r\n");
}

INSTANTIATE_TEST_SUITE_P(Policies, IdleTime,
                         testing::Values(Eviction::kS3Fifo, Eviction::kLru, Eviction::kNone),
                         [](const auto& policy) {
                           return policy.param == Eviction::kS3Fifo ? "S3Fifo"
                                  : policy.param == Eviction::kLru  ? "Lru"
                                                                    : "None";
                         });

}  // namespace
}  // namespace keyhole::store
