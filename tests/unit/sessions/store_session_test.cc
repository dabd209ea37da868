// Sessions of the embedded store: the same door, no upstream.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "resp/reply_writer.h"
#include "tests/support/core_harness.h"

namespace keyhole::core {
namespace {

using test::Client;
using test::Harness;
using testing::StartsWith;
using namespace std::chrono_literals;

// What the store answers to this.
std::string Ask(Client& client, const std::string& requests) {
  client.Send(requests);
  return client.Received();
}

TEST(StoreSession, AnswersAtOnceAndCounts) {
  Harness keyhole{Config()};
  Client& app = keyhole.Connect();
  EXPECT_EQ(Ask(app, "GET a\r\nSET a 1\r\nGET a\r\nMGET a b\r\n"),
            "$-1\r\n+OK\r\n$1\r\n1\r\n*2\r\n$1\r\n1\r\n$-1\r\n");
  EXPECT_EQ(keyhole.Counted(), "a 2/1, b 0/1");
  EXPECT_EQ(keyhole.connections(), 0u);
}

TEST(StoreSession, ClientsShareTheDataButNotTheirState) {
  Harness keyhole{Config()};
  Client& ann = keyhole.Connect();
  Client& bob = keyhole.Connect();
  EXPECT_EQ(Ask(ann, "SELECT 1\r\nSET a ann\r\nHELLO 3\r\n").substr(0, 11), "+OK\r\n+OK\r\n%");
  EXPECT_EQ(Ask(bob, "GET a\r\n"), "$-1\r\n");
  EXPECT_EQ(Ask(bob, "SELECT 1\r\nGET a\r\nGET b\r\n"), "+OK\r\n$3\r\nann\r\n$-1\r\n");
  EXPECT_EQ(Ask(ann, "GET b\r\n"), "_\r\n");
}

// The store lets go of a client whose reply would never end; what there is of it is no reply.
TEST(StoreSession, AReplyThatIsNotFinishedEndsItsClient) {
  Config config;
  config.clients.output_limit = 1'000'000;  // so that it need not be received
  Harness keyhole{config};
  Client& app = keyhole.Connect();
  app.Send("*3\r\n$4\r\nSADD\r\n$1\r\ns\r\n$500000\r\n" + std::string(500'000, 'x') + "\r\n");
  EXPECT_EQ(app.Received(), ":1\r\n");
  app.Send("SRANDMEMBER s -9223372036854775807\r\n");
  EXPECT_TRUE(app.closed());
  EXPECT_EQ(keyhole.Connect().Received(), "");
}

TEST(StoreSession, TransactionsAreCountedAtExec) {
  Harness keyhole{Config()};
  Client& app = keyhole.Connect();
  EXPECT_EQ(Ask(app, "SET a 1\r\nMULTI\r\nGET a\r\nGET b\r\n"),
            "+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n");
  EXPECT_EQ(keyhole.Counted(), "");
  EXPECT_EQ(Ask(app, "EXEC\r\n"), "*2\r\n$1\r\n1\r\n$-1\r\n");
  EXPECT_EQ(keyhole.Counted(), "a 1/0, b 0/1");
}

TEST(StoreSession, RepliesThatAreHiddenShiftNothing) {
  Harness keyhole{Config()};
  Client& app = keyhole.Connect();
  EXPECT_EQ(Ask(app, "CLIENT REPLY SKIP\r\nSET a 1\r\nGET a\r\n"), "$1\r\n1\r\n");
  EXPECT_EQ(keyhole.Counted(), "a 1/0");
  EXPECT_EQ(Ask(app, "CLIENT REPLY OFF\r\nGET x\r\nGET y\r\nCLIENT REPLY ON\r\nGET b\r\n"),
            "+OK\r\n$-1\r\n");
  EXPECT_EQ(keyhole.Counted(), "a 1/0, b 0/1");
  EXPECT_TRUE(app.session().session().idle());
}

TEST(StoreSession, ReplyModeInATransactionIsQueued) {
  Harness keyhole{Config()};
  Client& app = keyhole.Connect();
  EXPECT_EQ(Ask(app, "MULTI\r\nCLIENT REPLY SKIP\r\nGET a\r\nDISCARD\r\nGET b\r\n"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+OK\r\n$-1\r\n");
  EXPECT_EQ(keyhole.Counted(), "b 0/1");
}

// More than are looked ahead at a time, among them what cannot be looked into.
TEST(StoreSession, LongPipelinesAreAnsweredInOrder) {
  Harness keyhole{Config()};
  Client& app = keyhole.Connect();
  std::string requests;
  std::string replies;
  for (int i = 0; i < 100; ++i) {
    const std::string key = i % 10 == 9 ? std::string(300, 'k') : "key:" + std::to_string(i);
    const std::string value = std::to_string(i);
    resp::AppendRequest(std::vector<std::string_view>{"SET", key, value}, &requests);
    requests += i % 7 == 0 ? "PING\r\n" : "*1\r\n$4\r\nPING\r\n";
    resp::AppendRequest(std::vector<std::string_view>{"GET", key}, &requests);
    replies += "+OK\r\n+PONG\r\n$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
  }
  EXPECT_EQ(Ask(app, requests), replies);
}

TEST(StoreSession, BigValuesComeWhole) {
  Harness keyhole{Config()};
  Client& app = keyhole.Connect();
  const std::string big(3'000'000, 'v');
  EXPECT_EQ(Ask(app, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3000000\r\n" + big + "\r\n"), "+OK\r\n");
  EXPECT_EQ(Ask(app, "GET k\r\n"), "$3000000\r\n" + big + "\r\n");
  EXPECT_EQ(keyhole.Counted(), "k 1/0");
}

TEST(StoreSession, HalfClosedItGetsItsReplies) {
  Harness keyhole{Config()};
  Client& app = keyhole.Connect();
  app.StopReading();
  app.Send("SET a 1\r\nGET a\r\n");
  app.HalfClose();
  EXPECT_FALSE(app.closed());
  app.ReadOn();
  EXPECT_EQ(app.Received(), "+OK\r\n$1\r\n1\r\n");
  EXPECT_TRUE(app.closed());
}

TEST(StoreSession, QuitPostAndShutdown) {
  Harness keyhole{Config()};
  Client& polite = keyhole.Connect();
  EXPECT_EQ(Ask(polite, "GET a\r\nQUIT\r\nGET b\r\n"), "$-1\r\n+OK\r\n");
  EXPECT_TRUE(polite.closed());
  Client& browser = keyhole.Connect();
  EXPECT_EQ(Ask(browser, "POST / HTTP/1.1\r\n"), "");
  EXPECT_TRUE(browser.closed());
  Client& bold = keyhole.Connect();
  EXPECT_THAT(Ask(bold, "SHUTDOWN\r\n"), StartsWith("-ERR SHUTDOWN is refused"));
  EXPECT_FALSE(bold.closed());
}

TEST(StoreSession, ResetIsTheStoresOwn) {
  Harness keyhole{Config()};
  Client& app = keyhole.Connect();
  EXPECT_EQ(Ask(app, "SELECT 1\r\nSET a 1\r\nMULTI\r\nRESET\r\nGET a\r\n"),
            "+OK\r\n+OK\r\n+OK\r\n+RESET\r\n$-1\r\n");
  EXPECT_EQ(app.session().session().state().db, 0);
}

TEST(StoreSession, ASlowReaderIsClosed) {
  Config config;
  config.clients.output_limit = 10'000;
  Harness keyhole{config};
  Client& slow = keyhole.Connect();
  Client& other = keyhole.Connect();
  Ask(slow, "SET a " + std::string(6'000, 'x') + "\r\n");
  slow.StopReading();
  slow.Send("GET a\r\n");
  EXPECT_FALSE(slow.closed());
  slow.Send("GET a\r\nGET a\r\n");
  EXPECT_TRUE(slow.closed());
  EXPECT_THAT(Ask(other, "GET a\r\n"), StartsWith("$6000\r\n"));
}

TEST(StoreSession, SomebodyKilledByAnotherIsClosed) {
  Harness keyhole{Config()};
  Client& victim = keyhole.Connect();
  Client& admin = keyhole.Connect();
  EXPECT_EQ(Ask(victim, "GET a\r\n"), "$-1\r\n");
  EXPECT_EQ(Ask(admin, "CLIENT KILL ADDR 10.0.0.1:50000\r\n"), ":1\r\n");
  keyhole.Advance(100ms);
  EXPECT_TRUE(victim.closed());
  EXPECT_FALSE(admin.closed());
}

TEST(StoreSession, SomebodyWhoKillsHimselfIsToldFirst) {
  Harness keyhole{Config()};
  Client& app = keyhole.Connect();
  EXPECT_EQ(Ask(app, "CLIENT KILL ADDR 10.0.0.1:50000 SKIPME no\r\nGET a\r\n"), ":1\r\n");
  EXPECT_TRUE(app.closed());
}

// ---- messages ----

TEST(StorePubsub, MessagesReachTheOthers) {
  Harness keyhole{Config()};
  Client& ann = keyhole.Connect();
  Client& bob = keyhole.Connect();
  EXPECT_EQ(Ask(ann, "SUBSCRIBE news\r\n"), "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
  EXPECT_EQ(Ask(bob, "PUBLISH news hi\r\n"), ":1\r\n");
  EXPECT_EQ(ann.Received(), "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n");
  EXPECT_THAT(Ask(ann, "GET a\r\n"), StartsWith("-ERR Can't execute 'get': only"));
  EXPECT_EQ(Ask(ann, "UNSUBSCRIBE\r\nGET a\r\n"),
            "*3\r\n$11\r\nunsubscribe\r\n$4\r\nnews\r\n:0\r\n$-1\r\n");
  EXPECT_EQ(Ask(bob, "PUBLISH news again\r\n"), ":0\r\n");
  EXPECT_EQ(ann.Received(), "");
  EXPECT_EQ(keyhole.Counted(), "a 0/1");
}

TEST(StorePubsub, WhatWasPublishedBeforeComesBeforeTheReply) {
  Harness keyhole{Config()};
  Client& ann = keyhole.Connect();
  Client& bob = keyhole.Connect();
  Ask(ann, "HELLO 3\r\nSUBSCRIBE a b\r\n");
  EXPECT_EQ(Ask(bob, "PUBLISH a 1\r\nPUBLISH b 2\r\n"), ":1\r\n:1\r\n");
  EXPECT_EQ(Ask(ann, "GET k\r\n"),
            ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n1\r\n"
            ">3\r\n$7\r\nmessage\r\n$1\r\nb\r\n$1\r\n2\r\n_\r\n");
  // To itself: first the message, then that one got it.
  EXPECT_EQ(Ask(ann, "PUBLISH a 3\r\n"), ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n3\r\n:1\r\n");
  EXPECT_EQ(keyhole.Counted(), "k 0/1");
  EXPECT_TRUE(ann.session().session().idle());
}

TEST(StorePubsub, ConfirmationsAreNotHidden) {
  Harness keyhole{Config()};
  Client& ann = keyhole.Connect();
  Client& bob = keyhole.Connect();
  EXPECT_EQ(Ask(ann, "CLIENT REPLY OFF\r\nGET a\r\nSUBSCRIBE x\r\n"),
            "*3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n");
  Ask(bob, "PUBLISH x hi\r\n");
  EXPECT_EQ(ann.Received(), "*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$2\r\nhi\r\n");
}

TEST(StorePubsub, ResetAndLeavingEndSubscriptions) {
  Harness keyhole{Config()};
  Client& ann = keyhole.Connect();
  Client& bob = keyhole.Connect();
  Ask(ann, "PSUBSCRIBE *\r\n");
  EXPECT_TRUE(ann.session().session().blocked());
  EXPECT_EQ(Ask(ann, "RESET\r\nGET a\r\n"), "+RESET\r\n$-1\r\n");
  EXPECT_FALSE(ann.session().session().blocked());
  EXPECT_EQ(Ask(bob, "PUBLISH x 1\r\n"), ":0\r\n");
  Ask(ann, "SSUBSCRIBE x\r\n");
  EXPECT_EQ(Ask(bob, "SPUBLISH x 1\r\n"), ":1\r\n");
  ann.Vanish();
  EXPECT_EQ(Ask(bob, "SPUBLISH x 1\r\n"), ":0\r\n");
}

TEST(StorePubsub, ASlowListenerIsClosed) {
  Config config;
  config.clients.output_limit = 10'000;
  Harness keyhole{config};
  Client& slow = keyhole.Connect();
  Client& loud = keyhole.Connect();
  Ask(slow, "SUBSCRIBE x\r\n");
  slow.StopReading();
  for (int i = 0; i < 3; ++i) Ask(loud, "PUBLISH x " + std::string(6'000, 'x') + "\r\n");
  EXPECT_TRUE(slow.closed());
  EXPECT_EQ(Ask(loud, "PUBLISH x 1\r\n"), ":0\r\n");
}

// ---- with a password ----

Config WithPassword() {
  Config config;
  config.requirepass = "secret";
  return config;
}

TEST(StorePassword, NothingBeforeAuth) {
  Harness keyhole(WithPassword());
  Client& app = keyhole.Connect();
  EXPECT_THAT(Ask(app, "GET a\r\n"), StartsWith("-NOAUTH"));
  EXPECT_EQ(keyhole.Counted(), "");
  EXPECT_THAT(Ask(app, "AUTH guess\r\n"), StartsWith("-WRONGPASS"));
  EXPECT_EQ(Ask(app, "AUTH secret\r\nGET a\r\n"), "+OK\r\n$-1\r\n");
  EXPECT_EQ(keyhole.Counted(), "a 0/1");
}

TEST(StorePassword, StrangersMayNotSendMuch) {
  Harness keyhole(WithPassword());
  Client& many = keyhole.Connect();
  EXPECT_EQ(Ask(many, "*11\r\n"), "-ERR Protocol error: unauthenticated multibulk length\r\n");
  EXPECT_TRUE(many.closed());
  Client& big = keyhole.Connect();
  EXPECT_EQ(Ask(big, "*2\r\n$3\r\nGET\r\n$16385\r\n"),
            "-ERR Protocol error: unauthenticated bulk length\r\n");
  EXPECT_TRUE(big.closed());
}

TEST(StorePassword, FriendsMayEvenInTheSameWrite) {
  Harness keyhole(WithPassword());
  Client& app = keyhole.Connect();
  const std::string value(20'000, 'v');
  const std::string set = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$20000\r\n" + value + "\r\n";
  EXPECT_EQ(Ask(app, "AUTH secret\r\n" + set), "+OK\r\n+OK\r\n");
  EXPECT_EQ(Ask(app, "RESET\r\n"), "+RESET\r\n");  // and is a stranger again
  EXPECT_EQ(Ask(app, set), "-ERR Protocol error: unauthenticated bulk length\r\n");
}

}  // namespace
}  // namespace keyhole::core
