// Scripts beside what else there is: transactions, listeners, statistics, the end of the store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "proxy/store/script/fiber.h"
#include "tests/unit/store/store_client.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(Fiber, StopsInTheMiddleAndGoesOn) {
  std::string story;
  script::Fiber* self = nullptr;
  script::Fiber fiber(1 << 20, [&] {
    story += "a";
    try {
      self->Pause();
      throw 1;
    } catch (int) {
      story += "c";
    }
  });
  self = &fiber;
  EXPECT_FALSE(fiber.Start());
  story += "b";
  EXPECT_TRUE(fiber.Continue());
  EXPECT_EQ(story, "abc");
  EXPECT_FALSE(fiber.Start());
  EXPECT_TRUE(fiber.Continue());
  EXPECT_EQ(story, "abcac");
}

TEST(Scripts, SeeOneMoment) {
  TestStore store;
  TestClient client(store);
  client.Ask("SET k v PX 10");
  EXPECT_EQ(client.Ask({"EVAL", "return redis.call('pttl', 'k')", "0"}), ":10\r\n");
}

TEST(Scripts, AreShownToMonitors) {
  TestStore store;
  TestClient monitor(store);
  monitor.Ask("MONITOR");
  TestClient client(store);
  client.Ask({"EVAL", "redis.call('select', 2) return redis.call('set', KEYS[1], 5)", "1", "k"});
  const std::string lines = monitor.Messages();
  EXPECT_THAT(lines, HasSubstr("[0 127.0.0.1:50000] \"EVAL\""));
  EXPECT_THAT(lines, HasSubstr("[2 lua] \"select\" \"2\"\r\n"));
  EXPECT_THAT(lines, HasSubstr("[2 lua] \"set\" \"k\" \"5\"\r\n"));
  EXPECT_LT(lines.find("EVAL"), lines.find("lua"));
  EXPECT_EQ(lines.find("\"EVAL\""), lines.rfind("\"EVAL\""));
}

TEST(Scripts, CountWhatTheyCall) {
  TestStore store;
  TestClient client(store);
  client.Ask("SET k v");
  client.Ask({"EVAL", "redis.call('get', 'k') redis.call('get', 'missing')", "0"});
  EXPECT_THAT(client.Ask("INFO stats"), HasSubstr("keyspace_hits:1\r\nkeyspace_misses:1\r\n"));
  EXPECT_THAT(client.Ask("INFO commandstats"), HasSubstr("cmdstat_get:calls=2,"));
  EXPECT_THAT(client.Ask("INFO commandstats"), HasSubstr("cmdstat_eval:calls=1,"));
}

// An error is counted where it came up, and once.
TEST(Scripts, CountAnErrorOnce) {
  TestStore store;
  TestClient client(store);
  client.Ask("SET k v");
  client.Ask({"EVAL", "return redis.call('lpush', 'k', 1)", "0"});
  EXPECT_THAT(client.Ask("INFO errorstats"), HasSubstr("errorstat_WRONGTYPE:count=1\r\n"));
  const std::string stats = client.Ask("INFO commandstats");
  EXPECT_THAT(stats, HasSubstr("cmdstat_lpush:calls=1,usec=0,usec_per_call=0.00,"
                               "rejected_calls=0,failed_calls=1"));
  EXPECT_THAT(stats, HasSubstr("cmdstat_eval:calls=1,usec=0,usec_per_call=0.00,"
                               "rejected_calls=0,failed_calls=1"));
  client.Ask({"EVAL", "return redis.call('nosuch')", "0"});
  EXPECT_THAT(client.Ask("INFO errorstats"), HasSubstr("errorstat_ERR:count=1\r\n"));
  client.Ask({"EVAL", "error('own')", "0"});
  EXPECT_THAT(client.Ask("INFO errorstats"), HasSubstr("errorstat_ERR:count=2\r\n"));
}

TEST(Scripts, WritesAreInvalidations) {
  TestStore store;
  TestClient reader(store, "127.0.0.1:50001");
  reader.Ask("HELLO 3");
  reader.Ask("CLIENT TRACKING on");
  TestClient client(store);
  client.Ask("SET k v");
  // What a script of a client that tracks has declared counts as read.
  reader.Ask({"EVAL", "return redis.call('get', KEYS[1])", "1", "k"});
  client.Ask({"EVAL", "redis.call('set', 'k', 'w')", "0"});
  EXPECT_EQ(reader.Messages(), ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
}

TEST(Scripts, WritesAreEvents) {
  TestStore store;
  TestClient listener(store);
  listener.Ask("CONFIG SET notify-keyspace-events KEA");
  listener.Ask("PSUBSCRIBE *");
  TestClient client(store);
  client.Ask({"EVAL", "redis.call('set', 'k', 'w') redis.call('del', 'k')", "0"});
  const std::string messages = listener.Messages();
  EXPECT_THAT(messages, HasSubstr("__keyevent@0__:set"));
  EXPECT_LT(messages.find("__keyevent@0__:set"), messages.find("__keyevent@0__:del"));
}

TEST(Scripts, FullMemoryRefusesTheFirstWriteOnly) {
  TestStore store({.max_memory = 4 << 20, .eviction = store::Eviction::kNone});
  TestClient client(store);
  for (int i = 0;
       client.Ask({"SET", "k" + std::to_string(i), std::string(100'000, 'x')}) == "+OK\r\n"; ++i) {
  }
  EXPECT_THAT(client.Ask({"EVAL", "return redis.call('set', 'a', 1)", "0"}), StartsWith("-OOM"));
  EXPECT_EQ(client.Ask({"EVAL", "redis.call('del', 'k0') return redis.call('set', 'a', 1)", "0"}),
            "+OK\r\n");
  client.Ask({"SET", "b", std::string(200'000, 'x')});
  client.Ask({"SET", "c", std::string(200'000, 'x')});
  EXPECT_THAT(client.Ask({"EVAL", "#!lua\nreturn 1", "0"}), StartsWith("-OOM"));
  EXPECT_EQ(client.Ask({"EVAL", "#!lua flags=no-writes\nreturn 1", "0"}), ":1\r\n");
  EXPECT_EQ(client.Ask({"EVAL", "#!lua flags=allow-oom\nreturn redis.call('set', 'a', 1)", "0"}),
            "+OK\r\n");
}

TEST(Scripts, PauseHoldsThoseThatMayWrite) {
  TestStore store;
  TestClient client(store);
  client.Ask("CLIENT PAUSE 100000 WRITE");
  TestClient reader(store);
  EXPECT_EQ(reader.Ask({"EVAL_RO", "return 1", "0"}), ":1\r\n");
  EXPECT_EQ(reader.Ask({"EVAL", "#!lua flags=no-writes\nreturn 1", "0"}), ":1\r\n");
  EXPECT_EQ(reader.Ask({"EVAL", "return 2", "0"}), "");
  TestClient other(store);
  EXPECT_EQ(other.Ask({"EVAL", "return 3", "0"}), "");
  client.Ask("CLIENT UNPAUSE");
  EXPECT_EQ(reader.Messages(), ":2\r\n");
  EXPECT_EQ(other.Messages(), ":3\r\n");
}

// One that has been put aside: what the loop of a worker does is done here.
class Long : public testing::Test {
 protected:
  Long() { client_.Ask("CONFIG SET busy-reply-threshold 1"); }

  std::string Finish(TestClient& client) {
    std::string reply;
    for (int i = 0; i < 10'000 && reply.empty(); ++i) {
      EXPECT_EQ(store_.store.next_deadline(), 0);
      store_.store.EndWaits(store_.now);
      reply = client.Messages();
    }
    return reply;
  }

  TestStore store_;
  TestClient client_{store_};
};

TEST_F(Long, NothingHappensToKeysMeanwhile) {
  client_.Ask("SET k v PX 10");
  TestClient runner(store_);
  EXPECT_EQ(runner.Ask({"EVAL", "for i = 1, 1e7 do end return redis.call('get', 'k')", "0"}), "");
  store_.now += 1000;
  store_.store.Sweep(store_.now);
  EXPECT_THAT(client_.Ask("GET k"), StartsWith("-BUSY"));
  EXPECT_EQ(Finish(runner), "$1\r\nv\r\n");
  EXPECT_EQ(client_.Ask("GET k"), "$-1\r\n");
  EXPECT_EQ(store_.store.next_deadline(), store::kNever);
}

TEST_F(Long, NoCallFromTheProcessSeesHalfOfIt) {
  client_.Ask("SET k v");
  const auto caller = store_.store.Connect("a caller", store_.now);
  const auto get = [&] {
    std::string value;
    const resp::HashedKey key("k");
    resp::DirectCommand command{.id = resp::CommandId::kGet,
                                .keys = {&key, 1},
                                .earliest = store_.now,
                                .latest = store_.now,
                                .bytes = &value};
    return store_.store.Direct(*caller, &command) && command.answer == 1;
  };
  EXPECT_TRUE(get());
  TestClient runner(store_);
  EXPECT_EQ(
      runner.Ask({"EVAL", "redis.call('set', 'k', 'half') for i = 1, 1e7 do end return 1", "0"}),
      "");
  EXPECT_FALSE(get()) << "Execute() says BUSY";
  EXPECT_EQ(Finish(runner), ":1\r\n");
  EXPECT_TRUE(get());
}

TEST_F(Long, WithoutAThresholdNobodyIsToldSo) {
  client_.Ask("CONFIG SET busy-reply-threshold 0");
  EXPECT_EQ(client_.Ask({"EVAL", "for i = 1, 3e6 do end return 1", "0"}), ":1\r\n");
}

TEST_F(Long, TheStoreEndsIt) {
  TestClient runner(store_);
  EXPECT_EQ(runner.Ask({"EVAL", "redis.call('set', 'k', 1) while true do end", "0"}), "");
}

TEST_F(Long, PausedOnesFollowOneAnother) {
  client_.Ask("CLIENT PAUSE 100000 WRITE");
  TestClient first(store_);
  TestClient second(store_);
  EXPECT_EQ(first.Ask({"EVAL", "for i = 1, 1e7 do end return 1", "0"}), "");
  EXPECT_EQ(second.Ask({"EVAL", "return redis.call('incr', 'k')", "0"}), "");
  client_.Ask("CLIENT UNPAUSE");
  EXPECT_EQ(second.Messages(), "");
  EXPECT_EQ(Finish(first), ":1\r\n");
  EXPECT_EQ(second.Messages(), ":1\r\n");
}

}  // namespace
}  // namespace keyhole::test
