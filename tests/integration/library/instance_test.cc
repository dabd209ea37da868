// Instances inside this process: their options, their life, and that they leave nothing behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "include/keyhole/keyhole.h"
#include "proxy/program/command_line.h"
#include "tests/support/raw_client.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_file.h"

namespace keyhole {
namespace {

using std::chrono::milliseconds;
using test::RawClient;
using test::RedisServer;
using testing::HasSubstr;

std::string MistakeOf(const Options& options) {
  const Result<Instance> started = Start(options);
  return started ? "none" : started.error().message;
}

// What the program says of the same option, without "keyhole: --" and the newline.
std::string ProgramSays(const std::string& flag, const std::string& value) {
  const char* const argv[] = {"keyhole", flag.c_str(), value.c_str()};
  const std::string text = program::LoadConfig(3, argv, {}).text;
  const std::string_view begin = "keyhole: --";
  return text.substr(begin.size(), text.size() - begin.size() - 1);
}

long Threads() {
  long count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    count += entry.exists() ? 1 : 0;
  }
  return count;
}

long Descriptors() {
  long count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    count += entry.is_symlink() ? 1 : 0;
  }
  return count;
}

long Sockets() {
  long count = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const std::string what = std::filesystem::read_symlink(entry, ignored).string();
    count += what.starts_with("socket:") ? 1 : 0;
  }
  return count;
}

TEST(LibraryOptions, MistakesAreThoseOfTheCommandLine) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"workers", "0"},      {"listen", "nonsense"}, {"upstream", "http://db"},
      {"sharing", "maybe"},  {"max-memory", "much"}, {"shutdown-grace", "1 parsec"},
      {"eviction", "never"},
  };
  for (const auto& [name, value] : wrong) {
    EXPECT_EQ(MistakeOf(Options().Set(name, value)), ProgramSays("--" + name, value));
  }
}

TEST(LibraryOptions, UnknownNamesAndValues) {
  EXPECT_THAT(MistakeOf(Options().Set("worker", "2")), HasSubstr("workers"));
  EXPECT_THAT(MistakeOf(Options().Set("help", "")), HasSubstr("unknown option"));
  EXPECT_THAT(MistakeOf(Options().Set("workers", "")), HasSubstr("workers is empty"));
  EXPECT_THAT(MistakeOf(Options().Set("workers", {"1", "2"})), HasSubstr("takes one value"));
}

TEST(LibraryOptions, TheFirstMistakeIsKept) {
  Options options;
  EXPECT_FALSE(options.error());
  options.Set("workers", "0").Set("sharing", "maybe");
  ASSERT_TRUE(options.error());
  EXPECT_THAT(options.error()->message, HasSubstr("workers"));
}

TEST(LibraryOptions, TomlAndFiles) {
  EXPECT_THAT(MistakeOf(Options().Toml("# here\nworkers = 0")), HasSubstr("line 2: workers"));
  EXPECT_THAT(MistakeOf(Options().Toml("workers")), HasSubstr("line 1: "));
  EXPECT_THAT(MistakeOf(Options().File("/proc/nonexistent")),
              HasSubstr("'/proc/nonexistent' does not exist"));
  const test::TempFile file("listen = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"");
  const Result<Instance> started = Start(Options().File(file.path()).Set("http", "off"));
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_NE(started->port(), 0);
  EXPECT_EQ(started->http_port(), 0) << "what is set later wins";
}

TEST(LibraryOptions, WhatIsWrongTogether) {
  EXPECT_THAT(MistakeOf(Options().Set("near-cache", "1mb")), HasSubstr("--upstream"));
  EXPECT_THAT(MistakeOf(Options().Set("listen", "0.0.0.0:0")), HasSubstr("--allow-unprotected"));
}

TEST(LibraryInstance, AClientLooksIntoIt) {
  Result<Instance> cache = Start(Options().Set("listen", "127.0.0.1:0").Set("http", "127.0.0.1:0"));
  ASSERT_TRUE(cache) << cache.error().message;
  RawClient client = RawClient::Connect(cache->port());
  EXPECT_EQ(client.Ask({"SET", "greeting", "hello"}), "+OK\r\n");
  EXPECT_EQ(client.Ask({"GET", "greeting"}), "$5\r\nhello\r\n");
  EXPECT_EQ(client.Ask({"GET", "nothing"}), "$-1\r\n");
  EXPECT_THAT(cache->metrics_text(), HasSubstr("keyhole_requests_total{command=\"get\"} 2"));
  const std::vector<KeyCount> keys = cache->keys();
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0].hits + keys[1].hits, 1U);
  EXPECT_EQ(keys[0].misses + keys[1].misses, 1U);
  EXPECT_EQ(cache->keys(1).size(), 1U);
  cache->Stop();
  EXPECT_EQ(client.ReadUntilClosed(), "");
}

TEST(LibraryInstance, WithoutListenThereIsNoSocket) {
  const long before = Sockets();
  const Result<Instance> cache = Start();
  ASSERT_TRUE(cache) << cache.error().message;
  EXPECT_EQ(cache->port(), 0);
  EXPECT_EQ(cache->http_port(), 0);
  EXPECT_EQ(Sockets(), before);
}

TEST(LibraryInstance, TwoDoNotKnowOfEachOther) {
  const Options options = Options().Set("listen", "127.0.0.1:0");
  Result<Instance> one = Start(options);
  Result<Instance> two = Start(options);
  ASSERT_TRUE(one && two);
  ASSERT_NE(one->port(), two->port());
  RawClient first = RawClient::Connect(one->port());
  RawClient second = RawClient::Connect(two->port());
  EXPECT_EQ(first.Ask({"SET", "k", "1"}), "+OK\r\n");
  EXPECT_EQ(second.Ask({"EXISTS", "k"}), ":0\r\n");
  EXPECT_EQ(first.Ask({"CONFIG", "SET", "maxclients", "7"}), "+OK\r\n");
  EXPECT_THAT(second.Ask({"CONFIG", "GET", "maxclients"}), HasSubstr("10000"));
  one->Stop();
  EXPECT_EQ(second.Ask({"PING"}), "+PONG\r\n");
}

TEST(LibraryInstance, AnAddressInUse) {
  const Result<Instance> one = Start(Options().Set("listen", "127.0.0.1:0"));
  ASSERT_TRUE(one);
  const std::string address = "127.0.0.1:" + std::to_string(one->port());
  EXPECT_THAT(MistakeOf(Options().Set("listen", address)), HasSubstr("in use"));
}

TEST(LibraryInstance, ShutdownOfAClientEndsTheInstanceAlone) {
  Result<Instance> cache =
      Start(Options().Set("listen", "127.0.0.1:0").Set("allow-shutdown", "on"));
  ASSERT_TRUE(cache);
  RawClient client = RawClient::Connect(cache->port());
  client.Send("SHUTDOWN\r\n");
  cache->Wait();
  EXPECT_EQ(client.ReadUntilClosed(), "");
}

TEST(LibraryInstance, StopTakesNoLongerThanItsGrace) {
  RedisServer redis;
  Result<Instance> proxy =
      Start(Options()
                .Set("listen", "127.0.0.1:0")
                .Set("upstream", "redis://127.0.0.1:" + std::to_string(redis.port())));
  ASSERT_TRUE(proxy) << proxy.error().message;
  RawClient client = RawClient::Connect(proxy->port());
  EXPECT_EQ(client.Ask({"PING"}), "+PONG\r\n");
  redis.Pause();
  client.Send("GET k\r\n");
  std::thread patient([&] { proxy->Stop(std::chrono::hours(1)); });
  proxy->Stop(milliseconds(10));  // ends both
  patient.join();
  redis.Resume();
}

TEST(LibraryInstance, LinesOfItsLog) {
  std::mutex mutex;
  std::string lines;
  const Options options = Options().Set("listen", "127.0.0.1:0").Log([&](LogLevel, auto line) {
    const std::lock_guard lock(mutex);
    lines.append(line).append("\n");
  });
  Result<Instance> cache = Start(options);
  ASSERT_TRUE(cache);
  cache->Stop();
  EXPECT_THAT(lines, HasSubstr("RESP on 127.0.0.1:" + std::to_string(cache->port())));
  EXPECT_THAT(lines, HasSubstr("stopping"));
}

// Its threads take none of the program's, and nothing is changed for the program.
TEST(LibraryInstance, LeavesSignalsAlone) {
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, nullptr, &before);
  const Result<Instance> cache = Start(Options().Set("listen", "127.0.0.1:0"));
  ASSERT_TRUE(cache);
  sigset_t after;
  pthread_sigmask(SIG_BLOCK, nullptr, &after);
  for (const int signal : {SIGTERM, SIGINT, SIGPIPE, SIGHUP, SIGUSR1}) {
    EXPECT_EQ(sigismember(&before, signal), sigismember(&after, signal)) << signal;
    struct sigaction action {};
    sigaction(signal, nullptr, &action);
    EXPECT_EQ(action.sa_handler, SIG_DFL) << signal;
  }
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// The best of several, as a busy machine may take its time.
TEST(LibraryInstance, StartsInUnderTenMilliseconds) {
  using Clock = std::chrono::steady_clock;
  auto best = Clock::duration::max();
  for (int i = 0; i < 20; ++i) {
    const auto began = Clock::now();
    const Result<Instance> cache = Start(Options().Set("listen", "127.0.0.1:0"));
    ASSERT_TRUE(cache) << cache.error().message;
    EXPECT_EQ(RawClient::Connect(cache->port()).Ask({"PING"}), "+PONG\r\n");
    best = std::min(best, Clock::now() - began);
  }
  EXPECT_LT(best, milliseconds(10));
}

long ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  long size = 0;
  long resident = 0;
  statm >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

TEST(LibraryInstance, AnEmptyOneTakesTwoMegabytesAtMost) {
  constexpr long kMany = 8;
  const Result<Instance> first = Start();  // with what all share
  const long before = ResidentBytes();
  std::vector<Result<Instance>> many;
  for (long i = 0; i < kMany; ++i) many.push_back(Start());
  EXPECT_LT((ResidentBytes() - before) / kMany, 2L << 20);
}
#endif

TEST(LibraryInstance, AThousandTimesAndNothingIsLeft) {
  const Options options = Options().Set("listen", "127.0.0.1:0").Set("tracked-keys", "10");
  ASSERT_TRUE(Start(options));
  const long threads = Threads();
  const long descriptors = Descriptors();
  for (int i = 0; i < 1000; ++i) {
    const Result<Instance> cache = Start(options);
    ASSERT_TRUE(cache) << cache.error().message;
    if (i % 100 != 0) continue;
    EXPECT_EQ(RawClient::Connect(cache->port()).Ask({"PING"}), "+PONG\r\n");
  }
  EXPECT_EQ(Threads(), threads);
  EXPECT_EQ(Descriptors(), descriptors);
}

}  // namespace
}  // namespace keyhole
