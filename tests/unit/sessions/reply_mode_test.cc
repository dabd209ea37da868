// CLIENT REPLY: fewer replies than requests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/core_harness.h"

namespace keyhole::core {
namespace {

using metrics::LinkKind;
using test::Client;
using test::Harness;
using testing::ElementsAre;

TEST(ReplyMode, OffUntilOn) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT REPLY OFF\r\nSET a 1\r\nGET a\r\nCLIENT REPLY ON\r\nGET b\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(),
              ElementsAre("CLIENT REPLY OFF", "SET a 1", "GET a", "CLIENT REPLY ON", "GET b"));
  keyhole.redis(1).Reply("+OK\r\n$-1\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n$-1\r\n");
  EXPECT_EQ(keyhole.Counted(), "b 0/1");  // nobody knows what GET a found
}

TEST(ReplyMode, SkipHidesOneReply) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT REPLY SKIP\r\nGET a\r\nGET b\r\n");
  keyhole.redis(1).Reply("$-1\r\n");
  EXPECT_EQ(app.Received(), "$-1\r\n");
  EXPECT_EQ(keyhole.Counted(), "b 0/1");
}

TEST(ReplyMode, ClientsWithRepliesArePinnedToTheirLink) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT REPLY ON\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  app.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("CLIENT REPLY ON", "GET a"));
}

TEST(ReplyMode, WhatIsNoModeIsAnError) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT REPLY MAYBE\r\nGET a\r\n");
  keyhole.redis(1).Reply("-ERR syntax error\r\n$-1\r\n");
  EXPECT_EQ(app.Received(), "-ERR syntax error\r\n$-1\r\n");
  EXPECT_EQ(keyhole.Counted(), "a 0/1");
}

TEST(ReplyMode, QuitInSilence) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT REPLY OFF\r\nQUIT\r\n");
  EXPECT_EQ(app.Received(), "");
  EXPECT_TRUE(app.closed());
}

TEST(ReplyMode, SkipHidesEvenResetsReply) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT REPLY SKIP\r\nRESET\r\nQUIT\r\n");
  keyhole.redis(1).Lose();
  EXPECT_EQ(app.Received(), "+OK\r\n");
}

TEST(ReplyMode, ResetEndsIt) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT REPLY OFF\r\nRESET\r\nGET a\r\n");
  keyhole.redis(1).Lose();
  EXPECT_EQ(app.Received(), "+RESET\r\n");
  keyhole.redis(0).Reply("$-1\r\n");
  EXPECT_EQ(app.Received(), "$-1\r\n");
}

// Nobody hears whether they have been carried out, so Redis is to end the connection first.
TEST(ReplyMode, ResetLosesNoWriteWhoseReplyIsHidden) {
  for (const std::string mode : {"OFF", "SKIP"}) {
    Harness keyhole;
    Client& app = keyhole.Connect();
    app.Send("CLIENT REPLY " + mode + "\r\nSET a 1\r\nRESET\r\nGET a\r\n");
    EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("CLIENT REPLY " + mode, "SET a 1"));
    EXPECT_TRUE(keyhole.redis(1).input_ended()) << mode;
    EXPECT_THAT(keyhole.redis(0).Requests(), testing::IsEmpty()) << mode;
    EXPECT_EQ(app.Received(), "") << mode;
    keyhole.redis(1).Lose();
    EXPECT_EQ(app.Received(), "+RESET\r\n") << mode;
    EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a")) << mode;
  }
}

// In a transaction it is queued as any other command. When EXEC runs it, replies stop or begin in
// the middle of EXEC's own: from there on every byte is passed on, and none is understood.
TEST(ReplyMode, InATransactionBytesAreOnlyPassedOn) {
  for (const std::string mode : {"OFF", "SKIP", "ON"}) {
    Harness keyhole;
    Client& app = keyhole.Connect();
    app.Send("MULTI\r\nCLIENT REPLY " + mode + "\r\nGET a\r\nEXEC\r\nQUIT\r\n");
    EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("MULTI")) << mode;
    keyhole.redis(1).Reply("+OK\r\n");
    EXPECT_THAT(keyhole.redis(1).Requests(),
                ElementsAre("CLIENT REPLY " + mode, "GET a", "EXEC", "QUIT"));
    keyhole.redis(1).Reply("+QUEUED\r\n+QUEUED\r\n*2\r\n");
    keyhole.redis(1).Lose();
    EXPECT_EQ(app.Received(), "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n") << mode;
    EXPECT_TRUE(app.closed()) << mode;
    EXPECT_EQ(keyhole.Counted(), "") << mode;
  }
}

// EXEC's header is hidden, what runs after CLIENT REPLY ON is not.
TEST(ReplyMode, SwitchedOnInsideATransaction) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT REPLY OFF\r\nMULTI\r\nCLIENT REPLY ON\r\nPING\r\nEXEC\r\nGET a\r\n");
  keyhole.redis(1).Reply("+OK\r\n+PONG\r\n$-1\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n+PONG\r\n$-1\r\n");
  EXPECT_FALSE(app.closed());
}

// What is pushed comes all the same, and the confirmations of channels are such.
TEST(ReplyMode, MessagesComeAllTheSame) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT REPLY OFF\r\nSUBSCRIBE a\r\n");
  const std::string subscribed = "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n";
  const std::string message = "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n";
  keyhole.redis(1).Reply(subscribed + message);
  EXPECT_EQ(app.Received(), subscribed + message);
  EXPECT_FALSE(app.closed());
}

TEST(ReplyMode, ASilentBlockingCommandHoldsNobodyBack) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT REPLY OFF\r\nBLPOP q 1\r\nCLIENT REPLY ON\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  EXPECT_FALSE(app.session().session().blocked());
}

}  // namespace
}  // namespace keyhole::core
