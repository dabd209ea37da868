// A Redis that is connected and ill is noticed: stopped, loading, busy, without its master,
// demoted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "tests/integration/http/http_client.h"
#include "tests/support/eventually.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/raw_client.h"
#include "tests/support/redis_server.h"

namespace keyhole::test {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

HttpReply Ready(const KeyholeProcess& proxy) {
  return HttpClient(proxy.http_port()).Call("GET", "/readyz");
}

HttpReply ReadyUntil(const KeyholeProcess& proxy, int status) {
  return Eventually([&] { return Ready(proxy); },
                    [&](const HttpReply& reply) { return reply.status == status; });
}

TEST(IllUpstream, AStoppedRedisIsNoticedAndForgotten) {
  RedisServer redis;
  KeyholeProcess proxy({"--upstream", "127.0.0.1:" + std::to_string(redis.port())});
  EXPECT_EQ(ReadyUntil(proxy, 200).status, 200);
  RawClient client = RawClient::Connect(proxy.port());
  EXPECT_EQ(client.Ask({"SET", "k", "v"}), "+OK\r\n");
  redis.Pause();
  client.Send("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
  const HttpReply ready = Ready(proxy);
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.body, R"({"error":"Redis has not answered for 1 s"})");
  EXPECT_EQ(Eventually([&] { return proxy.Metric("keyhole_upstream_up"); },
                       [](double up) { return up == 0; }),
            0);
  EXPECT_GE(proxy.Metric("keyhole_upstream_oldest_request_seconds"), 1);
  proxy.process().WaitForErr("has answered nothing for 1 s");
  redis.Resume();
  EXPECT_EQ(client.ReadReply(), "$1\r\nv\r\n") << "a client that was patient is served";
  EXPECT_EQ(ReadyUntil(proxy, 200).status, 200);
  proxy.process().WaitForErr("upstream answers again");
}

TEST(IllUpstream, AfterTheTimeoutClientsAreClosedAndOthersServedOnceItAnswers) {
  RedisServer redis;
  KeyholeProcess proxy(
      {"--upstream", "127.0.0.1:" + std::to_string(redis.port()), "--upstream-timeout", "1500ms"});
  RawClient client = RawClient::Connect(proxy.port());
  EXPECT_EQ(client.Ask({"SET", "k", "v"}), "+OK\r\n");
  RawClient blocked = RawClient::Connect(proxy.port());
  blocked.Send("*3\r\n$5\r\nBLPOP\r\n$4\r\nlist\r\n$1\r\n0\r\n");
  redis.Pause();
  client.Send("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
  EXPECT_TRUE(client.ReadUntilClosed().empty());
  EXPECT_TRUE(blocked.ReadUntilClosed().empty());
  redis.Resume();
  EXPECT_EQ(ReadyUntil(proxy, 200).status, 200);
  EXPECT_EQ(RawClient::Connect(proxy.port()).Ask({"GET", "k"}), "$1\r\nv\r\n");
}

TEST(IllUpstream, AReplicaWithoutItsMasterIsNotReady) {
  RedisServer redis({"replica-serve-stale-data no"});
  RawClient::Connect(redis.port()).Ask({"REPLICAOF", "127.0.0.1", "1"});
  KeyholeProcess proxy({"--upstream", "127.0.0.1:" + std::to_string(redis.port())});
  const HttpReply ready = Eventually(
      [&] { return Ready(proxy); },
      [](const HttpReply& reply) { return reply.body.find("MASTER") != std::string::npos; });
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.body, R"({"error":"Redis answers MASTERDOWN"})");
}

TEST(IllUpstream, ABusyRedisIsNotReady) {
  RedisServer redis({"busy-reply-threshold 1"});
  KeyholeProcess proxy({"--upstream", "127.0.0.1:" + std::to_string(redis.port())});
  RawClient client = RawClient::Connect(proxy.port());
  client.Send("*3\r\n$4\r\nEVAL\r\n$17\r\nwhile true do end\r\n$1\r\n0\r\n");
  EXPECT_EQ(ReadyUntil(proxy, 503).status, 503);
  const HttpReply ready = Eventually(
      [&] { return Ready(proxy); },
      [](const HttpReply& reply) { return reply.body.find("BUSY") != std::string::npos; });
  EXPECT_EQ(ready.body, R"({"error":"Redis answers BUSY"})");
  EXPECT_EQ(RawClient::Connect(proxy.port()).Ask({"SCRIPT", "KILL"}), "+OK\r\n");
  EXPECT_EQ(ReadyUntil(proxy, 200).status, 200);
}

// The path of a socket is a name that can lead elsewhere, as names of hosts do.
TEST(IllUpstream, AMasterThatWasDemotedBehindItsNameIsLeftWithinASecond) {
  RedisServer first;
  RedisServer second;
  const std::filesystem::path name = first.socket_path() + ".name";
  std::filesystem::create_symlink(first.socket_path(), name);
  KeyholeProcess proxy({"--upstream", "unix:" + name.string()});
  RawClient client = RawClient::Connect(proxy.port());
  EXPECT_EQ(client.Ask({"SET", "k", "v"}), "+OK\r\n");
  RawClient admin = RawClient::Connect(first.port());
  EXPECT_EQ(admin.Ask({"REPLICAOF", "127.0.0.1", std::to_string(second.port())}), "+OK\r\n");
  std::filesystem::remove(name);
  std::filesystem::create_symlink(second.socket_path(), name);

  EXPECT_THAT(client.Ask({"SET", "k", "w"}), HasSubstr("-READONLY"));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(Eventually(
                [&] {
                  return client.Ask({"SET", "k", "w"});
                },
                [](const std::string& reply) { return reply == "+OK\r\n"; }),
            "+OK\r\n");
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(5)) << "on a busy machine";
  EXPECT_EQ(RawClient::Connect(second.port()).Ask({"GET", "k"}), "$1\r\nw\r\n");
  proxy.process().WaitForErr("READONLY");
  std::filesystem::remove(name);
}

}  // namespace
}  // namespace keyhole::test
