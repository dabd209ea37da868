// What a session may still be told by the near cache once it, or somebody else, knows better.
// Numbers are rows of the list of traps of CLIENT TRACKING in ARCHITECTURE.md.
#include "tests/unit/near_cache/near_story.h"

namespace keyhole::test {
namespace {

using metrics::NearDrop;
using metrics::NearFill;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

constexpr char kOne[] = "$1\r\n1\r\n";
constexpr char kTwo[] = "$1\r\n2\r\n";

class NearConsistent : public NearStory {};

TEST_F(NearConsistent, AnInvalidationEndsTheEntry) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  near().Reply(Changed("a"));
  ExpectForwarded(app, "a", kTwo);
  EXPECT_EQ(counted().drops[NearDrop::kPush].Load(), 1u);
}

// Row 2, 3: reply and invalidation come on one stream, in order.
TEST_F(NearConsistent, AChangeBetweenAFillsValueAndItsTtlIsSeen) {
  Arm();
  Client& app = keyhole_.Connect();
  ExpectForwarded(app, "a", kOne);
  near().Reply(std::string("+OK\r\n") + kOne + Changed("a") + ":-1\r\n");
  ExpectForwarded(app, "a", kTwo);
  EXPECT_EQ(counted().fills[NearFill::kChanged].Load(), 1u);
}

TEST_F(NearConsistent, AChangeBeforeAFillsValueDoesNotSpoilIt) {
  Arm();
  Client& app = keyhole_.Connect();
  ExpectForwarded(app, "a", kTwo);
  near().Reply("+OK\r\n" + Changed("a") + kTwo + ":-1\r\n");
  EXPECT_EQ(counted().fills[NearFill::kStored].Load(), 1u);
  Client& other = keyhole_.Connect();
  ExpectServed(other, "a", kTwo);
}

TEST_F(NearConsistent, AStreamCutAnywhereMeansTheSame) {
  Arm();
  Client& app = keyhole_.Connect();
  ExpectForwarded(app, "a", kOne);
  for (const char byte : std::string("+OK\r\n") + kOne + ":-1\r\n") near().Reply({&byte, 1});
  Client& other = keyhole_.Connect();
  ExpectServed(other, "a", kOne);
  for (const char byte : Changed("a")) near().Reply({&byte, 1});
  ExpectForwarded(other, "a", kTwo);
}

// Row 6: null in all its forms.
TEST_F(NearConsistent, NullMeansThatEverythingHasChanged) {
  for (const std::string null : {"_\r\n", "$-1\r\n", "*-1\r\n"}) {
    Harness fresh(NearConfig());
    fresh.Advance(milliseconds(100));
    fresh.redis(1).Reply(Hello("7.0.15") + "+OK\r\n+OK\r\n+OK\r\n");
    Client& app = fresh.Connect();
    app.Send("GET a\r\n");
    fresh.redis(0).Reply(kOne);
    fresh.redis(1).Reply(std::string("+OK\r\n") + kOne + ":-1\r\n");
    fresh.redis(1).Reply(">2\r\n$10\r\ninvalidate\r\n" + null);
    fresh.redis(0).Requests();
    app.Send("GET a\r\n");
    EXPECT_THAT(fresh.redis(0).Requests(), ElementsAre("GET a")) << null;
  }
}

TEST_F(NearConsistent, APushThatIsNoInvalidationMeansNothing) {
  Arm();
  Keep("a", kOne);
  near().Reply(">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n");
  ExpectServed(keyhole_.Connect(), "a", kOne);
}

// Row 7: Redis does not tell of it.
TEST_F(NearConsistent, SwapdbThroughTheProxyEndsAllEntries) {
  Arm();
  Keep("a", kOne);
  Client& other = keyhole_.Connect();
  Client& app = keyhole_.Connect();
  app.Send("SWAPDB 0 1\r\n");
  ExpectForwardedBehind(other, "a", "+OK\r\n", kTwo);
}

// Row 8: what has expired is not deleted, and so not told of, before somebody looks.
TEST_F(NearConsistent, AnEntryEndsWithItsKeysTimeToLive) {
  Arm();
  Keep("a", kOne, 1000);
  Client& app = keyhole_.Connect();
  keyhole_.worker().now += milliseconds(998);
  Heartbeat();
  keyhole_.worker().now -= milliseconds(100);
  ExpectServed(app, "a", kOne);
  keyhole_.worker().now += milliseconds(1);
  ExpectForwarded(app, "a", "$-1\r\n");
}

TEST_F(NearConsistent, WhatExpiresWhileItIsFetchedIsNotKept) {
  Arm();
  Client& app = keyhole_.Connect();
  ExpectForwarded(app, "a", kOne);
  near().Reply(std::string("+OK\r\n") + kOne + ":-2\r\n");
  EXPECT_EQ(counted().fills[NearFill::kRejected].Load(), 1u);
}

// Row 30.
TEST_F(NearConsistent, WhatIsFetchedWithoutTrackingIsNotKept) {
  Arm();
  Client& app = keyhole_.Connect();
  ExpectForwarded(app, "a", kOne);
  near().Reply(std::string("-ERR CLIENT CACHING can be called only when\r\n") + kOne + ":-1\r\n");
  EXPECT_EQ(counted().fills[NearFill::kRejected].Load(), 1u);
}

// Row 14.
TEST_F(NearConsistent, AClientReadsItsOwnWrites) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  app.Send("SET a 2\r\n");
  redis().Requests();
  redis().Reply("+OK\r\n");
  app.Received();
  ExpectForwarded(app, "a", kTwo);
}

TEST_F(NearConsistent, WhatAClientWroteNobodyElseIsServedAsItWas) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  Client& other = keyhole_.Connect();
  app.Send("SET a 2\r\n");  // may have been carried out by now
  redis().Requests();
  Ask(other, "a");
  EXPECT_EQ(other.Received(), "");
  redis().Reply(std::string("+OK\r\n") + kTwo);
  EXPECT_EQ(other.Received(), kTwo);
}

TEST_F(NearConsistent, AFillThatAWriteOverlapsIsNotKept) {
  Arm();
  Client& app = keyhole_.Connect();
  Client& reader = keyhole_.Connect();
  app.Send("SET a 2\r\n");
  Ask(reader, "a");  // a fill goes out, after the write
  redis().Reply(std::string("+OK\r\n") + kTwo);
  Fetched(kOne);  // ... which Redis read before it
  EXPECT_EQ(counted().fills[NearFill::kChanged].Load(), 1u);
}

// Row 29: every key of a write.
TEST_F(NearConsistent, AllKeysOfAWriteAreNoted) {
  for (const char* write : {"RENAME a b", "RENAME b a", "DEL x y a", "MSET x 1 a 2", "COPY x a",
                            "GETDEL a", "EXPIRE a 1", "BITOP AND a x y"}) {
    Harness fresh(NearConfig());
    fresh.Advance(milliseconds(100));
    fresh.redis(1).Reply(Hello("7.0.15") + "+OK\r\n+OK\r\n+OK\r\n");
    Client& app = fresh.Connect();
    Client& other = fresh.Connect();
    app.Send("GET a\r\n");
    fresh.redis(0).Reply(kOne);
    fresh.redis(1).Reply(std::string("+OK\r\n") + kOne + ":-1\r\n");
    app.Send(std::string(write) + "\r\n");
    fresh.redis(0).Requests();
    other.Send("GET a\r\n");
    EXPECT_THAT(fresh.redis(0).Requests(), ElementsAre("GET a")) << write;
  }
}

// Row 15: what a script writes is not known.
TEST_F(NearConsistent, AfterAScriptNothingIsServedBeforeTheFence) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  app.Send("EVAL x 0\r\n");
  keyhole_.last().Requests();
  keyhole_.last().Reply(":1\r\n");
  app.Received();
  Ask(app, "a");
  EXPECT_EQ(app.Received(), "");
  near().Reply(Changed("a"));  // the script wrote it
  Fence();
  EXPECT_THAT(redis().Requests(), ElementsAre("GET a"));
  redis().Reply(kTwo);
  EXPECT_EQ(app.Received(), kTwo);
}

TEST_F(NearConsistent, WhatExecWroteIsNotServedAsItWas) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  Client& other = keyhole_.Connect();
  app.Send("MULTI\r\nSET a 2\r\nEXEC\r\n");
  keyhole_.last().Requests();
  keyhole_.last().Reply("+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
  app.Received();
  ExpectForwarded(other, "a", kTwo);
}

// Row 16: a lock that was taken, a message that was read: whatever Redis says may be news.
TEST_F(NearConsistent, AfterAnyReplyNothingOlderIsServed) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  app.Send("SISMEMBER lock 1\r\n");
  redis().Requests();
  redis().Reply(":1\r\n");
  app.Received();
  Ask(app, "a");
  EXPECT_EQ(app.Received(), "");
  Fence();
  EXPECT_EQ(app.Received(), kOne);
}

TEST_F(NearConsistent, OneFenceServesAllWhoWait) {
  Arm();
  Keep("a", kOne);
  std::vector<Client*> apps;
  for (int i = 0; i < 5; ++i) apps.push_back(&keyhole_.Connect());
  for (Client* app : apps) app->Send("LLEN x\r\n");
  redis().Requests();
  redis().Reply(":0\r\n:0\r\n:0\r\n:0\r\n:0\r\n");
  near().Requests();
  // All in one turn of the loop: nothing is written before it ends.
  near().TakeOnly(0);
  for (Client* app : apps) Ask(*app, "a");
  near().TakeAll();
  EXPECT_THAT(near().Requests(), ElementsAre("ping"));
  near().Reply("+PONG\r\n");
  for (Client* app : apps) EXPECT_EQ(app->Received(), std::string(":0\r\n") + kOne);
}

// A fence on its way already says nothing of what came after it was sent.
TEST_F(NearConsistent, AFenceThatWasSentBeforeTheReplyIsNotEnough) {
  Arm();
  Keep("a", kOne);
  Client& first = keyhole_.Connect();
  Client& second = keyhole_.Connect();
  first.Send("LLEN x\r\n");
  redis().Reply(":0\r\n");
  Ask(first, "a");
  EXPECT_THAT(near().Requests(), ElementsAre("ping"));
  second.Send("LLEN x\r\n");
  redis().Reply(":0\r\n");
  Ask(second, "a");
  EXPECT_THAT(near().Requests(), ElementsAre("ping"));
  near().Reply("+PONG\r\n");
  EXPECT_EQ(first.Received(), std::string(":0\r\n") + kOne);
  EXPECT_EQ(second.Received(), ":0\r\n");
  near().Reply("+PONG\r\n");
  EXPECT_EQ(second.Received(), kOne);
}

TEST_F(NearConsistent, WhoWaitsForAFenceThatTakesLongIsForwarded) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  app.Send("LLEN x\r\n");
  redis().Requests();
  redis().Reply(":0\r\n");
  app.Received();
  Ask(app, "a");
  EXPECT_THAT(redis().Requests(), IsEmpty());
  keyhole_.Advance(milliseconds(100));
  EXPECT_THAT(redis().Requests(), ElementsAre("GET a"));
  redis().Reply(kOne);
  EXPECT_EQ(app.Received(), kOne);
  // Nor does the next one wait.
  Ask(app, "a");
  EXPECT_THAT(redis().Requests(), ElementsAre("GET a"));
}

TEST_F(NearConsistent, AClientThatLeavesWhileItWaitsIsForgotten) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  app.Send("LLEN x\r\n");
  redis().Reply(":0\r\n");
  Ask(app, "a");
  app.Vanish();
  Fence();
}

TEST_F(NearConsistent, AClientThatEndsItsInputWhileItWaitsIsAnswered) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  app.Send("LLEN x\r\n");
  redis().Reply(":0\r\n");
  app.Send("GET a\r\nGET a\r\n");
  app.HalfClose();
  Fence();
  EXPECT_EQ(app.Received(), std::string(":0\r\n") + kOne + kOne);
  EXPECT_TRUE(app.closed());
}

// Row 12: Redis forgets keys when it tracks too many, and says so.
TEST_F(NearConsistent, AKeyThatRedisNoLongerTracksIsToldOfLikeAChange) {
  Arm();
  Keep("a", kOne);
  near().Reply(Changed("a"));
  Client& app = keyhole_.Connect();
  ExpectForwarded(app, "a", kOne);
}

// Row 25: what may no longer be read ends with the news of it.
TEST_F(NearConsistent, EntriesEndWhenRedisForbidsToReadThem) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  ExpectForwarded(app, "b", kOne);
  near().Reply("+OK\r\n-NOPERM no\r\n:-1\r\n");
  ExpectForwarded(app, "a", "-NOPERM no\r\n");
}

TEST_F(NearConsistent, EntriesEndWhenAclRulesChangeThroughTheProxy) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  Client& other = keyhole_.Connect();
  app.Send("ACL SETUSER default resetkeys\r\n");
  keyhole_.last().Reply("+OK\r\n");
  Ask(other, "a");
  EXPECT_EQ(other.Received(), "");
}

class NearEventual : public NearStory {
 protected:
  static core::Config Config() {
    core::Config config = NearConfig();
    config.near.consistency = core::NearConsistency::kEventual;
    return config;
  }
  NearEventual() : NearStory(Config()) {}
};

TEST_F(NearEventual, ReadsAskForNoFence) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  ExpectForwarded(app, "b", kTwo);
  near().Requests();
  ExpectServed(app, "a", kOne);
  EXPECT_THAT(near().Requests(), Not(Contains("ping")));
}

TEST_F(NearEventual, BehindReadsInFlightItIsServedInItsPlace) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  app.Send("GET b\r\nGET a\r\nGET c\r\n");
  EXPECT_THAT(redis().Requests(), ElementsAre("GET b", "GET c"));
  EXPECT_EQ(app.Received(), "");
  redis().Reply(std::string(kTwo) + "$-1\r\n");
  EXPECT_EQ(app.Received(), std::string(kTwo) + kOne + "$-1\r\n");
  EXPECT_EQ(keyhole_.Counted(), "a 2/0, b 1/0, c 0/1");
}

TEST_F(NearEventual, BehindAWriteInFlightRedisIsAsked) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  app.Send("EVAL x 0\r\nGET a\r\n");
  EXPECT_THAT(keyhole_.last().Requests(), ElementsAre("EVAL x 0", "GET a"));
}

TEST_F(NearConsistent, BehindAReadInFlightRedisIsAsked) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  app.Send("GET b\r\nGET a\r\n");
  EXPECT_THAT(redis().Requests(), ElementsAre("GET b", "GET a"))
      << "b may tell of something newer than the a that is kept";
}

TEST_F(NearEventual, OwnWritesAreSeenAllTheSame) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  app.Send("EVAL x 0\r\n");
  keyhole_.last().Requests();
  keyhole_.last().Reply(":1\r\n");
  app.Received();
  Ask(app, "a");
  near().Reply(Changed("a"));
  Fence();
  EXPECT_THAT(redis().Requests(), ElementsAre("GET a"));
}

}  // namespace
}  // namespace keyhole::test
