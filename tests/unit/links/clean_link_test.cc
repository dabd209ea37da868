// A link serves others only while the replies of Redis prove that nothing is left in it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "proxy/links/proven_state.h"
#include "tests/support/core_harness.h"

namespace keyhole::core {
namespace {

using metrics::LinkKind;
using test::Client;
using test::Harness;
using testing::ElementsAre;
using testing::IsEmpty;

// What the next client of the pool is told when it asks for a transaction, and where it runs.
void ExpectNextTransactionIsElsewhere(Harness& keyhole, size_t used) {
  const size_t before = keyhole.connections();
  Client& next = keyhole.Connect();
  next.Send("MULTI\r\nPING\r\nEXEC\r\n");
  ASSERT_EQ(keyhole.connections(), before + 1);
  EXPECT_THAT(keyhole.redis(used).Requests(), IsEmpty());
  EXPECT_THAT(keyhole.last().Requests(), ElementsAre("MULTI", "PING", "EXEC"));
}

// EXEC with an argument ends the transaction in Redis. The WATCH after it holds, and the second
// EXEC, which is refused, does not end it.
TEST(CleanLink, AWatchAfterAnExecThatIsRefusedIsNotPassedOn) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("MULTI\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  app.Send("EXEC x\r\n");
  keyhole.redis(1).Reply(
      "-EXECABORT Transaction discarded because of: wrong number of arguments\r\n");
  app.Send("WATCH c\r\n");
  keyhole.last().Reply("+OK\r\n");
  app.Send("EXEC\r\n");
  keyhole.last().Reply("-ERR EXEC without MULTI\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 0);
  keyhole.last().Requests();
  app.Send("GET c\r\n");  // still watching, so it stays
  EXPECT_THAT(keyhole.last().Requests(), ElementsAre("GET c"));
  keyhole.last().Reply("$-1\r\n");
  const size_t used = keyhole.connections() - 1;
  app.Vanish();
  EXPECT_FALSE(keyhole.redis(used).open());
  ExpectNextTransactionIsElsewhere(keyhole, used);
}

TEST(CleanLink, AUserWhoMayNotDiscardStaysInItsTransaction) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("MULTI\r\nSET t a\r\nDISCARD\r\n");
  keyhole.redis(1).Reply("+OK\r\n+QUEUED\r\n-NOPERM this user has no permissions\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 0);
  keyhole.redis(1).Requests();
  app.Send("GET t\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("GET t"));
  keyhole.redis(1).Reply("+QUEUED\r\n");
  app.Vanish();
  EXPECT_FALSE(keyhole.redis(1).open());
  ExpectNextTransactionIsElsewhere(keyhole, 1);
}

TEST(CleanLink, AUserWhoMayNotUnwatchTakesTheWatchAlong) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("WATCH w\r\nUNWATCH\r\n");
  keyhole.redis(1).Requests();
  keyhole.redis(1).Reply("+OK\r\n-NOPERM this user has no permissions\r\n");
  app.Vanish();
  EXPECT_FALSE(keyhole.redis(1).open());
  ExpectNextTransactionIsElsewhere(keyhole, 1);
}

TEST(CleanLink, AUserWhoMayNotMultiKeepsWatching) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("WATCH w\r\nMULTI\r\nEXEC\r\n");
  keyhole.redis(1).Reply("+OK\r\n-NOPERM no\r\n-ERR EXEC without MULTI\r\n");
  app.Vanish();
  EXPECT_FALSE(keyhole.redis(1).open());
}

// The same words, allowed: the link goes back, and is used again.
TEST(CleanLink, WhatRedisHasConfirmedIsPooled) {
  for (const std::string words : {"MULTI|+OK|EXEC|*0", "MULTI|+OK|DISCARD|+OK",
                                  "WATCH a|+OK|UNWATCH|+OK", "WATCH a|+OK|MULTI|+OK|EXEC|*-1",
                                  "MULTI|+OK|NOSUCH|-ERR unknown command|EXEC|-EXECABORT x"}) {
    Harness keyhole;
    Client& app = keyhole.Connect();
    std::string_view rest = words;
    while (!rest.empty()) {
      const std::string_view request = rest.substr(0, rest.find('|'));
      rest.remove_prefix(request.size() + 1);
      const std::string_view reply = rest.substr(0, rest.find('|'));
      rest.remove_prefix(std::min(reply.size() + 1, rest.size()));
      app.Send(std::string(request) + "\r\n");
      keyhole.redis(1).Reply(std::string(reply) + "\r\n");
    }
    EXPECT_EQ(keyhole.links(LinkKind::kIdle), 1) << words;
    EXPECT_TRUE(keyhole.redis(1).open()) << words;
  }
}

// A script may answer what Redis says inside a transaction. Nobody else may be on such a link.
TEST(CleanLink, ASharedLinkThatSaysQueuedIsRetired) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  Client& other = keyhole.Connect();
  app.Send("EVAL script 0\r\n");
  other.Send("EVAL a 0\r\n");
  keyhole.redis(1).Requests();
  keyhole.redis(1).Reply("+QUEUED\r\n$1\r\n1\r\n");
  EXPECT_EQ(app.Received(), "+QUEUED\r\n");
  EXPECT_EQ(other.Received(), "$1\r\n1\r\n");
  other.Send("EVAL b 0\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), IsEmpty());
  EXPECT_THAT(keyhole.redis(2).Requests(), ElementsAre("EVAL b 0"));
  keyhole.Advance(std::chrono::milliseconds(100));
  EXPECT_FALSE(keyhole.redis(1).open());
}

// Nobody knows who the connection is now: some versions of Redis carry out the first AUTH.
TEST(CleanLink, AHelloThatIsRefusedHalfwayKeepsItsLink) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("HELLO 3 AUTH ann right AUTH bob wrong\r\n");
  keyhole.redis(1).Reply("-WRONGPASS no\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 0);
  app.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), IsEmpty());
  keyhole.redis(1).Reply("$-1\r\n");
  app.Vanish();
  EXPECT_FALSE(keyhole.redis(1).open());
}

TEST(CleanLink, TwoIdentitiesInOneHelloNeverGoToASharedLink) {
  Harness keyhole;
  Client& bob = keyhole.Connect();
  bob.Send("HELLO 3 AUTH bob pw\r\n");
  keyhole.redis(1).Reply("%0\r\n");
  keyhole.redis(1).Requests();
  Client& app = keyhole.Connect();
  app.Send("HELLO 3 AUTH ann pw AUTH bob pw\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), IsEmpty());
  EXPECT_EQ(keyhole.connections(), 3u);
}

// Redis compares words up to the first zero byte.
TEST(CleanLink, AHelloWithAZeroByteInAWordIsReadAsRedisReadsIt) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send(std::string("*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$6\r\nAUTH\0x\r\n$3\r\nann\r\n$2\r\npw\r\n",
                       51));
  EXPECT_THAT(keyhole.redis(0).Requests(), IsEmpty());  // the shared link is not Ann's
  keyhole.redis(1).Reply("%0\r\n");
  EXPECT_EQ(app.session().session().state().user, "ann");
}

TEST(CleanLink, AnOptionOfHelloThatWeDoNotKnowIsNothingForASharedLink) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("HELLO 2 NEWER x\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("HELLO 2 NEWER x"));
  keyhole.redis(1).Reply("*0\r\n");  // a newer Redis knows it
  app.Vanish();
  EXPECT_FALSE(keyhole.redis(1).open());
}

// The name of a user that is too large to be one makes the request come in pieces.
TEST(CleanLink, AHelloInPiecesThatIsRefusedKeepsItsLink) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("*6\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$3\r\nann\r\n$2\r\npw\r\n$70000\r\n" +
           std::string(70000, 'x') + "\r\n");
  keyhole.redis(1).Reply("-ERR Syntax error in HELLO option\r\n");
  app.Vanish();
  EXPECT_FALSE(keyhole.redis(1).open());
}

TEST(CleanLink, AReplconfThatIsRefusedKeepsItsLink) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("REPLCONF rdb-filter-only functions nonsense x\r\n");
  keyhole.redis(1).Reply("-ERR Unrecognized REPLCONF option: nonsense\r\n");
  app.Vanish();
  EXPECT_FALSE(keyhole.redis(1).open());
}

TEST(CleanLink, AScriptThatSaysExecabortProvesNothing) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("WATCH k\r\nEVAL script 0\r\n");
  keyhole.redis(1).Reply("+OK\r\n-EXECABORT said by a script\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 0);
  app.Vanish();
  EXPECT_FALSE(keyhole.redis(1).open());
}

// Found by chance in Redis' table, it would run.
TEST(CleanLink, ANameWithAZeroByteIsNotSentToRedis) {
  for (const std::string_view words :
       {std::string_view("*1\r\n$7\r\nMULTI\0n\r\n", 17),
        std::string_view("*3\r\n$6\r\nCONFIG\r\n$4\r\nGET\0\r\n$1\r\nx\r\n", 33)}) {
    Harness keyhole;
    Client& app = keyhole.Connect();
    app.Send(words);
    EXPECT_EQ(app.Received().substr(0, 13), "-ERR unknown ");
    EXPECT_EQ(keyhole.connections(), 1u);
    EXPECT_THAT(keyhole.redis(0).Requests(), IsEmpty());
  }
}

TEST(CleanLink, AfterAReconnectNothingIsProvenButAFreshConnection) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("WATCH a\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  keyhole.redis(1).Lose();
  EXPECT_TRUE(app.closed());
  Client& next = keyhole.Connect();
  next.Send("MULTI\r\nEXEC\r\n");
  keyhole.last().Reply("+OK\r\n*0\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kIdle), 1);
}

// ---- the machine itself ----

resp::ReplyHead Head(resp::ReplyType type, std::string_view text = {}) {
  resp::ReplyHead head;
  head.type = type;
  head.text = text;
  return head;
}

TEST(ProvenState, EveryReplyFromEveryState) {
  using resp::Effect;
  using Value = ProvenState::Value;
  const resp::ReplyHead ok = Head(resp::ReplyType::kSimpleString, "OK");
  const resp::ReplyHead array = Head(resp::ReplyType::kArray);
  const resp::ReplyHead error = Head(resp::ReplyType::kError, "NOPERM no");
  struct Row {
    Effect effect;
    const resp::ReplyHead* head;
    Value from_clean, from_watching, from_queueing;
  };
  const Row rows[] = {
      {Effect::kWatch, &ok, Value::kWatching, Value::kWatching, Value::kWatching},
      {Effect::kWatch, &error, Value::kClean, Value::kWatching, Value::kQueueing},
      {Effect::kUnwatch, &ok, Value::kClean, Value::kClean, Value::kQueueing},
      {Effect::kUnwatch, &error, Value::kClean, Value::kWatching, Value::kQueueing},
      {Effect::kMulti, &ok, Value::kQueueing, Value::kQueueing, Value::kQueueing},
      {Effect::kMulti, &error, Value::kClean, Value::kWatching, Value::kQueueing},
      {Effect::kExec, &array, Value::kClean, Value::kClean, Value::kClean},
      {Effect::kExec, &error, Value::kClean, Value::kWatching, Value::kQueueing},
      {Effect::kDiscard, &ok, Value::kClean, Value::kClean, Value::kClean},
      {Effect::kDiscard, &error, Value::kClean, Value::kWatching, Value::kQueueing},
      {Effect::kNone, &ok, Value::kClean, Value::kWatching, Value::kQueueing},
  };
  for (const Row& row : rows) {
    ProvenState clean;
    ProvenState watching;
    watching.OnReply(Effect::kWatch, ok);
    ProvenState queueing;
    queueing.OnReply(Effect::kMulti, ok);
    ProvenState unknown;
    unknown.OnHalfDone();
    for (ProvenState* state : {&clean, &watching, &queueing, &unknown}) {
      state->OnReply(row.effect, *row.head);
    }
    const auto where = testing::Message()
                       << "effect " << static_cast<int>(row.effect) << ", reply " << row.head->text;
    EXPECT_EQ(clean.value(), row.from_clean) << where;
    EXPECT_EQ(watching.value(), row.from_watching) << where;
    EXPECT_EQ(queueing.value(), row.from_queueing) << where;
    EXPECT_EQ(unknown.value(), Value::kUnknown) << where;
  }
}

}  // namespace
}  // namespace keyhole::core
