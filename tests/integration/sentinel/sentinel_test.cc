// Failovers by real Sentinels, with sessions that check each reply meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <climits>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/sentinel/sentinels.h"
#include "tests/support/eventually.h"
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
// it is closed. It reads what it has written a moment ago, and something older once: when there has
// been a failover in between, to a replica that had not heard of it.
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
  int older() const { return older_; }
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
          const int read = Number(client.Ask({"GET", key_}));
          if (read < last) ++older_;
          if (read > last) ++wrong_;
          ++served_;
        }
      } catch (const std::runtime_error&) {
        ++closed_;
      }
    }
  }

  // More than any number if it is no value.
  static int Number(const std::string& reply) {
    if (reply == "$-1\r\n") return 0;
    const size_t line = reply.find("\r\n");
    return reply.starts_with('$') ? std::stoi(reply.substr(line + 2)) : INT_MAX;
  }

  const std::string key_;
  std::atomic<bool> stop_{false};
  std::atomic<int> wrong_{0};
  std::atomic<int> older_{0};
  std::atomic<int> served_{0};
  std::atomic<int> closed_{0};
  std::thread thread_;
};

void FailOver(const Sentinels& sentinels) {
  RawClient sentinel = RawClient::Connect(sentinels.port());
  EXPECT_EQ(sentinel.Ask({"SENTINEL", "FAILOVER", "mymaster"}), "+OK\r\n");
}

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
  EXPECT_LE(one.older(), 1);
  EXPECT_LE(two.older(), 1);
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

// The old master lives on, and would go on to acknowledge what is lost.
TEST_F(SentinelTest, AFailoverThatIsAskedFor) {
  RawClient idle = RawClient::Connect(proxy_.port());
  EXPECT_EQ(idle.Ask({"SET", "idle", "before"}), "+OK\r\n");
  Session session(proxy_.port(), 1);
  while (session.served() < 100) std::this_thread::yield();
  FailOver(sentinels_);
  EXPECT_LT(UntilServed(), kSoon);
  const int before = session.served();
  while (session.served() < before + 100) std::this_thread::yield();
  session.Stop();
  EXPECT_EQ(session.wrong(), 0);
  EXPECT_LE(session.older(), 1);
  // Links move; clients with nothing in flight stay, and need not know.
  EXPECT_EQ(idle.Ask({"SET", "idle", "after"}), "+OK\r\n");
  RawClient promoted = RawClient::Connect(sentinels_.replica().port());
  EXPECT_EQ(promoted.Ask({"GET", "idle"}), "$5\r\nafter\r\n");
  proxy_.process().WaitForErr(", no longer 127.0.0.1:" +
                              std::to_string(sentinels_.cable(0).port()));
}

// All five speak TLS, and the Sentinels ask for a password as well.
TEST(SentinelTlsTest, AFailover) {
  const Certificates pki;
  Sentinels sentinels({}, &pki);
  sentinels.AskForPassword("their-own");
  KeyholeProcess proxy({"--upstream", sentinels.Url(), "--upstream-tls-ca", pki.authority.cert,
                        "--sentinel-password", "their-own", "--upstream-wait", "20s"});
  RawClient client = RawClient::Connect(proxy.port());
  EXPECT_EQ(client.Ask({"SET", "k", "before"}), "+OK\r\n");
  sentinels.master().Kill();
  Sentinels::AwaitMaster(sentinels.replica());
  EXPECT_EQ(client.Ask({"SET", "k", "after"}), "+OK\r\n");
  RawClient promoted = RawClient::Connect(sentinels.replica().port());
  EXPECT_EQ(promoted.Ask({"GET", "k"}), "$5\r\nafter\r\n");
}

// The near link to the old master would say for seconds that nothing has changed.
TEST(SentinelNearCacheTest, StartsAnewAtTheNewMaster) {
  Sentinels sentinels;
  KeyholeProcess proxy({"--upstream", sentinels.Url(), "--near-cache", "4mb", "--workers", "1"});
  const std::string hits = "keyhole_near_cache_hits_total{kind=\"value\"}";
  RawClient client = RawClient::Connect(proxy.port());
  const auto await_hits = [&](double more, const std::string& value) {
    const double until = proxy.Metric(hits) + more;
    const auto hit = [&] {
      EXPECT_EQ(client.Ask({"GET", "k"}), value);
      return proxy.Metric(hits);
    };
    EXPECT_GE(Eventually(
                  hit, [&](double now) { return now >= until; }, std::chrono::seconds(20),
                  milliseconds(1)),
              until);
  };
  EXPECT_EQ(client.Ask({"SET", "k", "old"}), "+OK\r\n");
  EXPECT_EQ(client.Ask({"WAIT", "1", "10000"}), ":1\r\n");
  client = RawClient::Connect(proxy.port());  // WAIT has given it a connection of its own
  await_hits(10, "$3\r\nold\r\n");
  FailOver(sentinels);
  Sentinels::AwaitMaster(sentinels.replica());
  RawClient promoted = RawClient::Connect(sentinels.replica().port());
  EXPECT_EQ(promoted.Ask({"SET", "k", "new"}), "+OK\r\n");
  proxy.process().WaitForErr(", no longer 127.0.0.1:" + std::to_string(sentinels.cable(0).port()));
  EXPECT_EQ(client.Ask({"GET", "k"}), "$3\r\nnew\r\n");
  await_hits(10, "$3\r\nnew\r\n");
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
