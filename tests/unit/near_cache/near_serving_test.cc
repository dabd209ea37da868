// What the near cache serves, to whom, and how it is counted.
#include "proxy/http/http_session.h"
#include "proxy/near_cache/near_cache.h"
#include "tests/unit/near_cache/near_story.h"

namespace keyhole::test {
namespace {

using metrics::NearState;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kOne[] = "$1\r\n1\r\n";
constexpr char kNull[] = "$-1\r\n";

class NearServing : public NearStory {};

TEST_F(NearServing, ItsConnectionAsksForTrackingOfWhatItFetchesOnly) {
  keyhole_.Advance(milliseconds(100));
  EXPECT_THAT(near().Requests(), ElementsAre("hello 3", "client setname keyhole-near",
                                             "client tracking ON OPTIN", "client no-evict on"));
  EXPECT_EQ(state(), NearState::kConnecting);
  near().Reply(Hello("7.0.15") + "+OK\r\n+OK\r\n+OK\r\n");
  EXPECT_EQ(state(), NearState::kReady);
}

TEST_F(NearServing, AKeyThatIsAskedForIsFetchedAndThenServedFromMemory) {
  Arm();
  Client& app = keyhole_.Connect();
  ExpectForwarded(app, "a", kOne);
  EXPECT_THAT(near().Requests(), ElementsAre("client caching YES", "get a", "pttl a"));
  near().Reply("+OK\r\n$1\r\n1\r\n:-1\r\n");
  Ask(app, "a");
  Fence();  // it has been told something by Redis since
  EXPECT_EQ(app.Received(), kOne);
  EXPECT_THAT(redis().Requests(), IsEmpty());
  ExpectServed(app, "a", kOne);
  EXPECT_EQ(hits(), 2u);
}

TEST_F(NearServing, WhoeverHasBeenToldNothingNeedsNoFence) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  ExpectServed(app, "a", kOne);
}

TEST_F(NearServing, HitsAreCountedOnce) {
  Arm();
  Keep("a", kOne);
  Keep("none", kNull);
  Client& app = keyhole_.Connect();
  EXPECT_EQ(keyhole_.Counted(), "a 1/0, none 0/1");
  ExpectServed(app, "a", kOne);
  ExpectServed(app, "none", kNull);
  EXPECT_EQ(keyhole_.Counted(), "a 2/0, none 0/2");
  EXPECT_EQ(counted().reads.Load(), 4u);
  EXPECT_EQ(keyhole_.counters().requests[resp::CommandId::kGet].Load(), 4u);
}

TEST_F(NearServing, BelowTheNumberOfReadsNothingIsFetched) {
  core::Config config = NearConfig();
  config.near.min_reads = 3;
  Harness patient(config);
  patient.Advance(milliseconds(100));
  patient.redis(1).Reply(Hello("7.0.15") + "+OK\r\n+OK\r\n+OK\r\n");
  patient.redis(1).Requests();
  Client& app = patient.Connect();
  for (const int already : {0, 1, 2}) {
    EXPECT_THAT(patient.redis(1).Requests(), IsEmpty()) << already;
    app.Send("GET a\r\n");
    patient.redis(0).Reply(kOne);
  }
  EXPECT_THAT(patient.redis(1).Requests(), Contains("get a"));
}

// features 4.2 row 24: the reply is kept as the payload of either protocol.
TEST_F(NearServing, Resp2AndResp3ClientsAreServedFromTheSameEntries) {
  Arm();
  Keep("a", kOne);
  Keep("none", kNull);
  Client& app = keyhole_.Connect();
  app.Send("HELLO 3\r\n");
  keyhole_.last().Reply("%1\r\n$5\r\nproto\r\n:3\r\n");
  app.Received();
  Ask(app, "none");
  Fence();
  EXPECT_EQ(app.Received(), "_\r\n");
  Ask(app, "a");
  EXPECT_EQ(app.Received(), kOne);
}

// Row 25: what T may read is no proof that another user may.
TEST_F(NearServing, AnotherUserIsNotServed) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  app.Send("AUTH bob secret\r\n");
  keyhole_.last().Reply("+OK\r\n");
  app.Received();
  const size_t bobs = keyhole_.connections() - 1;
  Ask(app, "a");
  EXPECT_THAT(keyhole_.redis(bobs).Requests(), Contains("GET a"));
}

// Row 22: invalidations name no database; only the first one's is cached.
TEST_F(NearServing, AnotherDatabaseIsNotServed) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  app.Send("SELECT 3\r\n");
  keyhole_.last().Reply("+OK\r\n");
  app.Received();
  Ask(app, "a");
  EXPECT_THAT(keyhole_.last().Requests(), Contains("GET a"));
  EXPECT_EQ(hits(), 0u);
}

// Row 17: a value read before WATCH took hold, and an EXEC that succeeds, would lose an update.
TEST_F(NearServing, NothingIsServedWhileWatching) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  app.Send("WATCH a\r\n");
  keyhole_.last().Reply("+OK\r\n");
  app.Received();
  Ask(app, "a");
  EXPECT_EQ(app.Received(), "");
  EXPECT_THAT(keyhole_.last().Requests(), Contains("GET a"));
}

TEST_F(NearServing, NothingIsServedInATransaction) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  app.Send("MULTI\r\nGET a\r\n");
  EXPECT_EQ(app.Received(), "");
  keyhole_.last().Reply("+OK\r\n+QUEUED\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n+QUEUED\r\n");
}

TEST_F(NearServing, WhoTracksKeysItselfIsNotServed) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  app.Send("CLIENT TRACKING ON\r\n");
  keyhole_.last().Reply("+OK\r\n");
  app.Received();
  Ask(app, "a");
  EXPECT_EQ(app.Received(), "");
}

TEST_F(NearServing, AHitDoesNotOvertakeEarlierReplies) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  app.Send("GET b\r\nGET a\r\n");
  EXPECT_EQ(app.Received(), "");
  EXPECT_THAT(redis().Requests(), ElementsAre("GET b", "GET a"));
  redis().Reply("$1\r\n2\r\n$1\r\n1\r\n");
  EXPECT_EQ(app.Received(), "$1\r\n2\r\n$1\r\n1\r\n");
}

TEST_F(NearServing, HitsBeforeAMissInAPipelineComeFirst) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  app.Send("GET a\r\nGET a\r\nGET b\r\n");
  EXPECT_EQ(app.Received(), std::string(kOne) + kOne);
  EXPECT_THAT(redis().Requests(), ElementsAre("GET b"));
}

std::string AsArray(const std::string& key) {
  return "*2\r\n$3\r\nGET\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n";
}

TEST_F(NearServing, PipelinesOfArraysAreServedInOrderWhereverTheyAreCut) {
  Arm();
  Keep("a", kOne);
  Keep("none", kNull);
  const std::string requests = AsArray("a") + AsArray("none") + "GET a\r\n" + AsArray("b") +
                               AsArray("a") + "PING\r\n" + AsArray("a");
  for (size_t cut = 0; cut <= requests.size(); ++cut) {
    Client& app = keyhole_.Connect();
    app.Send(requests.substr(0, cut));
    app.Send(requests.substr(cut));
    EXPECT_THAT(redis().Requests(), ElementsAre("GET b", "GET a", "PING", "GET a")) << cut;
    redis().Reply("$1\r\n2\r\n$1\r\n1\r\n+PONG\r\n$1\r\n1\r\n");
    EXPECT_EQ(app.Received(),
              std::string(kOne) + kNull + kOne + "$1\r\n2\r\n$1\r\n1\r\n+PONG\r\n$1\r\n1\r\n");
    app.Vanish();
  }
  EXPECT_EQ(keyhole_.counters().requests[resp::CommandId::kGet].Load(),
            2 + 6 * (requests.size() + 1));
}

// Row 23.
TEST_F(NearServing, ErrorsAndLargeValuesAreNotKept) {
  Arm();
  Client& app = keyhole_.Connect();
  ExpectForwarded(app, "list", "-WRONGTYPE no\r\n");
  Fetched("-WRONGTYPE no\r\n");
  ExpectForwarded(app, "list", "-WRONGTYPE no\r\n");
  const std::string large = "$70000\r\n" + std::string(70000, 'x') + "\r\n";
  ExpectForwarded(app, "large", large);
  Fetched(large);
  ExpectForwarded(app, "large", large);
  EXPECT_THAT(near().Requests(), IsEmpty());
  EXPECT_EQ(counted().fills[metrics::NearFill::kRejected].Load(), 2u);
  EXPECT_EQ(hits(), 0u);
}

TEST_F(NearServing, NullsAreKeptUnlessTheOptionIsOff) {
  core::Config config = NearConfig();
  config.near.nulls = false;
  Harness plain(config);
  plain.Advance(milliseconds(100));
  plain.redis(1).Reply(Hello("7.0.15") + "+OK\r\n+OK\r\n+OK\r\n");
  Client& app = plain.Connect();
  app.Send("GET a\r\n");
  plain.redis(0).Reply(kNull);
  plain.redis(1).Reply("+OK\r\n_\r\n:-2\r\n");
  app.Send("GET a\r\n");
  EXPECT_EQ(plain.metrics().near.fills[metrics::NearFill::kRejected].Load(), 1u);
  EXPECT_THAT(plain.redis(0).Requests(), ElementsAre("GET a", "GET a"));
}

class NearPrefixes : public NearStory {
 protected:
  static core::Config Config() {
    core::Config config = NearConfig();
    config.near.prefixes = {"user:", "item:"};
    config.near.mget = true;
    return config;
  }
  NearPrefixes() : NearStory(Config()) {}
};

TEST_F(NearPrefixes, OnlyKeysThatBeginSoAreKept) {
  Arm();
  Client& app = keyhole_.Connect();
  ExpectForwarded(app, "other", kOne);
  EXPECT_THAT(near().Requests(), IsEmpty());
  ExpectForwarded(app, "item:1", kOne);
  EXPECT_THAT(near().Requests(), Contains("get item:1"));
}

// Row 20.
TEST_F(NearPrefixes, MgetIsServedIfAllItsKeysAreThere) {
  Arm();
  Keep("item:1", kOne);
  Keep("item:2", kNull);
  Client& app = keyhole_.Connect();
  app.Send("MGET item:1 item:2\r\n");
  EXPECT_EQ(app.Received(), "*2\r\n$1\r\n1\r\n$-1\r\n");
  EXPECT_THAT(redis().Requests(), IsEmpty());
  app.Send("MGET item:1 item:2 item:3\r\n");
  EXPECT_THAT(redis().Requests(), ElementsAre("MGET item:1 item:2 item:3"));
  EXPECT_EQ(hits(), 2u);
}

TEST_F(NearServing, MgetIsNotServedUnlessAskedFor) {
  Arm();
  Keep("a", kOne);
  Client& app = keyhole_.Connect();
  app.Send("MGET a\r\n");
  EXPECT_THAT(redis().Requests(), ElementsAre("MGET a"));
}

class Browser final : public core::HttpSession::Receiver {
 public:
  explicit Browser(Harness& keyhole)
      : keyhole_(keyhole),
        session_(new core::HttpSession(keyhole_.worker(), keyhole_.worker().config.http,
                                       "10.1.1.1:80", *this)) {}
  ~Browser() { session_->Detach(); }

  void Get(std::string_view target) {
    session_->Begin({.method = "GET", .target = target});
    keyhole_.Settle();
  }
  std::string Answer() { return std::exchange(answer_, {}); }
  void OnLetIn() override {}
  void MakeReport(const core::HttpReport&) override {}
  void OnMore(std::string) override {}
  void OnAnswer(metrics::HttpEndpoint, core::HttpResponse& answer) override {
    answer_ = answer.body;
  }

 private:
  Harness& keyhole_;
  boost::intrusive_ptr<core::HttpSession> session_;
  std::string answer_;
};

TEST_F(NearServing, ItemsByHttpAreServedAndWaitForAFenceToo) {
  Arm();
  Keep("a", kOne);
  Browser browser(keyhole_);
  browser.Get("/items/a");
  EXPECT_EQ(browser.Answer(), R"({"key":"a","value":"1"})");
  browser.Get("/items/b");
  redis().Requests();
  redis().Reply(kNull);
  Fetched(kNull);
  browser.Answer();
  browser.Get("/items/a");
  EXPECT_EQ(browser.Answer(), "");
  Fence();
  EXPECT_EQ(browser.Answer(), R"({"key":"a","value":"1"})");
  EXPECT_THAT(redis().Requests(), IsEmpty());
}

TEST_F(NearServing, PurgedEntriesAreFetchedAnew) {
  Arm();
  Keep("user:1", kOne);
  Keep("user:2", kOne);
  Keep("item", kOne);
  EXPECT_EQ(keyhole_.worker().near->PurgePrefix("user:"), 2u);
  EXPECT_EQ(keyhole_.worker().near->PurgeKey("item"), 1u);
  EXPECT_EQ(keyhole_.worker().near->PurgeKey("item"), 0u);
  Client& app = keyhole_.Connect();
  ExpectForwarded(app, "user:1", kOne);
}

}  // namespace
}  // namespace keyhole::test
