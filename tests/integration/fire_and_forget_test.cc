// A client that sends a pipeline and closes at once, without reading: loggers, scripts that end.
// Redis carries out all of it, so all of it is to arrive through the proxy.
#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

class FireAndForgetTest : public ProxyTest {};

struct Case {
  std::string name;
  std::string bytes;
  int writes;
};

std::string Write(std::string_view value = "x") {
  return Request({"RPUSH", "log", value});
}

std::vector<Case> Cases() {
  const std::string write = Write();
  const std::string big = Write(std::string(100'000, 'z'));
  const std::string transaction = Request({"MULTI"}) + write + write + Request({"EXEC"});
  const std::string db5 = Request({"SELECT", "5"});
  const std::string db0 = Request({"SELECT", "0"});
  const std::string watch = Request({"WATCH", "q"});
  return {
      {"writes", write + write, 2},
      {"in another database", db5 + write, 1},
      {"there and back", db5 + write + db0 + write, 2},
      {"there and back, three times", db5 + write + db0 + write + db5 + write + db0 + write, 4},
      {"transaction", transaction, 2},
      {"around a transaction", write + transaction + write, 4},
      {"watched", write + watch + transaction, 3},
      {"watched no more", write + watch + Request({"UNWATCH"}) + write, 2},
      {"big, small", big + write, 2},
      {"small, big", write + big, 2},
      {"RESP3", write + Request({"HELLO", "3"}) + write, 2},
      {"around a read that may wait", write + Request({"XREAD", "STREAMS", "none", "0"}) + write,
       2},
      {"around CLIENT ID", write + Request({"CLIENT", "ID"}) + write, 2},
      {"around WAIT", write + Request({"WAIT", "0", "1"}) + write, 2},
      {"before SUBSCRIBE", write + Request({"SUBSCRIBE", "c"}), 1},
      {"around an unknown command", write + Request({"NOSUCH"}) + write, 2},
      {"without replies", write + Request({"CLIENT", "REPLY", "OFF"}) + write + write, 3},
      {"around RESET", write + Request({"RESET"}) + write, 2},
      {"around a name", write + Request({"CLIENT", "SETNAME", "n"}) + write, 2},
  };
}

TEST_P(FireAndForgetTest, AllOfItArrives) {
  Start();
  RawClient direct = RedisClient();
  RawClient direct5 = RedisClient();
  direct5.Ask({"SELECT", "5"});
  for (const Case& one : Cases()) {
    for (int i = 0; i < 5; ++i) {
      direct.Ask({"FLUSHALL"});
      RawClient client = Client();
      client.Send(one.bytes);
      client.Close();
      const auto count = [](RawClient& in) { return std::stoi(in.Ask({"LLEN", "log"}).substr(1)); };
      int arrived = 0;
      const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
      while (arrived < one.writes && std::chrono::steady_clock::now() < until) {
        arrived = count(direct) + count(direct5);
      }
      ASSERT_EQ(arrived, one.writes) << one.name;
    }
  }
  EXPECT_EQ(proxy_->Metric("keyhole_clients_unfinished_total"), 0);
}

KEYHOLE_OVER_TLS(FireAndForgetTest);
KEYHOLE_IN_FRONT_OF_REDIS(FireAndForgetTest);

TEST(FireAndForget, ARedisThatStandsStillIsNotWaitedForInSilence) {
  RedisServer redis;
  KeyholeProcess proxy({"--upstream", "redis://127.0.0.1:" + std::to_string(redis.port()),
                        "--upstream-wait", "200ms"});
  RawClient client = RawClient::Connect(proxy.port());
  client.Send("PING\r\n");  // a reply that is never read: the end will be a reset
  pollfd reply{client.fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&reply, 1, 10'000), 1);
  redis.Pause();
  client.Send(Write() + Request({"SELECT", "5"}) + Write());
  client.Close();
  proxy.AwaitMetric("keyhole_clients_unfinished_total", 1);
  redis.Resume();
  EXPECT_EQ(proxy.Metric("keyhole_clients"), 0);
  EXPECT_EQ(proxy.Metric("keyhole_clients_closed_total{reason=\"unfinished\"}"), 1);
}

}  // namespace
}  // namespace keyhole::test
