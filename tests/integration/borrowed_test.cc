// Clients that are served under the credentials in --upstream.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/integration/proxy_test.h"
#include "tests/support/child_process.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class BorrowedTest : public testing::Test {
 protected:
  std::string Url() const {
    return "redis://:up-secret@127.0.0.1:" + std::to_string(redis_.port());
  }

  RedisServer redis_{{"requirepass up-secret", "masterauth up-secret"}};
};

// users: a password in --upstream was taken for a reason to let everybody in.
TEST_F(BorrowedTest, TheyAreNoReasonToListenBeyondThisMachine) {
  for (const std::string option : {"--listen", "--http"}) {
    ChildProcess process(KeyholeProcess::CommandLine({option, "0.0.0.0:0", "--upstream", Url()}));
    EXPECT_EQ(process.Wait(), 1);
    EXPECT_THAT(process.err(),
                HasSubstr("without a password, under the credentials in --upstream"));
    EXPECT_THAT(process.err(), HasSubstr("KEYHOLE_REQUIREPASS or --users"));
    EXPECT_THAT(process.err(), testing::Not(HasSubstr("up-secret")));
  }
  // A Redis that asks clients itself is protected, if they are not logged in by the proxy.
  KeyholeProcess open({"--listen", "0.0.0.0:0", "--upstream",
                       "redis://127.0.0.1:" + std::to_string(redis_.port())});
  EXPECT_THAT(RawClient::Connect(open.port()).Ask({"GET", "a"}), StartsWith("-NOAUTH"));
}

TEST_F(BorrowedTest, NobodyIsToldThem) {
  const KeyholeProcess proxy({"--upstream", Url()});
  RawClient client = RawClient::Connect(proxy.port());
  EXPECT_EQ(client.Ask({"SET", "k", "v"}), "+OK\r\n");
  for (const std::string name : {"requirepass", "masterauth", "RequirePass", "*", "req*",
                                 "?asterauth", "[r]equirepass", "\\requirepass"}) {
    EXPECT_THAT(client.Ask({"config", "gEt", name}), StartsWith("-NOPERM the proxy refuses"))
        << name;
    EXPECT_THAT(client.Ask({"CONFIG", "GET", "save", name}),
                StartsWith("-NOPERM the proxy refuses"));
  }
  EXPECT_THAT(client.Ask({"CONFIG", "SET", "requirepass", ""}), StartsWith("-NOPERM"));
  EXPECT_THAT(client.Ask({"ACL", "GETUSER", "default"}), StartsWith("-NOPERM"));
  EXPECT_THAT(client.Ask({"ACL", "SETUSER", "default", "nopass"}), StartsWith("-NOPERM"));
  EXPECT_THAT(client.Ask({"REPLICAOF", "127.0.0.1", "1"}), StartsWith("-NOPERM"));
  EXPECT_THAT(client.Ask({"EVAL", "return redis.call('config', 'get', 'requirepass')", "0"}),
              StartsWith("-ERR"));
  EXPECT_THAT(client.Ask({"EVAL", "return redis.call('acl', 'list')", "0"}), StartsWith("-ERR"));
  client.Send(Request({"MULTI"}) + Request({"CONFIG", "GET", "requirepass"}) + Request({"EXEC"}));
  EXPECT_EQ(client.ReadReply(), "+OK\r\n");
  EXPECT_THAT(client.ReadReply(), StartsWith("-NOPERM"));
  EXPECT_THAT(client.ReadReply(), StartsWith("-EXECABORT"));
  EXPECT_EQ(client.Ask({"CONFIG", "GET", "maxmemory"}), "*2\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n");
  EXPECT_EQ(client.Ask({"REPLICAOF", "NO", "ONE"}), "+OK\r\n");
  // Who knows them may see them.
  EXPECT_EQ(client.Ask({"AUTH", "up-secret"}), "+OK\r\n");
  EXPECT_THAT(client.Ask({"CONFIG", "GET", "requirepass"}), HasSubstr("up-secret"));
}

TEST_F(BorrowedTest, ClientsHaveAPasswordOfTheirOwn) {
  const KeyholeProcess proxy(
      {"--listen", "0.0.0.0:0", "--upstream", Url(), "--requirepass", "mine"});
  RawClient client = RawClient::Connect(proxy.port());
  EXPECT_EQ(client.Ask({"GET", "k"}), "-NOAUTH Authentication required.\r\n");
  EXPECT_THAT(client.Ask({"AUTH", "up-secret"}), StartsWith("-WRONGPASS"));
  EXPECT_EQ(client.Ask({"AUTH", "mine"}), "+OK\r\n");
  EXPECT_EQ(client.Ask({"SET", "k", "v"}), "+OK\r\n");
  EXPECT_EQ(client.Ask({"ACL", "WHOAMI"}), Bulk("default"));
  EXPECT_THAT(client.Ask({"CONFIG", "GET", "requirepass"}),
              StartsWith("-NOPERM the proxy refuses"));
  RawClient newer = RawClient::Connect(proxy.port());
  EXPECT_THAT(newer.Ask({"HELLO", "3", "AUTH", "default", "mine", "SETNAME", "n"}),
              StartsWith("%7\r\n$6\r\nserver\r\n"));
  EXPECT_EQ(newer.Ask({"CLIENT", "GETNAME"}), Bulk("n"));
  EXPECT_EQ(newer.Ask({"GET", "absent"}), "_\r\n");
}

}  // namespace
}  // namespace keyhole::test
