// Where clients come in and where the upstream is: TCP, IPv6, unix sockets, several workers.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

// A directory with a short path, as unix sockets need it.
class Directory {
 public:
  Directory() {
    char path[] = "/tmp/keyhole-test-XXXXXX";
    if (mkdtemp(path) == nullptr) throw std::system_error(errno, std::generic_category());
    path_ = path;
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

TEST(Listen, UnixSocketsOnBothSides) {
  const Directory directory;
  const RedisServer redis;
  const std::string path = directory / "keyhole.sock";
  KeyholeProcess proxy({"--listen", "unix:" + path, "--upstream", "unix:" + redis.socket_path()});
  RawClient client = RawClient::ConnectUnix(path);
  EXPECT_EQ(client.Ask({"SET", "k", "v"}), "+OK\r\n");
  client.Send("MULTI\r\nGET k\r\nEXEC\r\n");
  EXPECT_EQ(client.ReadReply(), "+OK\r\n");
  EXPECT_EQ(client.ReadReply(), "+QUEUED\r\n");
  EXPECT_EQ(client.ReadReply(), "*1\r\n$1\r\nv\r\n");
  EXPECT_EQ(RawClient::ConnectUnix(redis.socket_path()).Ask({"GET", "k"}), "$1\r\nv\r\n");
  proxy.Terminate();
  EXPECT_EQ(client.ReadUntilClosed(), "");
  EXPECT_EQ(proxy.Wait(), 0);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Listen, UnixSocketOfAnUpstreamWithADatabase) {
  const RedisServer redis;
  const KeyholeProcess proxy({"--upstream", "unix:" + redis.socket_path() + "?db=3"});
  EXPECT_EQ(RawClient::Connect(proxy.port()).Ask({"SET", "k", "v"}), "+OK\r\n");
  RawClient direct = RawClient::Connect(redis.port());
  EXPECT_EQ(direct.Ask({"SELECT", "3"}), "+OK\r\n");
  EXPECT_EQ(direct.Ask({"GET", "k"}), "$1\r\nv\r\n");
}

TEST(Listen, ASocketFileLeftBehindIsReplaced) {
  const Directory directory;
  const std::string path = directory / "keyhole.sock";
  {
    KeyholeProcess proxy({"--listen", "unix:" + path});
    proxy.Kill();
    proxy.Wait();
  }
  ASSERT_TRUE(std::filesystem::exists(path));
  const KeyholeProcess proxy({"--listen", "unix:" + path});
  EXPECT_EQ(RawClient::ConnectUnix(path).Ask({"PING"}), "+PONG\r\n");
  // One that is alive is not.
  ChildProcess second(KeyholeProcess::CommandLine({"--listen", "unix:" + path, "--http", "off"}));
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_NE(second.err().find("in use"), std::string::npos) << second.err();
  EXPECT_EQ(RawClient::ConnectUnix(path).Ask({"PING"}), "+PONG\r\n");
}

bool HasIpv6() {
  try {
    const KeyholeProcess proxy({"--listen", "[::1]:0"});
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

TEST(Listen, Ipv6) {
  if (!HasIpv6()) GTEST_SKIP() << "this machine has no ::1";
  const RedisServer redis;
  const KeyholeProcess proxy(
      {"--listen", "[::1]:0", "--upstream", "redis://127.0.0.1:" + std::to_string(redis.port())});
  EXPECT_EQ(RawClient::ConnectV6(proxy.port()).Ask({"PING"}), "+PONG\r\n");
  EXPECT_THROW(RawClient::Connect(proxy.port()), std::runtime_error);
}

TEST(Listen, SeveralAddressesAndOneStore) {
  const Directory directory;
  const std::string path = directory / "keyhole.sock";
  const KeyholeProcess proxy(
      {"--listen", "127.0.0.1:0", "--listen", "unix:" + path, "--workers", "2"});
  EXPECT_EQ(RawClient::Connect(proxy.port()).Ask({"SET", "k", "v"}), "+OK\r\n");
  EXPECT_EQ(RawClient::ConnectUnix(path).Ask({"GET", "k"}), "$1\r\nv\r\n");
}

TEST(Workers, ShareTheWork) {
  const RedisServer redis;
  KeyholeProcess proxy(
      {"--upstream", "redis://127.0.0.1:" + std::to_string(redis.port()), "--workers", "3"});
  std::vector<RawClient> clients;
  for (int i = 0; i < 12; ++i) clients.push_back(RawClient::Connect(proxy.port()));
  for (int round = 0; round < 20; ++round) {
    for (RawClient& client : clients) client.Send("INCR n\r\nMULTI\r\nGET k\r\nEXEC\r\nGET k\r\n");
    for (RawClient& client : clients) {
      EXPECT_TRUE(client.ReadReply().starts_with(":"));
      EXPECT_EQ(client.ReadReply(), "+OK\r\n");
      EXPECT_EQ(client.ReadReply(), "+QUEUED\r\n");
      EXPECT_EQ(client.ReadReply(), "*1\r\n$-1\r\n");
      EXPECT_EQ(client.ReadReply(), "$-1\r\n");
    }
  }
  EXPECT_EQ(clients[0].Ask({"GET", "n"}), "$3\r\n240\r\n");
  EXPECT_EQ(proxy.Metric("redis_app_cache_miss_total{key=\"k\"}"), 480);
  proxy.Terminate();
  for (RawClient& client : clients) EXPECT_EQ(client.ReadUntilClosed(), "");
  EXPECT_EQ(proxy.Wait(), 0) << proxy.process().err();
}

}  // namespace
}  // namespace keyhole::test
