// What a client calls itself stays in its session: shared links have the worker's name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/support/core_harness.h"

namespace keyhole::core {
namespace {

using test::Client;
using test::Harness;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(LinkName, SharedLinksAreCalledAsTheWorker) {
  Harness keyhole;
  EXPECT_THAT(keyhole.redis(0).Greeting(), ElementsAre("client setname keyhole", "ping"));
}

// Redis answers, and the link has its own name back before anybody else's request.
TEST(LinkName, ANameIsTakenBackInTheSameBreath) {
  Harness keyhole;
  Client& billing = keyhole.Connect();
  Client& search = keyhole.Connect();
  billing.Send("CLIENT SETNAME billing\r\n");
  search.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(),
              ElementsAre("CLIENT SETNAME billing", "client setname keyhole", "GET a"));
  keyhole.redis(0).Reply("+OK\r\n+OK\r\n$1\r\n1\r\n");
  EXPECT_EQ(billing.Received(), "+OK\r\n");
  EXPECT_EQ(search.Received(), "$1\r\n1\r\n");
  EXPECT_EQ(billing.session().session().state().name, "billing");
  EXPECT_EQ(
      keyhole.counters().replies[metrics::RequestFamily::kOther][metrics::ReplyResult::kOk].Load(),
      1u);
}

TEST(LinkName, ANameThatIsRefusedIsNotKept) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT SETNAME \"a b\"\r\n");
  keyhole.redis(0).Reply("-ERR Client names cannot contain spaces\r\n+OK\r\n");
  EXPECT_EQ(app.Received(), "-ERR Client names cannot contain spaces\r\n");
  EXPECT_EQ(app.session().session().state().name, "");
}

TEST(LinkName, PrivateLinksCarryTheClients) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT SETNAME app\r\nCLIENT SETINFO LIB-NAME jedis\r\nCLIENT SETINFO lib-ver 5.0\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(),
              ElementsAre("CLIENT SETNAME app", "client setname keyhole",
                          "CLIENT SETINFO LIB-NAME jedis", "client setinfo LIB-NAME ",
                          "CLIENT SETINFO lib-ver 5.0", "client setinfo LIB-VER "));
  keyhole.redis(0).Reply("+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n");
  app.Send("CLIENT GETNAME\r\n");
  EXPECT_THAT(keyhole.redis(1).Greeting(),
              ElementsAre("client setname app", "client setinfo LIB-NAME jedis",
                          "client setinfo LIB-VER 5.0"));
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("CLIENT GETNAME"));
}

TEST(LinkName, TheNextClientOfAPrivateLinkIsNotCalledAsTheLast) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT SETNAME app\r\n");
  keyhole.redis(0).Reply("+OK\r\n+OK\r\n");
  app.Send("BLPOP q 1\r\n");
  keyhole.redis(1).Reply("*-1\r\n");
  keyhole.redis(1).Greeting();
  Client& nameless = keyhole.Connect();
  nameless.Send("BLPOP q 1\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(),
              ElementsAre("BLPOP q 1", "client setname ", "BLPOP q 1"));
}

TEST(LinkName, AnIdleLinkForgetsWhoHasLeft) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT SETNAME app\r\n");
  keyhole.redis(0).Reply("+OK\r\n+OK\r\n");
  app.Send("BLPOP q 1\r\n");
  keyhole.redis(1).Reply("*-1\r\n");
  keyhole.redis(1).Requests();
  keyhole.Advance(std::chrono::milliseconds(900));
  EXPECT_THAT(keyhole.redis(1).Requests(), IsEmpty());  // app may be back soon
  keyhole.Advance(std::chrono::milliseconds(200));
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("client setname "));
  Client& other = keyhole.Connect();
  other.Send("BLPOP q 1\r\n");  // the reply to that may still be to come
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("BLPOP q 1"));
  keyhole.redis(1).Reply("+OK\r\n*-1\r\n");
  EXPECT_EQ(other.Received(), "*-1\r\n");
}

// MONITOR shows what is said to Redis, and most clients have no name.
TEST(LinkName, BetweenClientsWithoutNamesNothingIsSaid) {
  Harness keyhole;
  for (int i = 0; i < 2; ++i) {
    Client& app = keyhole.Connect();
    app.Send("BLPOP q 1\r\n");
    EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("BLPOP q 1"));
    keyhole.redis(1).Reply("*-1\r\n");
    keyhole.Advance(std::chrono::seconds(2));
    app.Vanish();
  }
  EXPECT_THAT(keyhole.redis(1).Greeting(), IsEmpty());
  EXPECT_THAT(keyhole.redis(1).Requests(), IsEmpty());
}

// A user who may not name a connection leaves it nameless, and that is nobody's name: it is shared.
TEST(LinkName, AUserWhoMayNotNameItSharesItAllTheSame) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("AUTH bob pw\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("AUTH bob pw", "client setname keyhole"));
  keyhole.redis(1).Reply("-NOPERM this user has no permissions to run 'client|setname'\r\n");
  app.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("GET a"));
}

TEST(LinkName, HelloNamesTheSessionOnly) {
  Harness keyhole;
  Client& first = keyhole.Connect();
  first.Send("HELLO 3 SETNAME first\r\n");
  keyhole.redis(1).Reply("%0\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(),
              ElementsAre("HELLO 3 SETNAME first", "client setname keyhole"));  // it is shared now
  keyhole.redis(1).Reply("+OK\r\n");
  Client& second = keyhole.Connect();
  second.Send("HELLO 3 SETNAME second\r\nGET a\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(),
              ElementsAre("HELLO 3 SETNAME second", "client setname keyhole"));
  keyhole.redis(1).Reply("%0\r\n+OK\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("GET a"));
  EXPECT_EQ(first.session().session().state().name, "first");
  EXPECT_EQ(second.session().session().state().name, "second");
}

TEST(LinkName, ASlowReaderTakesItsNameAlong) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT SETNAME slow\r\n");
  keyhole.redis(0).Reply("+OK\r\n+OK\r\n");
  keyhole.redis(0).Requests();
  app.StopReading();
  app.Send("GET big\r\nCLIENT GETNAME\r\n");
  const std::string half(2 << 20, 'x');
  keyhole.redis(0).Reply("$4194304\r\n" + half);
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET big", "client setname slow"));
  app.ReadOn();
  keyhole.redis(0).Reply(half + "\r\n+OK\r\n");
  EXPECT_EQ(app.Received().size(), 5 + 10 + (4U << 20) + 2);
}

// Who may not name the link cannot take the name of another away from it.
TEST(LinkName, OneThatWasNamedByAnotherIdentityIsNotUsedAgain) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT SETNAME billing\r\n");
  keyhole.redis(0).Reply("+OK\r\n+OK\r\n");
  app.Send("AUTH nc pw\r\n");
  EXPECT_THAT(keyhole.redis(1).Greeting(), ElementsAre("client setname billing"));
  keyhole.redis(1).Reply("+OK\r\n");
  EXPECT_FALSE(keyhole.redis(1).open());
  app.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(2).Requests(), ElementsAre("GET a"));
}

TEST(LinkName, OneThatCannotTakeItsOwnNameIsNotShared) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT SETNAME app\r\n");
  keyhole.redis(0).Reply("+OK\r\n+OK\r\n");
  app.Send("SELECT 3\r\n");
  keyhole.redis(1).Reply("+OK\r\n-NOPERM no\r\n");
  app.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("SELECT 3", "client setname keyhole"));
  EXPECT_THAT(keyhole.redis(2).Requests(), ElementsAre("GET a"));
}

TEST(LinkName, LostBeforeItWasWrittenItIsSaidByTheNextGreeting) {
  Harness keyhole;
  keyhole.HoldConnections();
  keyhole.redis(0).Lose();
  Client& app = keyhole.Connect();
  app.Send("CLIENT SETNAME app\r\n");
  keyhole.last().Lose();
  keyhole.Advance(std::chrono::milliseconds(200));
  keyhole.last().Accept();
  EXPECT_THAT(keyhole.last().Greeting(), ElementsAre("client setname keyhole", "ping"));
  EXPECT_THAT(keyhole.last().Requests(),
              ElementsAre("CLIENT SETNAME app", "client setname keyhole"));
}

}  // namespace
}  // namespace keyhole::core
