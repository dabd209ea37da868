// What a link says to a new connection, and that it says nothing else before it is answered.
#include "proxy/links/upstream/upstream_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "tests/support/core_harness.h"

namespace keyhole::core {
namespace {

using test::Client;
using test::Harness;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

Config Upstream(const std::string& user, const std::string& password, int db) {
  Config config = Harness::WithUpstream();
  config.upstream->user = user;
  config.upstream->password = password;
  config.upstream->db = db;
  return config;
}

std::vector<std::string> GreetingWith(const Config& config) {
  Harness keyhole(config);
  return keyhole.redis(0).Greeting();
}

TEST(Greeting, OfTheMainLink) {
  const std::string setname = "client setname keyhole";
  EXPECT_THAT(GreetingWith(Upstream("", "", 0)), ElementsAre(setname, "ping"));
  EXPECT_THAT(GreetingWith(Upstream("", "secret", 0)), ElementsAre("auth secret", setname));
  EXPECT_THAT(GreetingWith(Upstream("default", "secret", 0)), ElementsAre("auth secret", setname));
  EXPECT_THAT(GreetingWith(Upstream("ann", "secret", 0)), ElementsAre("auth ann secret", setname));
  EXPECT_THAT(GreetingWith(Upstream("", "", 3)), ElementsAre("select 3", setname, "ping"));
  EXPECT_THAT(GreetingWith(Upstream("ann", "secret", 3)),
              ElementsAre("auth ann secret", "select 3", setname));
}

TEST(Greeting, BringsANewLinkWhereItsSessionIs) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("HELLO 3 AUTH ann secret SETNAME app\r\nSELECT 2\r\n");
  keyhole.redis(1).Reply("%0\r\n+OK\r\n");
  app.Send("BLPOP q 0\r\n");
  EXPECT_THAT(keyhole.redis(2).Greeting(),
              ElementsAre("hello 3 auth ann secret", "select 2", "client setname app"));
  EXPECT_THAT(keyhole.redis(2).Requests(), ElementsAre("BLPOP q 0"));
}

TEST(Greeting, OfAUserKnownByPasswordInResp3) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("AUTH secret\r\nHELLO 3\r\n");
  keyhole.redis(1).Reply("+OK\r\n%0\r\n");
  app.Send("BLPOP q 0\r\n");
  EXPECT_THAT(keyhole.redis(2).Greeting(), ElementsAre("hello 3 auth default secret"));
}

TEST(Greeting, NothingElseIsWrittenBeforeItIsAnswered) {
  Config config = Upstream("ann", "secret", 3);
  Harness keyhole(config);
  keyhole.HoldGreetings();
  Client& app = keyhole.Connect();
  app.Send("BLPOP q 0\r\nGET a\r\n");
  test::RedisEnd& redis = keyhole.redis(1);
  EXPECT_THAT(redis.Greeting(), ElementsAre("auth ann secret", "select 3"));
  redis.Reply("+OK\r\n+O");
  EXPECT_THAT(redis.Requests(), IsEmpty());
  redis.Reply("K\r\n");
  EXPECT_THAT(redis.Requests(), ElementsAre("BLPOP q 0", "GET a"));
  EXPECT_EQ(app.Received(), "");  // the greeting's replies are nobody's
}

// A long script, CLIENT PAUSE: a client without a proxy would wait for its reply, too.
TEST(Greeting, ASlowAnswerIsWaitedFor) {
  Harness keyhole;
  keyhole.HoldGreetings();
  Client& app = keyhole.Connect();
  app.Send("BLPOP q 0\r\n");
  keyhole.Advance(1min);
  EXPECT_FALSE(app.closed());
  keyhole.redis(1).Reply("+PONG\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("BLPOP q 0"));
}

// While a script runs Redis refuses SELECT, and SCRIPT KILL has nothing to do with databases.
TEST(Greeting, OfSomethingUrgentSaysNothingThatMayBeRefused) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("HELLO 3 AUTH ann secret SETNAME app\r\nSELECT 3\r\n");
  keyhole.redis(1).Reply("%0\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  keyhole.HoldGreetings();
  app.Send("SCRIPT KILL\r\nGET a\r\n");
  EXPECT_THAT(keyhole.redis(2).Greeting(),
              ElementsAre("hello 3 auth ann secret", "client setname app"));
  keyhole.redis(2).Reply("%0\r\n-BUSY a script is running\r\n");
  EXPECT_THAT(keyhole.redis(2).Requests(), ElementsAre("SCRIPT KILL"));
  keyhole.redis(2).Reply("+OK\r\n");
  EXPECT_EQ(app.Received(), "%0\r\n+OK\r\n+OK\r\n");
  // Its database is another, so the session does not stay there.
  EXPECT_THAT(keyhole.redis(1).Requests(), testing::Contains("GET a"));
}

// Redis closes the connections of a user that is deleted. Who comes back as that user is refused,
// and there is nothing to wait for.
TEST(Greeting, WhoIsNoLongerWelcomeIsClosedAtOnce) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("AUTH ann secret\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  keyhole.HoldGreetings();
  keyhole.redis(1).Lose();
  EXPECT_FALSE(app.closed());
  app.Send("GET a\r\n");
  keyhole.last().Reply("-WRONGPASS invalid username-password pair or user is disabled.\r\n");
  EXPECT_TRUE(app.closed());
  EXPECT_TRUE(keyhole.pool().up());
}

TEST(Greeting, RefusedTheConnectionIsNotUsed) {
  for (const std::string replies :
       {"-WRONGPASS no\r\n", "+OK\r\n-ERR DB index is out of range\r\n"}) {
    Harness keyhole(Upstream("ann", "secret", 3));
    keyhole.HoldGreetings();
    keyhole.redis(0).Lose();  // its next greeting is the test's
    keyhole.redis(1).Reply(replies);
    EXPECT_FALSE(keyhole.redis(1).open());
    EXPECT_FALSE(keyhole.pool().up());
    EXPECT_THAT(keyhole.log(), testing::Contains(HasSubstr("upstream refuses")));
  }
}

TEST(Greeting, ARefusalThatGoesOnIsToldEveryMinute) {
  Harness keyhole(Upstream("ann", "secret", 3));
  keyhole.HoldGreetings();
  keyhole.redis(0).Lose();
  const auto told = [&keyhole] {
    return std::count_if(keyhole.log().begin(), keyhole.log().end(), [](const std::string& line) {
      return line == "upstream refuses the connection: WRONGPASS no";
    });
  };
  const auto refuse_for = [&keyhole](std::chrono::seconds time) {
    for (std::chrono::milliseconds passed{0}; passed < time; passed += 500ms) {
      if (keyhole.last().open()) keyhole.last().Reply("-WRONGPASS no\r\n");
      keyhole.Advance(500ms);
    }
  };
  refuse_for(50s);
  EXPECT_EQ(told(), 1);
  refuse_for(20s);
  EXPECT_EQ(told(), 2);
}

TEST(Greeting, TheSameRefusalIsToldOnce) {
  Harness keyhole(Upstream("ann", "secret", 0));
  keyhole.HoldGreetings();
  keyhole.redis(0).Lose();
  for (int i = 0; i < 10; ++i) {
    keyhole.last().Reply("-WRONGPASS no\r\n");
    keyhole.Advance(2s);
  }
  EXPECT_GT(keyhole.connections(), 10u);
  EXPECT_EQ(std::count_if(keyhole.log().begin(), keyhole.log().end(),
                          [](const std::string& line) {
                            return line.find("WRONGPASS") != std::string::npos;
                          }),
            1);
}

TEST(Greeting, ANameThatIsRefusedDoesNotMatter) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT SETNAME app\r\n");
  keyhole.redis(0).Reply("+OK\r\n");
  keyhole.HoldGreetings();
  app.Send("BLPOP q 0\r\n");
  keyhole.redis(1).Reply("-NOPERM no\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("BLPOP q 0"));
}

// MONITOR would show it, and the main link has told what there is to know.
TEST(Greeting, NothingIsSaidWhereNothingIsToBe) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  keyhole.HoldGreetings();
  app.Send("BLPOP q 0\r\n");
  EXPECT_EQ(keyhole.redis(1).wire(), "BLPOP q 0\r\n");
}

TEST(Greeting, WhileTheMainLinkIsDownSomebodyHasToAnswerFirst) {
  Harness keyhole;
  keyhole.HoldGreetings();
  keyhole.redis(0).Lose();  // the second connection is not answered
  Client& app = keyhole.Connect();
  app.Send("BLPOP q 0\r\n");
  EXPECT_THAT(keyhole.last().Greeting(), ElementsAre("ping"));
  EXPECT_THAT(keyhole.last().Requests(), IsEmpty());
  keyhole.last().Reply("+PONG\r\n");
  EXPECT_THAT(keyhole.last().Requests(), ElementsAre("BLPOP q 0"));
}

// bob was in database 3 before he logged in, and may not go there himself.
TEST(Greeting, AUserWhoMayNotSelectIsThereBeforeTheyLogIn) {
  Harness keyhole;
  Client& bob = keyhole.Connect();
  bob.Send("SELECT 3\r\n");
  keyhole.last().Reply("+OK\r\n");
  bob.Send("AUTH bob pw\r\n");
  keyhole.last().Reply("+OK\r\n");
  keyhole.HoldGreetings();
  bob.Send("BLPOP q 0\r\n");
  EXPECT_THAT(keyhole.last().Greeting(), ElementsAre("auth bob pw", "select 3"));
  keyhole.last().Reply("+OK\r\n-NOPERM this user has no permissions to run 'select'\r\n");
  EXPECT_THAT(keyhole.last().Greeting(), ElementsAre("reset", "select 3", "auth bob pw"));
  EXPECT_THAT(keyhole.last().Requests(), IsEmpty());
  keyhole.last().Reply("+RESET\r\n+OK\r\n+OK\r\n");
  EXPECT_THAT(keyhole.last().Requests(), ElementsAre("BLPOP q 0"));
}

TEST(Greeting, WhereThatIsRefusedTooTheClientIsClosed) {
  Harness keyhole;
  Client& bob = keyhole.Connect();
  bob.Send("SELECT 3\r\n");
  keyhole.last().Reply("+OK\r\n");
  bob.Send("AUTH bob pw\r\n");
  keyhole.last().Reply("+OK\r\n");
  keyhole.HoldGreetings();
  bob.Send("BLPOP q 0\r\n");
  keyhole.last().Reply("+OK\r\n-NOPERM no\r\n");
  keyhole.last().Reply("+RESET\r\n-NOAUTH Authentication required.\r\n");
  EXPECT_TRUE(bob.closed());
}

// Redis wants a password, and clients have to give one: PING is refused, but somebody is there.
TEST(Greeting, AnUpstreamThatAsksForAPasswordIsUp) {
  for (const std::string answer :
       {"-NOAUTH Authentication required.\r\n", "-LOADING Redis is loading the dataset\r\n",
        "-BUSY Redis is busy running a script\r\n", "-ERR unknown command 'ping'\r\n"}) {
    Harness keyhole;
    keyhole.HoldGreetings();
    keyhole.redis(0).Lose();
    keyhole.redis(1).Reply(answer + answer);  // to its name and PING
    EXPECT_TRUE(keyhole.pool().up()) << answer;
  }
}

// That is said to every new connection just before it is closed.
TEST(Greeting, AnUpstreamThatTakesNoMoreClientsIsNot) {
  for (const std::string answer : {"-ERR max number of clients reached\r\n",
                                   "-DENIED Redis is running in protected mode\r\n"}) {
    Harness keyhole;
    keyhole.HoldGreetings();
    keyhole.redis(0).Lose();
    keyhole.redis(1).Reply(answer);
    EXPECT_FALSE(keyhole.pool().up()) << answer;
    EXPECT_FALSE(keyhole.redis(1).open()) << answer;
    EXPECT_EQ(keyhole.connections(), 2u) << "it is not to be tried again at once: " << answer;
  }
}

TEST(Greeting, WhatIsPushedMeanwhileIsNoAnswer) {
  Harness keyhole;
  keyhole.HoldGreetings();
  keyhole.redis(0).Lose();
  keyhole.redis(1).Reply(">1\r\n+hello\r\n");
  EXPECT_FALSE(keyhole.pool().up());
  keyhole.redis(1).Reply("+OK\r\n+PONG\r\n");
  EXPECT_TRUE(keyhole.pool().up());
}

TEST(Greeting, WhatIsNoRespEndsTheConnection) {
  Harness keyhole;
  keyhole.HoldGreetings();
  keyhole.redis(0).Lose();
  keyhole.redis(1).Reply("HTTP/1.1 400 Bad Request\r\n");
  EXPECT_FALSE(keyhole.redis(1).open());
}

TEST(Framing, WhatIsNoRespEndsTheConnectionAndItsSessions) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("GET a\r\n");
  keyhole.redis(0).Reply("nonsense\r\n");
  EXPECT_FALSE(keyhole.redis(0).open());
  EXPECT_TRUE(app.closed());
}

}  // namespace
}  // namespace keyhole::core
