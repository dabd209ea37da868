// What needs a connection of its own, and for how long.
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

// ---- commands that wait ----

TEST(Blocking, OthersGoOn) {
  Harness keyhole;
  Client& worker = keyhole.Connect();
  Client& other = keyhole.Connect();
  worker.Send("BLPOP q 0\r\n");
  other.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("BLPOP q 0"));
  keyhole.redis(0).Reply("$-1\r\n");
  EXPECT_EQ(other.Received(), "$-1\r\n");
  keyhole.redis(1).Reply("*2\r\n$1\r\nq\r\n$1\r\nx\r\n");
  EXPECT_EQ(worker.Received(), "*2\r\n$1\r\nq\r\n$1\r\nx\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 0);
}

// Redis gives up what waits when it sees the end of its client.
TEST(Blocking, AClientThatVanishesMustNotEatAnElement) {
  Harness keyhole;
  Client& worker = keyhole.Connect();
  worker.Send("BLPOP q 0\r\n");
  worker.Vanish();
  EXPECT_TRUE(keyhole.redis(1).input_ended());
}

TEST(Blocking, ARedisThatDoesNotSeeTheEndIsLeft) {
  Harness keyhole;
  Client& worker = keyhole.Connect();
  worker.Send("BLPOP q 0\r\n");
  worker.Vanish();
  keyhole.Advance(std::chrono::milliseconds(1100));
  EXPECT_TRUE(worker.closed());
  EXPECT_FALSE(keyhole.redis(1).open());
}

// Redis itself takes the end of the input for the end of the client.
TEST(Blocking, HalfClosedRedisIsToldAndDecides) {
  Harness keyhole;
  Client& worker = keyhole.Connect();
  worker.Send("BLPOP q 0\r\n");
  worker.HalfClose();
  EXPECT_TRUE(keyhole.redis(1).input_ended());
  EXPECT_FALSE(worker.closed());
  keyhole.redis(1).Lose();
  EXPECT_TRUE(worker.closed());
  EXPECT_EQ(worker.Received(), "");
}

TEST(Blocking, NotEvenWrittenInTimeItDoesNotRun) {
  Harness keyhole;
  keyhole.HoldConnections();
  Client& worker = keyhole.Connect();
  worker.Send("BLPOP q 0\r\n");
  worker.Vanish();
  keyhole.Advance(std::chrono::milliseconds(1100));
  EXPECT_TRUE(worker.closed());
  EXPECT_FALSE(keyhole.redis(1).open());
}

TEST(Blocking, OneAfterTheOther) {
  Harness keyhole;
  Client& worker = keyhole.Connect();
  worker.Send("BLPOP q 0\r\nBLPOP q 0\r\nGET a\r\n");
  keyhole.redis(1).Reply("*-1\r\n*-1\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 1);
  keyhole.redis(1).Reply("$-1\r\n");
  EXPECT_EQ(worker.Received(), "*-1\r\n*-1\r\n$-1\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 0);
}

TEST(Wait, StaysWhereItsWritesWill) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("SET a 1\r\nWAIT 1 100\r\n");
  keyhole.redis(0).Reply("+OK\r\n");
  // The fence: it makes the connection's offset one that covers all earlier writes.
  EXPECT_THAT(keyhole.redis(1).Greeting(), ElementsAre("spublish __keyhole__:wait ", "ping"));
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("WAIT 1 100"));
  keyhole.redis(1).Reply(":1\r\n");
  app.Send("SET a 2\r\nWAIT 1 100\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("SET a 2", "WAIT 1 100"));
  EXPECT_EQ(app.Received(), "+OK\r\n:1\r\n");
}

TEST(Wait, ALinkUsedBeforeIsFencedToo) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("BLPOP q 1\r\n");
  keyhole.redis(1).Reply("*-1\r\n");
  keyhole.redis(1).Greeting();
  keyhole.redis(1).Requests();
  app.Send("WAIT 1 100\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(),
              ElementsAre("spublish __keyhole__:wait ", "ping", "WAIT 1 100"));
  EXPECT_EQ(keyhole.connections(), 2u);
}

// ---- commands that leave something behind ----

TEST(Pinned, ByWhatWeDoNotFollow) {
  for (const std::string command :
       {"CLIENT TRACKING ON", "CLIENT NO-EVICT ON", "CLIENT ID", "FOO.BAR a", "CLIENT NEWTHING",
        "READONLY", "SCRIPT DEBUG YES"}) {
    Harness keyhole;
    Client& app = keyhole.Connect();
    app.Send(command + "\r\n");
    keyhole.redis(1).Reply("+OK\r\n");
    keyhole.redis(1).Requests();
    app.Send("GET a\r\n");
    EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("GET a")) << command;
    keyhole.redis(1).Reply("$-1\r\n");
    app.Vanish();
    EXPECT_FALSE(keyhole.redis(1).open()) << command;
  }
}

TEST(Pinned, NotByWhatRedisRefuses) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("FOO.BAR a\r\nCLIENT NEWTHING\r\n");
  keyhole.redis(1).Reply("-ERR unknown command 'FOO.BAR'\r\n-ERR unknown subcommand\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 0);
  app.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a"));
}

TEST(Pinned, AnUnknownCommandIsNotCounted) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("FOO.GET a\r\n");
  keyhole.redis(1).Reply("$-1\r\n");
  EXPECT_EQ(keyhole.Counted(), "");
  EXPECT_EQ(keyhole.counters().requests[resp::CommandId::kUnknown].Load(), 1u);
}

// ---- MONITOR ----

TEST(Monitor, LinesComeUntilReset) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("MONITOR\r\n");
  const std::string lines =
      "+1700000000.1 [0 127.0.0.1:5] \"GET\" \"a\"\r\n+1700000000.2 [0 lua]\r\n";
  keyhole.redis(1).Reply("+OK\r\n" + lines);
  EXPECT_EQ(app.Received(), "+OK\r\n" + lines);
  app.Send("PING\r\n");
  keyhole.redis(1).Reply(lines + "+PONG\r\n" + lines);
  EXPECT_EQ(app.Received(), lines + "+PONG\r\n" + lines);
  app.Send("RESET\r\nGET a\r\n");
  EXPECT_EQ(app.Received(), "+RESET\r\n");
  EXPECT_FALSE(keyhole.redis(1).open());
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a"));
}

TEST(Monitor, RefusedItIsOver) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("MONITOR\r\n");
  keyhole.redis(1).Reply("-NOPERM no\r\n");
  EXPECT_EQ(keyhole.links(LinkKind::kPrivate), 0);
}

// ---- replication ----

TEST(Replication, BytesArePassedOnBothWays) {
  Harness keyhole;
  Client& replica = keyhole.Connect();
  replica.Send("REPLCONF capa eof\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  replica.Send("PSYNC ? -1\r\nREPLCONF ACK 0\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(),
              ElementsAre("REPLCONF capa eof", "PSYNC ? -1", "REPLCONF ACK 0"));
  const std::string stream = "+FULLRESYNC x 0\r\n$EOF:0123\r\nREDIS\x01\xffnonsense$*\r\n";
  keyhole.redis(1).Reply(stream);
  EXPECT_EQ(replica.Received(), "+OK\r\n" + stream);
  EXPECT_FALSE(replica.closed());
  replica.Vanish();
  EXPECT_TRUE(keyhole.redis(1).input_ended());  // Redis closes it then
  keyhole.redis(1).Lose();
  EXPECT_TRUE(replica.closed());
}

TEST(Replication, LostItIsClosed) {
  Harness keyhole;
  Client& replica = keyhole.Connect();
  replica.Send("SYNC\r\n");
  keyhole.redis(1).Lose();
  EXPECT_TRUE(replica.closed());
}

TEST(Replication, AfterReplyOffIsNoDifferent) {
  Harness keyhole;
  Client& replica = keyhole.Connect();
  replica.Send("CLIENT REPLY OFF\r\nSYNC\r\n");
  keyhole.redis(1).Reply("$5\r\nREDIS");
  EXPECT_EQ(replica.Received(), "$5\r\nREDIS");
  EXPECT_TRUE(replica.session().session().idle());
}

// ---- one's own slowness ----

TEST(PrivateLink, StopsReadingWhileItsClientDoes) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.StopReading();
  app.Send("BLPOP q 0\r\nBLPOP q 0\r\n");
  const std::string first = "*2\r\n$1\r\nq\r\n$2000000\r\n" + std::string(2'000'000, 'x') + "\r\n";
  keyhole.redis(1).Reply(first);
  keyhole.redis(1).Reply("*-1\r\n");
  EXPECT_EQ(app.session().PrepareWrite().size(), first.size());  // the second one must wait
  app.ReadOn();
  EXPECT_EQ(app.Received(), first + "*-1\r\n");
}

// ---- --sharing off ----

TEST(SharingOff, EveryClientHasItsOwnConnection) {
  Config config = Harness::WithUpstream();
  config.links.sharing = false;
  Harness keyhole(config);
  Client& ann = keyhole.Connect();
  Client& bob = keyhole.Connect();
  ann.Send("GET a\r\n");
  bob.Send("SELECT 2\r\nGET b\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), IsEmpty());
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("GET a"));
  EXPECT_THAT(keyhole.redis(2).Requests(), ElementsAre("SELECT 2", "GET b"));
  keyhole.redis(1).Reply("$-1\r\n");
  keyhole.redis(2).Reply("+OK\r\n$-1\r\n");
  ann.Send("GET a\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("GET a"));
  keyhole.redis(1).Reply("$-1\r\n");
  ann.Vanish();
  EXPECT_FALSE(keyhole.redis(1).open());
  EXPECT_EQ(keyhole.Counted(), "a 0/2, b 0/1");
  EXPECT_EQ(keyhole.connections(), 3u);
}

TEST(SharingOff, ALostConnectionIsALostClient) {
  Config config = Harness::WithUpstream();
  config.links.sharing = false;
  Harness keyhole(config);
  Client& ann = keyhole.Connect();
  ann.Send("GET a\r\n");
  keyhole.redis(1).Reply("$-1\r\n");
  keyhole.redis(1).Lose();
  EXPECT_TRUE(ann.closed());
}

// In Redis' words, and EXEC fails there; but Redis never hears of it.
TEST(Shutdown, IsRefusedInATransaction) {
  Config config = Harness::WithUpstream();
  config.clients.allow_shutdown = true;
  Harness keyhole(config);
  Client& app = keyhole.Connect();
  app.Send("MULTI\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  app.Send("SHUTDOWN NOSAVE\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), testing::Not(testing::Contains("SHUTDOWN NOSAVE")));
  keyhole.redis(1).Reply("-ERR wrong number of arguments for 'get' command\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n-ERR Command not allowed inside a transaction\r\n");
}

TEST(Shutdown, IsRefusedUnlessAllowed) {
  Harness careful;
  Client& app = careful.Connect();
  app.Send("SHUTDOWN NOSAVE\r\n");
  EXPECT_THAT(app.Received(), testing::StartsWith("-ERR SHUTDOWN is refused by the proxy"));
  EXPECT_THAT(careful.redis(0).Requests(), IsEmpty());

  Config config = Harness::WithUpstream();
  config.clients.allow_shutdown = true;
  Harness bold(config);
  Client& admin = bold.Connect();
  admin.Send("SHUTDOWN NOSAVE\r\n");
  EXPECT_THAT(bold.redis(1).Requests(), ElementsAre("SHUTDOWN NOSAVE"));
}

}  // namespace
}  // namespace keyhole::core
