// Redis is connected and ill: it answers nothing, or refuses writes as a replica.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "proxy/links/upstream/link_pool.h"
#include "tests/support/core_harness.h"

namespace keyhole::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Client;
using test::Harness;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class SilentLink : public testing::Test {
 public:
  static Config WithTimeout() {
    Config config = Harness::WithUpstream();
    config.links.spares = 2;
    config.links.timeout = seconds(5);
    return config;
  }
  // The request on the main link is old enough, so Redis is asked elsewhere: there.
  size_t Ask() {
    client.Send("GET a\r\n");
    keyhole.Advance(milliseconds(20));
    for (size_t i = 1; i < keyhole.connections(); ++i) {
      if (keyhole.redis(i).open() && !keyhole.redis(i).Requests().empty()) return i;
    }
    ADD_FAILURE() << "nobody is asked";
    return 0;
  }
  bool up() { return keyhole.counters().upstream_up.Load() == 1; }

  Harness keyhole{WithTimeout()};
  Client& client = keyhole.Connect();
};

TEST_F(SilentLink, IsToldOfAfterASecond) {
  const size_t asked = Ask();
  keyhole.Advance(milliseconds(900));
  EXPECT_TRUE(up());
  keyhole.Advance(milliseconds(100));
  EXPECT_FALSE(up());
  EXPECT_FALSE(keyhole.worker().router->up());
  EXPECT_THAT(keyhole.log(), Contains(HasSubstr("answered nothing for 1 s")));
  EXPECT_GE(keyhole.counters().oldest_request_ms.Load(), 1000);

  keyhole.Advance(seconds(2));
  keyhole.redis(0).Reply("$-1\r\n");
  keyhole.redis(asked).Reply("+OK\r\n");
  keyhole.Advance(milliseconds(10));
  EXPECT_TRUE(up());
  EXPECT_TRUE(keyhole.worker().router->up());
  EXPECT_THAT(keyhole.log(), Contains(HasSubstr("answers again, after 3 s")));
  EXPECT_EQ(client.Received(), "$-1\r\n");
  EXPECT_EQ(keyhole.counters().oldest_request_ms.Load(), 0);
}

TEST_F(SilentLink, IsClosedAfterTheTimeoutAndAnotherIsMade) {
  Ask();
  keyhole.HoldGreetings();
  const size_t before = keyhole.connections();
  keyhole.Advance(seconds(5));
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(client.Received(), "");
  for (size_t i = 0; i < before; ++i) EXPECT_FALSE(keyhole.redis(i).open()) << i;
  EXPECT_THAT(keyhole.log(), Contains(HasSubstr("--upstream-timeout")));
  ASSERT_GT(keyhole.connections(), before);

  // What answers no PING is sent nothing.
  Client& next = keyhole.Connect();
  next.Send("GET b\r\n");
  EXPECT_THAT(keyhole.redis(before).Requests(), IsEmpty());
  for (const std::string& word : keyhole.redis(before).Greeting()) {
    keyhole.redis(before).Reply(word == "PING" ? "+PONG\r\n" : "+OK\r\n");
  }
  EXPECT_THAT(keyhole.redis(before).Requests(), ElementsAre("GET b"));
  EXPECT_TRUE(up());
}

TEST_F(SilentLink, IsNotOneThatHoldsARequest) {
  const size_t asked = Ask();
  keyhole.redis(asked).Reply("+OK\r\n");
  for (int i = 0; i < 100; ++i) {
    keyhole.Advance(milliseconds(100));
    for (size_t at = 1; at < keyhole.connections(); ++at) {
      if (!keyhole.redis(at).open()) continue;
      for (const std::string& each : keyhole.redis(at).Requests()) {
        SCOPED_TRACE(each);
        keyhole.redis(at).Reply("+OK\r\n");
      }
    }
  }
  EXPECT_FALSE(client.closed());
  EXPECT_TRUE(up());
  EXPECT_THAT(keyhole.log(), Not(Contains(HasSubstr("answered nothing"))));
}

TEST(SilentGreeting, IsGivenUpAfterTheTimeout) {
  Harness keyhole(SilentLink::WithTimeout());
  Client& client = keyhole.Connect();
  keyhole.HoldGreetings();
  keyhole.redis(0).Lose();
  keyhole.Advance(milliseconds(100));
  const size_t main = keyhole.connections() - 1;
  client.Send("GET a\r\n");
  keyhole.Advance(milliseconds(4800));
  EXPECT_FALSE(client.closed());
  keyhole.Advance(milliseconds(200));
  EXPECT_TRUE(client.closed());
  EXPECT_FALSE(keyhole.redis(main).open());
  EXPECT_GT(keyhole.connections(), main + 1);
}

constexpr const char* kReadOnly = "-READONLY You can't write against a read only replica.\r\n";

TEST_F(SilentLink, AReplicaIsLookedUpAgain) {
  Client& own = keyhole.Connect();
  own.Send("WATCH k\r\n");
  client.Send("SET a 1\r\nGET a\r\n");
  const size_t before = keyhole.connections();
  keyhole.redis(0).Reply(kReadOnly);
  keyhole.Advance(milliseconds(100));
  EXPECT_THAT(keyhole.log(), Contains(HasSubstr("READONLY")));
  EXPECT_GT(keyhole.connections(), before);

  // What was sent is answered where it was sent.
  EXPECT_TRUE(keyhole.redis(0).open());
  keyhole.redis(0).Reply("$-1\r\n");
  keyhole.Advance(milliseconds(100));
  EXPECT_EQ(client.Received(), std::string(kReadOnly) + "$-1\r\n");
  EXPECT_FALSE(keyhole.redis(0).open());
  client.Send("SET a 2\r\n");
  EXPECT_THAT(keyhole.redis(before).Requests(), Contains("SET a 2"));
}

TEST_F(SilentLink, AReplicaThatIsMeantToBeOneIsLookedUpRarely) {
  size_t made = keyhole.connections();
  int times = 0;
  for (int i = 0; i < 600; ++i) {
    client.Send("SET a 1\r\n");
    for (size_t at = 0; at < keyhole.connections(); ++at) {
      if (keyhole.redis(at).open() && !keyhole.redis(at).Requests().empty()) {
        keyhole.redis(at).Reply(kReadOnly);
      }
    }
    keyhole.Advance(milliseconds(100));
    if (keyhole.connections() > made) ++times;
    made = keyhole.connections();
  }
  EXPECT_GT(times, 3);
  EXPECT_LT(times, 20);
  int told = 0;
  for (const std::string& line : keyhole.log()) {
    if (line.find("READONLY") != std::string::npos) ++told;
  }
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace keyhole::core
