// Limits that keep one client from taking what belongs to all.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"
#include "tests/support/eventually.h"

namespace keyhole::test {
namespace {

constexpr std::string_view kTooFast = "-ERR too many requests a second from this address\r\n";
constexpr std::string_view kFull = "-ERR max number of clients reached\r\n";

// As prlimit(1) does it to a running process.
void LimitDescriptors(const KeyholeProcess& proxy, rlim_t soft) {
  rlimit limit{};
  ASSERT_EQ(::prlimit(proxy.pid(), RLIMIT_NOFILE, nullptr, &limit), 0);
  limit.rlim_cur = soft;
  ASSERT_EQ(::prlimit(proxy.pid(), RLIMIT_NOFILE, &limit, nullptr), 0);
}

TEST(Guard, RequestsASecondOfOneAddress) {
  const uint16_t v6 = FreePort();
  KeyholeProcess proxy({"--client-rate", "100", "--listen", "127.0.0.1:0", "--listen",
                        "[::1]:" + std::to_string(v6)});
  std::vector<RawClient> clients;
  for (int i = 0; i < 2; ++i) clients.push_back(RawClient::Connect(proxy.port()));
  std::string requests;
  for (int i = 0; i < 500; ++i) requests += "PING\r\n";
  int served = 0;
  int refused = 0;
  for (RawClient& client : clients) client.Send(requests);
  for (RawClient& client : clients) {
    for (int i = 0; i < 500; ++i) {
      const std::string reply = client.ReadReply();
      served += reply == "+PONG\r\n" ? 1 : 0;
      refused += reply == kTooFast ? 1 : 0;
    }
  }
  EXPECT_EQ(served + refused, 1000);
  EXPECT_GE(served, 100) << "a second's worth at once";
  EXPECT_GE(refused, 500) << "the two of them together";
  EXPECT_EQ(RawClient::ConnectV6(v6).Ask({"PING"}), "+PONG\r\n") << "another address";
  AwaitReply(clients[0], {"PING"}, [](const std::string& reply) { return reply == "+PONG\r\n"; });
  EXPECT_GE(proxy.Metric("keyhole_requests_throttled_total"), refused);
  proxy.process().WaitForErr("more than 100 a second (--client-rate)");
}

TEST(Guard, ATransactionWithARefusedRequestFails) {
  const RedisServer redis;
  KeyholeProcess proxy(
      {"--client-rate", "3", "--upstream", "redis://127.0.0.1:" + std::to_string(redis.port())});
  RawClient client = RawClient::Connect(proxy.port());
  EXPECT_EQ(client.Ask({"MULTI"}), "+OK\r\n");
  std::string reply;
  for (int i = 0; i < 50 && reply != kTooFast; ++i) reply = client.Ask({"SET", "a", "b"});
  EXPECT_EQ(reply, kTooFast);
  AwaitReply(client, {"EXEC"}, [](const std::string& said) {
    return said.starts_with("-EXECABORT") || said.starts_with("-ERR EXEC without MULTI");
  });
  EXPECT_EQ(RawClient::Connect(redis.port()).Ask({"GET", "a"}), "$-1\r\n");
}

TEST(Guard, ConnectionsOfOneAddress) {
  const uint16_t v6 = FreePort();
  KeyholeProcess proxy({"--max-clients-per-address", "2", "--listen", "127.0.0.1:0", "--listen",
                        "[::1]:" + std::to_string(v6)});
  RawClient first = RawClient::Connect(proxy.port());
  EXPECT_EQ(first.Ask({"PING"}), "+PONG\r\n");
  {
    RawClient second = RawClient::Connect(proxy.port());
    EXPECT_EQ(second.Ask({"PING"}), "+PONG\r\n");
    EXPECT_EQ(RawClient::Connect(proxy.port()).ReadUntilClosed(), kFull);
    EXPECT_EQ(RawClient::ConnectV6(v6).Ask({"PING"}), "+PONG\r\n") << "another address";
  }
  proxy.process().WaitForErr("2 clients of its address are connected (--max-clients-per-address)");
  const auto ask = [&] {
    RawClient client = RawClient::Connect(proxy.port());
    client.Send("PING\r\n");
    return client.ReadReply();
  };
  EXPECT_EQ(Eventually(ask, [](const std::string& reply) { return reply == "+PONG\r\n"; }),
            "+PONG\r\n")
      << "the second one has left";
}

TEST(Guard, TheFattestClientGoesFirst) {
  KeyholeProcess proxy({"--client-memory", "512kb", "--client-output-limit", "0"});
  RawClient small = RawClient::Connect(proxy.port());
  EXPECT_EQ(small.Ask({"SET", "big", std::string(kMegabyte, 'x')}), "+OK\r\n");
  small.Send("*2\r\n$4\r\nECHO\r\n$100\r\n");  // some of a request
  RawClient fat = RawClient::Connect(proxy.port());
  std::string requests;
  for (int i = 0; i < 40; ++i) requests += "GET big\r\n";
  fat.Send(requests);
  proxy.AwaitMetric("keyhole_clients_closed_total{reason=\"memory_limit\"}", 1);
  proxy.process().WaitForErr("of all clients it kept most in memory");
  const std::string rest(100, 'y');
  small.Send(rest + "\r\n");
  EXPECT_EQ(small.ReadReply(), Bulk(rest));
  EXPECT_EQ(proxy.Metric("keyhole_clients_closed_total{reason=\"memory_limit\"}"), 1);
}

TEST(Guard, WithoutDescriptorsNobodyIsLetInUntilThereAreSomeAgain) {
  KeyholeProcess proxy;
  RawClient there = RawClient::Connect(proxy.port());
  EXPECT_EQ(there.Ask({"PING"}), "+PONG\r\n");
  LimitDescriptors(proxy, 8);
  RawClient waits = RawClient::Connect(proxy.port());
  waits.Send("PING\r\n");
  proxy.process().WaitForErr("as no file descriptor is left");
  EXPECT_EQ(there.Ask({"PING"}), "+PONG\r\n");
  LimitDescriptors(proxy, 1000);
  EXPECT_EQ(waits.ReadReply(), "+PONG\r\n");
  proxy.process().WaitForErr("clients are let in again");
  EXPECT_GE(proxy.Metric("keyhole_accept_pauses_total"), 1);
}

TEST(Guard, LinksComeBackWhenClientsHaveAllDescriptors) {
  RedisServer redis;
  KeyholeProcess proxy({"--upstream", "redis://127.0.0.1:" + std::to_string(redis.port())});
  std::vector<RawClient> clients;
  clients.push_back(RawClient::Connect(proxy.port()));
  EXPECT_EQ(clients[0].Ask({"SET", "a", "b"}), "+OK\r\n");
  LimitDescriptors(proxy, 100);
  std::string reply;
  for (int i = 0; i < 100 && reply != kFull; ++i) {
    clients.push_back(RawClient::Connect(proxy.port()));
    clients.back().Send("PING\r\n");
    reply = clients.back().ReadReply();
  }
  EXPECT_EQ(reply, kFull);
  proxy.process().WaitForErr("few file descriptors are left, and they are for the upstream");
  redis.Kill();
  redis.Start();
  AwaitReply(clients[0], {"GET", "a"}, [](const std::string& said) { return said == "$-1\r\n"; });
}

}  // namespace
}  // namespace keyhole::test
