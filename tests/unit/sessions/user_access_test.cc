// Sessions where the proxy asks for passwords.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/core_harness.h"
#include "tests/unit/near_cache/near_story.h"
#include "tests/unit/sessions/access_configs.h"

namespace keyhole::core {
namespace {

using test::Client;
using test::Harness;
using test::UsersOf;
using test::WithUsers;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::string_view kNoAuth = "-NOAUTH Authentication required.\r\n";
constexpr std::string_view kWrongPass =
    "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
constexpr std::string_view kNoKey =
    "-NOPERM this user has no permissions to access one of the keys used as arguments\r\n";
constexpr std::string_view kAborted =
    "-EXECABORT Transaction discarded because of previous errors.\r\n";

class UserAccess : public testing::Test {
 protected:
  Client& Connect(const std::string& login = "") {
    Client& app = keyhole_.Connect();
    if (!login.empty()) {
      app.Send("AUTH " + login + "\r\n");
      EXPECT_EQ(app.Received(), "+OK\r\n");
    }
    return app;
  }
  std::string Ask(Client& app, std::string_view bytes) {
    app.Send(bytes);
    return app.Received();
  }

  Harness keyhole_{WithUsers()};
};

TEST_F(UserAccess, NobodyReachesRedisBeforeLoggingIn) {
  Client& app = Connect();
  for (const char* const request :
       {"GET a\r\n", "NOSUCH\r\n", "MULTI\r\n", "SUBSCRIBE a\r\n", "SELECT 1\r\n", "MONITOR\r\n",
        "SHUTDOWN\r\n", "BLPOP a 0\r\n", "CLIENT REPLY OFF\r\n", "PING\r\n"}) {
    EXPECT_EQ(Ask(app, request), kNoAuth) << request;
  }
  EXPECT_EQ(Ask(app, "EXEC\r\n"),
            "-EXECABORT Transaction discarded because of: NOAUTH Authentication required.\r\n");
  EXPECT_EQ(Ask(app, "GET\r\n"), "-ERR wrong number of arguments for 'get' command\r\n");
  EXPECT_THAT(Ask(app, "HELLO 3\r\n"), StartsWith("-NOAUTH HELLO must be called"));
  EXPECT_EQ(Ask(app, "RESET\r\n"), "+RESET\r\n");
  EXPECT_THAT(keyhole_.redis(0).Requests(), IsEmpty());
  EXPECT_EQ(Ask(app, "QUIT\r\n"), "+OK\r\n");
  EXPECT_TRUE(app.closed());
}

TEST_F(UserAccess, PasswordsAreCheckedHere) {
  Client& app = Connect();
  EXPECT_EQ(Ask(app, "AUTH wrong\r\n"), kWrongPass);
  EXPECT_EQ(Ask(app, "AUTH alice secret\r\n"), kWrongPass);
  EXPECT_EQ(Ask(app, "AUTH nobody secret\r\n"), kWrongPass);
  EXPECT_EQ(Ask(app, "AUTH a b c\r\n"), "-ERR syntax error\r\n");
  EXPECT_EQ(Ask(app, "GET a\r\n"), kNoAuth);
  EXPECT_EQ(Ask(app, "AUTH secret\r\n"), "+OK\r\n");
  EXPECT_EQ(Ask(app, "AUTH alice wrong\r\n"), kWrongPass) << "and is who it was";
  app.Send("GET b\r\n");
  EXPECT_THAT(keyhole_.redis(0).Requests(), ElementsAre("GET b"));
  keyhole_.redis(0).Reply("$-1\r\n");
  app.Received();
  EXPECT_EQ(Ask(app, "RESET\r\nGET b\r\n"), "+RESET\r\n" + std::string(kNoAuth));
}

TEST_F(UserAccess, RequestsBeforeLoggingInAreSmall) {
  Client& large = Connect();
  EXPECT_EQ(Ask(large, "*2\r\n$4\r\nAUTH\r\n$16385\r\n"),
            "-ERR Protocol error: unauthenticated bulk length\r\n");
  Client& many = Connect();
  EXPECT_EQ(Ask(many, "*11\r\n"), "-ERR Protocol error: unauthenticated multibulk length\r\n");
  // In one read with the login.
  Client& app = Connect();
  app.Send("AUTH secret\r\n*11\r\n$3\r\nDEL\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n");
  EXPECT_FALSE(app.closed());
  Client& again = Connect("secret");
  EXPECT_EQ(Ask(again, "RESET\r\n*11\r\n"),
            "+RESET\r\n-ERR Protocol error: unauthenticated multibulk length\r\n");
}

TEST_F(UserAccess, RefusalsKeepTheirPlaceAmongReplies) {
  Client& app = Connect("alice apass");
  app.Send("GET a:1\r\nGET b\r\nGET a:2\r\nAUTH x\r\nGET a:3\r\n");
  EXPECT_EQ(app.Received(), "");
  EXPECT_THAT(keyhole_.redis(0).Requests(), ElementsAre("GET a:1", "GET a:2"));
  keyhole_.redis(0).Reply("$1\r\n1\r\n");
  EXPECT_EQ(app.Received(), "$1\r\n1\r\n" + std::string(kNoKey));
  keyhole_.redis(0).Reply("$1\r\n2\r\n");
  EXPECT_EQ(app.Received(), "$1\r\n2\r\n" + std::string(kWrongPass));
  EXPECT_THAT(keyhole_.redis(0).Requests(), ElementsAre("GET a:3")) << "not before the password";
  keyhole_.redis(0).Reply("$1\r\n3\r\n");
  EXPECT_EQ(app.Received(), "$1\r\n3\r\n");
}

TEST_F(UserAccess, ARefusalInsideMultiMakesExecFail) {
  Client& app = Connect("alice apass");
  app.Send("MULTI\r\n");
  auto& link = keyhole_.redis(1);
  link.Reply("+OK\r\n");
  EXPECT_EQ(Ask(app, "SET b 1\r\n"), "+OK\r\n" + std::string(kNoKey));
  // Redis hears of it, the client not of Redis' answer.
  EXPECT_THAT(link.Requests(), ElementsAre("MULTI", "get"));
  app.Send("SET a:1 1\r\nEXEC\r\n");
  link.Reply("-ERR wrong number of arguments for 'get' command\r\n+QUEUED\r\n" +
             std::string(kAborted));
  EXPECT_THAT(link.Requests(), ElementsAre("SET a:1 1", "EXEC"));
  EXPECT_EQ(app.Received(), "+QUEUED\r\n" + std::string(kAborted));
  EXPECT_EQ(keyhole_.links(metrics::LinkKind::kPrivate), 0);
}

// Redis was to be told of it over the link that the client had just lost.
TEST(UserAccessLimits, ARefusalMayBeOneTooManyForTheOutput) {
  core::Config config = WithUsers();
  config.clients.output_limit = 300;
  Harness keyhole(config);
  Client& app = keyhole.Connect();
  app.Send("AUTH alice apass\r\nMULTI\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  app.StopReading();
  for (int i = 0; i < 5 && !app.closed(); ++i) {
    app.Send("SET b 1\r\n");
    if (keyhole.redis(1).open()) keyhole.redis(1).Reply("-ERR wrong number of arguments\r\n");
  }
  EXPECT_TRUE(app.closed());
}

TEST_F(UserAccess, APasswordCannotBeQueued) {
  Client& app = Connect("alice apass");
  app.Send("MULTI\r\n");
  keyhole_.redis(1).Reply("+OK\r\n");
  app.Received();
  EXPECT_THAT(Ask(app, "AUTH secret\r\n"), StartsWith("-ERR a password is checked by the proxy"));
  keyhole_.redis(1).Reply("-ERR wrong number of arguments for 'get' command\r\n");
  EXPECT_THAT(Ask(app, "HELLO 3 AUTH default secret\r\n"), StartsWith("-ERR a password is"));
  EXPECT_THAT(keyhole_.redis(1).Requests(), ElementsAre("MULTI", "get", "get"));
}

TEST(UserAccessWithoutExec, ExecThatMayNotRunEndsTheTransaction) {
  Config config = Harness::WithUpstream();
  config.users = UsersOf("user default on nopass ~* &* +@all -exec");
  Harness keyhole(config);
  Client& app = keyhole.Connect();
  app.Send("MULTI\r\n");
  keyhole.redis(1).Reply("+OK\r\n");
  app.Send("EXEC\r\n");
  EXPECT_EQ(app.Received(),
            "+OK\r\n-EXECABORT Transaction discarded because of: NOPERM this user has no "
            "permissions to run the 'exec' command\r\n");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("MULTI", "discard"));
  keyhole.redis(1).Reply("+OK\r\n");
  EXPECT_EQ(app.Received(), "");
  EXPECT_EQ(keyhole.links(metrics::LinkKind::kPrivate), 0);
}

TEST_F(UserAccess, ASkippedReplyIsThatOfTheRefusal) {
  Client& app = Connect("alice apass");
  app.Send("CLIENT REPLY SKIP\r\nGET b\r\nGET a:1\r\n");
  EXPECT_THAT(keyhole_.redis(1).Requests(), ElementsAre("CLIENT REPLY SKIP", "get", "GET a:1"));
  keyhole_.redis(1).Reply("$1\r\n1\r\n");
  EXPECT_EQ(app.Received(), "$1\r\n1\r\n");
}

TEST_F(UserAccess, HelloIsPassedOnWithoutItsPassword) {
  Client& app = Connect();
  EXPECT_EQ(Ask(app, "HELLO 3 AUTH alice wrong SETNAME n\r\n"), kWrongPass);
  EXPECT_EQ(Ask(app, "HELLO 4 AUTH alice apass\r\n"), "-NOPROTO unsupported protocol version\r\n");
  EXPECT_THAT(Ask(app, "HELLO x\r\n"), StartsWith("-ERR Protocol version is not an integer"));
  EXPECT_EQ(Ask(app, "GET a:1\r\n"), kNoAuth);
  app.Send("HELLO 3 AUTH alice apass SETNAME n\r\n");
  EXPECT_THAT(keyhole_.redis(1).Requests(), ElementsAre("HELLO 3 SETNAME n"));
  keyhole_.redis(1).Reply("%1\r\n+proto\r\n:3\r\n");
  EXPECT_EQ(app.Received(), "%1\r\n+proto\r\n:3\r\n");
  EXPECT_EQ(Ask(app, "GET b\r\n"), kNoKey);
}

// Redis carries out HELLO word by word.
TEST_F(UserAccess, ARightPasswordCountsThoughNonsenseFollows) {
  Client& app = Connect();
  EXPECT_EQ(Ask(app, "HELLO 3 AUTH alice apass FOO\r\n"),
            "-ERR Syntax error in HELLO option 'FOO'\r\n");
  EXPECT_EQ(Ask(app, "GET b\r\n"), kNoKey);
}

TEST_F(UserAccess, WhoamiIsAnsweredInTurn) {
  Client& app = Connect("reader rpass");
  app.Send("GET a\r\nACL WHOAMI\r\nGET b\r\n");
  EXPECT_THAT(keyhole_.redis(0).Requests(), ElementsAre("GET a", "echo reader", "GET b"));
}

TEST_F(UserAccess, LargeRequestsAreRefusedUnlessAllKeysAreKnown) {
  const std::string large(70000, 'x');
  const std::string bulk = "$70000\r\n" + large + "\r\n";
  Client& app = Connect("alice apass");
  EXPECT_EQ(Ask(app, "*3\r\n$3\r\nSET\r\n$1\r\nb\r\n" + bulk), kNoKey);
  EXPECT_THAT(Ask(app, "*5\r\n$4\r\nMSET\r\n$3\r\na:1\r\n" + bulk + "$1\r\nb\r\n$1\r\nv\r\n"),
              StartsWith("-NOPERM the proxy cannot check all keys or channels of 'mset'"));
  EXPECT_THAT(Ask(app, "*2\r\n$4\r\nAUTH\r\n" + bulk), StartsWith("-ERR such a large argument"));
  EXPECT_THAT(Ask(app, "*3\r\n$5\r\nHELLO\r\n$1\r\n3\r\n" + bulk), StartsWith("-ERR such a large"));
  EXPECT_EQ(keyhole_.connections(), 1U);
  app.Send("*3\r\n$3\r\nSET\r\n$3\r\na:1\r\n" + bulk);
  EXPECT_THAT(keyhole_.redis(1).wire(), HasSubstr(large));
  keyhole_.redis(1).Reply("+OK\r\n");
  EXPECT_EQ(app.Received(), "+OK\r\n");
}

TEST(UserAccessStore, TheSameRulesHoldForTheEmbeddedStore) {
  Harness keyhole(WithUsers(Config()));
  Client& app = keyhole.Connect();
  const auto ask = [&](std::string_view bytes) {
    app.Send(bytes);
    return app.Received();
  };
  EXPECT_EQ(ask("GET a:1\r\n"), kNoAuth);
  EXPECT_THAT(ask("HELLO 3 AUTH alice apass SETNAME n\r\n"), StartsWith("%7\r\n"));
  EXPECT_EQ(ask("ACL WHOAMI\r\n"), "$5\r\nalice\r\n");
  EXPECT_EQ(ask("CLIENT GETNAME\r\n"), "$1\r\nn\r\n");
  EXPECT_THAT(ask("CLIENT INFO\r\n"), HasSubstr(" user=alice "));
  EXPECT_EQ(ask("CLIENT KILL USER alice\r\n"), ":0\r\n");
  EXPECT_EQ(ask("CLIENT KILL USER bob\r\n"), "-ERR No such user 'bob'\r\n");
  EXPECT_EQ(ask("SET a:1 v\r\nGET a:1\r\n"), "+OK\r\n$1\r\nv\r\n");
  EXPECT_EQ(ask("SET b v\r\n"), kNoKey);
  EXPECT_EQ(ask("MULTI\r\nSET b v\r\nSET a:2 v\r\nEXEC\r\nGET a:2\r\n"),
            "+OK\r\n" + std::string(kNoKey) + "+QUEUED\r\n" + std::string(kAborted) + "_\r\n");
  EXPECT_EQ(ask("RESET\r\nGET a:1\r\n"), "+RESET\r\n" + std::string(kNoAuth));
  // The file says who may log in; a second password beside it would lock all out.
  EXPECT_EQ(ask("AUTH secret\r\n"), "+OK\r\n");
  EXPECT_THAT(ask("CONFIG SET requirepass x\r\n"), StartsWith("-NOPERM the proxy refuses"));
  EXPECT_EQ(ask("CONFIG SET maxmemory 1gb\r\n"), "+OK\r\n");
}

// ---- The near cache ----

class NearUsers : public test::NearStory {
 protected:
  NearUsers() : NearStory(WithUsers(test::NearConfig())) {}

  Client& Connect(const std::string& login) {
    Client& app = keyhole_.Connect();
    app.Send(login + "\r\n");
    app.Received();
    return app;
  }
};

TEST_F(NearUsers, AreServedOnlyWhatTheyMayRead) {
  Arm();
  Client& first = Connect("AUTH secret");
  Ask(first, "b");
  redis().Requests();
  redis().Reply("$1\r\n1\r\n");
  Fetched("$1\r\n1\r\n");
  first.Received();
  // The second form is the one that is served without the parser.
  const auto ask = [&](Client& app, bool fence = false) {
    Ask(app, "b");
    if (fence) Fence();
    app.Send("*2\r\n$3\r\nGET\r\n$1\r\nb\r\n");
    return app.Received();
  };
  EXPECT_EQ(ask(first, /*fence=*/true), "$1\r\n1\r\n$1\r\n1\r\n");
  EXPECT_EQ(ask(Connect("PING")), std::string(kNoAuth) + std::string(kNoAuth));
  EXPECT_EQ(ask(Connect("AUTH alice apass")), std::string(kNoKey) + std::string(kNoKey));
  EXPECT_EQ(ask(Connect("AUTH reader rpass")), "$1\r\n1\r\n$1\r\n1\r\n");
  EXPECT_THAT(redis().Requests(), IsEmpty()) << "it is near";
}

}  // namespace
}  // namespace keyhole::core
