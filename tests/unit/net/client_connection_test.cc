// How bytes of RESP clients are moved: fairly, to their end, and whatever the stream does.
#include "proxy/net/client_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/net/net_story.h"

namespace keyhole::test {
namespace {

using metrics::CloseReason;
using testing::EndsWith;
using testing::StartsWith;

class ClientConnectionTest : public testing::Test {
 protected:
  std::string Bulk(size_t size) {
    return "$" + std::to_string(size) + "\r\n" + std::string(size, 'x') + "\r\n";
  }
  uint64_t Closed(CloseReason reason) {
    return story_.metrics().counters.clients_closed[reason].Load();
  }

  Wire wire_;
  Wire other_;
  NetStory story_;
};

TEST_F(ClientConnectionTest, OneReadAndOneWritePerTurn) {
  story_.Connect(wire_);
  wire_.Send("PING\r\n");
  story_.Settle();
  EXPECT_EQ(wire_.Received(), "+PONG\r\n");
  EXPECT_EQ(wire_.reads(), 1);
  EXPECT_EQ(wire_.writes(), 1);
  wire_.Send("PING\r\nECHO a\r\nPING\r\n");
  story_.Settle();
  EXPECT_EQ(wire_.Received(), "+PONG\r\n$1\r\na\r\n+PONG\r\n");
  EXPECT_EQ(wire_.reads(), 2);
  EXPECT_EQ(wire_.writes(), 2) << "the replies of a turn go together";
}

TEST_F(ClientConnectionTest, ARequestMayComeByteByByte) {
  story_.Connect(wire_);
  for (const char byte : std::string("*2\r\n$4\r\nECHO\r\n$2\r\nab\r\n")) {
    wire_.Send({&byte, 1});
    story_.Settle();
  }
  EXPECT_EQ(wire_.Received(), "$2\r\nab\r\n");
}

TEST_F(ClientConnectionTest, WhoSendsMuchLetsOthersHaveTheirTurn) {
  story_.Connect(wire_);
  story_.Connect(other_);
  std::string pings;
  while (pings.size() < 1'000'000) pings += "PING\r\n";
  wire_.Send(pings);
  other_.Send("PING\r\n");
  story_.loop().context().poll_one();  // one turn
  EXPECT_EQ(wire_.reads(), net::kPeerReadsPerTurn);
  EXPECT_GT(wire_.unread(), 0U);
  EXPECT_EQ(other_.Received(), "+PONG\r\n");
  story_.Settle();
  EXPECT_EQ(wire_.unread(), 0U);
  EXPECT_EQ(wire_.Received().size(), pings.size() / 6 * 7);
}

TEST_F(ClientConnectionTest, WhoIsSentMuchLetsOthersHaveTheirTurn) {
  story_.Connect(wire_);
  story_.Connect(other_);
  const size_t size = 3 * net::kPeerWritePerTurn;
  wire_.Send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n" + Bulk(size));
  story_.Settle();
  EXPECT_EQ(wire_.Received(), "+OK\r\n");
  wire_.Send("GET k\r\n");
  other_.Send("PING\r\n");
  story_.loop().context().poll_one();
  EXPECT_EQ(wire_.Received().size(), net::kPeerWritePerTurn);
  EXPECT_EQ(other_.Received(), "+PONG\r\n");
  story_.Settle();
  EXPECT_EQ(wire_.Received().size(), Bulk(size).size() - net::kPeerWritePerTurn);
}

TEST_F(ClientConnectionTest, HalfAWriteGoesOnWhenTheStreamTakesMore) {
  story_.Connect(wire_);
  wire_.TakeOnly(3);
  wire_.Send("PING\r\n");
  story_.Settle();
  EXPECT_EQ(wire_.Received(), "+PO");
  EXPECT_EQ(wire_.writes(), 1) << "it is not asked again before it says so";
  wire_.Send("PING\r\n");
  story_.Settle();
  EXPECT_EQ(wire_.writes(), 1);
  wire_.Take(1);
  story_.Settle();
  EXPECT_EQ(wire_.Received(), "N");
  wire_.Take(100);
  story_.Settle();
  EXPECT_EQ(wire_.Received(), "G\r\n+PONG\r\n");
}

TEST_F(ClientConnectionTest, TheEndAfterBytes) {
  story_.Connect(wire_);
  wire_.Send("PING\r\n");
  wire_.End();
  story_.Settle();
  EXPECT_EQ(wire_.Received(), "+PONG\r\n");
  EXPECT_TRUE(wire_.closed());
  EXPECT_TRUE(story_.clients.empty());
  EXPECT_EQ(Closed(CloseReason::kByClient), 1U);
}

TEST_F(ClientConnectionTest, TheEndWithoutBytes) {
  story_.Connect(wire_);
  wire_.End();
  story_.Settle();
  EXPECT_TRUE(wire_.closed());
  EXPECT_EQ(wire_.Received(), "");
}

// What it was sent before it closed its side is answered, however slowly it reads.
TEST_F(ClientConnectionTest, WhoHasEndedIsStillSentItsReplies) {
  story_.Connect(wire_);
  wire_.TakeOnly(0);
  wire_.Send("ECHO abc\r\n");
  wire_.End();
  story_.Settle();
  EXPECT_FALSE(wire_.closed());
  wire_.Take(5);
  story_.Settle();
  EXPECT_FALSE(wire_.closed());
  wire_.Take(100);
  story_.Settle();
  EXPECT_EQ(wire_.Received(), "$3\r\nabc\r\n");
  EXPECT_TRUE(wire_.closed());
}

TEST_F(ClientConnectionTest, AnEndThatNobodyAnnouncedIsFoundInSilence) {
  story_.Connect(wire_);
  wire_.Send("PING\r\n");
  wire_.EndUnnoticed();
  story_.Settle();
  EXPECT_EQ(wire_.Received(), "+PONG\r\n");
  story_.loop().Tick();
  story_.Settle();
  EXPECT_FALSE(wire_.closed()) << "something may have come since";
  story_.loop().Tick();
  story_.Settle();
  EXPECT_TRUE(wire_.closed());
}

TEST_F(ClientConnectionTest, SilenceIsLookedForOnce) {
  story_.Connect(wire_);
  wire_.Send("PING\r\n");
  story_.Settle();
  for (int i = 0; i < 10; ++i) {
    story_.loop().Tick();
    story_.Settle();
  }
  EXPECT_EQ(wire_.reads(), 2);
  EXPECT_FALSE(wire_.closed());
  wire_.Send("PING\r\n");
  story_.Settle();
  for (int i = 0; i < 10; ++i) {
    story_.loop().Tick();
    story_.Settle();
  }
  EXPECT_EQ(wire_.reads(), 4) << "and again after more bytes";
}

// As with Redis: what a client sent before it was reset is carried out.
TEST_F(ClientConnectionTest, WhatWasSentBeforeAResetIsStillRead) {
  story_.Connect(wire_);
  wire_.TakeOnly(1);
  wire_.Send("PING\r\n");
  story_.Settle();
  wire_.SendUnnoticed("SET k v\r\n");
  wire_.BreakUnnoticed();
  wire_.Take(100);  // the write that goes on finds it broken
  story_.Settle();
  EXPECT_TRUE(wire_.closed());
  EXPECT_EQ(Closed(CloseReason::kNetworkError), 1U);
  story_.Connect(other_);
  other_.Send("GET k\r\n");
  story_.Settle();
  EXPECT_EQ(other_.Received(), "$1\r\nv\r\n");
}

TEST_F(ClientConnectionTest, AProtocolErrorIsAnsweredAndEndsIt) {
  story_.Connect(wire_);
  wire_.Send("PING\r\n*x\r\nPING\r\n");
  story_.Settle();
  EXPECT_THAT(wire_.Received(), testing::AllOf(StartsWith("+PONG\r\n-ERR"), EndsWith("\r\n")));
  EXPECT_TRUE(wire_.closed());
}

TEST_F(ClientConnectionTest, OneThatIsClosedInATurnIsNotTouchedAgain) {
  story_.Connect(wire_);
  net::ClientConnection& connection = story_.Connect(other_);
  int gone = 0;
  story_.clients.on_removed = [&gone] { ++gone; };
  other_.Send("PING\r\n");
  connection.Close(CloseReason::kServerStop);
  story_.Settle();
  EXPECT_EQ(other_.reads(), 0);
  EXPECT_EQ(gone, 1);
  EXPECT_EQ(story_.clients.size(), 1U);
  story_.clients.on_removed = nullptr;
}

}  // namespace
}  // namespace keyhole::test
