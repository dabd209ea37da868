// How the process starts, what it says when it cannot, and how it ends.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

struct Outcome {
  int exit_code = 0;
  std::string text;
  long lines() const { return std::count(text.begin(), text.end(), '\n'); }
  bool has(std::string_view part) const { return text.find(part) != std::string::npos; }
};

Outcome RunToEnd(const std::vector<std::string>& options) {
  ChildProcess process(KeyholeProcess::CommandLine(options));
  const int exit_code = process.Wait();
  return {exit_code, process.err()};
}

TEST(Start, AnAddressInUse) {
  const KeyholeProcess first;
  const std::string address = "127.0.0.1:" + std::to_string(first.port());
  const std::string http = "127.0.0.1:" + std::to_string(first.http_port());
  for (const auto& options :
       {std::vector<std::string>{"--listen", address, "--http", "off"},
        std::vector<std::string>{"--listen", "127.0.0.1:0", "--http", http}}) {
    const Outcome outcome = RunToEnd(options);
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.lines(), 1) << outcome.text;
    EXPECT_TRUE(outcome.has("in use")) << outcome.text;
    EXPECT_TRUE(outcome.has(options[0] == "--listen" && options[3] == "off" ? address : http))
        << outcome.text;
  }
  EXPECT_EQ(RawClient::Connect(first.port()).Ask({"PING"}), "+PONG\r\n");
}

TEST(Start, WrongOptions) {
  const std::vector<std::vector<std::string>> all = {
      {"--no-such-option"},
      {"--listen", "nonsense"},
      {"--listen", "127.0.0.1:99999"},
      {"--upstream", "http://127.0.0.1"},
      {"--upstream", "rediss//127.0.0.1"},
      {"--workers", "0"},
      {"--tracked-keys", "many"},
      {"--sharing", "maybe"},
      {"--shutdown-grace", "1 parsec"},
      {"--config", "/nonexistent/keyhole.toml"},
      {"stray"},
  };
  for (const auto& options : all) {
    const Outcome outcome = RunToEnd(options);
    EXPECT_EQ(outcome.exit_code, 2) << options[0];
    EXPECT_EQ(outcome.lines(), 1) << outcome.text;
  }
}

TEST(Start, ProtectedMode) {
  const RedisServer redis;
  const std::string url = "redis://127.0.0.1:" + std::to_string(redis.port());
  const Outcome outcome = RunToEnd({"--listen", "0.0.0.0:0", "--http", "off", "--upstream", url});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.lines(), 1) << outcome.text;
  EXPECT_TRUE(outcome.has("--allow-unprotected")) << outcome.text;
  const Outcome http =
      RunToEnd({"--listen", "127.0.0.1:0", "--http", "0.0.0.0:0", "--upstream", url});
  EXPECT_EQ(http.exit_code, 1);
  EXPECT_TRUE(http.has("--allow-unprotected")) << http.text;
  const Outcome store = RunToEnd({"--listen", "0.0.0.0:0", "--http", "off"});
  EXPECT_EQ(store.exit_code, 1);
  EXPECT_TRUE(store.has("REQUIREPASS")) << store.text;
}

TEST(Start, HelpAndVersion) {
  for (const char* option : {"--help", "--version"}) {
    ChildProcess process(KeyholeProcess::CommandLine({option}));
    EXPECT_EQ(process.Wait(), 0);
    EXPECT_NE(process.out().find("keyhole"), std::string::npos) << process.out();
    EXPECT_EQ(process.err(), "");
  }
}

TEST(Start, TheVersionOfAllItIsMadeOf) {
  ChildProcess process(KeyholeProcess::CommandLine({"--version", "--verbose"}));
  EXPECT_EQ(process.Wait(), 0);
  for (const char* part : {"keyhole 0.", "OpenSSL         3.", "Boost           1.81",
                           "Lua             5.1.", "MIT", "prometheus-cpp", "ncurses         6."}) {
    EXPECT_NE(process.out().find(part), std::string::npos) << part << "\n" << process.out();
  }
}

using StopTest = ProxyTest;

TEST_P(StopTest, IdleClientsAreClosedAndAllIsWell) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Start();
    RawClient client = Client();
    EXPECT_EQ(client.Ask({"PING"}), "+PONG\r\n");
    RawClient silent = Client();
    const RawClient http = RawClient::Connect(proxy_->http_port());
    proxy_->process().Signal(signal);
    EXPECT_EQ(client.ReadUntilClosed(), "");
    EXPECT_EQ(silent.ReadUntilClosed(), "");
    EXPECT_EQ(proxy_->Wait(), 0) << proxy_->process().err();
    proxy_.reset();
  }
}

TEST_P(StopTest, UnderLoad) {
  Start();
  std::vector<RawClient> clients;
  std::string requests;
  for (int i = 0; i < 500; ++i) requests += "ECHO hi\r\n";
  for (int i = 0; i < 10; ++i) {
    clients.push_back(Client());
    clients.back().Send(requests);
  }
  proxy_->Terminate();
  for (RawClient& client : clients) {
    const std::string replies = client.ReadUntilClosed();
    EXPECT_EQ(replies.size() % 8, 0U);  // whole ones
  }
  EXPECT_EQ(proxy_->Wait(), 0) << proxy_->process().err();
}

KEYHOLE_OVER_TLS(StopTest);
KEYHOLE_IN_FRONT_OF_ALL(StopTest);

class RedisStopTest : public ProxyTest {
 protected:
  // Starts with a client whose request Redis, stopped, does not answer.
  RawClient StartWaiting(const std::string& grace) {
    Start({}, {"--shutdown-grace", grace});
    RawClient client = Client();
    EXPECT_EQ(client.Ask({"SET", "k", "v"}), "+OK\r\n");
    redis_->Pause();
    client.Send("GET k\r\n");
    proxy_->AwaitMetric("keyhole_requests_total{command=\"get\"}", 1);
    return client;
  }
};

TEST_P(RedisStopTest, WhatIsInFlightIsFinished) {
  RawClient client = StartWaiting("60s");
  proxy_->Terminate();
  proxy_->process().WaitForErr("stopping");
  EXPECT_THROW(Client(), std::runtime_error);
  redis_->Resume();
  EXPECT_EQ(client.ReadUntilClosed(), "$1\r\nv\r\n");
  EXPECT_EQ(proxy_->Wait(), 0) << proxy_->process().err();
}

TEST_P(RedisStopTest, NotLongerThanTheGracePeriod) {
  RawClient client = StartWaiting("200ms");
  proxy_->Terminate();
  EXPECT_EQ(client.ReadUntilClosed(), "");
  EXPECT_EQ(proxy_->Wait(), 0) << proxy_->process().err();
}

TEST_P(RedisStopTest, NorAfterASecondSignal) {
  RawClient client = StartWaiting("1h");
  proxy_->Terminate();
  proxy_->process().WaitForErr("stopping");
  proxy_->Terminate();
  EXPECT_EQ(client.ReadUntilClosed(), "");
  EXPECT_EQ(proxy_->Wait(), 0) << proxy_->process().err();
}

TEST_P(RedisStopTest, WhoWaitsForSomethingToHappenIsNotWaitedFor) {
  Start({}, {"--shutdown-grace", "1h"});
  RawClient blocked = Client();
  blocked.SendCommand({"BLPOP", "l", "0"});
  RawClient subscribed = Client();
  subscribed.Ask({"SUBSCRIBE", "c"});
  RawClient monitor = Client();
  EXPECT_EQ(monitor.Ask({"MONITOR"}), "+OK\r\n");
  RawClient transaction = Client();
  EXPECT_EQ(transaction.Ask({"MULTI"}), "+OK\r\n");
  proxy_->AwaitMetric("keyhole_requests_total{command=\"blpop\"}", 1);
  proxy_->Terminate();
  for (RawClient* client : {&blocked, &subscribed, &transaction}) {
    EXPECT_EQ(client->ReadUntilClosed(), "");
  }
  monitor.ReadUntilClosed();
  EXPECT_EQ(proxy_->Wait(), 0) << proxy_->process().err();
}

TEST_P(RedisStopTest, WhileTheUpstreamIsAway) {
  Start({}, {"--upstream-wait", "1h", "--shutdown-grace", "200ms"});
  RawClient client = Client();
  EXPECT_EQ(client.Ask({"PING"}), "+PONG\r\n");
  redis_->Stop();
  RawClient waiting = Client();
  waiting.Send("GET k\r\n");
  proxy_->AwaitMetric("keyhole_requests_total{command=\"get\"}", 1);
  proxy_->Terminate();
  EXPECT_EQ(waiting.ReadUntilClosed(), "");
  EXPECT_EQ(proxy_->Wait(), 0) << proxy_->process().err();
}

KEYHOLE_OVER_TLS(RedisStopTest);
KEYHOLE_IN_FRONT_OF_REDIS(RedisStopTest);

TEST(Stop, TheStoreByShutdownWhereAllowed) {
  KeyholeProcess proxy({"--allow-shutdown"});
  RawClient client = RawClient::Connect(proxy.port());
  client.Send("SET k v\r\nSHUTDOWN NOSAVE\r\n");
  EXPECT_EQ(client.ReadUntilClosed(), "+OK\r\n");
  EXPECT_EQ(proxy.Wait(), 0) << proxy.process().err();
}

}  // namespace
}  // namespace keyhole::test
