// Slots that move from master to master while clients use them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/hiredis_client.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/redis_cluster.h"

namespace keyhole::test {
namespace {

using std::chrono::milliseconds;

HiredisClient ConnectTo(const KeyholeProcess& proxy) {
  return HiredisClient::Connect("127.0.0.1", proxy.port());
}

// The hazard of all redirects: the first request waits in the socket of the old owner, which is
// slow, and the proxy learns of the new one.
TEST(ClusterMovingTest, ASlowOldOwnerTurnsNoPipelineRound) {
  RedisCluster cluster(3);
  KeyholeProcess proxy(
      {"--upstream", cluster.url(), "--cluster-refresh", "100ms", "--upstream-wait", "5s"});
  HiredisClient app = ConnectTo(proxy);
  const std::string key = cluster.KeyAt(0, "k");
  EXPECT_EQ(app.Command({"RPUSH", key, "0"}).integer, 1);
  cluster.MoveSlot(RedisCluster::SlotOf(key), 0, 1);
  // Whoever asks the old owner now waits; the others tell the proxy where the slot is.
  HiredisClient sleeper = cluster.Client(0);
  sleeper.Append({"DEBUG", "SLEEP", "1"});
  int written = 0;
  redisBufferWrite(sleeper.context(), &written);
  const double refreshes = proxy.Metric("keyhole_cluster_refreshes_total");
  app.Append({"RPUSH", key, "1"});
  redisBufferWrite(app.context(), &written);
  proxy.AwaitMetric("keyhole_cluster_refreshes_total", refreshes + 4);
  app.Append({"RPUSH", key, "2"});
  EXPECT_EQ(app.Read().integer, 2);
  EXPECT_EQ(app.Read().integer, 3);
  const Reply list = app.Command({"LRANGE", key, "0", "-1"});
  ASSERT_EQ(list.elements.size(), 3u);
  EXPECT_EQ(list.elements[1].text, "1");
  EXPECT_EQ(list.elements[2].text, "2");
}

// A session that knows what it must be told: each of its keys is a counter and a list.
class Checker {
 public:
  Checker(const KeyholeProcess& proxy, const std::string& tag, int number)
      : app_(ConnectTo(proxy)),
        counter_("{" + tag + "}counter" + std::to_string(number)),
        list_("{" + tag + "}list" + std::to_string(number)) {}

  // A pipeline, all of whose replies are checked.
  void Round() {
    constexpr int kDepth = 8;
    for (int i = 0; i < kDepth; ++i) {
      app_.Append({"INCR", counter_});
      app_.Append({"RPUSH", list_, std::to_string(count_ + i)});
      app_.Append({"GET", counter_});
    }
    for (int i = 0; i < kDepth; ++i) {
      ++count_;
      Expect(app_.Read(), count_, "INCR");
      Expect(app_.Read(), count_, "RPUSH");
      const Reply read = app_.Read();
      if (read.text != std::to_string(count_)) Fail("GET", read);
      ++reads_;
    }
  }
  void Transaction() {
    app_.Append({"MULTI"});
    app_.Append({"INCR", counter_});
    app_.Append({"RPUSH", list_, std::to_string(count_)});
    app_.Append({"EXEC"});
    for (int i = 0; i < 3; ++i) app_.Read();
    ++count_;
    const Reply reply = app_.Read();
    if (reply.elements.size() != 2 || reply.elements[0].integer != count_ ||
        reply.elements[1].integer != count_) {
      Fail("EXEC", reply);
    }
  }
  // Nothing is missing, nothing is twice, and all is in its order.
  void CheckList() {
    const Reply list = app_.Command({"LRANGE", list_, "0", "-1"});
    ASSERT_EQ(list.elements.size(), static_cast<size_t>(count_));
    for (int64_t i = 0; i < count_; ++i)
      ASSERT_EQ(list.elements[static_cast<size_t>(i)].text, std::to_string(i));
  }
  bool failed() const { return failed_; }
  int64_t reads() const { return reads_; }

 private:
  void Expect(const Reply& reply, int64_t wanted, const char* what) {
    if (reply.kind != Reply::kInteger || reply.integer != wanted) Fail(what, reply);
  }
  void Fail(const char* what, const Reply& reply) {
    if (!failed_) ADD_FAILURE() << what << " of " << counter_ << " at " << count_ << ": " << reply;
    failed_ = true;
  }

  HiredisClient app_;
  const std::string counter_;
  const std::string list_;
  int64_t count_ = 0;
  int64_t reads_ = 0;
  bool failed_ = false;
};

// With so many workers, each of which has a map of its own.
class ClusterMovingUnderLoadTest : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Workers, ClusterMovingUnderLoadTest, testing::Values("1", "2"));

TEST_P(ClusterMovingUnderLoadTest, NoReplyIsWrongWhileSlotsMoveToAndFro) {
  constexpr int kMoves = 24;
  RedisCluster cluster(3);
  KeyholeProcess proxy(
      {"--upstream", cluster.url(1), "--upstream-wait", "10s", "--workers", GetParam()});
  const std::string first = cluster.KeyAt(0, "a");
  const std::string second = cluster.KeyAt(1, "b");
  std::atomic<bool> moving = true;
  std::vector<std::thread> threads;
  std::atomic<int64_t> reads = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      Checker one(proxy, first, i);
      Checker two(proxy, second, i);
      while (moving && !one.failed() && !two.failed()) {
        one.Round();
        two.Round();
        one.Transaction();
      }
      one.CheckList();
      two.CheckList();
      reads += one.reads() + two.reads();
    });
  }
  try {
    for (int move = 0; move < kMoves; ++move) {
      const size_t from = move % 2 == 0 ? 0 : 2;
      cluster.MoveSlot(RedisCluster::SlotOf(first), from, 2 - from);
      const size_t other = move % 2 == 0 ? 1 : 2;
      cluster.MoveSlot(RedisCluster::SlotOf(second), other, 3 - other);
    }
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
  moving = false;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(reads, 100);
  // A lookup that was redirected counts once.
  EXPECT_EQ(proxy.Metric("keyhole_lookups_total{result=\"hit\"}"), static_cast<double>(reads));
  EXPECT_EQ(proxy.Metric("keyhole_lookups_total{result=\"miss\"}"), 0);
  EXPECT_GT(proxy.Metric("keyhole_cluster_redirects_total{kind=\"ask\"}"), 0);
  EXPECT_GT(proxy.Metric("keyhole_cluster_redirects_total{kind=\"moved\"}"), 0);
  EXPECT_EQ(proxy.Metric("keyhole_cluster_given_up_total"), 0);
}

// Some of its keys have moved and others have not: Redis says TRYAGAIN until all have.
TEST(ClusterMovingTest, SeveralKeysOfAnOpenSlotAreWaitedFor) {
  RedisCluster cluster(3);
  KeyholeProcess proxy({"--upstream", cluster.url(1), "--upstream-wait", "10s"});
  HiredisClient app = ConnectTo(proxy);
  const std::string tag = cluster.KeyAt(0, "t");
  const std::string one = "{" + tag + "}1";
  const std::string two = "{" + tag + "}2";
  EXPECT_TRUE(app.Command({"MSET", one, "1", two, "2"}).ok());
  const uint16_t slot = RedisCluster::SlotOf(tag);
  cluster.OpenSlot(slot, 0, 1);
  HiredisClient source = cluster.Client(0);
  const std::string port = std::to_string(cluster.node(1).port());
  EXPECT_TRUE(source.Command({"MIGRATE", "127.0.0.1", port, one, "0", "5000"}).ok());
  EXPECT_EQ(app.Command({"GET", one}).text, "1");  // by ASK
  app.Append({"MGET", one, two});
  int written = 0;
  redisBufferWrite(app.context(), &written);
  proxy.AwaitMetric("keyhole_cluster_redirects_total{kind=\"tryagain\"}", 2);
  cluster.MoveKeys(slot, 0, 1);
  cluster.CloseSlot(slot, 0, 1);
  const Reply reply = app.Read();
  ASSERT_EQ(reply.elements.size(), 2u) << reply;
  EXPECT_EQ(reply.elements[1].text, "2");
}

TEST(ClusterMovingTest, AWaitingClientFollowsItsSlot) {
  RedisCluster cluster(3);
  KeyholeProcess proxy({"--upstream", cluster.url(1)});
  HiredisClient app = ConnectTo(proxy);
  HiredisClient other = ConnectTo(proxy);
  const std::string key = cluster.KeyAt(0, "list");
  app.Append({"BLPOP", key, "10"});
  int written = 0;
  redisBufferWrite(app.context(), &written);
  proxy.AwaitMetric("keyhole_links{kind=\"private\"}", 1);
  cluster.MoveSlot(RedisCluster::SlotOf(key), 0, 1);
  EXPECT_EQ(other.Command({"RPUSH", key, "x"}).integer, 1);
  EXPECT_EQ(app.Read().elements.at(1).text, "x");
}

}  // namespace
}  // namespace keyhole::test
