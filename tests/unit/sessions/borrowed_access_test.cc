// Clients that are served under the credentials in --upstream.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/core_harness.h"
#include "tests/unit/sessions/access_configs.h"

namespace keyhole::core {
namespace {

using test::Borrowed;
using test::Client;
using test::Harness;
using test::WithUsers;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::string_view kAborted =
    "-EXECABORT Transaction discarded because of previous errors.\r\n";

class BorrowedAccess : public testing::Test {
 protected:
  std::string Ask(std::string_view bytes) {
    app_.Send(bytes);
    return app_.Received();
  }

  Harness keyhole_{Borrowed()};
  Client& app_ = keyhole_.Connect();
};

TEST_F(BorrowedAccess, TheyAreNotShownChangedOrGivenAway) {
  for (const char* const request : {"CONFIG GET requirepass\r\n",
                                    "config get REQUIREPASS\r\n",
                                    "CONFIG GET *\r\n",
                                    "CONFIG GET req*\r\n",
                                    "CONFIG GET maxmemory m?sterauth\r\n",
                                    "CONFIG GET [r]equirepass\r\n",
                                    "CONFIG GET \\requirepass\r\n",
                                    "CONFIG GET masteruser\r\n",
                                    "CONFIG SET requirepass x\r\n",
                                    "CONFIG SET maxmemory 1 masterauth x\r\n",
                                    "ACL LIST\r\n",
                                    "acl getuser default\r\n",
                                    "ACL SETUSER x on\r\n",
                                    "ACL DELUSER default\r\n",
                                    "ACL LOAD\r\n",
                                    "ACL SAVE\r\n",
                                    "ACL LOG\r\n",
                                    "ACL USERS\r\n",
                                    "ACL NOSUCH\r\n",
                                    "REPLICAOF evil 6379\r\n",
                                    "SLAVEOF evil 6379\r\n",
                                    "FAILOVER\r\n",
                                    "CLUSTER MEET evil 1 2\r\n"}) {
    EXPECT_THAT(Ask(request), StartsWith("-NOPERM the proxy refuses '")) << request;
  }
  EXPECT_THAT(
      Ask("*3\r\n$6\r\nCONFIG\r\n$3\r\nGET\r\n$70000\r\n" + std::string(70000, '*') + "\r\n"),
      StartsWith("-NOPERM the proxy refuses"));
  EXPECT_THAT(keyhole_.redis(0).Requests(), IsEmpty());
  EXPECT_EQ(keyhole_.connections(), 1U);
}

TEST_F(BorrowedAccess, AllElseIsPassedOn) {
  app_.Send(
      "CONFIG GET maxmemory\r\nCONFIG SET maxmemory 1\r\nCONFIG REWRITE\r\nACL WHOAMI\r\n"
      "ACL CAT\r\nREPLICAOF no one\r\nGET requirepass\r\nSET masterauth *\r\n");
  EXPECT_THAT(
      keyhole_.redis(0).Requests(),
      ElementsAre("CONFIG GET maxmemory", "CONFIG SET maxmemory 1", "CONFIG REWRITE", "ACL WHOAMI",
                  "ACL CAT", "REPLICAOF no one", "GET requirepass", "SET masterauth *"));
}

TEST_F(BorrowedAccess, NotInsideMultiEither) {
  app_.Send("MULTI\r\n");
  keyhole_.redis(1).Reply("+OK\r\n");
  EXPECT_THAT(Ask("CONFIG GET requirepass\r\n"), HasSubstr("-NOPERM the proxy refuses"));
  app_.Send("EXEC\r\n");
  keyhole_.redis(1).Reply("-ERR wrong number of arguments\r\n" + std::string(kAborted));
  EXPECT_EQ(app_.Received(), kAborted);
}

TEST_F(BorrowedAccess, WhoGivesCredentialsOfItsOwnBorrowsNone) {
  app_.Send("AUTH admin pw\r\n");
  keyhole_.redis(1).Reply("-WRONGPASS no\r\n");
  EXPECT_EQ(app_.Received(), "-WRONGPASS no\r\n");
  EXPECT_THAT(Ask("CONFIG GET *\r\n"), StartsWith("-NOPERM the proxy refuses"));
  app_.Send("AUTH admin right\r\n");
  keyhole_.last().Reply("+OK\r\n");
  EXPECT_EQ(app_.Received(), "+OK\r\n");
  app_.Send("CONFIG GET *\r\n");
  EXPECT_THAT(keyhole_.last().Requests(), ElementsAre("AUTH admin pw", "AUTH admin right",
                                                      "client setname keyhole", "CONFIG GET *"));
  keyhole_.last().Reply("+OK\r\n*0\r\n");
  EXPECT_EQ(app_.Received(), "*0\r\n");
  EXPECT_EQ(Ask("RESET\r\n"), "+RESET\r\n");
  EXPECT_THAT(Ask("CONFIG GET *\r\n"), StartsWith("-NOPERM the proxy refuses"));
}

TEST(BorrowedAccessByUsers, IsRefusedToTheMightiestToo) {
  Config config = WithUsers(Borrowed());
  Harness keyhole(config);
  Client& app = keyhole.Connect();
  app.Send("AUTH secret\r\nCONFIG GET requirepass\r\n");
  EXPECT_THAT(app.Received(), StartsWith("+OK\r\n-NOPERM the proxy refuses 'config|get'"));
  EXPECT_THAT(keyhole.redis(0).Requests(), IsEmpty());
}

}  // namespace
}  // namespace keyhole::core
