// Database, protocol, identity and name: sessions that change them move to a link where they hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/core_harness.h"

namespace keyhole::core {
namespace {

using metrics::LinkKind;
using test::Client;
using test::Harness;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Select, TheFirstInADatabaseMakesItsLink) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("SELECT 3\r\nGET a\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), IsEmpty());
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("SELECT 3", "GET a"));
  keyhole.redis(1).Reply("+OK\r\n$-1\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n$-1\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kShared), 2);
}

TEST(Select, TheNextOneShareIt) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  Client& bob = keyhole.Connect();
  Client& carl = keyhole.Connect();
  ann.Send("SELECT 3\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("SELECT 3", "client setname keyhole"));
  keyhole.redis(1).Reply("+OK\r\n");
  bob.Send("SELECT 3\r\nGET b\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("SELECT 3"));  // GET b must wait
  carl.Send("GET c\r\n");
  ann.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET c"));
  keyhole.redis(1).Reply("+OK\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("GET a", "GET b"));
  keyhole.redis(1).Reply(":1\r\n:2\r\n");
  keyhole.redis(0).Reply(":3\r\n");
  EXPECT_EQ(ann.Received(), "+OK\r\n:1\r\n");
  EXPECT_EQ(bob.Received(), "+OK\r\n:2\r\n");
  EXPECT_EQ(carl.Received(), ":3\r\n");
  EXPECT_EQ(keyhole.connections(), 2u);
}

TEST(Select, MovesOnlyAfterTheEarlierReplies) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("GET a\r\nSELECT 1\r\nGET b\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a"));
  EXPECT_EQ(keyhole.connections(), 1u);
  keyhole.redis(0).Reply("$-1\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("SELECT 1", "GET b"));
}

TEST(Select, RefusedItChangesNothing) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("SELECT 99\r\n");
  keyhole.redis(1).Reply("-ERR DB index is out of range\r\n");
  app.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a"));
  EXPECT_EQ(keyhole.links(LinkKind::kShared), 1);
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 1);
}

TEST(Select, WhatIsNoDatabaseStaysOnTheSharedLink) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("SELECT\r\nSELECT x\r\nSELECT 0\r\nSELECT 1 2\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(),
              ElementsAre("SELECT", "SELECT x", "SELECT 0", "SELECT 1 2"));
  EXPECT_EQ(keyhole.connections(), 1u);
}

TEST(Hello, MovesToALinkThatSpeaksResp3) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  Client& old = keyhole.Connect();
  app.Send("HELLO 3\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("HELLO 3"));
  keyhole.redis(1).Reply("%1\r\n+proto\r\n:3\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("client setname keyhole"));
  keyhole.redis(1).Reply("+OK\r\n");
  app.Send("GET a\r\n");
  old.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("GET a"));
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a"));
  keyhole.redis(1).Reply("_\r\n");
  EXPECT_EQ(app.Received(), "%1\r\n+proto\r\n:3\r\n_\r\n");
  EXPECT_EQ(keyhole.Counted(), "a 0/1");
}

TEST(Hello, AndBackAgain) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("HELLO 3\r\n");
  keyhole.redis(1).Reply("%0\r\n");
  app.Send("HELLO 2\r\nGET a\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("HELLO 2"));
  keyhole.redis(0).Reply("*0\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a"));
}

TEST(Hello, RefusedItChangesNothing) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("HELLO 4\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("HELLO 4"));
  keyhole.redis(0).Reply("-NOPROTO unsupported protocol version\r\n");
  app.Send("HELLO 3 AUTH ann wrong\r\n");
  keyhole.redis(1).Reply("-WRONGPASS no\r\n");
  app.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a"));
}

// Redis goes from word to word, and what it has done it does not take back.
TEST(Hello, RefusedHalfWayKeepsTheNameBefore) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("HELLO 3 SETNAME app AUTH ann wrong\r\n");
  keyhole.redis(1).Reply("-WRONGPASS no\r\n");
  app.Send("HELLO 3 SETNAME \"a b\"\r\n");
  keyhole.redis(1).Reply("-ERR Client names cannot contain spaces\r\n");
  EXPECT_EQ(app.session().session().state().name, "app");
  EXPECT_EQ(app.session().session().state().user, "");
  EXPECT_EQ(app.session().session().state().protocol, resp::Protocol::kResp2);
}

TEST(Auth, IdentitiesNeverShareALink) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  Client& bob = keyhole.Connect();
  Client& nobody = keyhole.Connect();
  ann.Send("AUTH ann secret\r\n");
  bob.Send("AUTH bob secret\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  keyhole.redis(2).Reply("+OK\r\n");
  ann.Send("GET a\r\n");
  bob.Send("GET b\r\n");
  nobody.Send("GET c\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET c"));
  EXPECT_THAT(keyhole.redis(1).Requests(),
              ElementsAre("AUTH ann secret", "client setname keyhole", "GET a"));
  EXPECT_THAT(keyhole.redis(2).Requests(),
              ElementsAre("AUTH bob secret", "client setname keyhole", "GET b"));
}

TEST(Auth, ThePasswordIsAPartOfTheIdentity) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  Client& thief = keyhole.Connect();
  ann.Send("AUTH ann secret\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  keyhole.redis(1).Requests();
  thief.Send("AUTH ann guess\r\nGET a\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), IsEmpty());
  keyhole.redis(2).Reply("-WRONGPASS invalid\r\n-NOAUTH Authentication required.\r\n");
  EXPECT_EQ(thief.Received(), "-WRONGPASS invalid\r\n-NOAUTH Authentication required.\r\n");
  thief.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), IsEmpty());
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a"));
}

// Without a password of its own the user "default" takes any, but only if it is named.
TEST(Auth, TheUserDefaultIsNamedIfTheClientNamedIt) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  Client& bob = keyhole.Connect();
  ann.Send("AUTH default any\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  bob.Send("AUTH secret\r\n");
  keyhole.redis(2).Reply("+OK\r\n");
  ann.Send("BLPOP q 0\r\n");
  bob.Send("BLPOP q 0\r\n");
  EXPECT_THAT(keyhole.redis(3).Greeting(), ElementsAre("auth default any"));
  EXPECT_THAT(keyhole.redis(4).Greeting(), ElementsAre("auth secret"));
}

// Client libraries begin like this, in one write.
TEST(StateChanges, OfOnePipelineAddUp) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("HELLO 3 AUTH ann secret\r\nSELECT 2\r\nCLIENT SETNAME app\r\nGET a\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(),
              ElementsAre("HELLO 3 AUTH ann secret", "SELECT 2", "CLIENT SETNAME app", "GET a"));
  keyhole.redis(1).Reply("%0\r\n+OK\r\n+OK\r\n_\r\n");
  const SessionState& state = app.session().session().state();
  EXPECT_EQ(state.user, "ann");
  EXPECT_EQ(state.password, "secret");
  EXPECT_EQ(state.db, 2);
  EXPECT_EQ(state.protocol, resp::Protocol::kResp3);
  EXPECT_EQ(state.name, "app");
  // The link is Ann's: nobody else may use it, whatever else is the same.
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("client setname keyhole"));
  Client& stranger = keyhole.Connect();
  stranger.Send("HELLO 3\r\nSELECT 2\r\nGET a\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), IsEmpty());
}

TEST(StateChanges, ThatFailAreLeftOut) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("AUTH ann wrong\r\nSELECT 2\r\nSELECT 99\r\n");
  keyhole.redis(1).Reply("-WRONGPASS no\r\n+OK\r\n-ERR DB index is out of range\r\n");
  EXPECT_FALSE(app.session().session().state().has_identity());
  EXPECT_EQ(app.session().session().state().db, 2);
}

// Too big to be read, so nobody knows what it did: the connection is not shared.
TEST(StateChanges, ThatComeInPiecesKeepTheirLinkPrivate) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  const std::string password(70'000, 'p');
  app.Send("*3\r\n$4\r\nAUTH\r\n$3\r\nann\r\n$70000\r\n" + password + "\r\n");
  keyhole.redis(1).Requests();
  keyhole.redis(1).Reply("+OK\r\n");
  app.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("GET a"));
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 1);
}

// What stands before the piece that is refused may have been carried out.
TEST(StateChanges, ThatComeInPiecesAndAreRefusedDoSoToo) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("*2\r\n$6\r\nSELECT\r\n$70000\r\n" + std::string(70'000, '1') + "\r\n");
  keyhole.redis(1).Requests();
  keyhole.redis(1).Reply("-ERR value is not an integer or out of range\r\n");
  app.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("GET a"));
}

TEST(ClientName, IsThereAgainOnEveryLinkThatShowsIt) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT SETNAME app\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(),
              ElementsAre("CLIENT SETNAME app", "client setname keyhole"));
  keyhole.redis(0).Reply("+OK\r\n+OK\r\n");
  app.Send("CLIENT GETNAME\r\n");
  EXPECT_THAT(keyhole.redis(1).Greeting(), ElementsAre("client setname app"));
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("CLIENT GETNAME"));
}

TEST(Reset, MakesAnotherClientOfIt) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("HELLO 3\r\n");
  keyhole.redis(1).Reply("%0\r\n");
  app.Send("CLIENT TRACKING ON\r\n");
  keyhole.last().Reply("+OK\r\n");
  app.Send("GET a\r\nRESET\r\nGET b\r\n");
  EXPECT_EQ(app.Received(), "%0\r\n+OK\r\n");
  const size_t tracking = keyhole.connections() - 1;
  keyhole.redis(tracking).Reply("_\r\n");
  EXPECT_EQ(app.Received(), "_\r\n+RESET\r\n");
  EXPECT_FALSE(keyhole.redis(tracking).open());
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET b"));
  EXPECT_EQ(app.session().session().state().protocol, resp::Protocol::kResp2);
}

}  // namespace
}  // namespace keyhole::core
