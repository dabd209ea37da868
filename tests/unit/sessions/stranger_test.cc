// Stories about clients that have not come in yet: no whole request, or no password.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/support/core_harness.h"

namespace keyhole::test {
namespace {

using namespace std::chrono_literals;
using core::Config;

bool IsIn(Client& client) {
  return client.session().is_in();
}

TEST(Stranger, UntilItHasSentAWholeRequest) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  EXPECT_FALSE(IsIn(app));
  app.Send("GET");
  EXPECT_FALSE(IsIn(app));
  app.Send(" a\r\n");
  EXPECT_TRUE(IsIn(app)) << "Redis has not answered yet";
  keyhole.redis(0).Reply("$1\r\n1\r\n");
  EXPECT_TRUE(IsIn(app));
  app.Send("GET");
  EXPECT_TRUE(IsIn(app)) << "once in is in";
}

TEST(Stranger, WhatIsAnsweredHereIsARequest) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("RESET\r\n");
  EXPECT_EQ(app.Received(), "+RESET\r\n");
  EXPECT_TRUE(IsIn(app));
}

TEST(Stranger, TheHeadOfAnUploadIsNotARequest) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\nxxx");
  EXPECT_FALSE(IsIn(app));
  app.Send(std::string(100'000 - 3, 'x') + "\r\n");
  EXPECT_TRUE(IsIn(app));
}

TEST(Stranger, WithoutThePassword) {
  Config config;
  config.requirepass = "secret";
  Harness keyhole(config);
  Client& app = keyhole.Connect();
  app.Send("GET a\r\nAUTH guess\r\n");
  EXPECT_THAT(app.Received(), testing::StartsWith("-NOAUTH"));
  EXPECT_FALSE(IsIn(app));
  app.Send("AUTH secret\r\n");
  EXPECT_TRUE(IsIn(app));
  app.Send("RESET\r\n");
  EXPECT_FALSE(IsIn(app)) << "it has logged out";
}

TEST(Stranger, WhoWasInBeforeThereWasAPasswordIsIn) {
  Harness keyhole{Config()};
  Client& app = keyhole.Connect();
  Client& other = keyhole.Connect();
  app.Send("CONFIG SET requirepass secret\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n");
  EXPECT_TRUE(IsIn(app));
  other.Send("PING\r\n");
  EXPECT_THAT(other.Received(), testing::StartsWith("-NOAUTH"));
  EXPECT_FALSE(IsIn(other)) << "it had not said a word before";
}

TEST(Stranger, ARequestThatTricklesHasHalfAMinute) {
  Config config;
  config.requirepass = "secret";
  Harness keyhole(config);
  Client& slow = keyhole.Connect();
  Client& silent = keyhole.Connect();
  Client& in = keyhole.Connect();
  in.Send("AUTH secret\r\nGET");
  slow.Send("AU");
  for (int i = 0; i < 29; ++i) {
    keyhole.Advance(1s);
    slow.Send("T");
    EXPECT_FALSE(slow.session().trickles());
  }
  keyhole.Advance(1s);
  EXPECT_TRUE(slow.session().trickles());
  keyhole.Advance(1h);
  EXPECT_FALSE(silent.session().trickles()) << "it has not begun";
  EXPECT_FALSE(in.session().trickles()) << "it has the password";
}

TEST(Stranger, EachRequestHasItsOwnHalfMinute) {
  Config config;
  config.requirepass = "secret";
  Harness keyhole(config);
  Client& app = keyhole.Connect();
  app.Send("PI");
  keyhole.Advance(20s);
  app.Send("NG\r\n");
  app.Send("PI");
  keyhole.Advance(20s);
  EXPECT_FALSE(app.session().trickles());
}

// In front of a Redis that asks clients for a password itself.
class StrangerToRedis : public testing::Test {
 protected:
  StrangerToRedis() {
    keyhole_.HoldGreetings();
    keyhole_.redis(0).Lose();
    keyhole_.redis(1).Reply(std::string(kNoAuth) + kNoAuth);  // to its name and PING
  }
  static constexpr const char* kNoAuth = "-NOAUTH Authentication required.\r\n";
  Harness keyhole_;
};

TEST_F(StrangerToRedis, WhoHasOnlyBeenRefusedIsNotIn) {
  Client& app = keyhole_.Connect();
  app.Send("PING\r\nGET\r\n");
  EXPECT_FALSE(IsIn(app)) << "nobody has answered";
  keyhole_.redis(1).Reply(std::string(kNoAuth) + "-ERR wrong number of arguments\r\n");
  EXPECT_FALSE(IsIn(app));
  app.Send("AUTH guess\r\n");
  keyhole_.last().Reply("-WRONGPASS invalid\r\n");
  EXPECT_THAT(app.Received(), testing::HasSubstr("-WRONGPASS"));
  EXPECT_FALSE(IsIn(app));
}

TEST_F(StrangerToRedis, WhoHasLoggedInIs) {
  Client& app = keyhole_.Connect();
  app.Send("AUTH secret\r\n");
  keyhole_.last().Reply("+OK\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n");
  EXPECT_TRUE(IsIn(app));
}

// What the proxy answers itself proves nothing.
TEST_F(StrangerToRedis, AnAnswerOfTheProxyLetsNobodyIn) {
  Client& app = keyhole_.Connect();
  app.Send("RESET\r\n");
  EXPECT_EQ(app.Received(), "+RESET\r\n");
  EXPECT_FALSE(IsIn(app));
}

TEST_F(StrangerToRedis, ItsRequestMayNotTrickle) {
  Client& app = keyhole_.Connect();
  app.Send("AU");
  keyhole_.Advance(30s);
  EXPECT_TRUE(app.session().trickles());
}

}  // namespace
}  // namespace keyhole::test
