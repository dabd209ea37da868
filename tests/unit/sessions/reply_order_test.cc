// Replies of several links, in the order of their requests.
#include "proxy/sessions/reply_order.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/unit/sessions/two_redises.h"

namespace keyhole::core {
namespace {

using test::TwoRedises;

// ---- the order alone

const Link* const kOne = reinterpret_cast<const Link*>(0x10);  // only compared
const Link* const kOther = reinterpret_cast<const Link*>(0x20);

// What a session does with it.
class Output {
 public:
  void Bytes(ReplySlot slot, std::string_view bytes) {
    if (order.is_front(slot)) {
      sent += bytes;
    } else {
      order.Keep(slot, bytes);
    }
  }
  void Whole(ReplySlot slot, std::string_view bytes) {
    Bytes(slot, bytes);
    if (order.Close(slot)) sent += order.TakeDue();
  }

  ReplyOrder order;
  std::string sent;
};

TEST(ReplyOrder, OneLinkNeedsNoSlots) {
  Output out;
  EXPECT_EQ(out.order.Open(kOne), kStraight);
  EXPECT_EQ(out.order.Open(kOne), kStraight);
  out.Whole(kStraight, "a");
  EXPECT_FALSE(out.order.idle());
  out.Whole(kStraight, "b");
  EXPECT_TRUE(out.order.idle());
  EXPECT_EQ(out.sent, "ab");
  EXPECT_EQ(out.order.Open(kOther), kStraight) << "nothing is in flight on the first any more";
}

TEST(ReplyOrder, WhatIsBehindASlotTakesOneItself) {
  Output out;
  const ReplySlot first = out.order.Open(kOne);
  const ReplySlot second = out.order.Open(kOther);
  const ReplySlot third = out.order.Open(kOne);
  EXPECT_EQ(first, kStraight);
  EXPECT_NE(second, kStraight);
  EXPECT_NE(third, kStraight);
  out.Whole(first, "1");
  out.Whole(third, "3");
  EXPECT_EQ(out.sent, "1");
  EXPECT_EQ(out.order.kept(), 1U);
  out.Bytes(second, "2a");
  EXPECT_EQ(out.sent, "12a") << "the front one is not kept";
  out.Whole(second, "2b");
  EXPECT_EQ(out.sent, "12a2b3");
  EXPECT_TRUE(out.order.idle());
  EXPECT_EQ(out.order.Open(kOne), kStraight);
}

TEST(ReplyOrder, AnAnswerWaitsForItsTurnAndFollowersShareItsSlot) {
  Output out;
  const ReplySlot first = out.order.Open(kOne);
  out.order.Answer("2");
  out.order.Answer("3");
  const ReplySlot fourth = out.order.Open(kOne);
  out.order.Answer("5");
  out.Whole(first, "1");
  EXPECT_EQ(out.sent, "123");
  out.Whole(fourth, "4");
  EXPECT_EQ(out.sent, "12345");
  EXPECT_TRUE(out.order.idle());
  EXPECT_EQ(out.order.kept(), 0U);
}

TEST(ReplyOrder, EveryOrderOfArrivalGivesTheOrderOfRequests) {
  std::minstd_rand random(16);
  for (int round = 0; round < 2000; ++round) {
    Output out;
    std::string wanted;
    struct Awaited {
      ReplySlot slot;
      std::string rest;
    };
    std::vector<Awaited> links[2];  // each answers in its own order
    const size_t count = 1 + random() % 9;
    size_t sent = 0;
    while (sent < count || !links[0].empty() || !links[1].empty()) {
      const size_t which = random() % 3;
      if (sent < count && random() % 2 == 0) {
        const std::string reply = "<" + std::to_string(sent++) + ">";
        wanted += reply;
        if (which < 2) {
          links[which].push_back({out.order.Open(which == 0 ? kOne : kOther), reply});
        } else if (out.order.idle()) {
          out.sent += reply;
        } else {
          out.order.Answer(reply);
        }
      } else if (which < 2 && !links[which].empty()) {
        Awaited& front = links[which].front();
        const size_t size = std::min<size_t>(front.rest.size(), random() % 3);
        out.Bytes(front.slot, front.rest.substr(0, size));
        front.rest.erase(0, size);
        if (!front.rest.empty()) continue;
        out.Whole(front.slot, "");
        links[which].erase(links[which].begin());
      }
    }
    ASSERT_EQ(out.sent, wanted) << "round " << round;
    ASSERT_TRUE(out.order.idle());
    ASSERT_EQ(out.order.kept(), 0U);
  }
}

// ---- a client in front of two Redises: keys that begin with 'a' are in the first

TEST(TwoRedisesTest, APipelineRunsOnBothAtOnce) {
  TwoRedises both;
  both.Send("GET a1\r\nGET b1\r\nGET a2\r\n");
  EXPECT_EQ(both.link(0).requests(), "GET a1|GET a2|");
  EXPECT_EQ(both.link(1).requests(), "GET b1|");
}

TEST(TwoRedisesTest, EveryOrderOfArrival) {
  for (const std::vector<size_t>& order : std::vector<std::vector<size_t>>{
           {0, 0, 1, 1}, {0, 1, 0, 1}, {0, 1, 1, 0}, {1, 0, 0, 1}, {1, 0, 1, 0}, {1, 1, 0, 0}}) {
    TwoRedises both;
    both.Send("GET a1\r\nGET b1\r\nGET b2\r\nGET a2\r\n");
    const char* replies[2][2] = {{"$2\r\na1\r\n", "$2\r\na2\r\n"}, {"$-1\r\n", "$2\r\nb2\r\n"}};
    size_t next[2] = {0, 0};
    for (const size_t which : order) both.link(which).Reply(replies[which][next[which]++]);
    EXPECT_EQ(both.Received(), "$2\r\na1\r\n$-1\r\n$2\r\nb2\r\n$2\r\na2\r\n");
    EXPECT_EQ(both.Counted("a1"), "a1 1/0");
    EXPECT_EQ(both.Counted("b1"), "b1 0/1");
  }
}

TEST(TwoRedisesTest, ByteByByteFromBothInTurns) {
  TwoRedises both;
  both.Send("GET a1\r\nGET b1\r\nGET a2\r\n");
  const std::string one = "$3\r\nfoo\r\n-ERR of the first\r\n";
  const std::string whole = "$3\r\nfoo\r\n$22\r\nlonger than the others\r\n-ERR of the first\r\n";
  const std::string second = "$22\r\nlonger than the others\r\n";
  for (size_t i = 0; i < std::max(one.size(), second.size()); ++i) {
    if (i < second.size()) both.link(1).Reply(second.substr(i, 1));
    if (i < one.size()) both.link(0).Reply(one.substr(i, 1));
  }
  EXPECT_EQ(both.Received(), whole);
}

TEST(TwoRedisesTest, TheFrontOneStreams) {
  TwoRedises both;
  both.Send("GET a1\r\nGET b1\r\n");
  both.link(1).Reply("$1\r\nb\r\n");
  both.link(0).Reply("$10\r\n01234");
  EXPECT_EQ(both.Received(), "$10\r\n01234");
  both.link(0).Reply("56789\r\n");
  EXPECT_EQ(both.Received(), "56789\r\n$1\r\nb\r\n");
}

TEST(TwoRedisesTest, AnErrorKeepsItsPlace) {
  TwoRedises both;
  both.Send("GET a1\r\nGET b1\r\nGET a2\r\n");
  both.link(1).Reply("-WRONGTYPE of b1\r\n");
  both.link(0).Reply("$1\r\n1\r\n$1\r\n2\r\n");
  EXPECT_EQ(both.Received(), "$1\r\n1\r\n-WRONGTYPE of b1\r\n$1\r\n2\r\n");
}

TEST(TwoRedisesTest, ALostLinkInTheMiddleEndsTheClientAfterWhatWasInOrder) {
  TwoRedises both;
  both.Send("GET a1\r\nGET b1\r\nGET a2\r\n");
  both.link(0).Reply("$1\r\n1\r\n$1\r\n2\r\n");
  both.link(1).Lose();
  EXPECT_TRUE(both.closed());
  EXPECT_EQ(both.Received(), "$1\r\n1\r\n") << "a2 has no place without b1";
}

TEST(TwoRedisesTest, RepliesThatWaitAreBoundedAsOutputIs) {
  TwoRedises both(/*output_limit=*/100);
  both.Send("GET a1\r\nGET b1\r\n");
  both.link(1).Reply("$80\r\n" + std::string(80, 'b') + "\r\n");
  EXPECT_FALSE(both.closed());
  both.Send("GET b2\r\n");
  both.link(1).Reply("$80\r\n" + std::string(80, 'b') + "\r\n");
  EXPECT_TRUE(both.closed());
}

TEST(TwoRedisesTest, AClientThatLeavesLeavesNothingBehind) {
  TwoRedises both;
  both.Send("GET a1\r\nGET b1\r\nGET a2\r\n");
  both.Leave();
  both.link(1).Reply("$1\r\nb\r\n");
  both.link(0).Reply("$1\r\n1\r\n$1\r\n2\r\n");
  EXPECT_EQ(both.link(0).pending() + both.link(1).pending(), 0U);
  EXPECT_EQ(both.Counted("a2"), "a2 1/0") << "it was looked up all the same";
}

TEST(TwoRedisesTest, ARefusalTakesItsPlaceAndThePipelineGoesOn) {
  TwoRedises both;
  both.Send("GET a1\r\nSHUTDOWN\r\nGET b1\r\n");
  EXPECT_EQ(both.link(1).requests(), "GET b1|") << "it does not wait for the refused one";
  both.link(1).Reply("$1\r\nb\r\n");
  EXPECT_EQ(both.Received(), "");
  both.link(0).Reply("$1\r\na\r\n");
  EXPECT_EQ(both.Received(),
            "$1\r\na\r\n-ERR SHUTDOWN is refused by the proxy; start keyhole with "
            "--allow-shutdown to pass it on\r\n$1\r\nb\r\n");
}

TEST(TwoRedisesTest, QuitComesAfterAllReplies) {
  TwoRedises both;
  both.Send("GET b1\r\nGET a1\r\nQUIT\r\nGET a2\r\n");
  EXPECT_EQ(both.link(0).requests(), "GET a1|");
  both.link(0).Reply("$1\r\na\r\n");
  EXPECT_EQ(both.Received(), "");
  both.link(1).Reply("$1\r\nb\r\n");
  EXPECT_EQ(both.Received(), "$1\r\nb\r\n$1\r\na\r\n+OK\r\n");
  EXPECT_TRUE(both.finished());
  EXPECT_EQ(both.link(0).requests(), "") << "what follows QUIT is not carried out";
}

}  // namespace
}  // namespace keyhole::core
