// Sessions of the embedded store whose requests wait: replies come later, and in order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/core_harness.h"

namespace keyhole::core {
namespace {

using test::Client;
using test::Harness;

constexpr std::string_view kTook1 = "*2\r\n$1\r\nk\r\n$1\r\n1\r\n";

std::string Ask(Client& client, const std::string& requests) {
  client.Send(requests);
  return client.Received();
}

class WaitingSession : public testing::Test {
 protected:
  Harness keyhole_{Config()};
  Client& ann_ = keyhole_.Connect();
  Client& bob_ = keyhole_.Connect();
};

TEST_F(WaitingSession, TheReplyComesLater) {
  EXPECT_EQ(Ask(ann_, "BLPOP k 0\r\n"), "");
  EXPECT_TRUE(ann_.session().session().blocked());
  EXPECT_EQ(Ask(bob_, "RPUSH k 1\r\nEXISTS k\r\n"), ":1\r\n:0\r\n");
  EXPECT_EQ(ann_.Received(), kTook1);
  EXPECT_FALSE(ann_.session().session().blocked());
  EXPECT_EQ(Ask(ann_, "PING\r\n"), "+PONG\r\n");
}

TEST_F(WaitingSession, WhatFollowsWaitsToo) {
  EXPECT_EQ(Ask(ann_, "SET a 1\r\nBLPOP k 0\r\nINCR a\r\nGET a\r\n"), "+OK\r\n");
  EXPECT_EQ(Ask(ann_, "GET a\r\n"), "");
  EXPECT_EQ(Ask(bob_, "GET a\r\n"), "$1\r\n1\r\n");
  EXPECT_EQ(Ask(bob_, "RPUSH k 1\r\n"), ":1\r\n");
  EXPECT_EQ(ann_.Received(), std::string(kTook1) + ":2\r\n$1\r\n2\r\n$1\r\n2\r\n");
}

TEST_F(WaitingSession, OneWaitMayFollowAnother) {
  EXPECT_EQ(Ask(ann_, "BLPOP k 0\r\nPING\r\nBLPOP k 0\r\nECHO x\r\n"), "");
  Ask(bob_, "RPUSH k 1\r\n");
  EXPECT_EQ(ann_.Received(), std::string(kTook1) + "+PONG\r\n");
  Ask(bob_, "RPUSH k 1\r\n");
  EXPECT_EQ(ann_.Received(), std::string(kTook1) + "$1\r\nx\r\n");
}

TEST_F(WaitingSession, WhoLeavesTakesNothing) {
  EXPECT_EQ(Ask(ann_, "BLPOP k 0\r\nSET b 1\r\n"), "");
  ann_.Vanish();
  EXPECT_TRUE(ann_.closed());
  EXPECT_EQ(Ask(bob_, "RPUSH k 1\r\nEXISTS k b\r\nINFO clients\r\n").substr(0, 8), ":1\r\n:1\r\n");
}

// As Redis does: the end of its input is the end of its wait.
TEST_F(WaitingSession, WhoSendsNoMoreIsLetGo) {
  EXPECT_EQ(Ask(ann_, "BLPOP k 0\r\n"), "");
  ann_.HalfClose();
  EXPECT_TRUE(ann_.closed());
  EXPECT_EQ(Ask(bob_, "RPUSH k 1\r\nEXISTS k\r\n"), ":1\r\n:1\r\n");
}

TEST_F(WaitingSession, WhoIsKilledRunsNoMore) {
  EXPECT_EQ(Ask(ann_, "CLIENT ID\r\n"), ":1\r\n");
  EXPECT_EQ(Ask(ann_, "BLPOP k 0\r\nSET b 1\r\n"), "");
  EXPECT_EQ(Ask(bob_, "CLIENT KILL ID 1\r\n"), ":1\r\n");
  EXPECT_TRUE(ann_.closed());
  EXPECT_EQ(Ask(bob_, "EXISTS b\r\n"), ":0\r\n");
}

TEST_F(WaitingSession, UnblockLetsItGoOn) {
  EXPECT_EQ(Ask(ann_, "CLIENT ID\r\n"), ":1\r\n");
  EXPECT_EQ(Ask(ann_, "BLPOP k 0\r\nPING\r\n"), "");
  EXPECT_EQ(Ask(bob_, "CLIENT UNBLOCK 1 ERROR\r\n"), ":1\r\n");
  EXPECT_EQ(ann_.Received(), "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n+PONG\r\n");
}

TEST_F(WaitingSession, AMutedWaitIsWaitedForAllTheSame) {
  EXPECT_EQ(Ask(ann_, "CLIENT REPLY OFF\r\nBLPOP k 0\r\nINCR a\r\n"), "");
  EXPECT_EQ(Ask(ann_, "CLIENT REPLY ON\r\nGET a\r\n"), "");
  EXPECT_EQ(Ask(bob_, "EXISTS a\r\n"), ":0\r\n");
  EXPECT_EQ(Ask(bob_, "RPUSH k 1\r\nGET a\r\n"), ":1\r\n$-1\r\n");
  EXPECT_EQ(ann_.Received(), "+OK\r\n$1\r\n1\r\n");
}

TEST_F(WaitingSession, ASkippedWaitIsWaitedForAllTheSame) {
  EXPECT_EQ(Ask(ann_, "CLIENT REPLY SKIP\r\nBLPOP k 0\r\nPING\r\n"), "");
  EXPECT_EQ(Ask(bob_, "RPUSH k 1\r\n"), ":1\r\n");
  EXPECT_EQ(ann_.Received(), "+PONG\r\n");
}

TEST_F(WaitingSession, MessagesComeWhileItWaits) {
  ann_.Send("HELLO 3\r\nSUBSCRIBE news\r\n");
  ann_.Received();
  EXPECT_EQ(Ask(ann_, "BLPOP k 0\r\nPING\r\n"), "");
  Ask(bob_, "PUBLISH news hi\r\n");
  EXPECT_EQ(ann_.Received(), ">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n");
  Ask(bob_, "RPUSH k 1\r\n");
  EXPECT_EQ(ann_.Received(), std::string(kTook1) + "+PONG\r\n");
}

// A client that does not stop is not read for ever.
TEST_F(WaitingSession, WhatIsHeldIsBounded) {
  EXPECT_EQ(Ask(ann_, "BLPOP k 0\r\n"), "");
  const std::string set = "SET a " + std::string(10'000, 'x') + "\r\n";
  std::string many;
  for (int i = 0; i < 100; ++i) many += set;
  EXPECT_EQ(Ask(ann_, many), "");
  EXPECT_GT(ann_.unsent(), many.size() / 2);
  Ask(bob_, "RPUSH k 1\r\n");
  const std::string replies = ann_.Received();
  EXPECT_EQ(replies.size(), kTook1.size() + 100 * std::string_view("+OK\r\n").size());
}

TEST_F(WaitingSession, QuitBehindAWaitEndsTheSession) {
  EXPECT_EQ(Ask(ann_, "BLPOP k 0\r\nQUIT\r\n"), "");
  Ask(bob_, "RPUSH k 1\r\n");
  EXPECT_EQ(ann_.Received(), std::string(kTook1) + "+OK\r\n");
  EXPECT_TRUE(ann_.closed());
}

// Nothing of what is held has a reply then; QUIT waits for it all the same.
TEST_F(WaitingSession, QuitBehindAMutedWaitEndsTheSession) {
  EXPECT_EQ(Ask(ann_, "CLIENT REPLY OFF\r\nBLPOP k 0\r\nSET a 1\r\nQUIT\r\n"), "");
  EXPECT_FALSE(ann_.closed());
  EXPECT_EQ(Ask(bob_, "EXISTS a\r\n"), ":0\r\n");
  Ask(bob_, "RPUSH k 1\r\n");
  EXPECT_EQ(ann_.Received(), "");
  EXPECT_TRUE(ann_.closed());
  EXPECT_EQ(Ask(bob_, "EXISTS k a\r\n"), ":1\r\n");
}

TEST_F(WaitingSession, QuitBehindWhatIsMutedBehindAWaitEndsTheSession) {
  EXPECT_EQ(Ask(ann_, "BLPOP k 0\r\nCLIENT REPLY OFF\r\nSET a 1\r\nQUIT\r\n"), "");
  EXPECT_FALSE(ann_.closed());
  Ask(bob_, "RPUSH k 1\r\n");
  EXPECT_EQ(ann_.Received(), kTook1);
  EXPECT_TRUE(ann_.closed());
  EXPECT_EQ(Ask(bob_, "EXISTS k a\r\n"), ":1\r\n");
}

}  // namespace
}  // namespace keyhole::core
