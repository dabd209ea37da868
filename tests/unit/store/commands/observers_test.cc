// What goes on beside commands: keyspace events, tracking, pauses, MONITOR; with a clock of our
// own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/store/store_client.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string Event(const std::string& channel, const std::string& message) {
  return "*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$" + std::to_string(channel.size()) + "\r\n" +
         channel + "\r\n$" + std::to_string(message.size()) + "\r\n" + message + "\r\n";
}

class ObserversTest : public testing::TestWithParam<int> {
 protected:
  void Listen(const std::string& classes) {
    writer_.Ask("CONFIG SET notify-keyspace-events " + classes);
    listener_.Ask("PSUBSCRIBE *");
  }

  TestStore store_{{.workers = GetParam()}};
  TestClient writer_{store_};
  TestClient listener_{store_};
};

INSTANTIATE_TEST_SUITE_P(, ObserversTest, testing::Values(1, 3),
                         [](const auto& test) { return "Workers" + std::to_string(test.param); });

TEST_P(ObserversTest, KeyThenEvent) {
  Listen("KEA");
  writer_.Ask("SET k v EX 10");
  EXPECT_EQ(listener_.Messages(),
            Event("__keyspace@0__:k", "set") + Event("__keyevent@0__:set", "k") +
                Event("__keyspace@0__:k", "expire") + Event("__keyevent@0__:expire", "k"));
}

TEST_P(ObserversTest, ExpiryIsToldWhenTheKeyIsFoundToHaveEnded) {
  Listen("Ex");
  writer_.Ask("SET k v PX 10");
  store_.now += 20;
  EXPECT_THAT(listener_.Messages(), IsEmpty());
  EXPECT_EQ(writer_.Ask("GET k"), "$-1\r\n");
  EXPECT_EQ(listener_.Messages(), Event("__keyevent@0__:expired", "k"));
}

TEST_P(ObserversTest, ExpiryIsToldByTheSweep) {
  Listen("Ex");
  writer_.Ask("SELECT 3");
  writer_.Ask("SET k v PX 10");
  store_.now += 20;
  for (int i = 0; i < 64; ++i) store_.store.Sweep(store_.now);
  EXPECT_EQ(listener_.Messages(), Event("__keyevent@3__:expired", "k"));
}

TEST_P(ObserversTest, WritingAnExpiredKeyEndsItFirst) {
  Listen("Exn");
  writer_.Ask("SET k v PX 10");
  store_.now += 20;
  writer_.Ask("SET k w");
  EXPECT_EQ(listener_.Messages(), Event("__keyevent@0__:new", "k") +
                                      Event("__keyevent@0__:expired", "k") +
                                      Event("__keyevent@0__:new", "k"));
}

TEST_P(ObserversTest, EvictionIsTold) {
  Listen("Ee");
  writer_.Ask("CONFIG SET maxmemory-policy allkeys-lru maxmemory 1mb");
  for (int i = 0; i < 30; ++i) {
    writer_.Ask({"SET", "k" + std::to_string(i), std::string(100'000, 'x')});
  }
  EXPECT_THAT(listener_.Messages(), HasSubstr("__keyevent@0__:evicted"));
}

TEST_P(ObserversTest, InATransactionEventsComeBeforeWhatIsPublishedAfter) {
  Listen("E$");
  for (const std::string line : {"MULTI", "SET k v", "PUBLISH c m", "EXEC"}) writer_.Ask(line);
  EXPECT_EQ(listener_.Messages(), Event("__keyevent@0__:set", "k") + Event("c", "m"));
}

// ---- CLIENT TRACKING ----

std::string Invalidate(const std::string& key) {
  return ">2\r\n$10\r\ninvalidate\r\n*1\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n";
}

TEST_P(ObserversTest, AReaderIsToldOnce) {
  listener_.Ask("HELLO 3");
  listener_.Ask("CLIENT TRACKING ON");
  listener_.Ask("GET k");
  writer_.Ask("SET k 1");
  writer_.Ask("SET k 2");
  EXPECT_EQ(listener_.Messages(), Invalidate("k"));
}

TEST_P(ObserversTest, OwnWritesAreToldAfterTheReply) {
  listener_.Ask("HELLO 3");
  listener_.Ask("CLIENT TRACKING ON");
  listener_.Ask("GET k");
  EXPECT_EQ(listener_.Ask("SET k 1"), "+OK\r\n");
  EXPECT_EQ(listener_.Messages(), Invalidate("k"));
  listener_.Ask("CLIENT TRACKING ON NOLOOP");
  listener_.Ask("GET k");
  listener_.Ask("SET k 2");
  EXPECT_THAT(listener_.Messages(), IsEmpty());
}

TEST_P(ObserversTest, ExpiryAndFlushInvalidate) {
  listener_.Ask("HELLO 3");
  listener_.Ask("CLIENT TRACKING ON");
  writer_.Ask("SET k v PX 10");
  listener_.Ask("GET k");
  store_.now += 20;
  for (int i = 0; i < 64; ++i) store_.store.Sweep(store_.now);
  EXPECT_EQ(listener_.Messages(), Invalidate("k"));
  writer_.Ask("FLUSHALL");
  EXPECT_EQ(listener_.Messages(), ">2\r\n$10\r\ninvalidate\r\n_\r\n");
}

TEST_P(ObserversTest, OptInNeedsCaching) {
  listener_.Ask("HELLO 3");
  listener_.Ask("CLIENT TRACKING ON OPTIN");
  listener_.Ask("GET a");
  listener_.Ask("CLIENT CACHING YES");
  listener_.Ask("GET b");
  listener_.Ask("GET c");
  for (const std::string key : {"a", "b", "c"}) writer_.Ask("SET " + key + " 1");
  EXPECT_EQ(listener_.Messages(), Invalidate("b"));
}

TEST_P(ObserversTest, BroadcastByPrefix) {
  listener_.Ask("HELLO 3");
  listener_.Ask("CLIENT TRACKING ON BCAST PREFIX a: PREFIX b:");
  writer_.Ask("MSET a:1 x b:1 x c:1 x a:2 x");
  EXPECT_EQ(listener_.Messages(),
            ">2\r\n$10\r\ninvalidate\r\n*2\r\n$3\r\na:1\r\n$3\r\na:2\r\n" + Invalidate("b:1"));
}

TEST_P(ObserversTest, RedirectedToAListener) {
  const std::string id = listener_.Ask("CLIENT ID").substr(1);
  listener_.Ask("SUBSCRIBE __redis__:invalidate");
  writer_.Ask("CLIENT TRACKING ON REDIRECT " + id);
  writer_.Ask("GET k");
  writer_.Ask("SET k v");
  EXPECT_EQ(listener_.Messages(),
            "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\nk\r\n");
}

TEST_P(ObserversTest, TheTableHasALimit) {
  writer_.Ask("CONFIG SET tracking-table-max-keys 2");
  listener_.Ask("HELLO 3");
  listener_.Ask("CLIENT TRACKING ON");
  for (const std::string key : {"a", "b", "c"}) listener_.Ask("GET " + key);
  EXPECT_THAT(listener_.Messages(), HasSubstr("invalidate"));
  EXPECT_THAT(writer_.Ask("INFO stats"), HasSubstr("tracking_total_keys:2\r\n"));
}

// ---- CLIENT PAUSE ----

TEST_P(ObserversTest, APauseHoldsWritesAndLetsReadsPass) {
  listener_.Ask("CLIENT PAUSE 1000 WRITE");
  EXPECT_EQ(listener_.Ask("GET k"), "$-1\r\n");
  EXPECT_EQ(writer_.Ask("SET k v"), "");
  EXPECT_EQ(listener_.Ask("GET k"), "$-1\r\n");
  EXPECT_EQ(listener_.Ask("CLIENT UNPAUSE"), "+OK\r\n");
  EXPECT_EQ(writer_.Messages(), "+OK\r\n");
  EXPECT_EQ(listener_.Ask("GET k"), "$1\r\nv\r\n");
}

TEST_P(ObserversTest, APauseEndsByItself) {
  listener_.Ask("CLIENT PAUSE 1000");
  EXPECT_EQ(writer_.Ask("PING"), "");
  store_.now += 999;
  store_.store.Sweep(store_.now);
  EXPECT_THAT(writer_.Messages(), IsEmpty());
  store_.now += 1;
  store_.store.Sweep(store_.now);
  EXPECT_EQ(writer_.Messages(), "+PONG\r\n");
}

TEST_P(ObserversTest, ATransactionIsHeldAsAWhole) {
  writer_.Ask("MULTI");
  writer_.Ask("SET k v");
  writer_.Ask("GET k");
  listener_.Ask("CLIENT PAUSE 1000 WRITE");
  EXPECT_EQ(writer_.Ask("EXEC"), "");
  listener_.Ask("CLIENT UNPAUSE");
  EXPECT_EQ(writer_.Messages(), "*2\r\n+OK\r\n$1\r\nv\r\n");
}

TEST_P(ObserversTest, KeysDoNotExpireDuringAPause) {
  writer_.Ask("SET k v PX 10");
  writer_.Ask("CLIENT PAUSE 1000 WRITE");
  store_.now += 20;
  EXPECT_EQ(writer_.Ask("GET k"), "$-1\r\n");
  EXPECT_EQ(writer_.Ask("DBSIZE"), ":1\r\n");
  writer_.Ask("CLIENT UNPAUSE");
  EXPECT_EQ(writer_.Ask("GET k"), "$-1\r\n");
  EXPECT_EQ(writer_.Ask("DBSIZE"), ":0\r\n");
}

// ---- MONITOR ----

TEST_P(ObserversTest, AMonitorSeesWhatRuns) {
  EXPECT_EQ(listener_.Ask("MONITOR"), "+OK\r\n");
  writer_.Ask({"SET", "k", "a\"\n\x01"});
  writer_.Ask("AUTH default secret");
  writer_.Ask("CONFIG GET maxmemory");
  const std::string seen = listener_.Messages();
  EXPECT_THAT(seen, HasSubstr("+1700000000.000000 [0 127.0.0.1:50000] \"SET\" \"k\" "
                              "\"a\\\"\\n\\x01\"\r\n"));
  EXPECT_THAT(seen, HasSubstr("\"AUTH\" \"(redacted)\" \"(redacted)\""));
  EXPECT_THAT(seen, Not(HasSubstr("CONFIG")));
}

TEST(MissingCommandTest, IsLoggedOnce) {
  std::vector<std::string> lines;
  TestStore store({.log = [&lines](const std::string& line) { lines.push_back(line); }});
  TestClient client(store);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(client.Ask("BGREWRITEAOF"), HasSubstr("-ERR unknown command 'BGREWRITEAOF'"));
  }
  client.Ask("NOSUCH");
  EXPECT_THAT(lines, testing::ElementsAre(HasSubstr(
                         "bgrewriteaof: unknown command (not in Keyhole's embedded store; use "
                         "--upstream)")));
}

}  // namespace
}  // namespace keyhole::test
