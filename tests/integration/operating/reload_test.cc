// SIGHUP and `keyhole reload`: what of a changed file a running process takes over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_file.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kNoAuth = "-NOAUTH Authentication required.\r\n";

std::string UpstreamLine(const RedisServer& redis, const std::string& login = {}) {
  return "upstream = \"redis://" + login + "127.0.0.1:" + std::to_string(redis.port()) + "\"\n";
}

class Reload : public testing::Test {
 protected:
  void Start(const std::string& text, std::vector<std::string> options = {}) {
    Write(text);
    options.insert(options.end(), {"--config", file_.path()});
    proxy_.emplace(options);
  }
  void Write(const std::string& text) { std::ofstream(file_.path()) << text; }
  // Writes it, sends SIGHUP, and waits for this in the log.
  void HangUp(const std::string& text, std::string_view line) {
    Write(text);
    proxy_->process().Signal(SIGHUP);
    proxy_->process().WaitForErr(line);
  }
  RawClient Client() const { return RawClient::Connect(proxy_->port()); }
  const std::string& log() { return proxy_->process().err(); }

  // keyhole reload.
  int Ask(std::string* said) const {
    ChildProcess process(KeyholeProcess::CommandLine(
        {"reload", "127.0.0.1:" + std::to_string(proxy_->http_port())}));
    const int code = process.Wait();
    *said = process.out() + process.err();
    return code;
  }

  TempFile file_{""};
  std::optional<KeyholeProcess> proxy_;
};

TEST_F(Reload, TellsWhatHasChangedAndWhatNeedsARestart) {
  Start("max-clients = 100\nworkers = 1\n");
  HangUp("max-clients = 1\nworkers = 2\nlog-level = \"debug\"\n", "reload: --log-level is debug");
  EXPECT_THAT(log(), HasSubstr("reload: --max-clients is 1 now, it was 100\n"));
  proxy_->process().WaitForErr("--workers 2 needs a restart; until then it is 1\n");
  RawClient first = Client();
  EXPECT_EQ(first.Ask({"PING"}), "+PONG\r\n");
  EXPECT_EQ(Client().ReadUntilClosed(), "-ERR max number of clients reached\r\n");
}

TEST_F(Reload, AMistakeChangesNothing) {
  Start("max-clients = 100\n");
  HangUp("max-clients = 1\ntypo = 3\n", "reload: nothing has changed, as this is wrong");
  EXPECT_THAT(log(), HasSubstr("line 2: unknown key 'typo'"));
  HangUp("max-clients = 1\nserve-stale = \"often\"\n", "'often'");
  RawClient first = Client();
  EXPECT_EQ(first.Ask({"PING"}), "+PONG\r\n");
  RawClient second = Client();
  EXPECT_EQ(second.Ask({"PING"}), "+PONG\r\n");
}

TEST_F(Reload, TheCommandSaysTheSameAndFailsWithAMistake) {
  Start("client-idle-timeout = \"1h\"\n");
  std::string said;
  EXPECT_EQ(Ask(&said), 0);
  EXPECT_EQ(said, "nothing has changed\n");
  Write("client-idle-timeout = \"2h\"\nworkers = 5\n");
  EXPECT_EQ(Ask(&said), 0);
  EXPECT_THAT(said, HasSubstr("--client-idle-timeout is 7200s now, it was 3600s\n"));
  EXPECT_THAT(said, HasSubstr("--workers 5 needs a restart; until then it is 1\n"));
  Write("client-idle-timeout = 0,5\n");
  EXPECT_EQ(Ask(&said), 1);
  EXPECT_THAT(said, HasSubstr("not reloaded: "));
  EXPECT_THAT(said, HasSubstr("line 1"));
}

TEST_F(Reload, ClientsByTlsStay) {
  const Certificates pki;
  const RedisServer old_one;
  const RedisServer new_one;
  Start(UpstreamLine(old_one), {"--listen", "tls://127.0.0.1:0", "--tls-cert", pki.server.cert,
                                "--tls-key", pki.server.key});
  RawClient client = RawClient::ConnectTls(proxy_->port());
  EXPECT_EQ(client.Ask({"SET", "k", "v"}), "+OK\r\n");
  HangUp(UpstreamLine(new_one) + "deny = [\"flushall\"]\n", "--deny is flushall now");
  EXPECT_THAT(client.Ask({"FLUSHALL"}), HasSubstr("-NOPERM"));
  AwaitReply(client, {"GET", "k"}, [](const std::string& reply) { return reply == "$-1\r\n"; });
  EXPECT_EQ(client.Ask({"SET", "k", "w"}), "+OK\r\n");
  RawClient direct = RawClient::Connect(new_one.port());
  EXPECT_EQ(direct.Ask({"GET", "k"}), "$1\r\nw\r\n");
}

TEST_F(Reload, FlagsAndEnvironmentStillBeatTheFile) {
  Start("client-idle-timeout = \"1h\"\n", {"--client-idle-timeout", "3h"});
  std::string said;
  Write("client-idle-timeout = \"2h\"\n");
  EXPECT_EQ(Ask(&said), 0);
  EXPECT_EQ(said, "nothing has changed\n");
}

TEST_F(Reload, CommandsThatAreDenied) {
  const RedisServer redis;
  Start(UpstreamLine(redis));
  RawClient client = Client();
  EXPECT_EQ(client.Ask({"FLUSHALL"}), "+OK\r\n");
  HangUp(UpstreamLine(redis) + "deny = [\"flushall\"]\n", "--deny is flushall now");
  EXPECT_THAT(client.Ask({"FLUSHALL"}), HasSubstr("-NOPERM"));
  HangUp(UpstreamLine(redis), "--deny is not given now, it was flushall");
  EXPECT_EQ(client.Ask({"FLUSHALL"}), "+OK\r\n");
  HangUp(UpstreamLine(redis) + "read-only = true\n", "--read-only is on now, it was off");
  EXPECT_THAT(client.Ask({"SET", "a", "b"}), HasSubstr("-NOPERM"));
}

TEST_F(Reload, APasswordInFrontOfRedis) {
  const RedisServer redis;
  Start(UpstreamLine(redis));
  RawClient before = Client();
  EXPECT_EQ(before.Ask({"PING"}), "+PONG\r\n");
  HangUp(UpstreamLine(redis) + "requirepass = \"first-secret\"\n", "--requirepass is another one");
  EXPECT_EQ(before.Ask({"PING"}), kNoAuth);
  RawClient client = Client();
  EXPECT_EQ(client.Ask({"AUTH", "first-secret"}), "+OK\r\n");
  HangUp(UpstreamLine(redis) + "requirepass = \"second-secret\"\nlog-level = \"debug\"\n",
         "--log-level is debug");
  EXPECT_EQ(client.Ask({"PING"}), "+PONG\r\n") << "who has logged in stays so, as in Redis";
  RawClient late = Client();
  EXPECT_THAT(late.Ask({"AUTH", "first-secret"}), HasSubstr("-WRONGPASS"));
  EXPECT_EQ(late.Ask({"AUTH", "second-secret"}), "+OK\r\n");
  EXPECT_EQ(late.Ask({"MULTI"}), "+OK\r\n");
  EXPECT_EQ(late.Ask({"EXEC"}), "*0\r\n");
  EXPECT_THAT(log(), Not(HasSubstr("secret")));
}

TEST_F(Reload, ThePasswordOfTheEmbeddedStore) {
  Start("requirepass = \"first-secret\"\n");
  HangUp("requirepass = \"second-secret\"\nmax-memory = \"50mb\"\neviction = \"lru\"\n",
         "--eviction is lru now");
  RawClient client = Client();
  EXPECT_THAT(client.Ask({"AUTH", "first-secret"}), HasSubstr("-WRONGPASS"));
  EXPECT_EQ(client.Ask({"AUTH", "second-secret"}), "+OK\r\n");
  EXPECT_THAT(client.Ask({"CONFIG", "GET", "maxmemory"}), HasSubstr("52428800"));
  EXPECT_THAT(client.Ask({"CONFIG", "GET", "maxmemory-policy"}), HasSubstr("allkeys-lru"));
}

TEST_F(Reload, UsersWhoseFileHasChanged) {
  const RedisServer redis;
  const TempFile users("user alice on >a +@all ~*\nuser bob on >b +@all ~*\n");
  const std::string text = UpstreamLine(redis) + "users = \"" + users.path() + "\"\n";
  Start(text);
  RawClient alice = Client();
  RawClient bob = Client();
  EXPECT_EQ(alice.Ask({"AUTH", "alice", "a"}), "+OK\r\n");
  EXPECT_EQ(bob.Ask({"AUTH", "bob", "b"}), "+OK\r\n");
  std::ofstream(users.path()) << "user alice on >a +@read ~*\n";
  HangUp(text, "has other users now");
  EXPECT_EQ(bob.ReadUntilClosed(), "") << "a user that is gone is gone";
  EXPECT_THAT(alice.Ask({"SET", "k", "v"}), HasSubstr("-NOPERM"));
  EXPECT_EQ(alice.Ask({"GET", "k"}), "$-1\r\n");
}

TEST_F(Reload, AnOpenDoorIsAMistake) {
  const RedisServer redis;
  const std::string text = UpstreamLine(redis) + "requirepass = \"s\"\n";
  Start(text, {"--listen", "0.0.0.0:0"});
  HangUp(UpstreamLine(redis), "reload: nothing has changed, as this is wrong");
  EXPECT_THAT(log(), HasSubstr("without a password"));
  EXPECT_EQ(Client().Ask({"PING"}), kNoAuth);
}

TEST_F(Reload, AnotherUpstream) {
  const RedisServer here;
  const RedisServer there;
  EXPECT_EQ(RawClient::Connect(here.port()).Ask({"SET", "where", "here"}), "+OK\r\n");
  EXPECT_EQ(RawClient::Connect(there.port()).Ask({"SET", "where", "there"}), "+OK\r\n");
  Start(UpstreamLine(here) + "near-cache = \"1mb\"\nnear-cache-min-reads = 1\n");
  RawClient client = Client();
  RawClient in_transaction = Client();
  RawClient blocked = Client();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.Ask({"GET", "where"}), Bulk("here"));
  EXPECT_EQ(in_transaction.Ask({"MULTI"}), "+OK\r\n");
  blocked.SendCommand({"BLPOP", "list", "0"});
  proxy_->AwaitMetric("keyhole_requests_total{command=\"blpop\"}", 1);
  Write(UpstreamLine(there) +
        "near-cache = \"1mb\"\nnear-cache-min-reads = 1\nshutdown-grace = \"2s\"\n");
  proxy_->process().Signal(SIGHUP);
  proxy_->process().WaitForErr("reload: --upstream is redis://127.0.0.1:" +
                               std::to_string(there.port()));
  // What began there ends there; nothing that was cached is served any more.
  AwaitReply(client, {"GET", "where"},
             [](const std::string& reply) { return reply == Bulk("there"); });
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.Ask({"GET", "where"}), Bulk("there"));
  EXPECT_EQ(in_transaction.Ask({"GET", "where"}), "+QUEUED\r\n");
  EXPECT_EQ(in_transaction.Ask({"EXEC"}), "*1\r\n" + Bulk("here"));
  EXPECT_EQ(in_transaction.Ask({"GET", "where"}), Bulk("there"));
  EXPECT_EQ(blocked.ReadUntilClosed(), "") << "closed when the grace period is over";
  const std::string left = RawClient::Connect(here.port()).Ask({"CLIENT", "LIST"});
  EXPECT_EQ(std::count(left.begin(), left.end(), '\n'), 3) << "only the one that asks: " << left;
}

TEST_F(Reload, OtherCredentialsOfTheUpstream) {
  const RedisServer redis({"requirepass old-secret"});
  Start(UpstreamLine(redis, ":old-secret@"));
  RawClient client = Client();
  EXPECT_EQ(client.Ask({"SET", "a", "1"}), "+OK\r\n");
  RawClient direct = RawClient::Connect(redis.port());
  EXPECT_EQ(direct.Ask({"AUTH", "old-secret"}), "+OK\r\n");
  EXPECT_EQ(direct.Ask({"CONFIG", "SET", "requirepass", "new-secret"}), "+OK\r\n");
  HangUp(UpstreamLine(redis, ":new-secret@"), "--upstream has other credentials now");
  EXPECT_EQ(client.Ask({"GET", "a"}), Bulk("1"));
  EXPECT_EQ(client.Ask({"MULTI"}), "+OK\r\n");
  EXPECT_EQ(client.Ask({"EXEC"}), "*0\r\n");
  EXPECT_EQ(Client().Ask({"GET", "a"}), Bulk("1"));
  EXPECT_THAT(log(), Not(HasSubstr("secret")));
}

TEST_F(Reload, WhatTheUpstreamIsNeedsARestart) {
  const RedisServer redis;
  Start(UpstreamLine(redis));
  HangUp("upstream = \"redis+cluster://127.0.0.1:1\"\n",
         "needs a restart, as it is about a cluster");
  HangUp("log-level = \"debug\"\n", "needs a restart, as it is about the embedded store");
  EXPECT_EQ(Client().Ask({"PING"}), "+PONG\r\n");
}

TEST_F(Reload, HowKeysAreCounted) {
  Start("workers = 2\n");
  RawClient client = Client();
  for (int i = 0; i < 10; ++i) client.Ask({"GET", "user:" + std::to_string(i)});
  proxy_->AwaitMetric("keyhole_lookups_total{result=\"miss\"}", 10);
  EXPECT_EQ(proxy_->Metric("redis_app_cache_miss_total{key=\"user:3\"}"), 1);
  HangUp("workers = 2\ntracked-keys = 1\nkey-pattern = [\"user:*\"]\n",
         "--key-pattern is user:* now, it was not given");
  EXPECT_THAT(log(), HasSubstr("--tracked-keys is 1 now, it was 1000"));
  // Whoever follows does so in a turn of its own.
  proxy_->AwaitMetric("redis_app_cache_retired_miss_total", 10);
  const auto by_pattern = [&] {
    client.Ask({"GET", "user:3"});
    return proxy_->Metric("redis_app_cache_miss_total{key=\"user:*\"}");
  };
  Eventually(by_pattern, [](double misses) { return misses >= 3; });
  EXPECT_EQ(proxy_->Metric("redis_app_cache_miss_total{key=\"user:3\"}"), 0) << "no series";
  client.Ask({"GET", "first"});
  client.Ask({"GET", "second"});
  EXPECT_EQ(proxy_->Metric("redis_app_cache_miss_total{key=\"first\"}"), 1);
  EXPECT_EQ(proxy_->Metric("redis_app_cache_miss_total{key=\"__other__\"}"), 1);
  EXPECT_THAT(proxy_->HttpGet("/api/keys"), HasSubstr("user:*"));
}

TEST_F(Reload, TheSizeOfTheNearCache) {
  const RedisServer redis;
  const std::string text = UpstreamLine(redis) + "near-cache-min-reads = 1\n";
  Start(text + "near-cache = \"1mb\"\n");
  RawClient client = Client();
  EXPECT_EQ(client.Ask({"SET", "k", std::string(60'000, 'v')}), "+OK\r\n");
  const auto cached = [&] {
    client.Ask({"GET", "k"});
    return proxy_->Metric("keyhole_near_cache_entries") == 1;
  };
  const auto is_so = [](bool is) { return is; };
  EXPECT_TRUE(Eventually(cached, is_so));
  HangUp(text + "near-cache = \"2mb\"\n", "--near-cache is 2mb now, it was 1mb");
  EXPECT_TRUE(Eventually(cached, is_so)) << "it begins anew";
  EXPECT_EQ(client.Ask({"GET", "k"}), Bulk(std::string(60'000, 'v')));
  HangUp(text, "--near-cache 0 needs a restart, as the near cache is turned on or off");
}

TEST_F(Reload, UnderLoadNobodyNoticesIt) {
  const RedisServer redis;
  Start(UpstreamLine(redis), {"--workers", "2"});
  std::vector<RawClient> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(Client());
  for (int round = 0; round < 20; ++round) {
    Write(UpstreamLine(redis) + "upstream-wait = \"" + std::to_string(round + 2) + "s\"\n" +
          (round % 2 == 0 ? "deny = [\"flushall\"]\n" : ""));
    proxy_->process().Signal(SIGHUP);
    for (RawClient& client : clients) {
      client.SendCommand({"SET", "k", std::to_string(round)});
      client.SendCommand({"INCR", "n"});
    }
    for (RawClient& client : clients) {
      EXPECT_EQ(client.ReadReply(), "+OK\r\n");
      EXPECT_EQ(client.ReadReply()[0], ':');
    }
    proxy_->process().WaitForErr("--upstream-wait is " + std::to_string(round + 2) + "s now");
  }
  EXPECT_EQ(clients[0].Ask({"GET", "n"}), Bulk("160"));
}

TEST(Check, SaysWhetherAFileCanBeUsed) {
  const auto run = [](const std::string& text, std::string* said) {
    const TempFile file(text);
    ChildProcess process(KeyholeProcess::CommandLine({"check", file.path()}));
    const int code = process.Wait();
    *said = process.out() + process.err();
    return code;
  };
  std::string said;
  EXPECT_EQ(run("workers = 2\n", &said), 0);
  EXPECT_THAT(said, HasSubstr("can be used\n"));
  EXPECT_EQ(run("workers = 2\nworker = 3\n", &said), 2);
  EXPECT_THAT(said, HasSubstr("line 2: unknown key 'worker'; did you mean workers?"));
  EXPECT_EQ(run("listen = [\"0.0.0.0:0\"]\n", &said), 2);
  EXPECT_THAT(said, HasSubstr("without a password"));
  EXPECT_EQ(
      run("listen = [\"tls://127.0.0.1:0\"]\ntls-cert = \"/none\"\ntls-key = \"/none\"\n", &said),
      2);
  EXPECT_THAT(said, HasSubstr("/none"));
}

}  // namespace
}  // namespace keyhole::test
