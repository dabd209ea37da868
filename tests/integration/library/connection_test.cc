// Calls inside the process: in front of the embedded store, and of a Redis.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <keyhole/keyhole.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/raw_client.h"
#include "tests/support/redis_server.h"

namespace keyhole {
namespace {

using std::chrono::milliseconds;
using test::RawClient;
using test::RedisServer;
using testing::HasSubstr;
using Code = Error::Code;

// What is behind the instance: the store, a Redis, a Redis with a near cache before it.
class LibraryCalls : public testing::TestWithParam<const char*> {
 protected:
  LibraryCalls() {
    Options options;
    options.Set("listen", "127.0.0.1:0");
    if (GetParam() != std::string_view("store")) {
      redis_ = std::make_unique<RedisServer>();
      options.Set("upstream", "redis://127.0.0.1:" + std::to_string(redis_->port()));
    }
    if (GetParam() == std::string_view("near")) options.Set("near-cache", "1mb");
    instance_.emplace(Start(options));
    EXPECT_TRUE(*instance_) << instance_->error().message;
  }
  Instance& instance() { return **instance_; }

  std::unique_ptr<RedisServer> redis_;
  std::optional<Result<Instance>> instance_;
};

TEST_P(LibraryCalls, TypedOnes) {
  Connection cache = instance().Connect();
  const auto missing = cache.Get("k");
  EXPECT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kNone);
  EXPECT_TRUE(cache.Set("k", "value"));
  for (int i = 0; i < 3; ++i) {
    const auto got = cache.Get("k");
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(*got, "value");
  }
  EXPECT_EQ(*cache.Incr("n"), 1);
  EXPECT_EQ(*cache.Incr("n", 41), 42);
  EXPECT_EQ(*cache.Get("n"), "42");
  const auto both = cache.Mget({"k", "none", "n"});
  ASSERT_TRUE(both);
  EXPECT_THAT(*both, testing::ElementsAre(Value("value"), Value(), Value("42")));
  EXPECT_EQ(*cache.Del("k"), 1);
  const std::string_view rest[] = {"k", "n"};
  EXPECT_EQ(*cache.Del(rest), 1);
  EXPECT_FALSE(cache.Get("n"));
}

TEST_P(LibraryCalls, WhatOneHasGivenNamesTheNext) {
  Connection cache = instance().Connect();
  cache.Set("first", "second");
  cache.Set("second", "a key that is longer than its own name");
  cache.Set("a key that is longer than its own name", "end");
  Result<std::string_view> at = cache.Get("first");
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(at);
    at = cache.Get(*at);
  }
  EXPECT_EQ(*at, "end");
  std::vector<std::string> names;
  for (const KeyCount& key : instance().keys()) names.push_back(key.key);
  EXPECT_THAT(names, testing::UnorderedElementsAre("first", "second",
                                                   "a key that is longer than its own name"));
}

TEST_P(LibraryCalls, AKeyThatExpires) {
  Connection cache = instance().Connect();
  ASSERT_TRUE(cache.Set("k", "v", milliseconds(40)));
  const auto began = std::chrono::steady_clock::now();
  while (cache.Get("k")) {
    ASSERT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
  }
  EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(35));
}

TEST_P(LibraryCalls, RepliesOfAllTypes) {
  Connection c = instance().Connect();
  EXPECT_EQ(c.Call({"SET", "k", "v"}).get<Status>()->text, "OK");
  EXPECT_EQ(c.Call({"GET", "k"}).text(), "v");
  EXPECT_TRUE(c.Call({"GET", "none"}).is_nil());
  EXPECT_EQ(c.Call({"STRLEN", "k"}).integer(), 1);
  const Reply wrong = c.Call({"INCR", "k"});
  EXPECT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.get<Failure>()->code, Code::kReply);
  EXPECT_EQ(wrong.text(), "ERR value is not an integer or out of range");
  c.Call({"HSET", "h", "f", "1"});
  Elements flat = c.Call({"HGETALL", "h"}).elements();
  ASSERT_EQ(flat.size(), 2U);
  EXPECT_EQ(flat.kind, Elements::Kind::kArray);
  EXPECT_TRUE(c.Call({"HELLO", "3"}).ok());
  const Elements map = c.Call({"HGETALL", "h"}).elements();
  ASSERT_EQ(map.size(), 2U);
  EXPECT_EQ(map.kind, Elements::Kind::kMap);
  EXPECT_EQ(map[0].text(), "f");
  c.Call({"ZADD", "z", "1.5", "m"});
  const Reply score = c.Call({"ZSCORE", "z", "m"});
  ASSERT_NE(score.get<double>(), nullptr);
  EXPECT_EQ(*score.get<double>(), 1.5);
  EXPECT_EQ(c.Call({}).get<Failure>() == nullptr, false);
}

TEST_P(LibraryCalls, ErrorsOfTypedOnes) {
  Connection cache = instance().Connect();
  cache.Call({"RPUSH", "list", "a"});
  const auto got = cache.Get("list");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::kReply);
  EXPECT_THAT(got.error().message, HasSubstr("WRONGTYPE"));
  EXPECT_THAT(cache.Incr("list").error().message, HasSubstr("WRONGTYPE"));
  EXPECT_THAT(cache.Set("k", "v", milliseconds(-1)).error().message, HasSubstr("invalid expire"));
  cache.Call({"MULTI"});
  EXPECT_EQ(cache.Get("k").error().code, Code::kReply) << "it is queued";
  cache.Call({"DISCARD"});
  EXPECT_EQ(cache.Get("k").error().code, Code::kNone);
}

TEST_P(LibraryCalls, ATransactionAndASelect) {
  Connection c = instance().Connect();
  EXPECT_TRUE(c.Call({"SELECT", "3"}).ok());
  EXPECT_TRUE(c.Call({"MULTI"}).ok());
  EXPECT_EQ(c.Call({"SET", "k", "v"}).text(), "QUEUED");
  EXPECT_EQ(c.Call({"GET", "k"}).text(), "QUEUED");
  const Elements both = c.Call({"EXEC"}).elements();
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[1].text(), "v");
  EXPECT_EQ(*c.Get("k"), "v");
  Connection other = instance().Connect();
  EXPECT_FALSE(other.Get("k")) << "another database";
}

TEST_P(LibraryCalls, APipeline) {
  Connection c = instance().Connect();
  const auto replies = c.Pipeline()
                           .Add({"SET", "k", "1"})
                           .Add({"INCR", "k"})
                           .Add({"INCR", "no", "such", "arity"})
                           .Add({"GET", "k"})
                           .Run();
  ASSERT_EQ(replies.size(), 4U);
  EXPECT_EQ(replies[0].text(), "OK");
  EXPECT_EQ(replies[1].integer(), 2);
  EXPECT_FALSE(replies[2].ok());
  EXPECT_EQ(replies[3].text(), "2");
  EXPECT_EQ(c.Pipeline().Run().size(), 0U);
}

TEST_P(LibraryCalls, WhatBringsMoreThanRepliesIsRefused) {
  Connection c = instance().Connect();
  for (const auto& words : std::vector<std::vector<std::string_view>>{
           {"SUBSCRIBE", "c"}, {"MONITOR"}, {"PSYNC", "?", "-1"}, {"CLIENT", "REPLY", "OFF"}}) {
    EXPECT_THAT(std::string(c.Call(words).text()), HasSubstr("not in a call")) << words[0];
  }
  EXPECT_EQ(c.Call({"PING"}).text(), "PONG");
  EXPECT_FALSE(c.Pipeline().Add({"PING"}).Add({"MONITOR"}).Run()[0].ok());
}

TEST_P(LibraryCalls, ALimitOfTimeEndsTheWait) {
  Connection c = instance().Connect();
  const Reply late = c.Call({"BLPOP", "queue", "0"}, {.timeout = milliseconds(30)});
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.get<Failure>()->code, Code::kTimeout);
  Connection other = instance().Connect();
  // The one that was given up takes nothing: until its end has come through, it may be awaited.
  other.Call({"RPUSH", "kept", "a"});
  EXPECT_EQ(c.Call({"PING"}).text(), "PONG");
  EXPECT_EQ(c.Call({"LPOP", "kept"}).text(), "a");
}

TEST_P(LibraryCalls, AnotherThreadCancels) {
  Connection c = instance().Connect();
  std::stop_source source;
  std::thread canceller([&] { source.request_stop(); });
  const Reply late = c.Call({"BLPOP", "queue", "0"}, {.cancel = source.get_token()});
  canceller.join();
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.get<Failure>()->code, Code::kCancelled);
  EXPECT_EQ(c.Call({"PING"}, {.cancel = source.get_token()}).get<Failure>()->code,
            Code::kCancelled);
  EXPECT_EQ(c.Call({"PING"}).text(), "PONG");
}

TEST_P(LibraryCalls, OneThatWaitsIsServedByAnother) {
  std::thread waiter([this] {
    Connection c = instance().Connect();
    const Elements popped = c.Call({"BLPOP", "queue", "20"}).elements();
    ASSERT_EQ(popped.size(), 2U);
    EXPECT_EQ(popped[1].text(), "work");
  });
  Connection c = instance().Connect();
  c.Call({"RPUSH", "queue", "work"});
  waiter.join();
}

TEST_P(LibraryCalls, AWaitHasItsOwnEnd) {
  Connection c = instance().Connect();
  EXPECT_TRUE(c.Call({"BLPOP", "queue", "0.02"}).is_nil());
}

TEST_P(LibraryCalls, QuitIsFollowedByANewSession) {
  Connection c = instance().Connect();
  c.Call({"CLIENT", "SETNAME", "me"});
  EXPECT_EQ(c.Call({"QUIT"}).text(), "OK");
  EXPECT_EQ(c.Call({"PING"}).text(), "PONG");
  EXPECT_TRUE(c.Call({"CLIENT", "GETNAME"}).is_nil() ||
              c.Call({"CLIENT", "GETNAME"}).text().empty());
}

// Holds messages for a test that awaits them.
class Inbox {
 public:
  MessageFunction function() {
    return [this](const Message& message) {
      const std::lock_guard lock(mutex_);
      got_.push_back(std::string(message.pattern) + " " + std::string(message.channel) + " " +
                     std::string(message.text));
      came_.notify_all();
    };
  }
  std::vector<std::string> Await(size_t count) {
    std::unique_lock lock(mutex_);
    came_.wait_for(lock, std::chrono::seconds(20), [&] { return got_.size() >= count; });
    return got_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::string> got_;
};

TEST_P(LibraryCalls, Messages) {
  Inbox inbox;
  Connection c = instance().Connect();
  auto news = c.Subscribe({"news", "more"}, inbox.function());
  ASSERT_TRUE(news) << news.error().message;
  auto all = c.SubscribePatterns({"n*"}, inbox.function());
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_TRUE(news->active());
  EXPECT_EQ(c.Call({"PUBLISH", "more", "1"}).integer(), 1);
  EXPECT_EQ(inbox.Await(1)[0], " more 1");
  RawClient outside = RawClient::Connect(instance().port());
  EXPECT_EQ(outside.Ask({"PUBLISH", "news", "2"}), ":2\r\n");
  EXPECT_THAT(inbox.Await(3), testing::UnorderedElementsAre(" more 1", " news 2", "n* news 2"));
}

TEST_P(LibraryCalls, ASubscriptionEndsItselfInItsFunction) {
  Connection c = instance().Connect();
  std::optional<Result<Subscription>> one;
  std::atomic<int> told{0};
  std::mutex mutex;
  std::condition_variable ended;
  std::unique_lock lock(mutex);
  one.emplace(c.Subscribe({"news"}, [&](const Message&) {
    const std::lock_guard inside(mutex);
    one.reset();
    ++told;
    ended.notify_all();
  }));
  ASSERT_TRUE(*one);
  c.Call({"PUBLISH", "news", "1"});
  ended.wait_for(lock, std::chrono::seconds(20), [&] { return told > 0; });
  EXPECT_EQ(told, 1);
  EXPECT_FALSE(one.has_value());
}

TEST_P(LibraryCalls, TheyAreCountedByKey) {
  Connection c = instance().Connect();
  c.Set("k", "value");
  for (int i = 0; i < 5; ++i) c.Get("k");
  for (int i = 0; i < 3; ++i) c.Call({"GET", "k"});
  c.Get("none");
  EXPECT_THAT(instance().metrics_text(), HasSubstr("keyhole_requests_total{command=\"get\"} 9"));
  const std::vector<KeyCount> keys = instance().keys();
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0].key, "k");
  EXPECT_EQ(keys[0].hits, 8U);
  EXPECT_EQ(keys[0].bytes, 40U);
  EXPECT_EQ(keys[1].misses, 1U);
}

TEST_P(LibraryCalls, TheEndOfTheInstance) {
  Connection c = instance().Connect();
  Connection unused = instance().Connect();
  EXPECT_EQ(c.Call({"PING"}).text(), "PONG");
  std::thread stopper([this] { instance().Stop(milliseconds(0)); });
  const Reply late = c.Call({"BLPOP", "queue", "0"});
  stopper.join();
  ASSERT_FALSE(late.ok());
  EXPECT_THAT(late.get<Failure>()->code, testing::AnyOf(Code::kStopped, Code::kLost));
  EXPECT_EQ(c.Get("k").error().code, Code::kStopped);
  instance_.reset();
  EXPECT_EQ(c.Get("k").error().code, Code::kStopped);
  EXPECT_EQ(unused.Set("k", "v").error().code, Code::kStopped);
}

TEST_P(LibraryCalls, EightThreadsWhileItStops) {
  std::atomic<int> calling{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([this, t, &calling, c = instance().Connect()]() mutable {
      const std::string key = "k" + std::to_string(t % 3);
      for (int i = 0;; ++i) {
        if (i == 20) ++calling;
        const auto set = c.Set(key, std::to_string(i));
        const auto got = c.Get(key);
        const auto count = c.Incr("n");
        if (set && got && count) continue;
        const Code code = !set ? set.error().code : !got ? got.error().code : count.error().code;
        if (code == Code::kNone) continue;
        EXPECT_THAT(code, testing::AnyOf(Code::kStopped, Code::kLost));
        if (code == Code::kStopped) return;
      }
    });
  }
  while (calling < 8) std::this_thread::yield();
  instance().Stop(milliseconds(20));
  instance_.reset();
  for (std::thread& thread : threads) thread.join();
}

TEST_P(LibraryCalls, EightThreadsAddUp) {
  constexpr int kEach = 200;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([c = instance().Connect()]() mutable {
      for (int i = 0; i < kEach; ++i) {
        ASSERT_TRUE(c.Incr("n"));
        ASSERT_TRUE(c.Get("n"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(*instance().Connect().Get("n"), std::to_string(8 * kEach));
  const std::vector<KeyCount> keys = instance().keys();
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].hits, 8U * kEach + 1);
}

INSTANTIATE_TEST_SUITE_P(InFrontOf, LibraryCalls, testing::Values("store", "redis", "near"),
                         [](const auto& which) { return std::string(which.param); });

TEST(LibraryConnection, SaysAuthAsAnyClient) {
  Result<Instance> cache = Start(Options().Set("requirepass", "s3cret"));
  ASSERT_TRUE(cache);
  Connection c = cache->Connect();
  EXPECT_THAT(c.Get("k").error().message, HasSubstr("NOAUTH"));
  EXPECT_TRUE(c.Call({"AUTH", "s3cret"}).ok());
  EXPECT_EQ(c.Get("k").error().code, Code::kNone);
}

TEST(LibraryConnection, WhoWatchesSeesTypedReadsToo) {
  Result<Instance> cache = Start(Options().Set("listen", "127.0.0.1:0"));
  ASSERT_TRUE(cache);
  Connection c = cache->Connect();
  c.Set("k", "v");
  c.Get("k");
  RawClient monitor = RawClient::Connect(cache->port());
  EXPECT_EQ(monitor.Ask({"MONITOR"}), "+OK\r\n");
  EXPECT_EQ(*c.Get("k"), "v");
  EXPECT_THAT(monitor.ReadReply(), HasSubstr("\"k\""));
}

TEST(LibraryConnection, ClientKillIsFollowedByANewSession) {
  Result<Instance> cache = Start();
  ASSERT_TRUE(cache);
  Connection c = cache->Connect();
  Connection other = cache->Connect();
  const std::string id = std::to_string(c.Call({"CLIENT", "ID"}).integer());
  EXPECT_EQ(other.Call({"CLIENT", "KILL", "ID", id}).integer(), 1);
  c.Call({"PING"});  // may still find out
  EXPECT_EQ(c.Call({"PING"}).text(), "PONG");
}

TEST(LibraryConnection, TwoInstancesAtOnce) {
  Result<Instance> one = Start();
  Result<Instance> two = Start();
  ASSERT_TRUE(one && two);
  Connection first = one->Connect();
  Connection second = two->Connect();
  first.Set("k", "1");
  EXPECT_FALSE(second.Get("k"));
  one->Stop();
  EXPECT_TRUE(second.Set("k", "2"));
  EXPECT_EQ(*second.Get("k"), "2");
}

}  // namespace
}  // namespace keyhole
