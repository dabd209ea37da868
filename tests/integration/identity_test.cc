// Who a client is to Redis is a matter between the two: nobody gets another's rights.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

const std::vector<std::string> kUsers = {"user alice on >apass ~a:* &* +@all",
                                         "user bob on >bpass ~b:* &* +@all"};
constexpr std::string_view kNoAuth = "-NOAUTH Authentication required.\r\n";

using PasswordTest = ProxyTest;

TEST_P(PasswordTest, IsAskedFromEveryClient) {
  if (GetParam() == Behind::kStore) {
    Start({}, {"--requirepass", "secret"});
  } else {
    Start({"requirepass secret"});
  }
  RawClient stranger = Client();
  EXPECT_EQ(stranger.Ask({"GET", "k"}), kNoAuth);
  EXPECT_EQ(stranger.Ask({"SELECT", "1"}), kNoAuth);
  RawClient friendly = Client();
  EXPECT_TRUE(friendly.Ask({"AUTH", "wrong"}).starts_with("-WRONGPASS"));
  EXPECT_EQ(friendly.Ask({"SET", "k", "v"}), kNoAuth);
  EXPECT_EQ(friendly.Ask({"AUTH", "secret"}), "+OK\r\n");
  EXPECT_EQ(friendly.Ask({"SET", "k", "v"}), "+OK\r\n");
  EXPECT_EQ(stranger.Ask({"GET", "k"}), kNoAuth);
  EXPECT_EQ(stranger.Ask({"MULTI"}), kNoAuth);
  EXPECT_EQ(stranger.Ask({"GET", "k"}), kNoAuth);
  // Wrong words later change nothing, RESET does.
  EXPECT_TRUE(friendly.Ask({"AUTH", "wrong"}).starts_with("-WRONGPASS"));
  EXPECT_EQ(friendly.Ask({"GET", "k"}), "$1\r\nv\r\n");
  EXPECT_EQ(friendly.Ask({"AUTH", "default", "secret"}), "+OK\r\n");
  EXPECT_EQ(friendly.Ask({"RESET"}), "+RESET\r\n");
  EXPECT_EQ(friendly.Ask({"GET", "k"}), kNoAuth);
}

TEST_P(PasswordTest, IsTakenFromHello) {
  if (GetParam() == Behind::kStore) {
    Start({}, {"--requirepass", "secret"});
  } else {
    Start({"requirepass secret"});
  }
  RawClient client = Client();
  EXPECT_TRUE(client.Ask({"HELLO", "3"}).starts_with("-NOAUTH"));
  EXPECT_TRUE(client.Ask({"HELLO", "3", "AUTH", "default", "no"}).starts_with("-WRONGPASS"));
  EXPECT_EQ(client.Ask({"GET", "absent"}), kNoAuth);
  EXPECT_TRUE(client.Ask({"HELLO", "3", "AUTH", "default", "secret"}).starts_with("%7\r\n"));
  EXPECT_EQ(client.Ask({"GET", "absent"}), "_\r\n");
}

TEST_P(PasswordTest, PipelinedInOneWrite) {
  if (GetParam() == Behind::kStore) {
    Start({}, {"--requirepass", "secret"});
  } else {
    Start({"requirepass secret"});
  }
  for (int round = 0; round < 3; ++round) {
    RawClient client = Client();
    client.Send("GET k\r\nAUTH secret\r\nSET k v\r\nGET k\r\n");
    client.ShutdownWrite();
    EXPECT_EQ(client.ReadUntilClosed(), std::string(kNoAuth) + "+OK\r\n+OK\r\n$1\r\nv\r\n");
  }
}

KEYHOLE_IN_FRONT_OF_ALL(PasswordTest);

using UserTest = ProxyTest;

TEST_P(UserTest, TwoAreNeverMixed) {
  Start(kUsers);
  struct One {
    RawClient client;
    std::string name;
    std::string own;
    std::string other;
  };
  std::vector<One> all;
  for (int i = 0; i < 4; ++i) {
    all.push_back({Client(), "alice", "a:k", "b:k"});
    all.push_back({Client(), "bob", "b:k", "a:k"});
  }
  for (One& one : all) {
    EXPECT_EQ(one.client.Ask({"AUTH", one.name, one.name.substr(0, 1) + "pass"}), "+OK\r\n");
  }
  for (int round = 0; round < 50; ++round) {
    for (One& one : all) {
      one.client.SendCommand({"SET", one.own, one.name});
      one.client.SendCommand({"GET", one.other});
      one.client.SendCommand({"ACL", "WHOAMI"});
      if (round % 10 == 0) one.client.Send("MULTI\r\nACL WHOAMI\r\nEXEC\r\n");
    }
    for (One& one : all) {
      ASSERT_EQ(one.client.ReadReply(), "+OK\r\n");
      ASSERT_TRUE(one.client.ReadReply().starts_with("-NOPERM"));
      ASSERT_EQ(one.client.ReadReply(), Bulk(one.name));
      if (round % 10 != 0) continue;
      ASSERT_EQ(one.client.ReadReply(), "+OK\r\n");
      ASSERT_EQ(one.client.ReadReply(), "+QUEUED\r\n");
      ASSERT_EQ(one.client.ReadReply(), "*1\r\n" + Bulk(one.name));
    }
  }
}

TEST_P(UserTest, OneClientBecomesAnother) {
  Start(kUsers);
  for (int round = 0; round < 3; ++round) {
    RawClient client = Client();
    client.Send(
        "ACL WHOAMI\r\nAUTH alice apass\r\nACL WHOAMI\r\nAUTH bob nonsense\r\nACL WHOAMI\r\n"
        "AUTH bob bpass\r\nACL WHOAMI\r\nRESET\r\nACL WHOAMI\r\n");
    EXPECT_EQ(client.ReadReply(), Bulk("default"));
    EXPECT_EQ(client.ReadReply(), "+OK\r\n");
    EXPECT_EQ(client.ReadReply(), Bulk("alice"));
    EXPECT_TRUE(client.ReadReply().starts_with("-WRONGPASS"));
    EXPECT_EQ(client.ReadReply(), Bulk("alice"));
    EXPECT_EQ(client.ReadReply(), "+OK\r\n");
    EXPECT_EQ(client.ReadReply(), Bulk("bob"));
    EXPECT_EQ(client.ReadReply(), "+RESET\r\n");
    EXPECT_EQ(client.ReadReply(), Bulk("default"));
  }
}

TEST_P(UserTest, AChangedPasswordIsChangedForAll) {
  Start(kUsers);
  RawClient first = Client();
  EXPECT_EQ(first.Ask({"AUTH", "alice", "apass"}), "+OK\r\n");
  EXPECT_EQ(first.Ask({"ACL", "WHOAMI"}), Bulk("alice"));
  RedisClient().Ask({"ACL", "SETUSER", "alice", ">new", "<apass"});
  RawClient second = Client();
  EXPECT_TRUE(second.Ask({"AUTH", "alice", "apass"}).starts_with("-WRONGPASS"));
  EXPECT_EQ(second.Ask({"ACL", "WHOAMI"}), Bulk("default"));
  EXPECT_EQ(second.Ask({"AUTH", "alice", "new"}), "+OK\r\n");
  EXPECT_EQ(second.Ask({"ACL", "WHOAMI"}), Bulk("alice"));
}

// Redis closes the connections of a user that is deleted, and lets nobody in as that user again.
TEST_P(UserTest, ADeletedOneIsGone) {
  Start(kUsers);
  RawClient alice = Client();
  RawClient busy = Client();
  RawClient bob = Client();
  for (RawClient* client : {&alice, &busy}) {
    EXPECT_EQ(client->Ask({"AUTH", "alice", "apass"}), "+OK\r\n");
    EXPECT_EQ(client->Ask({"SET", "a:k", "v"}), "+OK\r\n");
  }
  EXPECT_EQ(bob.Ask({"AUTH", "bob", "bpass"}), "+OK\r\n");
  EXPECT_EQ(busy.Ask({"MULTI"}), "+OK\r\n");
  EXPECT_EQ(RedisClient().Ask({"ACL", "DELUSER", "alice"}), ":1\r\n");
  EXPECT_EQ(busy.ReadUntilClosed(), "");
  proxy_->AwaitMetric("keyhole_upstream_losses_total", GetParam() == Behind::kShared ? 2 : 1);
  alice.Send("GET a:k\r\n");  // may find its connection closed already
  EXPECT_EQ(alice.ReadUntilClosed(), "");
  EXPECT_EQ(bob.Ask({"ACL", "WHOAMI"}), Bulk("bob"));
  RawClient again = Client();
  EXPECT_TRUE(again.Ask({"AUTH", "alice", "apass"}).starts_with("-WRONGPASS"));
}

// Rights taken away are gone at once; who was let in stays in, even when the user is switched off.
TEST_P(UserTest, RightsChangeUnderConnectedClients) {
  Start(kUsers);
  RawClient alice = Client();
  EXPECT_EQ(alice.Ask({"AUTH", "alice", "apass"}), "+OK\r\n");
  EXPECT_EQ(alice.Ask({"SET", "a:k", "v"}), "+OK\r\n");
  RawClient admin = RedisClient();
  EXPECT_EQ(admin.Ask({"ACL", "SETUSER", "alice", "-set"}), "+OK\r\n");
  EXPECT_TRUE(alice.Ask({"SET", "a:k", "w"}).starts_with("-NOPERM"));
  EXPECT_EQ(alice.Ask({"GET", "a:k"}), "$1\r\nv\r\n");
  alice.Send("MULTI\r\nGET a:k\r\nSET a:k w\r\nEXEC\r\n");
  EXPECT_EQ(alice.ReadReply(), "+OK\r\n");
  EXPECT_EQ(alice.ReadReply(), "+QUEUED\r\n");
  EXPECT_TRUE(alice.ReadReply().starts_with("-NOPERM"));
  EXPECT_TRUE(alice.ReadReply().starts_with("-EXECABORT"));
  EXPECT_EQ(admin.Ask({"ACL", "SETUSER", "alice", "off"}), "+OK\r\n");
  EXPECT_EQ(alice.Ask({"GET", "a:k"}), "$1\r\nv\r\n");
}

KEYHOLE_IN_FRONT_OF_REDIS(UserTest);

TEST(UpstreamCredentials, AreWhatClientsStartWith) {
  const RedisServer redis({"requirepass secret", kUsers[0]});
  const KeyholeProcess proxy(
      {"--upstream", "redis://alice:apass@127.0.0.1:" + std::to_string(redis.port()) + "/2"});
  RawClient client = RawClient::Connect(proxy.port());
  EXPECT_EQ(client.Ask({"ACL", "WHOAMI"}), Bulk("alice"));
  EXPECT_EQ(client.Ask({"SET", "a:k", "v"}), "+OK\r\n");
  EXPECT_EQ(client.Ask({"AUTH", "secret"}), "+OK\r\n");
  EXPECT_EQ(client.Ask({"ACL", "WHOAMI"}), Bulk("default"));
  EXPECT_EQ(client.Ask({"GET", "a:k"}), "$1\r\nv\r\n");
  EXPECT_EQ(client.Ask({"SELECT", "0"}), "+OK\r\n");
  EXPECT_EQ(client.Ask({"GET", "a:k"}), "$-1\r\n");
  EXPECT_EQ(client.Ask({"RESET"}), "+RESET\r\n");
  EXPECT_EQ(client.Ask({"ACL", "WHOAMI"}), Bulk("alice"));
  EXPECT_EQ(client.Ask({"GET", "a:k"}), "$1\r\nv\r\n");
}

// Nothing was sent for the client, so nothing is made up: it hears why.
TEST(UpstreamCredentials, WrongOnesLetNobodyIn) {
  const RedisServer redis({"requirepass secret"});
  const KeyholeProcess proxy({"--upstream",
                              "redis://:wrong@127.0.0.1:" + std::to_string(redis.port()),
                              "--upstream-wait", "200ms"});
  RawClient client = RawClient::Connect(proxy.port());
  client.Send("GET k\r\n");
  EXPECT_EQ(client.ReadUntilClosed(),
            "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
}

}  // namespace
}  // namespace keyhole::test
