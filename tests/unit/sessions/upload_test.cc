// Requests in pieces: big values pass through on a private link.
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

const std::string kBig(100'000, 'v');
const std::string kBigArgument = "$100000\r\n" + kBig + "\r\n";

TEST(Upload, OthersGoOnMeanwhile) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  Client& other = keyhole.Connect();
  const std::string head = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n";
  app.Send(head + kBig.substr(0, 50'000));
  other.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(1).wire(), testing::EndsWith(head + kBig.substr(0, 50'000)));
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a"));
  app.Send(kBig.substr(50'000) + "\r\n");
  EXPECT_THAT(keyhole.redis(1).wire(), testing::EndsWith(head + kBigArgument.substr(9)));
  keyhole.redis(1).Reply("+OK\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 0);
}

TEST(Upload, StandsInAPipeline) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("GET a\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n" + kBigArgument + "GET k\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a"));
  keyhole.redis(0).Reply("$-1\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("SET k " + kBig, "GET k"));
  keyhole.redis(1).Reply("+OK\r\n$1\r\nv\r\n");
  EXPECT_EQ(app.Received(), "$-1\r\n+OK\r\n$1\r\nv\r\n");
  EXPECT_EQ(keyhole.Counted(), "a 0/1, k 1/0");
}

TEST(Upload, SetIsCountedByItsLateArgument) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("*4\r\n$3\r\nSET\r\n$1\r\na\r\n" + kBigArgument + "$3\r\nGET\r\n");
  keyhole.redis(1).Reply("$3\r\nold\r\n");
  app.Send("*4\r\n$3\r\nSET\r\n$1\r\nb\r\n" + kBigArgument + "$3\r\nGET\r\n");
  keyhole.redis(1).Reply("$-1\r\n");
  app.Send("*5\r\n$3\r\nSET\r\n$1\r\nc\r\n" + kBigArgument + "$2\r\nEX\r\n$2\r\n10\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  app.Send("*3\r\n$3\r\nSET\r\n$1\r\nd\r\n" + kBigArgument);
  keyhole.redis(1).Reply("+OK\r\n");
  EXPECT_EQ(keyhole.Counted(), "a 1/0, b 0/1");
}

// The late argument belongs to the hidden request, not to the last one whose reply is awaited.
TEST(Upload, WithAHiddenReplyItIsNotCounted) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT REPLY SKIP\r\nPING\r\nSET a 1\r\nCLIENT REPLY SKIP\r\n");
  app.Send("*4\r\n$3\r\nSET\r\n$1\r\nb\r\n" + kBigArgument + "$3\r\nGET\r\n");
  keyhole.redis(1).Reply("$1\r\n1\r\n");
  EXPECT_EQ(app.Received(), "$1\r\n1\r\n");
  EXPECT_EQ(keyhole.Counted(), "");
}

TEST(Upload, AValueIsNoOption) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("*3\r\n$3\r\nSET\r\n" + kBigArgument + "$3\r\nGET\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  EXPECT_EQ(keyhole.Counted(), "");
  app.Send("*4\r\n$3\r\nSET\r\n" + kBigArgument + "$1\r\nv\r\n$3\r\nGET\r\n");
  keyhole.redis(1).Reply("$-1\r\n");
  EXPECT_EQ(keyhole.Counted(), "__other__ 0/1");
}

TEST(Upload, GetsetIsCountedByItsKey) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("*3\r\n$6\r\nGETSET\r\n$1\r\na\r\n" + kBigArgument);
  keyhole.redis(1).Reply("$-1\r\n");
  EXPECT_EQ(keyhole.Counted(), "a 0/1");
}

TEST(Upload, KeysTooLongToBeKeptAreCountedAsOthers) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("*2\r\n$3\r\nGET\r\n" + kBigArgument);
  keyhole.redis(1).Reply("$-1\r\n");
  EXPECT_EQ(keyhole.Counted(), "__other__ 0/1");
  app.Send("*4\r\n$4\r\nMGET\r\n$1\r\na\r\n" + kBigArgument + "$1\r\nb\r\n");
  keyhole.redis(1).Reply("*3\r\n$1\r\n1\r\n$-1\r\n$1\r\n2\r\n");
  EXPECT_EQ(keyhole.Counted(), "__other__ 1/2, a 1/0");
}

TEST(Upload, AClientThatVanishesInItTakesTheLinkAlong) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n" + kBig.substr(0, 500));
  app.HalfClose();
  EXPECT_TRUE(keyhole.redis(1).input_ended());
  keyhole.redis(1).Lose();  // Redis drops what has not come whole
  EXPECT_TRUE(app.closed());
  EXPECT_EQ(app.Received(), "");
}

TEST(Upload, WhatIsNoRespInItsMiddle) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("*4\r\n$3\r\nSET\r\n$1\r\nk\r\n" + kBigArgument + "x\r\n");
  EXPECT_EQ(app.Received(), "-ERR Protocol error: expected '$', got 'x'\r\n");
  EXPECT_TRUE(app.closed());
  EXPECT_FALSE(keyhole.redis(1).open());
}

TEST(Upload, AnErrorBeforeItsEndIsPassedOn) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n" + kBig.substr(0, 500));
  keyhole.redis(1).Reply("-ERR Protocol error: invalid bulk length\r\n");
  keyhole.redis(1).Lose();
  EXPECT_EQ(app.Received(), "-ERR Protocol error: invalid bulk length\r\n");
  EXPECT_TRUE(app.closed());
}

TEST(Upload, ClientsWaitForASlowUpstream) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("BLPOP q 1\r\n");
  keyhole.redis(1).Reply("*-1\r\n");
  keyhole.redis(1).TakeOnly(0);
  app.Send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$20000000\r\n" + std::string(20'000'000, 'v') + "\r\n");
  EXPECT_GT(app.unsent(), 10'000'000u);
  keyhole.redis(1).TakeAll();
  EXPECT_EQ(app.unsent(), 0u);
}

TEST(Upload, AnUnknownCommandMayBeBigToo) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("*2\r\n" + kBigArgument + "$1\r\na\r\n");  // its very name
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre(kBig + " a"));
  keyhole.redis(1).Reply("-ERR unknown command\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 0);
}

// ---- what the proxy answers itself: its body goes nowhere, least of all into the shared link ----

TEST(UploadAnsweredHere, ItsBodyReachesNobody) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("GET a\r\n");
  keyhole.redis(0).Reply("$-1\r\n");
  app.Received();
  keyhole.redis(0).Requests();
  std::string smuggled;
  while (smuggled.size() < 70'000) smuggled += "GET x\r\n";
  app.Send("*2\r\n$8\r\nSHUTDOWN\r\n$70000\r\n" + smuggled.substr(0, 70'000) + "\r\nGET b\r\n");
  EXPECT_THAT(app.Received(), testing::StartsWith("-ERR SHUTDOWN is refused"));
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET b"));
  keyhole.redis(0).Reply("$-1\r\n");
  EXPECT_EQ(app.Received(), "$-1\r\n");
}

TEST(UploadAnsweredHere, NorThroughAPrivateLink) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("CLIENT TRACKING ON\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  keyhole.redis(1).Requests();
  app.Send("*2\r\n$8\r\nSHUTDOWN\r\n" + kBigArgument + "GET b\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("GET b"));
}

TEST(UploadAnsweredHere, QuitAndPostEndAllTheSame) {
  for (const std::string name : {"$4\r\nQUIT\r\n", "$4\r\nPOST\r\n"}) {
    Harness keyhole;
    Client& app = keyhole.Connect();
    app.Send("*2\r\n" + name + kBigArgument + "GET b\r\n");
    EXPECT_TRUE(app.closed());
    EXPECT_THAT(keyhole.redis(0).Requests(), IsEmpty());
  }
}

// Redis refuses it for the number of its arguments.
TEST(UploadAnsweredHere, ResetWithArgumentsIsForRedisToRefuse) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("*2\r\n$5\r\nRESET\r\n" + kBigArgument);
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("RESET " + kBig));
  keyhole.redis(1).Reply("-ERR wrong number of arguments for 'reset' command\r\n");
  EXPECT_EQ(app.Received(), "-ERR wrong number of arguments for 'reset' command\r\n");
}

}  // namespace
}  // namespace keyhole::core
