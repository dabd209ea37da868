// A client that sends and is gone at once: what it has sent is carried out, as Redis does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/support/core_harness.h"

namespace keyhole::core {
namespace {

using metrics::CloseReason;
using std::chrono::milliseconds;
using test::Client;
using test::Harness;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

uint64_t Closed(Harness& keyhole, CloseReason reason) {
  return keyhole.counters().clients_closed[reason].Load();
}

TEST(LeavingClient, EveryChangeOfLinksIsMade) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("SET a 1\r\nSELECT 5\r\nSET b 1\r\n");
  app.Vanish();
  EXPECT_FALSE(app.closed());
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("SET a 1"));
  keyhole.redis(0).Reply("+OK\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("SELECT 5", "SET b 1"));
  keyhole.redis(1).Reply("+OK\r\n+OK\r\n");
  keyhole.redis(1).Lose();  // Redis ends what has ended its input
  EXPECT_TRUE(app.closed());
  EXPECT_EQ(app.Received(), "");
  EXPECT_EQ(Closed(keyhole, CloseReason::kByClient), 1u);
  EXPECT_EQ(keyhole.counters().clients_unfinished.Load(), 0u);
}

TEST(LeavingClient, ItsTransactionRuns) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("SET a 1\r\nMULTI\r\nSET b 1\r\nEXEC\r\n");
  app.Vanish();
  keyhole.redis(0).Reply("+OK\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("MULTI", "SET b 1", "EXEC"));
  EXPECT_TRUE(keyhole.redis(1).input_ended());
}

TEST(LeavingClient, HalfClosedItIsAnsweredToTheEnd) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("SET a 1\r\nSELECT 5\r\nSET b 1\r\n");
  app.HalfClose();
  keyhole.redis(0).Reply("+OK\r\n");
  keyhole.redis(1).Reply("+OK\r\n+OK\r\n");
  keyhole.redis(1).Lose();
  EXPECT_EQ(app.Received(), "+OK\r\n+OK\r\n+OK\r\n");
  EXPECT_TRUE(app.closed());
}

// Redis would see the end of the client behind BLPOP, and give it up.
TEST(LeavingClient, WhatWaitsIsLeftToRedis) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("BLPOP q 0\r\nQUIT\r\n");
  app.Vanish();
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("BLPOP q 0"));
  EXPECT_TRUE(keyhole.redis(1).input_ended());
  keyhole.redis(1).Lose();
  EXPECT_TRUE(app.closed());
}

TEST(LeavingClient, AnUploadThatWasCutOffLeavesWhatCameBefore) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("MULTI\r\nSET a 1\r\nEXEC\r\n*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$100000\r\nonly so much");
  app.Vanish();
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("MULTI", "SET a 1", "EXEC"));
  EXPECT_TRUE(keyhole.redis(1).input_ended());
}

TEST(LeavingClient, WaitsForTheUpstreamAsOthersDo) {
  Harness keyhole;
  keyhole.HoldConnections();
  keyhole.redis(0).Lose();
  Client& app = keyhole.Connect();
  app.Send("SET a 1\r\n");
  app.Vanish();
  keyhole.Advance(milliseconds(500));
  EXPECT_FALSE(app.closed());
  keyhole.last().Accept();
  EXPECT_THAT(keyhole.last().Requests(), ElementsAre("SET a 1"));
  keyhole.last().Reply("+OK\r\n");
  EXPECT_TRUE(app.closed());
}

TEST(LeavingClient, NotForLongerThanTheUpstreamWaitAndNotInSilence) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("SET a 1\r\nSELECT 5\r\nSET b 1\r\n");
  app.Vanish();
  keyhole.Advance(milliseconds(900));
  EXPECT_FALSE(app.closed());
  keyhole.Advance(milliseconds(200));
  EXPECT_TRUE(app.closed());
  EXPECT_EQ(Closed(keyhole, CloseReason::kUnfinished), 1u);
  EXPECT_EQ(keyhole.counters().clients_unfinished.Load(), 1u);
  EXPECT_THAT(keyhole.log(), Contains(HasSubstr("10.0.0.1:50000 left")));
  keyhole.redis(0).Reply("+OK\r\n");
  EXPECT_EQ(keyhole.connections(), 1u);  // SELECT was given up
}

TEST(LeavingClient, AReplyInFlightIsNoReasonToComplain) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("SET a 1\r\n");
  app.Vanish();
  keyhole.Advance(milliseconds(1100));
  EXPECT_TRUE(app.closed());
  EXPECT_EQ(keyhole.counters().clients_unfinished.Load(), 0u);
}

TEST(LeavingClient, TheEmbeddedStoreHasDoneItAtOnce) {
  Harness keyhole{Config()};
  Client& app = keyhole.Connect();
  app.Send("SELECT 5\r\nSET a 1\r\nSELECT 0\r\nSET b 1\r\n");
  app.Vanish();
  EXPECT_TRUE(app.closed());
  Client& other = keyhole.Connect();
  other.Send("GET b\r\nSELECT 5\r\nGET a\r\n");
  EXPECT_EQ(other.Received(), "$1\r\n1\r\n+OK\r\n$1\r\n1\r\n");
}

}  // namespace
}  // namespace keyhole::core
