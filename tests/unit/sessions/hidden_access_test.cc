// Ways around the checks of who may do what: where replies are no longer followed, by words that
// Redis reads otherwise, in requests that have not come whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "resp/reply_writer.h"
#include "tests/support/core_harness.h"
#include "tests/unit/sessions/access_configs.h"

namespace keyhole::core {
namespace {

using test::Borrowed;
using test::Client;
using test::Harness;
using test::WithUsers;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

// ---- where replies are no longer followed ----

// MULTI, CLIENT REPLY: from here on replies are passed on as they come.
Client& ConnectRaw(Harness& keyhole, const std::string& login) {
  Client& app = keyhole.Connect();
  if (!login.empty()) app.Send("AUTH " + login + "\r\n");
  app.Send("MULTI\r\n");
  keyhole.last().Reply("+OK\r\n");
  app.Send("CLIENT REPLY ON\r\nEXEC\r\n");
  keyhole.last().Reply("+QUEUED\r\n*1\r\n+OK\r\n");
  keyhole.last().Requests();
  app.Received();
  return app;
}

TEST(RawMode, AUserMayNoMoreThanBefore) {
  for (const std::string request : {"GET secret", "SET secret 1", "AUTH default secret", "RESET"}) {
    Harness keyhole{WithUsers()};
    Client& app = ConnectRaw(keyhole, "alice apass");
    app.Send("GET a:1\r\n");
    EXPECT_THAT(keyhole.last().Requests(), ElementsAre("GET a:1"));
    app.Send(request + "\r\n");
    EXPECT_THAT(keyhole.last().Requests(), IsEmpty()) << request;
    EXPECT_TRUE(app.closed()) << request;
  }
}

TEST(RawMode, ABorrowerIsNotShownThePassword) {
  Harness keyhole{Borrowed()};
  Client& app = ConnectRaw(keyhole, "");
  app.Send("CONFIG GET requirepass\r\n");
  EXPECT_THAT(keyhole.last().Requests(), IsEmpty());
  EXPECT_TRUE(app.closed());
}

TEST(RawMode, AfterSyncToo) {
  Harness keyhole{Borrowed()};
  Client& app = keyhole.Connect();
  app.Send("SYNC\r\n");
  app.Send("REPLCONF ACK 0\r\n");
  EXPECT_THAT(keyhole.last().Requests(), ElementsAre("SYNC", "REPLCONF ACK 0"));
  app.Send("CONFIG GET require*\r\n");
  EXPECT_THAT(keyhole.last().Requests(), IsEmpty());
  EXPECT_TRUE(app.closed());
}

TEST(RawMode, ShutdownIsStillRefused) {
  Harness keyhole;
  Client& app = ConnectRaw(keyhole, "");
  app.Send("SHUTDOWN NOSAVE\r\n");
  EXPECT_THAT(keyhole.last().Requests(), IsEmpty());
  EXPECT_TRUE(app.closed());
}

// ---- words with a zero byte, which Redis reads up to there ----

std::string Raw(std::initializer_list<std::string_view> words) {
  std::string bytes;
  resp::AppendRequest(words, &bytes);
  return bytes;
}

TEST(ZeroBytes, DoNotHideWhatARequestDoes) {
  const auto with_zero = [](std::string_view word) {
    return std::string(word) + std::string(1, '\0');
  };
  for (const std::string& request :
       {Raw({"SORT", "a:l", with_zero("STORE"), "victim"}),
        Raw({"SORT", "a:l", with_zero("GET"), "secret_*"}),
        Raw({"XREAD", with_zero("STREAMS"), "secret", "0"}),
        Raw({"GEORADIUS", "a:g", "0", "0", "1", "m", with_zero("STORE"), "victim"})}) {
    Harness keyhole{WithUsers()};
    Client& app = keyhole.Connect();
    app.Send("AUTH alice apass\r\n" + request);
    EXPECT_EQ(app.Received().substr(0, 6), "+OK\r\n-") << request;
    EXPECT_THAT(keyhole.redis(0).Requests(), IsEmpty()) << request;
  }
  Harness keyhole{Borrowed()};
  Client& app = keyhole.Connect();
  app.Send(Raw({"CONFIG", "GET", with_zero("require*")}));
  EXPECT_THAT(app.Received(), StartsWith("-NOPERM"));
}

TEST(InPieces, TheKeysOfSortArePatternsThatMayStillCome) {
  Harness keyhole{WithUsers()};
  Client& app = keyhole.Connect();
  app.Send("AUTH alice apass\r\n");
  app.Received();
  app.Send(Raw({"SORT_RO", "a:l", "BY", std::string(70000, 'x'), "GET", "secret_*"}));
  EXPECT_THAT(app.Received(), StartsWith("-NOPERM"));
  EXPECT_THAT(keyhole.redis(0).Requests(), IsEmpty());
}

}  // namespace
}  // namespace keyhole::core
