// Redis goes away and comes back: every client gets the right reply or sees its connection closed,
// never a wrong reply, never silence.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

class UpstreamLossTest : public ProxyTest {
 protected:
  // Starts the proxy in front of a Redis that is not there, but has been.
  void StartAway(const std::string& wait) {
    redis_ = std::make_unique<RedisServer>(WithTls({}));
    redis_->Stop();
    Start({}, {"--upstream-wait", wait});
  }
};

TEST_P(UpstreamLossTest, AwayAtStartRequestsWaitAndAreServed) {
  StartAway("60s");
  std::vector<RawClient> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(Client());
    clients.back().Send(i % 2 == 0 ? "SET k v\r\nECHO hi\r\n" : "BLPOP l 0.01\r\nECHO hi\r\n");
  }
  clients.push_back(Client());
  clients.back().Send("MULTI\r\nECHO hi\r\nEXEC\r\n");
  proxy_->AwaitMetric("keyhole_upstream_connect_failures_total", 3);
  redis_->Start();
  for (int i = 0; i < 10; ++i) {
    RawClient& client = clients[static_cast<size_t>(i)];
    EXPECT_EQ(client.ReadReply(), i % 2 == 0 ? "+OK\r\n" : "*-1\r\n");
    EXPECT_EQ(client.ReadReply(), "$2\r\nhi\r\n");
  }
  EXPECT_EQ(clients.back().ReadReply(), "+OK\r\n");
  EXPECT_EQ(clients.back().ReadReply(), "+QUEUED\r\n");
  EXPECT_EQ(clients.back().ReadReply(), "*1\r\n$2\r\nhi\r\n");
}

TEST_P(UpstreamLossTest, AwayAtStartClientsAreClosedAfterTheWait) {
  StartAway("200ms");
  for (const char* request : {"GET k\r\n", "BLPOP l 0\r\n", "MULTI\r\nGET k\r\n"}) {
    RawClient client = Client();
    client.Send(request);
    EXPECT_EQ(client.ReadUntilClosed(), "") << request;
  }
  proxy_->AwaitMetric("keyhole_clients_closed_total{reason=\"upstream_lost\"}", 3);
  EXPECT_EQ(proxy_->Metric("keyhole_upstream_up"), 0);
  redis_->Start();
  proxy_->AwaitMetric("keyhole_upstream_up", 1);
  EXPECT_EQ(Client().Ask({"PING"}), "+PONG\r\n");
}

// One client's flood of requests for an upstream that is away is no reason for others to be stuck.
TEST_P(UpstreamLossTest, AFloodWhileAwayDoesNotSilenceOthers) {
  StartAway("500ms");
  RawClient flood = Client();
  RawClient other = Client();
  std::string requests;
  const std::string value(10'000, 'x');
  for (int i = 0; i < 600; ++i) requests += "SET k " + value + "\r\n";
  try {
    flood.Send(requests);
  } catch (const std::runtime_error&) {
    // A slow machine: what was sent first has waited too long by now.
  }
  other.Send("ECHO hi\r\n");
  flood.Close();
  proxy_->AwaitMetric("keyhole_clients_closed_total{reason=\"upstream_lost\"}", 1);
  redis_->Start();
  proxy_->AwaitMetric("keyhole_upstream_up", 1);
  const std::string answer = [&] {
    try {
      return other.ReadReply();
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
  }();
  EXPECT_TRUE(answer == "$2\r\nhi\r\n" || answer.find("closed") != std::string::npos) << answer;
}

TEST_P(UpstreamLossTest, ConnectionStateIsLostWithAClose) {
  Start();
  RawClient transaction = Client();
  EXPECT_EQ(transaction.Ask({"MULTI"}), "+OK\r\n");
  RawClient watching = Client();
  EXPECT_EQ(watching.Ask({"WATCH", "k"}), "+OK\r\n");
  RawClient subscribed = Client();
  subscribed.Ask({"SUBSCRIBE", "c"});
  RawClient blocked = Client();
  blocked.SendCommand({"BLPOP", "l", "0"});
  RawClient monitor = Client();
  EXPECT_EQ(monitor.Ask({"MONITOR"}), "+OK\r\n");
  proxy_->AwaitMetric("keyhole_requests_total{command=\"blpop\"}", 1);
  redis_->Kill();
  for (RawClient* client : {&transaction, &watching, &subscribed, &blocked}) {
    EXPECT_EQ(client->ReadUntilClosed(), "");
  }
  monitor.ReadUntilClosed();
  EXPECT_GE(proxy_->Metric("keyhole_upstream_losses_total"), 5);
}

TEST_P(UpstreamLossTest, AStoppedRedisIsWaitedFor) {
  Start();
  RawClient client = Client();
  EXPECT_EQ(client.Ask({"SET", "k", "v"}), "+OK\r\n");
  redis_->Pause();
  client.Send("GET k\r\nINCR n\r\n");
  RawClient late = Client();
  late.Send("INCR n\r\n");
  proxy_->AwaitMetric("keyhole_requests_total{command=\"incr\"}", 2);
  redis_->Resume();
  EXPECT_EQ(client.ReadReply(), "$1\r\nv\r\n");
  const std::string one = client.ReadReply();
  const std::string two = late.ReadReply();
  EXPECT_TRUE((one == ":1\r\n" && two == ":2\r\n") || (one == ":2\r\n" && two == ":1\r\n"));
}

// A slow command or script, CLIENT PAUSE, a stopped process: no time-out of the proxy's own.
TEST_P(UpstreamLossTest, ASlowRedisIsWaitedForByNewConnectionsToo) {
  Start({}, {"--upstream-connect-timeout", "100ms", "--upstream-wait", "100ms"});
  RedisClient().Ask({"CLIENT", "PAUSE", "500"});
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(Client());
    clients.back().Send("SELECT 1\r\nWATCH k\r\nECHO hi\r\n");  // each needs a connection
  }
  for (RawClient& client : clients) {
    EXPECT_EQ(client.ReadReply(), "+OK\r\n");
    EXPECT_EQ(client.ReadReply(), "+OK\r\n");
    EXPECT_EQ(client.ReadReply(), "$2\r\nhi\r\n");
  }
}

// One client that asks what it knows the answer to, until it is told to stop.
struct Load {
  Load(std::function<RawClient()> connect_in, int number_in)
      : connect(std::move(connect_in)), number(number_in) {}

  void Run(const std::atomic<bool>& stop) {
    int lost_in_a_row = 0;
    while (!stop && problem.empty()) {
      try {
        RawClient client = connect();
        client.set_deadline(std::chrono::seconds(30));
        while (!stop && problem.empty()) {
          Converse(client);
          lost_in_a_row = 0;
        }
      } catch (const std::exception& error) {
        const std::string what = error.what();
        if (what.find("deadline") != std::string::npos) problem = "silence: " + what;
        ++lost;
        if (++lost_in_a_row > 10'000) problem = "never comes back: " + what;
      }
    }
  }

  void Converse(RawClient& client) {
    const std::string text = std::to_string(number) + "." + std::to_string(++said);
    if (said % 3 == 0) {
      client.Send("MULTI\r\nECHO " + text + "\r\nEXEC\r\n");
      Expect(client, "+OK\r\n");
      Expect(client, "+QUEUED\r\n");
      Expect(client, "*1\r\n" + Bulk(text));
    } else {
      client.Send("ECHO " + text + "\r\nSET k" + text + " v\r\nECHO " + text + "+\r\n");
      Expect(client, Bulk(text));
      Expect(client, "+OK\r\n");
      Expect(client, Bulk(text + "+"));
    }
  }

  void Expect(RawClient& client, const std::string& expected) {
    const std::string reply = client.ReadReply();
    if (reply == expected) {
      ++right;
    } else if (!reply.starts_with("-LOADING")) {
      problem = "wrong reply: " + reply + " instead of " + expected;
    }
  }

  const std::function<RawClient()> connect;
  const int number;
  int said = 0;
  int64_t lost = 0;
  std::atomic<int64_t> right{0};
  std::string problem;
};

TEST_P(UpstreamLossTest, KilledAndRestartedUnderLoad) {
  Start({}, {"--upstream-wait", "5s"});
  std::vector<std::unique_ptr<Load>> loads;
  for (int i = 0; i < 6; ++i)
    loads.push_back(std::make_unique<Load>([this] { return Client(); }, i));
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (auto& load : loads) threads.emplace_back([&load, &stop] { load->Run(stop); });
  const auto all_go_on = [&] {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (const auto& load : loads) {
      const int64_t before = load->right;
      while (load->right < before + 50 && std::chrono::steady_clock::now() < until) {
        std::this_thread::yield();
      }
    }
    return std::chrono::steady_clock::now() < until;
  };
  bool alive = all_go_on();
  for (int round = 0; round < 3 && alive; ++round) {
    round % 2 == 0 ? redis_->Kill() : redis_->Stop();
    redis_->Start();
    alive = all_go_on();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(alive);
  for (const auto& load : loads) EXPECT_EQ(load->problem, "");
  EXPECT_GE(proxy_->Metric("keyhole_upstream_losses_total"), 3);
  EXPECT_GE(proxy_->Metric("keyhole_upstream_connects_total"), 4);
  proxy_->AwaitMetric("keyhole_upstream_up", 1);
}

KEYHOLE_OVER_TLS(UpstreamLossTest);
KEYHOLE_IN_FRONT_OF_REDIS(UpstreamLossTest);

// Who has nothing in flight does not notice: its state is brought into the next connection.
TEST(UpstreamLoss, IdleSessionsStay) {
  RedisServer redis;
  const KeyholeProcess proxy({"--upstream", "redis://127.0.0.1:" + std::to_string(redis.port()),
                              "--upstream-wait", "60s"});
  RawClient client = RawClient::Connect(proxy.port());
  EXPECT_TRUE(client.Ask({"HELLO", "3", "SETNAME", "me"}).starts_with("%"));
  EXPECT_EQ(client.Ask({"SELECT", "3"}), "+OK\r\n");
  for (int round = 0; round < 2; ++round) {
    redis.Kill();
    proxy.AwaitMetric("keyhole_upstream_losses_total", round + 1);
    redis.Start();
    EXPECT_EQ(client.Ask({"GET", "k"}), "_\r\n");
    EXPECT_EQ(client.Ask({"SET", "k", "three"}), "+OK\r\n");
    EXPECT_EQ(client.Ask({"CLIENT", "GETNAME"}), "$2\r\nme\r\n");
    RawClient direct = RawClient::Connect(redis.port());
    EXPECT_EQ(direct.Ask({"SELECT", "3"}), "+OK\r\n");
    EXPECT_EQ(direct.Ask({"GET", "k"}), "$5\r\nthree\r\n");
  }
}

TEST(UpstreamLoss, RedisMayCloseIdleConnections) {
  const RedisServer redis({"timeout 1"});
  const KeyholeProcess proxy({"--upstream", "redis://127.0.0.1:" + std::to_string(redis.port())});
  RawClient client = RawClient::Connect(proxy.port());
  client.Send("SELECT 2\r\nMULTI\r\nEXEC\r\nGET k\r\n");
  for (int i = 0; i < 4; ++i) client.ReadReply();
  proxy.AwaitMetric("keyhole_upstream_losses_total", 2);
  EXPECT_EQ(client.Ask({"SET", "k", "v"}), "+OK\r\n");
  EXPECT_EQ(client.Ask({"GET", "k"}), "$1\r\nv\r\n");
}

}  // namespace
}  // namespace keyhole::test
