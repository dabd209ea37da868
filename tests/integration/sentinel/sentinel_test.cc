// Failovers by real Sentinels, with sessions that check each reply meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/sentinel/sentinels.h"
#include "tests/support/keyhole_process.h"

namespace keyhole::test {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using testing::HasSubstr;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr milliseconds kSoon{10'000};
#else
// Sentinel looks once a second whether the one that it promotes is a master yet.
constexpr milliseconds kSoon{2000};
#endif

// A session that writes and reads its own key for as long as it is told to, and connects again when
// it is closed. What it reads it has written a moment ago, and never anything else.
class Session {
 public:
  Session(uint16_t port, int number)
      : key_("session:" + std::to_string(number)), thread_([this, port] { Run(port); }) {}
  ~Session() { Stop(); }
  void Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

  int wrong() const { return wrong_; }
  int served() const { return served_; }
  int closed() const { return closed_; }

 private:
  void Run(uint16_t port) {
    int last = 0;
    while (!stop_) {
      try {
        RawClient client = RawClient::Connect(port);
        while (!stop_) {
          const std::string value = std::to_string(++last);
          if (client.Ask({"SET", key_, value}) != "+OK\r\n") ++wrong_;
          if (!IsOwn(client.Ask({"GET", key_}), last)) ++wrong_;
          ++served_;
        }
      } catch (const std::runtime_error&) {
        ++closed_;
      }
    }
  }

  // What the old master alone had acknowledged is lost in a failover, so an older one may come.
  static bool IsOwn(const std::string& reply, int last) {
    const size_t line = reply.find("\r\n");
    if (!reply.starts_with('$') || line == std::string::npos) return false;
    const int number = reply == "$-1\r\n" ? 0 : std::stoi(reply.substr(line + 2));
    return number <= last && number >= last - 10;
  }

  const std::string key_;
  std::atomic<bool> stop_{false};
  std::atomic<int> wrong_{0};
  std::atomic<int> served_{0};
  std::atomic<int> closed_{0};
  std::thread thread_;
};

class SentinelTest : public testing::Test {
 protected:
  // The time until a client is served, once there is a master again.
  milliseconds UntilServed() {
    Sentinels::AwaitMaster(sentinels_.replica());
    const auto promoted = Clock::now();
    while (true) {
      try {
        RawClient client = RawClient::Connect(proxy_.port());
        if (client.Ask({"SET", "served", "1"}) == "+OK\r\n") break;
      } catch (const std::runtime_error&) {  // closed, as it could not be served in time
      }
    }
    const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - promoted);
    std::printf("served %lld ms after the promotion\n", static_cast<long long>(took.count()));
    return took;
  }

  Sentinels sentinels_;
  KeyholeProcess proxy_{{"--upstream", sentinels_.Url()}};
};

TEST_F(SentinelTest, AMasterThatIsKilledIsReplaced) {
  Session one(proxy_.port(), 1);
  Session two(proxy_.port(), 2);
  while (one.served() < 100) std::this_thread::yield();
  sentinels_.master().Kill();
  EXPECT_LT(UntilServed(), kSoon);
  const int before = one.served();
  while (one.served() < before + 100) std::this_thread::yield();
  one.Stop();
  two.Stop();
  EXPECT_EQ(one.wrong() + two.wrong(), 0);
  EXPECT_GE(one.closed(), 1) << "what was in flight has an unknown outcome";
  RawClient replica = RawClient::Connect(sentinels_.replica().port());
  EXPECT_EQ(replica.Ask({"GET", "served"}), "$1\r\n1\r\n");
}

// It runs and acknowledges what waited in its buffers when it comes back. All of that is lost, so
// nobody is told that it was done.
TEST_F(SentinelTest, AMasterThatStoodStillIsNotBelievedWhenItComesBack) {
  RawClient client = RawClient::Connect(proxy_.port());
  EXPECT_EQ(client.Ask({"SET", "k", "before"}), "+OK\r\n");
  sentinels_.master().Pause();
  client.Send("SET k late\r\n");
  EXPECT_LT(UntilServed(), kSoon);
  sentinels_.master().Resume();
  EXPECT_EQ(client.ReadUntilClosed(), "") << "its outcome is unknown";
  RawClient again = RawClient::Connect(proxy_.port());
  EXPECT_EQ(again.Ask({"GET", "k"}), "$6\r\nbefore\r\n");
  EXPECT_EQ(again.Ask({"SET", "k", "after"}), "+OK\r\n");
  RawClient promoted = RawClient::Connect(sentinels_.replica().port());
  EXPECT_EQ(promoted.Ask({"GET", "k"}), "$5\r\nafter\r\n");
}

TEST_F(SentinelTest, AFailoverThatIsAskedFor) {
  Session session(proxy_.port(), 1);
  while (session.served() < 100) std::this_thread::yield();
  ChildProcess cli({"redis-cli", "-u", "redis://127.0.0.1:" + std::to_string(sentinels_.port()),
                    "SENTINEL", "FAILOVER", "mymaster"});
  EXPECT_EQ(cli.Wait(), 0);
  EXPECT_LT(UntilServed(), kSoon);
  session.Stop();
  EXPECT_EQ(session.wrong(), 0);
  proxy_.process().WaitForErr(", no longer 127.0.0.1:" +
                              std::to_string(sentinels_.cable(0).port()));
}

TEST_F(SentinelTest, WhatIsWrongIsSaidAtTheStart) {
  const auto refusal = [](const std::string& url) {
    ChildProcess keyhole(KeyholeProcess::CommandLine(
        {"--listen", "127.0.0.1:0", "--http", "off", "--upstream", url}));
    EXPECT_EQ(keyhole.Wait(), 1);
    return keyhole.err();
  };
  EXPECT_THAT(refusal(sentinels_.Url("nosuch")), HasSubstr("knows no master 'nosuch'"));
  const std::string redis = "127.0.0.1:" + std::to_string(sentinels_.master().port());
  EXPECT_THAT(refusal("redis+sentinel://" + redis + "/mymaster"), HasSubstr("is it a Sentinel"));
}

}  // namespace
}  // namespace keyhole::test
