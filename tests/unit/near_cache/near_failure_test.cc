// The near cache's connection is lost, hangs, or is refused: nothing is served from then on, and
// clients notice nothing of it.
#include "tests/unit/near_cache/near_story.h"

namespace keyhole::test {
namespace {

using metrics::NearHit;
using metrics::NearState;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kOne[] = "$1\r\n1\r\n";
constexpr char kNull[] = "$-1\r\n";

class NearFailures : public NearStory {};

// Row 4.
TEST_F(NearFailures, WhenItsConnectionIsLostNothingIsServed) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  near().Lose();
  ExpectForwarded(app, "a", kOne);
  EXPECT_EQ(state(), NearState::kConnecting);
  EXPECT_EQ(counted().entries.Load(), 0);
}

TEST_F(NearFailures, AfterAReconnectNothingOfBeforeIsServed) {
  Arm();
  Keep("a", kOne);
  near().Lose();
  Arm();
  EXPECT_EQ(keyhole_.connections(), 3u);
  Client& app = keyhole_.Connect();
  ExpectForwarded(app, "a", kOne);
  Fetched(kOne);
  ExpectServed(keyhole_.Connect(), "a", kOne);
}

TEST_F(NearFailures, WhatWasBeingFetchedIsGoneWithTheConnection) {
  Arm();
  Client& app = keyhole_.Connect();
  ExpectForwarded(app, "a", kOne);
  near().Reply("+OK\r\n$1\r\n");
  near().Lose();
  Arm();
  near().Reply("+PONG\r\n");  // to nothing: that ends it, too
  EXPECT_FALSE(near().open());
  Arm();
  ExpectForwarded(app, "a", kOne);
  Fetched(kOne);
  ExpectServed(keyhole_.Connect(), "a", kOne);
}

TEST_F(NearFailures, WhoWaitsForAFenceIsForwardedWhenTheConnectionIsLost) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  app.Send("LLEN x\r\n");
  redis().Requests();
  redis().Reply(":0\r\n");
  Ask(app, "a");
  near().Lose();
  EXPECT_THAT(redis().Requests(), ElementsAre("GET a"));
}

// Row 5: half open. Not even the timer has to notice.
TEST_F(NearFailures, WhatIsNotProvenToBeFreshIsNotServed) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  keyhole_.worker().now += milliseconds(1300);  // nothing came, nothing ran
  ExpectForwarded(app, "a", kOne);
}

TEST_F(NearFailures, AConnectionThatDoesNotAnswerIsGivenUp) {
  Arm();
  Keep("a", kOne);
  keyhole_.Advance(milliseconds(500));  // a heartbeat is sent, and not answered
  keyhole_.Advance(milliseconds(500));
  EXPECT_EQ(state(), NearState::kConnecting);
  EXPECT_FALSE(near().open());
  ExpectForwarded(keyhole_.Connect(), "a", kOne);
  Arm();
  EXPECT_EQ(state(), NearState::kReady);
}

// Row 28: nobody closes the connection of a master that is made a replica by REPLICAOF.
TEST_F(NearFailures, ARedisThatBecomesAReplicaIsLeft) {
  Arm();
  Keep("a", kOne);
  for (int i = 0; i < 5; ++i) Heartbeat("slave");
  EXPECT_EQ(state(), NearState::kReplica);
  ExpectForwarded(keyhole_.Connect(), "a", kOne);
  EXPECT_THAT(keyhole_.log(),
              Contains(HasSubstr("the near cache is off: it has become a replica")));
}

TEST_F(NearFailures, ReadonlyEndsAllEntries) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  Client& other = keyhole_.Connect();
  app.Send("SET x 1\r\n");
  redis().Requests();
  redis().Reply("-READONLY You can't write against a read only replica.\r\n");
  ExpectForwarded(other, "a", kOne);
}

// Row 31.
TEST_F(NearFailures, RedisesWithFaultyTrackingAreRefused) {
  for (const char* version : {"6.0.20", "6.2.6", "6.2.10", "7.0.0", "7.0.9"}) {
    Harness fresh(NearConfig());
    fresh.Advance(milliseconds(100));
    fresh.redis(1).Reply(Hello(version) + "+OK\r\n+OK\r\n+OK\r\n");
    const auto state = static_cast<NearState>(fresh.metrics().near.state.Load());
    EXPECT_EQ(state, NearState::kOldServer) << version;
    EXPECT_THAT(fresh.log(), Contains(HasSubstr(version)));
    EXPECT_FALSE(fresh.redis(1).open());
    // Clients are served as ever.
    Client& app = fresh.Connect();
    app.Send("GET a\r\n");
    fresh.redis(0).Reply(kOne);
    EXPECT_EQ(app.Received(), kOne);
  }
}

TEST_F(NearFailures, RedisesWithSoundTrackingAreNot) {
  for (const char* version : {"6.2.11", "6.2.16", "7.0.10", "7.0.15", "7.2.0", "7.4.1", "8.0.0"}) {
    Harness fresh(NearConfig());
    fresh.Advance(milliseconds(100));
    fresh.redis(1).Reply(Hello(version) + "+OK\r\n+OK\r\n+OK\r\n");
    const auto state = static_cast<NearState>(fresh.metrics().near.state.Load());
    EXPECT_EQ(state, NearState::kReady) << version;
  }
}

TEST_F(NearFailures, WhatCannotTrackIsSaidOnceAndTriedAgainLater) {
  keyhole_.Advance(milliseconds(100));
  near().Reply(Hello("7.0.15") + "+OK\r\n-NOPERM no tracking\r\n+OK\r\n");
  EXPECT_EQ(state(), NearState::kRefused);
  keyhole_.Advance(milliseconds(29'000));
  EXPECT_EQ(keyhole_.connections(), 2u);
  keyhole_.Advance(milliseconds(1'100));
  ASSERT_EQ(keyhole_.connections(), 3u);
  keyhole_.redis(2).Reply(Hello("7.0.15") + "+OK\r\n-NOPERM no tracking\r\n+OK\r\n");
  EXPECT_EQ(keyhole_.log().size(), 2u);  // the upstream is connected, and this
}

// Redis 5 has no HELLO.
TEST_F(NearFailures, AServerWithoutHelloIsTooOld) {
  keyhole_.Advance(milliseconds(100));
  near().Reply("-ERR unknown command `hello`, with args beginning with: `3`, \r\n");
  EXPECT_EQ(state(), NearState::kOldServer);
}

// Row 26, 27.
TEST_F(NearFailures, ReplicasAndNodesOfAClusterAreLeftAlone) {
  keyhole_.Advance(milliseconds(100));
  near().Reply(Hello("7.0.15", "replica"));
  EXPECT_EQ(state(), NearState::kReplica);
  Harness node(NearConfig());
  node.Advance(milliseconds(100));
  node.redis(1).Reply(Hello("7.0.15", "master", "cluster"));
  EXPECT_EQ(static_cast<NearState>(node.metrics().near.state.Load()), NearState::kCluster);
}

// Row 33.
TEST_F(NearFailures, ARedisThatIsLoadingIsTriedAgainAtOnce) {
  keyhole_.Advance(milliseconds(100));
  near().Reply("-LOADING Redis is loading the dataset in memory\r\n");
  EXPECT_EQ(state(), NearState::kConnecting);
  Arm();
  EXPECT_EQ(state(), NearState::kReady);
}

TEST_F(NearFailures, WhatIsNoRespEndsTheConnection) {
  Arm();
  Keep("a", kOne);
  near().Reply("HTTP/1.1 400 Bad Request\r\n");
  EXPECT_FALSE(near().open());
  ExpectForwarded(keyhole_.Connect(), "a", kOne);
}

// Row 11: to Redis a key that is served from here looks idle, and the first to be evicted.
TEST_F(NearFailures, AKeyInUseIsFetchedAnewInGoodTime) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  for (int i = 0; i < 301; ++i) Heartbeat();
  near().Requests();
  ExpectServed(app, "a", kOne);
  EXPECT_THAT(near().Requests(), Contains("get a"));
  ExpectServed(app, "a", kOne);
  EXPECT_THAT(near().Requests(), IsEmpty());
  near().Reply("+OK\r\n$1\r\n2\r\n:-1\r\n");
  ExpectServed(app, "a", "$1\r\n2\r\n");
}

TEST_F(NearFailures, AKeyThatIsNotInUseGrowsTooOld) {
  Arm();
  Keep("a", kOne);
  for (int i = 0; i < 601; ++i) Heartbeat();
  Client& app = keyhole_.Connect();
  ExpectForwarded(app, "a", kOne);
}

// Row 13.
TEST_F(NearFailures, KeysThatChangeAsOftenAsTheyAreReadAreFetchedLessAndLess) {
  Arm();
  int fetched = 0;
  for (int i = 0; i < 400; ++i) {
    Client& app = keyhole_.Connect();
    Ask(app, "a");
    if (!redis().Requests().empty()) redis().Reply(kOne);
    for (const std::string& request : near().Requests()) {
      if (request != "get a") continue;
      ++fetched;
      near().Reply(std::string("+OK\r\n") + kOne + ":-1\r\n");
    }
    near().Reply(Changed("a"));
    app.Vanish();
  }
  EXPECT_LT(fetched, 20);
}

// Where nothing is hot, looking for hot keys costs next to nothing; a key that becomes hot is
// found.
TEST_F(NearFailures, AKeyThatBecomesHotIsFoundAmongManyThatAreNot) {
  Arm();
  Client& app = keyhole_.Connect();
  const auto ask = [&](const std::string& key) {
    Ask(app, key);
    redis().Reply("$-1\r\n");
    redis().Requests();
    app.Received();
  };
  // Each is asked for once, and nothing that is fetched ever comes.
  for (int i = 0; i < 20'000; ++i) ask("cold:" + std::to_string(i));
  EXPECT_LT(near().Requests().size(), 3u * 400);
  near().Lose();
  Arm();
  for (int i = 0; i < 200; ++i) ask("hot");
  EXPECT_THAT(near().Requests(), Contains("get hot"));
}

// Where next to nothing is found few reads are looked at. What becomes hot is soon served in full.
class NearSparing : public NearStory {
 protected:
  // Each key is asked for once.
  NearSparing() {
    Arm();
    Client& app = keyhole_.Connect();
    for (int i = 0; i < 10'000; ++i) {
      ExpectForwarded(app, "cold:" + std::to_string(i), kNull);
      AnswerNear();
    }
    EXPECT_EQ(counted().reads.Load(), 10'000u);
    app.Vanish();
  }
  // What the near cache asks Redis: only one key is there.
  void AnswerNear() {
    for (const std::string& request : near().Requests()) {
      const bool caching = request.starts_with("client");
      const bool get = request.starts_with("get");
      const bool hot = request == "get hot";
      const bool pttl = request.starts_with("pttl");
      if (caching) near().Reply("+OK\r\n");
      if (get) near().Reply(hot ? kOne : "_\r\n");
      if (pttl) near().Reply(request == "pttl hot" ? ":-1\r\n" : ":-2\r\n");
      if (request == "ping") near().Reply("+PONG\r\n");
    }
  }
  void AskHot(Client& app) {
    Ask(app, "hot");
    AnswerNear();
    if (!redis().Requests().empty()) redis().Reply(kOne);
    ASSERT_EQ(app.Received(), kOne);
  }
};

TEST_F(NearSparing, EndsWhenSomethingIsHot) {
  const auto ask = [this](int times) {
    for (int i = 0; i < times; ++i) {
      Client& fresh = keyhole_.Connect();  // to whom Redis has told nothing
      AskHot(fresh);
      fresh.Vanish();
    }
  };
  ask(100);
  EXPECT_GT(hits(), 3u);
  EXPECT_LT(hits(), 30u) << "one in eight";
  ask(400);
  const uint64_t before = hits();
  ask(20);
  EXPECT_EQ(hits(), before + 20);
  EXPECT_EQ(counted().reads.Load(), 10'520u) << "all of them are counted";
}

// A client that has been told much: its hits wait for fences.
TEST_F(NearSparing, EndsForWhoeverWaitsForAFence) {
  Client& app = keyhole_.Connect();
  for (int i = 0; i < 500; ++i) AskHot(app);
  const uint64_t before = hits();
  for (int i = 0; i < 20; ++i) AskHot(app);
  EXPECT_EQ(hits(), before + 20);
}

// While there is no connection to fetch with, nothing can be found, and that says nothing.
TEST_F(NearFailures, ReadsWhileItIsAwayDoNotSpeakAgainstLooking) {
  keyhole_.Connect();
  Arm();
  near().Lose();
  Client& app = keyhole_.Connect();
  for (int i = 0; i < 10'000; ++i) ExpectForwarded(app, "a", kOne);
  Arm();
  Keep("a", kOne);
  Client& fresh = keyhole_.Connect();
  ExpectServed(fresh, "a", kOne);
}

class NearStale : public NearStory {
 protected:
  static core::Config Config() {
    core::Config config = NearConfig();
    config.near.serve_stale = milliseconds(30'000);
    config.links.wait = milliseconds(60'000);
    return config;
  }
  NearStale() : NearStory(Config()) {}
};

TEST_F(NearStale, WhileRedisIsAwayWhatIsNearIsServedForAWhile) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  keyhole_.HoldConnections();
  near().Lose();
  redis().Lose();
  keyhole_.Advance(milliseconds(100));
  Ask(app, "a");
  EXPECT_EQ(app.Received(), kOne);
  EXPECT_EQ(counted().hits[NearHit::kStale].Load(), 1u);
  keyhole_.Advance(milliseconds(30'000));
  Ask(app, "a");
  EXPECT_EQ(app.Received(), "");
}

TEST_F(NearStale, OnceRedisIsBackNothingStaleIsServed) {
  Arm();
  Keep("a", kOne);
  keyhole_.HoldConnections();
  near().Lose();
  redis().Lose();
  keyhole_.Advance(milliseconds(100));
  const size_t main = keyhole_.connections() - 1;
  keyhole_.redis(main).Accept();
  Client& app = keyhole_.Connect();
  Ask(app, "a");
  EXPECT_EQ(app.Received(), "");
  EXPECT_THAT(keyhole_.redis(main).Requests(), ElementsAre("GET a"));
}

}  // namespace
}  // namespace keyhole::test
