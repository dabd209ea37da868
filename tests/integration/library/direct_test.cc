// Typed calls in front of the embedded store, which need no request and no reply: everybody else
// must see them as if they had been requests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <keyhole/keyhole.h>

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>

#include "tests/support/eventually.h"
#include "tests/support/raw_client.h"

namespace keyhole {
namespace {

using std::chrono::milliseconds;
using test::RawClient;
using testing::HasSubstr;
using Code = Error::Code;

class DirectCalls : public testing::Test {
 protected:
  DirectCalls() : instance_(Start(Options().Set("listen", "127.0.0.1:0").Set("http", "off"))) {
    EXPECT_TRUE(instance_);
    cache_.Call({"PING"});  // has a session from here on
  }
  RawClient Outside() { return RawClient::Connect(instance_->port()); }

  Result<Instance> instance_;
  Connection cache_ = instance_->Connect();
};

TEST_F(DirectCalls, CountAsRequests) {
  cache_.Set("k", "value");
  cache_.Set("k", "value", std::chrono::hours(1));
  cache_.Get("k");
  cache_.Call({"GET", "k"});
  cache_.Mget({"k", "none"});
  cache_.Incr("n");
  cache_.Incr("n", 5);
  cache_.Del("n");
  const std::string metrics = instance_->metrics_text();
  for (const char* const line :
       {"command=\"set\"} 2", "command=\"get\"} 2", "command=\"mget\"} 1", "command=\"incr\"} 1",
        "command=\"incrby\"} 1", "command=\"del\"} 1", "family=\"write\",result=\"ok\"} 5"}) {
    EXPECT_THAT(metrics, HasSubstr(line));
  }
  const std::string stats(Outside().Ask({"INFO", "commandstats"}));
  for (const char* const line : {"cmdstat_set:calls=2", "cmdstat_mget:calls=1",
                                 "cmdstat_incrby:calls=1", "cmdstat_del:calls=1"}) {
    EXPECT_THAT(stats, HasSubstr(line));
  }
  const std::vector<KeyCount> keys = instance_->keys();
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0].key, "k");
  EXPECT_EQ(keys[0].hits, 3U);
  EXPECT_EQ(keys[0].bytes, 15U);
  EXPECT_EQ(keys[1].key, "none");
  EXPECT_EQ(keys[1].misses, 1U);
}

TEST_F(DirectCalls, BreakWatches) {
  cache_.Set("k", "1");
  RawClient other = Outside();
  for (const auto change :
       {+[](Connection& c) { c.Set("k", "2"); }, +[](Connection& c) { c.Incr("k"); },
        +[](Connection& c) { c.Del("k"); }}) {
    EXPECT_EQ(other.Ask({"WATCH", "k"}), "+OK\r\n");
    change(cache_);
    EXPECT_EQ(other.Ask({"MULTI"}), "+OK\r\n");
    EXPECT_EQ(other.Ask({"PING"}), "+QUEUED\r\n");
    EXPECT_EQ(other.Ask({"EXEC"}), "*-1\r\n");
  }
}

TEST_F(DirectCalls, AreSeenByWhoMonitors) {
  RawClient monitor = Outside();
  EXPECT_EQ(monitor.Ask({"MONITOR"}), "+OK\r\n");
  cache_.Set("k", "v", milliseconds(5000));
  EXPECT_THAT(monitor.ReadReply(), HasSubstr("\"set\" \"k\" \"v\" \"PX\" \"5000\""));
  cache_.Del("k");
  EXPECT_THAT(monitor.ReadReply(), HasSubstr("\"del\" \"k\""));
}

TEST_F(DirectCalls, AreEventsOfTheirKeys) {
  RawClient listener = Outside();
  EXPECT_EQ(listener.Ask({"CONFIG", "SET", "notify-keyspace-events", "KA"}), "+OK\r\n");
  EXPECT_THAT(listener.Ask({"PSUBSCRIBE", "__key*"}), HasSubstr("psubscribe"));
  cache_.Incr("n");
  EXPECT_THAT(listener.ReadReply(), HasSubstr("incrby"));
  cache_.Del("n");
  EXPECT_THAT(listener.ReadReply(), HasSubstr("del"));
}

TEST_F(DirectCalls, InvalidateWhatOthersTrack) {
  RawClient tracker = Outside();
  EXPECT_THAT(tracker.Ask({"HELLO", "3"}), HasSubstr("proto"));
  EXPECT_EQ(tracker.Ask({"CLIENT", "TRACKING", "ON"}), "+OK\r\n");
  cache_.Set("k", "1");
  EXPECT_EQ(tracker.Ask({"GET", "k"}), "$1\r\n1\r\n");
  cache_.Set("k", "2");
  EXPECT_THAT(tracker.ReadReply(), HasSubstr("invalidate"));
}

TEST_F(DirectCalls, WakeWhoWaits) {
  RawClient waiter = Outside();
  EXPECT_EQ(waiter.Ask({"XGROUP", "CREATE", "s", "g", "0", "MKSTREAM"}), "+OK\r\n");
  waiter.Send("XREADGROUP GROUP g c BLOCK 0 STREAMS s >\r\n");
  const auto info = [&] { return std::string(cache_.Call({"INFO", "clients"}).text()); };
  const auto waits = [](const std::string& text) {
    return text.find("blocked_clients:1") != text.npos;
  };
  ASSERT_TRUE(waits(test::Eventually(info, waits)));
  EXPECT_EQ(*cache_.Del("s"), 1);
  EXPECT_THAT(waiter.ReadReply(), HasSubstr("-UNBLOCKED"));
}

TEST_F(DirectCalls, HaveTheErrorsOfRequests) {
  cache_.Call({"RPUSH", "list", "a"});
  EXPECT_THAT(cache_.Incr("list").error().message, HasSubstr("WRONGTYPE"));
  cache_.Set("word", "v");
  EXPECT_THAT(cache_.Incr("word").error().message, HasSubstr("not an integer"));
  cache_.Set("most", "9223372036854775807");
  EXPECT_THAT(cache_.Incr("most").error().message, HasSubstr("overflow"));
  EXPECT_THAT(cache_.Set("k", "v", milliseconds(-1)).error().message, HasSubstr("invalid expire"));
  EXPECT_THAT(cache_.Set("k", "v", milliseconds::max()).error().message,
              HasSubstr("invalid expire"));
  EXPECT_THAT(cache_.Mget(std::span<const std::string_view>()).error().message,
              HasSubstr("wrong number of arguments"));
  const auto mixed = cache_.Mget({"list", "word"});
  ASSERT_TRUE(mixed);
  EXPECT_THAT(*mixed, testing::ElementsAre(Value(), Value("v")));
}

TEST_F(DirectCalls, KeepWhatAKeyHas) {
  ASSERT_TRUE(cache_.Set("n", "1", std::chrono::hours(1)));
  EXPECT_EQ(*cache_.Incr("n"), 2);
  EXPECT_GT(cache_.Call({"PTTL", "n"}).integer(), 3'500'000);
  ASSERT_TRUE(cache_.Set("n", "1"));
  EXPECT_EQ(cache_.Call({"PTTL", "n"}).integer(), -1);
  EXPECT_EQ(*cache_.Get("n"), "1");
}

TEST_F(DirectCalls, TellWhatHasExpired) {
  ASSERT_TRUE(cache_.Set("n", "7", milliseconds(1)));
  const auto exists = [&] { return cache_.Call({"EXISTS", "n"}).integer(); };
  ASSERT_EQ(test::Eventually(exists, [](int64_t there) { return there == 0; }), 0);
  EXPECT_EQ(*cache_.Del("n"), 0);
  EXPECT_EQ(*cache_.Incr("n"), 1);
}

TEST_F(DirectCalls, AreNotBegunOnceTheyAreCancelled) {
  cache_.Set("k", "v");
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(cache_.Get("k", {.cancel = source.get_token()}).error().code, Code::kCancelled);
  EXPECT_EQ(cache_.Del("k", {.cancel = source.get_token()}).error().code, Code::kCancelled);
  EXPECT_EQ(*cache_.Get("k"), "v");
}

TEST_F(DirectCalls, AreRefusedWhereMemoryIsFull) {
  Result<Instance> small = Start(Options().Set("max-memory", "1mb").Set("eviction", "noeviction"));
  ASSERT_TRUE(small) << small.error().message;
  Connection c = small->Connect();
  c.Call({"PING"});
  const std::string value(10'000, 'v');
  Result<bool> set = true;
  for (int i = 0; i < 1000 && set; ++i) set = c.Set("k" + std::to_string(i), value);
  ASSERT_FALSE(set);
  EXPECT_THAT(set.error().message, HasSubstr("OOM"));
  EXPECT_EQ(*c.Get("k0"), value);
}

}  // namespace
}  // namespace keyhole
