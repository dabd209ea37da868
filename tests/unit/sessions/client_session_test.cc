// Clients on a shared link: who gets which reply, and how a client comes and goes.
#include "proxy/sessions/client_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "tests/support/core_harness.h"

namespace keyhole::core {
namespace {

using metrics::CloseReason;
using metrics::LinkKind;
using test::Client;
using test::Harness;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

// ---- pipelines and order ----

TEST(SharedLink, EachClientGetsItsOwnReplies) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  Client& bob = keyhole.Connect();
  ann.Send("GET a1\r\nGET a2\r\n");
  bob.Send("GET b1\r\n");
  ann.Send("GET a3\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a1", "GET a2", "GET b1", "GET a3"));

  keyhole.redis(0).Reply("$2\r\nA1\r\n$-1\r\n$2\r\nB1\r\n*0\r\n");
  EXPECT_EQ(ann.Received(), "$2\r\nA1\r\n$-1\r\n*0\r\n");
  EXPECT_EQ(bob.Received(), "$2\r\nB1\r\n");
  EXPECT_EQ(keyhole.connections(), 1u);
}

TEST(SharedLink, ARequestIsPassedOnByteForByte) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  const std::string odd = "  gEt \"a\\x00b\"  \n*2\rx$3\r.GET..$1\r\nk--";
  app.Send(odd);
  EXPECT_THAT(keyhole.redis(0).wire(), testing::EndsWith(odd));
}

TEST(SharedLink, AReplyIsPassedOnAsItComes) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("GET a\r\nGET b\r\n");
  keyhole.redis(0).Reply("$10\r\n012");
  EXPECT_EQ(app.Received(), "$10\r\n012");
  keyhole.redis(0).Reply("3456789\r\n$");
  EXPECT_EQ(app.Received(), "3456789\r\n$");
  keyhole.redis(0).Reply("-1\r\n");
  EXPECT_EQ(app.Received(), "-1\r\n");
}

TEST(SharedLink, ARequestMayComeByteByByte) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  for (const char c : std::string("*2\r\n$3\r\nGET\r\n$1\r\na\r\n")) {
    EXPECT_THAT(keyhole.redis(0).Requests(), IsEmpty());
    app.Send({&c, 1});
  }
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a"));
}

TEST(SharedLink, EmptyRequestsHaveNoReply) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("\r\n*0\r\nGET a\r\n\r\n*-1\r\nGET b\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a", "GET b"));
  keyhole.redis(0).Reply(":1\r\n:2\r\n");
  EXPECT_EQ(app.Received(), ":1\r\n:2\r\n");
}

TEST(SharedLink, AReplyNobodyAskedForEndsTheConnection) {
  Harness keyhole;
  keyhole.redis(0).Reply("+surprise\r\n");
  EXPECT_FALSE(keyhole.redis(0).open());
  EXPECT_EQ(keyhole.connections(), 2u);  // and there is a new one
}

// ---- a client goes ----

TEST(ClientGoes, ItsRepliesAreDroppedOthersGetTheirs) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  Client& bob = keyhole.Connect();
  ann.Send("GET a\r\n");
  bob.Send("GET b\r\n");
  ann.Send("GET c\r\n");
  keyhole.redis(0).Reply("$6\r\nhal");
  ann.Vanish();
  keyhole.redis(0).Reply("f..\r\n");
  EXPECT_EQ(bob.Received(), "");
  keyhole.redis(0).Reply("$1\r\nb\r\n$-1\r\n");
  EXPECT_EQ(bob.Received(), "$1\r\nb\r\n");
  // They were lookups all the same.
  EXPECT_EQ(keyhole.Counted(), "a 1/0, b 1/0, c 0/1");
  EXPECT_EQ(keyhole.counters().clients.Load(), 1);
  EXPECT_EQ(keyhole.counters().clients_closed[CloseReason::kByClient].Load(), 1u);
}

TEST(ClientGoes, HalfClosedItStillGetsItsReplies) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("GET a\r\nGET b\r\n");
  app.HalfClose();
  EXPECT_FALSE(app.closed());
  keyhole.redis(0).Reply("$1\r\n1\r\n");
  EXPECT_FALSE(app.closed());
  keyhole.redis(0).Reply("$1\r\n2\r\n");
  EXPECT_EQ(app.Received(), "$1\r\n1\r\n$1\r\n2\r\n");
  EXPECT_TRUE(app.closed());
}

TEST(ClientGoes, HalfClosedWithNothingInFlightItIsClosed) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("*2\r\n$3\r\nGE");
  app.HalfClose();
  EXPECT_TRUE(app.closed());
  EXPECT_THAT(keyhole.redis(0).Requests(), IsEmpty());
}

TEST(ClientGoes, HalfClosedWhatItSentBeforeIsStillDone) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("GET a\r\nMULTI\r\nGET b\r\nEXEC\r\nGET c\r\n");  // has to change its link twice
  app.HalfClose();
  keyhole.redis(0).Reply("$-1\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("MULTI", "GET b", "EXEC", "GET c"));
  keyhole.redis(1).Reply("+OK\r\n+QUEUED\r\n*1\r\n$1\r\nb\r\n$1\r\nc\r\n");
  EXPECT_EQ(app.Received(), "$-1\r\n+OK\r\n+QUEUED\r\n*1\r\n$1\r\nb\r\n$1\r\nc\r\n");
  EXPECT_TRUE(app.closed());
}

TEST(ClientGoes, QuitIsAnsweredAfterAllOthers) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("GET a\r\nQUIT\r\nGET b\r\n");
  EXPECT_EQ(app.Received(), "");
  keyhole.redis(0).Reply("$1\r\n1\r\n");
  EXPECT_EQ(app.Received(), "$1\r\n1\r\n+OK\r\n");
  EXPECT_TRUE(app.closed());
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a"));  // nothing after QUIT
}

TEST(ClientGoes, HttpOnTheRespPortIsHungUpOn) {
  for (const std::string line : {"POST / HTTP/1.1\r\n", "Host: localhost\r\n"}) {
    Harness keyhole;
    Client& browser = keyhole.Connect();
    browser.Send(line + "SET a evil\r\n");
    EXPECT_TRUE(browser.closed());
    EXPECT_EQ(browser.Received(), "");
    EXPECT_THAT(keyhole.redis(0).Requests(), IsEmpty());
    EXPECT_THAT(keyhole.log().back(), HasSubstr("10.0.0.1:50000"));
  }
}

TEST(ClientGoes, WhatIsNoRespIsAnsweredInItsTurn) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("GET a\r\n*x\r\nGET b\r\n");
  EXPECT_EQ(app.Received(), "");
  EXPECT_FALSE(app.closed());
  keyhole.redis(0).Reply("$-1\r\n");
  EXPECT_EQ(app.Received(), "$-1\r\n-ERR Protocol error: invalid multibulk length\r\n");
  EXPECT_TRUE(app.closed());
  EXPECT_EQ(keyhole.counters().clients_closed[CloseReason::kProtocolError].Load(), 1u);
  EXPECT_EQ(keyhole.counters().protocol_errors.Load(), 1u);
}

TEST(ClientGoes, SilentForTooLong) {
  Config config = Harness::WithUpstream();
  config.clients.idle_timeout = 10s;
  Harness keyhole(config);
  Client& silent = keyhole.Connect();
  Client& busy = keyhole.Connect();
  Client& waiting = keyhole.Connect();
  waiting.Send("BLPOP q 0\r\n");
  keyhole.Advance(6s);
  busy.Send("PING\r\n");
  keyhole.redis(0).Reply("+PONG\r\n");
  keyhole.Advance(6s);
  EXPECT_TRUE(silent.closed());
  EXPECT_FALSE(busy.closed());
  EXPECT_FALSE(waiting.closed());
  EXPECT_EQ(keyhole.counters().clients_closed[CloseReason::kIdle].Load(), 1u);
}

// ---- a client does not read ----

TEST(SlowReader, IsClosedAloneAtTheLimit) {
  Config config = Harness::WithUpstream();
  config.clients.output_limit = 1000;
  Harness keyhole(config);
  Client& slow = keyhole.Connect();
  Client& other = keyhole.Connect();
  slow.StopReading();
  slow.Send("GET big\r\n");
  other.Send("GET b\r\n");
  slow.Send("GET c\r\n");
  keyhole.redis(0).Reply("$2000\r\n" + std::string(900, 'x'));
  EXPECT_FALSE(slow.closed());
  keyhole.redis(0).Reply(std::string(1100, 'x') + "\r\n$1\r\nb\r\n$-1\r\n");
  EXPECT_TRUE(slow.closed());
  EXPECT_EQ(other.Received(), "$1\r\nb\r\n");
  EXPECT_EQ(keyhole.counters().clients_closed[CloseReason::kOutputLimit].Load(), 1u);
  EXPECT_EQ(keyhole.Counted(), "b 1/0, big 1/0, c 0/1");
}

// It was given the link after it had been closed, which then belonged to nobody that lived.
TEST(SlowReader, ThatIsClosedIsNotGivenTheLink) {
  Config config = Harness::WithUpstream();
  config.clients.output_limit = 1 << 20;
  Harness keyhole(config);
  Client& slow = keyhole.Connect();
  slow.StopReading();
  slow.Send("GET big\r\n");
  keyhole.redis(0).Reply("$3000000\r\n" + std::string(2'000'000, 'x'));
  EXPECT_TRUE(slow.closed());
  EXPECT_EQ(keyhole.links(metrics::LinkKind::kPrivate), 0);
  keyhole.redis(0).Reply(std::string(1'000'000, 'x') + "\r\n");
  Client& other = keyhole.Connect();
  other.Send("GET a\r\n");
  keyhole.redis(0).Reply("$-1\r\n");
  EXPECT_EQ(other.Received(), "$-1\r\n");
}

TEST(SlowReader, HasItsLinkForItselfWhenNobodyElseWaitsThere) {
  Harness keyhole;
  Client& slow = keyhole.Connect();
  Client& other = keyhole.Connect();
  slow.StopReading();
  slow.Send("GET big\r\n");
  keyhole.redis(0).Reply("$9000000\r\n" + std::string(3'000'000, 'x'));
  // Others get a new link; the slow one's is not read until its client has read.
  other.Send("GET b\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), testing::ElementsAre("GET b"));
  keyhole.redis(1).Reply("$1\r\nb\r\n");
  EXPECT_EQ(other.Received(), "$1\r\nb\r\n");
  slow.ReadOn();
  keyhole.redis(0).Reply(std::string(6'000'000, 'x') + "\r\n");
  EXPECT_EQ(slow.Received().size(), 9'000'012u);
  EXPECT_EQ(keyhole.Counted(), "b 1/0, big 1/0");
  // Afterwards it is closed, and all share the new one.
  EXPECT_EQ(keyhole.links(metrics::LinkKind::kPrivate), 0);
  slow.Send("GET c\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), testing::ElementsAre("GET c"));
}

// Who was on that link before must not find itself there again, among the requests of whoever gets
// it next.
class SlowReaderGone : public testing::Test {
 protected:
  void SetUp() override {
    other_.Send("GET a\r\n");
    keyhole_.redis(0).Reply("$-1\r\n");
    slow_.StopReading();
    slow_.Send("GET big\r\n");
    keyhole_.redis(0).Reply("$3000000\r\n" + std::string(2'500'000, 'x'));
    slow_.ReadOn();
    keyhole_.redis(0).Reply(std::string(500'000, 'x') + "\r\n+OK\r\n");  // and to its name
    keyhole_.redis(0).Requests();
    slow_.Send("GET b\r\n");  // needs no link of its own any more
  }
  // Which connection it comes by.
  size_t Find(const std::string& request) {
    for (size_t i = 0; i < keyhole_.connections(); ++i) {
      const std::vector<std::string> requests = keyhole_.redis(i).Requests();
      if (std::count(requests.begin(), requests.end(), request) > 0) return i;
    }
    return SIZE_MAX;
  }

  Harness keyhole_;
  Client& slow_ = keyhole_.Connect();
  Client& other_ = keyhole_.Connect();
};

TEST_F(SlowReaderGone, OthersAreNotInItsTransaction) {
  EXPECT_EQ(Find("GET b"), 1u);
  keyhole_.redis(1).Reply("$-1\r\n");
  slow_.Send("MULTI\r\n");
  const size_t transaction = Find("MULTI");
  other_.Send("GET a\r\n");
  EXPECT_NE(Find("GET a"), transaction);
}

TEST_F(SlowReaderGone, OthersAreNotInItsDatabase) {
  EXPECT_EQ(Find("GET b"), 1u);
  keyhole_.redis(1).Reply("$-1\r\n");
  slow_.Send("SELECT 3\r\n");
  const size_t elsewhere = Find("SELECT 3");
  keyhole_.redis(elsewhere).Reply("+OK\r\n");
  slow_.Send("GET b\r\n");
  EXPECT_EQ(Find("GET b"), elsewhere);  // the first link there: others in that database share it
  other_.Send("GET a\r\n");
  EXPECT_NE(Find("GET a"), elsewhere);
}

TEST_F(SlowReaderGone, OthersAreNotItsUser) {
  EXPECT_EQ(Find("GET b"), 1u);
  keyhole_.redis(1).Reply("$-1\r\n");
  slow_.Send("AUTH admin secret\r\n");
  const size_t elsewhere = Find("AUTH admin secret");
  keyhole_.redis(elsewhere).Reply("+OK\r\n");
  slow_.Send("GET b\r\n");
  EXPECT_EQ(Find("GET b"), elsewhere);
  other_.Send("GET a\r\n");
  EXPECT_NE(Find("GET a"), elsewhere);
}

TEST(SlowReader, NeverStallsTheSharedLink) {
  Harness keyhole;
  Client& slow = keyhole.Connect();
  Client& other = keyhole.Connect();
  slow.StopReading();
  slow.Send("GET big\r\n");
  other.Send("GET b\r\n");
  const std::string big = "$5000000\r\n" + std::string(5'000'000, 'x') + "\r\n";
  keyhole.redis(0).Reply(big + "$1\r\nb\r\n");
  EXPECT_EQ(other.Received(), "$1\r\nb\r\n");
  slow.ReadOn();
  EXPECT_EQ(slow.Received(), big);
}

// ---- the proxy goes down ----

TEST(Draining, HalfARequestIsNotWaitedFor) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\nthe beginning");
  app.session().Drain();
  keyhole.Settle();
  EXPECT_TRUE(app.closed());
}

TEST(Draining, ClientsGetWhatIsInFlightAndThenAreClosed) {
  Harness keyhole;
  Client& idle = keyhole.Connect();
  Client& busy = keyhole.Connect();
  Client& blocked = keyhole.Connect();
  busy.Send("GET a\r\n");
  blocked.Send("BLPOP q 0\r\n");
  for (Client* client : {&idle, &busy, &blocked}) client->session().Drain();
  keyhole.Settle();
  EXPECT_TRUE(idle.closed());
  EXPECT_FALSE(busy.closed());
  EXPECT_TRUE(keyhole.redis(1).input_ended());  // so that Redis ends what may wait for ever
  keyhole.redis(1).Lose();
  EXPECT_TRUE(blocked.closed());
  busy.Send("GET b\r\n");
  keyhole.redis(0).Reply("$1\r\n1\r\n");
  EXPECT_EQ(busy.Received(), "$1\r\n1\r\n");
  EXPECT_TRUE(busy.closed());
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a"));
}

TEST(SharedLink, WhenItsQueueIsLongClientsWait) {
  Harness keyhole;
  keyhole.redis(0).TakeOnly(0);
  Client& eager = keyhole.Connect();
  const std::string value(60'000, 'v');
  std::string requests;
  for (int i = 0; i < 100; ++i)
    requests += "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$60000\r\n" + value + "\r\n";
  eager.Send(requests);
  EXPECT_GT(eager.unsent(), 1'000'000u);
  keyhole.redis(0).TakeAll();
  EXPECT_EQ(eager.unsent(), 0u);
  EXPECT_EQ(keyhole.redis(0).Requests().size(), 100u);
}

}  // namespace
}  // namespace keyhole::core
