// CONFIG SET of the embedded store, where the process has to act, and SLOWLOG beside that of Redis.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"
#include "tests/support/hiredis_client.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;

class ConfigSetTest : public testing::TestWithParam<std::string> {
 protected:
  RawClient Client() const { return RawClient::Connect(proxy_.port()); }

  KeyholeProcess proxy_{{"--workers", GetParam()}};
};

INSTANTIATE_TEST_SUITE_P(, ConfigSetTest, testing::Values("1", "3"),
                         [](const auto& workers) { return "Workers" + workers.param; });

TEST_P(ConfigSetTest, TimeoutClosesTheSilent) {
  RawClient silent = Client();
  RawClient never_spoke = Client();
  EXPECT_EQ(silent.Ask({"PING"}), "+PONG\r\n");
  RawClient listener = Client();
  EXPECT_EQ(listener.Ask({"SUBSCRIBE", "c"}), "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
  EXPECT_EQ(Client().Ask({"CONFIG", "SET", "timeout", "1"}), "+OK\r\n");
  EXPECT_EQ(silent.ReadUntilClosed(), "");
  EXPECT_EQ(never_spoke.ReadUntilClosed(), "");
  // As in Redis, who listens is not silent.
  EXPECT_EQ(Client().Ask({"PUBLISH", "c", "m"}), ":1\r\n");
  EXPECT_THAT(listener.ReadReply(), HasSubstr("message"));

  EXPECT_EQ(Client().Ask({"CONFIG", "SET", "timeout", "0"}), "+OK\r\n");
  EXPECT_GE(proxy_.Metric("keyhole_clients_closed_total{reason=\"idle\"}"), 2);
}

TEST_P(ConfigSetTest, MaxclientsTurnsAway) {
  RawClient admin = Client();
  RawClient other = Client();
  EXPECT_EQ(other.Ask({"PING"}), "+PONG\r\n");
  EXPECT_EQ(admin.Ask({"CONFIG", "SET", "maxclients", "2"}), "+OK\r\n");
  EXPECT_EQ(Client().ReadUntilClosed(), "-ERR max number of clients reached\r\n");
  EXPECT_EQ(admin.Ask({"CONFIG", "GET", "maxclients"}), "*2\r\n$10\r\nmaxclients\r\n$1\r\n2\r\n");
  EXPECT_EQ(other.Ask({"PING"}), "+PONG\r\n");
  EXPECT_EQ(admin.Ask({"CONFIG", "SET", "maxclients", "3"}), "+OK\r\n");
  EXPECT_EQ(Client().Ask({"PING"}), "+PONG\r\n");
}

TEST(ConfigGetTest, ShowsWhatTheProcessWasStartedWith) {
  const KeyholeProcess proxy({"--max-clients", "12", "--client-idle-timeout", "90s"});
  RawClient client = RawClient::Connect(proxy.port());
  EXPECT_EQ(client.Ask({"CONFIG", "GET", "maxclients"}), "*2\r\n$10\r\nmaxclients\r\n$2\r\n12\r\n");
  EXPECT_EQ(client.Ask({"CONFIG", "GET", "timeout"}), "*2\r\n$7\r\ntimeout\r\n$2\r\n90\r\n");
  EXPECT_EQ(client.Ask({"CONFIG", "GET", "bind"}), "*2\r\n$4\r\nbind\r\n$9\r\n127.0.0.1\r\n");
}

// A password that is set later protects as one that was there from the start.
TEST(ConfigSetPassword, ProtectsEveryDoor) {
  KeyholeProcess proxy({"--allow-shutdown"});
  RawClient admin = RawClient::Connect(proxy.port());
  EXPECT_EQ(admin.Ask({"CONFIG", "SET", "requirepass", "secret"}), "+OK\r\n");
  RawClient stranger = RawClient::Connect(proxy.port());
  EXPECT_THAT(stranger.Ask({"GET", "k"}), HasSubstr("-NOAUTH"));
  EXPECT_THAT(stranger.Ask({"SHUTDOWN"}), testing::StartsWith("-"));
  EXPECT_EQ(admin.Ask({"PING"}), "+PONG\r\n");
  const std::string request = "GET /items/k HTTP/1.1\r\nHost: localhost\r\n";
  RawClient http = RawClient::Connect(proxy.http_port());
  http.Send(request + "Connection: close\r\n\r\n");
  EXPECT_THAT(http.ReadUntilClosed(), testing::StartsWith("HTTP/1.1 401 "));
  http = RawClient::Connect(proxy.http_port());
  http.Send(request + "Connection: close\r\nAuthorization: Basic OnNlY3JldA==\r\n\r\n");
  EXPECT_THAT(http.ReadUntilClosed(), testing::StartsWith("HTTP/1.1 404 "));
}

// ---- SLOWLOG ----

// What can be compared of an entry: its arguments and the name of the client.
std::vector<std::string> LogOf(uint16_t port,
                               const std::vector<std::vector<std::string>>& requests) {
  HiredisClient client = HiredisClient::Connect("127.0.0.1", port);
  client.Command({"CONFIG", "SET", "slowlog-log-slower-than", "0"});
  client.Command({"SLOWLOG", "RESET"});
  for (const auto& request : requests) client.Command({request.begin(), request.end()});
  std::vector<std::string> log;
  for (const Reply& entry : client.Command({"SLOWLOG", "GET", "-1"}).elements) {
    std::string line;
    for (const Reply& arg : entry.elements.at(3).elements) line += "[" + arg.text + "] ";
    EXPECT_EQ(entry.elements.size(), 6U);
    EXPECT_GT(entry.elements.at(1).integer, 1'700'000'000);
    EXPECT_THAT(entry.elements.at(4).text, testing::StartsWith("127.0.0.1:"));
    log.push_back(line + entry.elements.at(5).text);
  }
  return log;
}

TEST(SlowLogTest, IsThatOfRedis) {
  std::vector<std::string> many = {"DEL"};
  while (many.size() < 50) many.push_back("k" + std::to_string(many.size()));
  std::vector<std::string> limit(many.begin(), many.begin() + 32);
  const std::vector<std::vector<std::string>> requests = {
      {"SET", "k", "v"},
      {"get", "k"},
      {"SET", "k", std::string(128, 'x')},
      {"SET", "k", std::string(129, 'x')},
      {"SET", std::string(100'000, 'y'), "v"},
      many,
      limit,
      {"CLIENT", "SETNAME", "me"},
      {"NOSUCH", "command"},
      {"GET"},
      {"HGET", "k", "f"},
      {"MULTI"},
      {"SET", "a", "1"},
      {"GET", "a"},
      {"EXEC"},
      {"AUTH", "secret"},
      {"AUTH", "default", "secret"},
      {"AUTH", "nobody", "secret"},
      {"HELLO", "2", "AUTH", "nobody", "secret", "SETNAME", "x"},
      {"HELLO", "2", "SETNAME", "you"},
      {"CONFIG", "SET", "requirepass", ""},
      {"CONFIG", "SET", "timeout", "0", "REQUIREPASS", ""},
      {"SLOWLOG", "GET", "0"},
      {"SLOWLOG", "LEN"},
      {"SLOWLOG", "NOSUCH"}};
  const RedisServer redis;
  const KeyholeProcess proxy;
  const std::vector<std::string> expected = LogOf(redis.port(), requests);
  EXPECT_GT(expected.size(), 20U);
  EXPECT_EQ(LogOf(proxy.port(), requests), expected);
}

TEST(SlowLogTest, SeveralWorkersWriteOneLog) {
  const KeyholeProcess proxy({"--workers", "4"});
  RawClient admin = RawClient::Connect(proxy.port());
  EXPECT_EQ(
      admin.Ask({"CONFIG", "SET", "slowlog-log-slower-than", "0", "slowlog-max-len", "10000"}),
      "+OK\r\n");
  EXPECT_EQ(admin.Ask({"SLOWLOG", "RESET"}), "+OK\r\n");
  std::vector<RawClient> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(RawClient::Connect(proxy.port()));
  for (int i = 0; i < 4; ++i) {
    std::string requests;
    for (int k = 0; k < 500; ++k) requests += "INCR k" + std::to_string(k * 4 + i) + "\r\n";
    clients[static_cast<size_t>(i)].Send(requests);
  }
  for (RawClient& client : clients) {
    for (int k = 0; k < 500; ++k) ASSERT_EQ(client.ReadReply(), ":1\r\n");
  }
  EXPECT_EQ(admin.Ask({"SLOWLOG", "LEN"}), ":2001\r\n");
}

}  // namespace
}  // namespace keyhole::test
