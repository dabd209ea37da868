// Channels: confirmations, messages in between, and the way back to a shared link.
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

// "*3 subscribe c 1", as an array in RESP2 and as a push in RESP3.
std::string Confirm(char type, const std::string& kind, const std::string& channel, int count) {
  const std::string name = channel.empty()
                               ? (type == '>' ? "_\r\n" : "$-1\r\n")
                               : "$" + std::to_string(channel.size()) + "\r\n" + channel + "\r\n";
  return std::string(1, type) + "3\r\n$" + std::to_string(kind.size()) + "\r\n" + kind + "\r\n" +
         name + ":" + std::to_string(count) + "\r\n";
}

std::string Message(char type, const std::string& text) {
  return std::string(1, type) + "3\r\n$7\r\nmessage\r\n$1\r\na\r\n$" + std::to_string(text.size()) +
         "\r\n" + text + "\r\n";
}

// A client with a connection of its own to Redis, number `number`, in RESP2 or RESP3.
struct Listener {
  explicit Listener(char type) : client(keyhole.Connect()) {
    if (type == '*') return;
    client.Send("HELLO 3\r\n");
    keyhole.redis(1).Reply("%0\r\n");
    number = 2;
    client.Received();
  }
  test::RedisEnd& redis() { return keyhole.redis(number); }

  Harness keyhole;
  Client& client;
  size_t number = 1;
};

class Pubsub : public testing::TestWithParam<char> {};

TEST_P(Pubsub, FromTheFirstChannelToTheLast) {
  const char type = GetParam();
  Listener listener(type);
  Client& client = listener.client;
  client.Send("SUBSCRIBE a b\r\n");
  const std::string both = Confirm(type, "subscribe", "a", 1) + Confirm(type, "subscribe", "b", 2);
  listener.redis().Reply(both);
  EXPECT_EQ(client.Received(), both);
  EXPECT_EQ(listener.keyhole.links(LinkKind::kPrivate), 1);

  listener.redis().Reply(Message(type, "one") + Message(type, "two"));
  EXPECT_EQ(client.Received(), Message(type, "one") + Message(type, "two"));

  client.Send("UNSUBSCRIBE a\r\n");
  const std::string first = Confirm(type, "unsubscribe", "a", 1);
  listener.redis().Reply(Message(type, "late") + first);
  EXPECT_EQ(client.Received(), Message(type, "late") + first);
  EXPECT_EQ(listener.keyhole.links(LinkKind::kPrivate), 1);

  client.Send("UNSUBSCRIBE b\r\n");
  listener.redis().Reply(Confirm(type, "unsubscribe", "b", 0));
  EXPECT_EQ(listener.keyhole.links(LinkKind::kPrivate), 0);
  EXPECT_TRUE(listener.redis().open());
}

TEST_P(Pubsub, UnsubscribeWithoutArgumentsIsConfirmedOncePerChannel) {
  const char type = GetParam();
  Listener listener(type);
  listener.client.Send("SUBSCRIBE a b c\r\nPSUBSCRIBE p*\r\nUNSUBSCRIBE\r\nPUNSUBSCRIBE\r\n");
  listener.redis().Reply(Confirm(type, "subscribe", "a", 1) + Confirm(type, "subscribe", "b", 2) +
                         Confirm(type, "subscribe", "c", 3) + Confirm(type, "psubscribe", "p*", 4));
  listener.redis().Reply(Confirm(type, "unsubscribe", "b", 3) +
                         Confirm(type, "unsubscribe", "a", 2));
  EXPECT_FALSE(listener.client.session().session().idle());
  listener.redis().Reply(Confirm(type, "unsubscribe", "c", 1));
  EXPECT_EQ(listener.keyhole.links(LinkKind::kPrivate), 1);
  listener.redis().Reply(Confirm(type, "punsubscribe", "p*", 0));
  EXPECT_TRUE(listener.client.session().session().idle());
  EXPECT_EQ(listener.keyhole.links(LinkKind::kPrivate), 0);
}

TEST_P(Pubsub, UnsubscribeFromNothingIsConfirmedOnce) {
  const char type = GetParam();
  Listener listener(type);
  const std::string none = Confirm(type, "unsubscribe", "", 0);
  listener.client.Send("UNSUBSCRIBE\r\n");
  listener.redis().Reply(none);
  EXPECT_EQ(listener.client.Received(), none);
  EXPECT_EQ(listener.keyhole.links(LinkKind::kPrivate), 0);
}

TEST_P(Pubsub, ShardChannels) {
  const char type = GetParam();
  Listener listener(type);
  listener.client.Send("SSUBSCRIBE s t\r\nSUBSCRIBE a\r\n");
  listener.redis().Reply(Confirm(type, "ssubscribe", "s", 1) + Confirm(type, "ssubscribe", "t", 2) +
                         Confirm(type, "subscribe", "a", 1));
  EXPECT_TRUE(listener.client.session().session().idle());
  listener.client.Send("UNSUBSCRIBE\r\nSUNSUBSCRIBE\r\n");
  listener.redis().Reply(Confirm(type, "unsubscribe", "a", 0));
  EXPECT_EQ(listener.keyhole.links(LinkKind::kPrivate), 1);
  listener.redis().Reply(Confirm(type, "sunsubscribe", "s", 1) +
                         Confirm(type, "sunsubscribe", "t", 0));
  EXPECT_EQ(listener.keyhole.links(LinkKind::kPrivate), 0);
}

TEST_P(Pubsub, RefusedItLeavesNothing) {
  Listener listener(GetParam());
  listener.client.Send("SUBSCRIBE a b\r\n");
  listener.redis().Reply("-NOPERM no\r\n");
  EXPECT_EQ(listener.client.Received(), "-NOPERM no\r\n");
  EXPECT_EQ(listener.keyhole.links(LinkKind::kPrivate), 0);
}

TEST_P(Pubsub, AListenerThatLeavesTakesItsLinkAlong) {
  const char type = GetParam();
  Listener listener(type);
  listener.client.Send("SUBSCRIBE a\r\n");
  listener.redis().Reply(Confirm(type, "subscribe", "a", 1));
  listener.client.HalfClose();
  EXPECT_TRUE(listener.client.closed());
  EXPECT_FALSE(listener.redis().open());
}

TEST_P(Pubsub, AfterQuitNothingMoreComes) {
  const char type = GetParam();
  Listener listener(type);
  listener.client.Send("SUBSCRIBE a\r\n");
  listener.redis().Reply(Confirm(type, "subscribe", "a", 1));
  listener.client.Received();
  listener.client.StopReading();
  listener.client.Send("QUIT\r\n");
  listener.redis().Reply(Message(type, "late"));
  listener.client.ReadOn();
  EXPECT_EQ(listener.client.Received(), "+OK\r\n");
  EXPECT_TRUE(listener.client.closed());
}

TEST_P(Pubsub, ResetEndsItAll) {
  const char type = GetParam();
  Listener listener(type);
  listener.client.Send("SUBSCRIBE a\r\n");
  listener.redis().Reply(Confirm(type, "subscribe", "a", 1));
  listener.client.Received();
  listener.client.Send("RESET\r\nGET x\r\n");
  // Not before Redis has ended it: whoever publishes then is not to be told of this listener.
  EXPECT_EQ(listener.client.Received(), "");
  EXPECT_TRUE(listener.redis().input_ended());
  listener.redis().Lose();
  EXPECT_EQ(listener.client.Received(), "+RESET\r\n");
  EXPECT_FALSE(listener.redis().open());
  EXPECT_THAT(listener.keyhole.redis(0).Requests(), ElementsAre("GET x"));
}

// Redis lets it, so the connection listens after EXEC and must not be given to anybody else.
TEST_P(Pubsub, SubscribeInATransactionKeepsTheLink) {
  const char type = GetParam();
  Listener listener(type);
  listener.client.Send("MULTI\r\nSUBSCRIBE a\r\n");
  listener.redis().Reply("+OK\r\n+QUEUED\r\n");
  listener.client.Send("EXEC\r\n");
  listener.redis().Reply("*1\r\n" + Confirm(type, "subscribe", "a", 1));
  EXPECT_EQ(listener.keyhole.links(LinkKind::kPrivate), 1);
  listener.client.Vanish();
  EXPECT_TRUE(!listener.redis().open() || listener.redis().input_ended());
  EXPECT_EQ(listener.keyhole.links(LinkKind::kIdle), 0);
}

// In RESP2 a message is a list, and so is what a list's elements make: where EXEC's reply ends is
// anybody's guess.
TEST(PubsubInMulti, BytesAreOnlyPassedOn) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("MULTI\r\nSUBSCRIBE c\r\nLRANGE l 0 -1\r\nEXEC\r\nUNSUBSCRIBE\r\nRESET\r\nQUIT\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("MULTI", "SUBSCRIBE c", "LRANGE l 0 -1"));
  keyhole.redis(1).Reply("+OK\r\n+QUEUED\r\n+QUEUED\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("EXEC", "UNSUBSCRIBE", "RESET", "QUIT"));
  const std::string replies = "*2\r\n" + Confirm('*', "subscribe", "c", 1) +
                              "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n" +
                              Confirm('*', "unsubscribe", "c", 0) + "+RESET\r\n+OK\r\n";
  keyhole.redis(1).Reply(replies);
  keyhole.redis(1).Lose();
  EXPECT_EQ(app.Received(), "+OK\r\n+QUEUED\r\n+QUEUED\r\n" + replies);
  EXPECT_TRUE(app.closed());
}

// In RESP3 messages are pushes, so that each reply is understood.
TEST(PubsubInMulti, InResp3RepliesAreFollowed) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("HELLO 3\r\n");
  keyhole.redis(1).Reply("%0\r\n");
  app.Send("MULTI\r\nSUBSCRIBE c\r\nGET a\r\nEXEC\r\nQUIT\r\n");
  keyhole.last().Reply("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n" + Confirm('>', "subscribe", "c", 1) +
                       "$1\r\n1\r\n");
  EXPECT_EQ(keyhole.Counted(), "a 1/0");
  EXPECT_TRUE(app.closed());  // QUIT
}

// HELLO 2 takes effect in the middle of EXEC.
TEST(PubsubInMulti, AHelloAmongThemEndsThat) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("HELLO 3\r\n");
  keyhole.redis(1).Reply("%0\r\n");
  app.Send("SUBSCRIBE c\r\nMULTI\r\nHELLO 2\r\nLRANGE l 0 -1\r\n");
  keyhole.last().Reply(Confirm('>', "subscribe", "c", 1) + "+OK\r\n+QUEUED\r\n+QUEUED\r\n");
  app.Received();
  app.Send("EXEC\r\nQUIT\r\n");
  const std::string list = "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n";
  keyhole.last().Reply("*2\r\n*0\r\n" + list + "+OK\r\n");
  keyhole.last().Lose();
  EXPECT_EQ(app.Received(), "*2\r\n*0\r\n" + list + "+OK\r\n");
}

TEST_P(Pubsub, ChannelsTooManyToBeReadAtOnce) {
  const char type = GetParam();
  Listener listener(type);
  const std::string name(70'000, 'c');
  listener.client.Send("*4\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n$70000\r\n" + name + "\r\n$1\r\nb\r\n");
  const std::string confirmed = Confirm(type, "subscribe", "a", 1) +
                                Confirm(type, "subscribe", name, 2) +
                                Confirm(type, "subscribe", "b", 3);
  listener.redis().Reply(confirmed);
  EXPECT_EQ(listener.client.Received(), confirmed);
  EXPECT_TRUE(listener.redis().open());
  EXPECT_TRUE(listener.client.session().session().idle());
  EXPECT_EQ(listener.keyhole.links(LinkKind::kPrivate), 1);
  listener.redis().Reply(Message(type, "hi"));
  EXPECT_EQ(listener.client.Received(), Message(type, "hi"));
}

INSTANTIATE_TEST_SUITE_P(Protocols, Pubsub, testing::Values('*', '>'),
                         [](const auto& type) { return type.param == '*' ? "Resp2" : "Resp3"; });

// ---- what only one of the two allows ----

TEST(PubsubInResp2, PingIsAnArrayAndStillAnAnswer) {
  Listener listener('*');
  listener.client.Send("SUBSCRIBE a\r\n");
  listener.redis().Reply(Confirm('*', "subscribe", "a", 1));
  listener.client.Send("PING\r\n");
  listener.redis().Reply(Message('*', "x"));
  EXPECT_FALSE(listener.client.session().session().idle());
  listener.redis().Reply("*2\r\n$4\r\npong\r\n$0\r\n\r\n");
  EXPECT_TRUE(listener.client.session().session().idle());
}

TEST(PubsubInResp3, OtherCommandsMayBeUsedMeanwhile) {
  Listener listener('>');
  listener.client.Send("SUBSCRIBE a\r\n");
  listener.redis().Reply(Confirm('>', "subscribe", "a", 1));
  listener.client.Send("GET k\r\nGET l\r\n");
  listener.redis().Reply("$1\r\nv\r\n" + Message('>', "x") + "_\r\n");
  EXPECT_EQ(listener.client.Received(),
            Confirm('>', "subscribe", "a", 1) + "$1\r\nv\r\n" + Message('>', "x") + "_\r\n");
  EXPECT_EQ(listener.keyhole.Counted(), "k 1/0, l 0/1");
}

// There a message is a push. A list is a list, whatever it begins with.
TEST(PubsubInResp3, AListThatLooksLikeAMessageIsAReply) {
  Listener listener('>');
  listener.client.Send("SUBSCRIBE a\r\n");
  listener.redis().Reply(Confirm('>', "subscribe", "a", 1));
  listener.client.Send("LRANGE l 0 -1\r\nGET k\r\n");
  listener.redis().Reply(Message('*', "x") + "_\r\n");
  EXPECT_TRUE(listener.client.session().session().idle());
  EXPECT_EQ(listener.keyhole.Counted(), "k 0/1");
}

TEST(PubsubInResp3, BackInResp2MessagesAreArrays) {
  Listener listener('>');
  listener.client.Send("SUBSCRIBE a\r\n");
  listener.redis().Reply(Confirm('>', "subscribe", "a", 1));
  listener.client.Send("HELLO 2\r\nPING\r\n");
  listener.redis().Reply("*0\r\n" + Message('*', "x"));
  EXPECT_FALSE(listener.client.session().session().idle());
  listener.redis().Reply("*2\r\n$4\r\npong\r\n$0\r\n\r\n");
  EXPECT_TRUE(listener.client.session().session().idle());
}

// It was put in the middle of the message.
TEST(PubsubPush, AnAnswerOfTheProxyWaitsForTheEndOfAMessage) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("SUBSCRIBE a\r\n");
  keyhole.redis(1).Reply("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
  app.Received();
  keyhole.redis(1).Reply("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$10\r\n01234");
  app.Send("SHUTDOWN\r\n");
  EXPECT_EQ(app.Received(), "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$10\r\n01234");
  keyhole.redis(1).Reply("56789\r\n");
  EXPECT_THAT(app.Received(), testing::StartsWith("56789\r\n-ERR SHUTDOWN"));
}

}  // namespace
}  // namespace keyhole::core
