// What a connection remembers is remembered for its own client, and for nobody else.
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/integration/proxy_test.h"

namespace keyhole::test {
namespace {

using AnyStateTest = ProxyTest;

TEST_P(AnyStateTest, DatabasesOfManyClients) {
  Start();
  std::vector<RawClient> clients;
  for (int i = 0; i < 32; ++i) clients.push_back(Client());
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 32; ++i) {
      const std::string db = std::to_string((i + round) % 16);
      clients[static_cast<size_t>(i)].Send("SELECT " + db + "\r\nSET k " + db +
                                           "\r\nGET k\r\nMULTI\r\nGET k\r\nEXEC\r\n");
    }
    for (int i = 0; i < 32; ++i) {
      const std::string db = std::to_string((i + round) % 16);
      RawClient& client = clients[static_cast<size_t>(i)];
      EXPECT_EQ(client.ReadReply(), "+OK\r\n");
      EXPECT_EQ(client.ReadReply(), "+OK\r\n");
      EXPECT_EQ(client.ReadReply(), Bulk(db));
      EXPECT_EQ(client.ReadReply(), "+OK\r\n");
      EXPECT_EQ(client.ReadReply(), "+QUEUED\r\n");
      EXPECT_EQ(client.ReadReply(), "*1\r\n" + Bulk(db));
    }
  }
}

TEST_P(AnyStateTest, ProtocolsOfManyClients) {
  Start();
  RawClient old_one = Client();
  for (int i = 0; i < 5; ++i) {
    RawClient new_one = Client();
    EXPECT_TRUE(new_one.Ask({"HELLO", "3", "SETNAME", "me"}).starts_with("%7\r\n"));
    EXPECT_EQ(new_one.Ask({"GET", "absent"}), "_\r\n");
    EXPECT_EQ(old_one.Ask({"GET", "absent"}), "$-1\r\n");
    EXPECT_EQ(new_one.Ask({"CLIENT", "GETNAME"}), "$2\r\nme\r\n");
    EXPECT_EQ(old_one.Ask({"CLIENT", "GETNAME"}), "$-1\r\n");
    EXPECT_TRUE(new_one.Ask({"HELLO", "2"}).starts_with("*14\r\n"));
    EXPECT_EQ(new_one.Ask({"GET", "absent"}), "$-1\r\n");
    EXPECT_TRUE(new_one.Ask({"HELLO", "4"}).starts_with("-NOPROTO unsupported protocol version"));
  }
}

TEST_P(AnyStateTest, IdsStayTheSame) {
  Start();
  RawClient client = Client();
  RawClient other = Client();
  const std::string id = client.Ask({"CLIENT", "ID"});
  EXPECT_NE(other.Ask({"CLIENT", "ID"}), id);
  client.Send("MULTI\r\nEXEC\r\nSELECT 2\r\nGET k\r\n");
  for (int i = 0; i < 4; ++i) client.ReadReply();
  EXPECT_EQ(client.Ask({"CLIENT", "ID"}), id);
}

TEST_P(AnyStateTest, NamesAreKept) {
  Start();
  RawClient client = Client();
  RawClient other = Client();
  EXPECT_EQ(client.Ask({"CLIENT", "SETNAME", "me"}), "+OK\r\n");
  EXPECT_EQ(other.Ask({"CLIENT", "SETNAME", "you"}), "+OK\r\n");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.Ask({"CLIENT", "GETNAME"}), "$2\r\nme\r\n");
    EXPECT_EQ(other.Ask({"CLIENT", "GETNAME"}), "$3\r\nyou\r\n");
    EXPECT_EQ(other.Ask({"SELECT", std::to_string(i)}), "+OK\r\n");
  }
  EXPECT_EQ(client.Ask({"RESET"}), "+RESET\r\n");
  EXPECT_EQ(client.Ask({"CLIENT", "GETNAME"}), "$-1\r\n");
  EXPECT_EQ(other.Ask({"CLIENT", "GETNAME"}), "$3\r\nyou\r\n");
}

TEST_P(AnyStateTest, RequestsWithoutRepliesAreAllDone) {
  Start();
  constexpr int kRequests = 3000;
  std::string requests = "CLIENT REPLY OFF\r\n";
  for (int i = 0; i < kRequests; ++i) requests += "INCR n\r\n";
  {
    RawClient client = Client();
    client.Send(requests);
  }
  RawClient witness = Client();
  AwaitReply(witness, {"GET", "n"},
             [&](const std::string& reply) { return reply == Bulk(std::to_string(kRequests)); });
}

TEST_P(AnyStateTest, ShutdownIsRefused) {
  Start();
  RawClient client = Client();
  client.Send("SET k v\r\nSHUTDOWN NOSAVE\r\nGET k\r\n");
  EXPECT_EQ(client.ReadReply(), "+OK\r\n");
  const std::string refusal = client.ReadReply();
  EXPECT_TRUE(refusal.starts_with("-ERR ")) << refusal;
  EXPECT_NE(refusal.find("--allow-shutdown"), std::string::npos) << refusal;
  EXPECT_EQ(client.ReadReply(), "$1\r\nv\r\n");
}

KEYHOLE_IN_FRONT_OF_ALL(AnyStateTest);

using RedisStateTest = ProxyTest;

TEST_P(RedisStateTest, ShutdownIsPassedOnWhereAllowed) {
  Start({}, {"--allow-shutdown"});
  RawClient client = Client();
  EXPECT_EQ(client.Ask({"PING"}), "+PONG\r\n");
  client.Send("SHUTDOWN NOSAVE\r\n");
  EXPECT_EQ(client.ReadUntilClosed(), "");
  EXPECT_THROW(RedisClient(), std::runtime_error);
}

TEST_P(RedisStateTest, TrackingBringsInvalidations) {
  Start();
  RawClient tracking = Client();
  EXPECT_TRUE(tracking.Ask({"HELLO", "3"}).starts_with("%"));
  EXPECT_EQ(tracking.Ask({"CLIENT", "TRACKING", "ON"}), "+OK\r\n");
  RawClient other = Client();
  for (int i = 0; i < 5; ++i) {
    tracking.Ask({"GET", "k"});
    EXPECT_EQ(other.Ask({"SET", "k", std::to_string(i)}), "+OK\r\n");
    EXPECT_EQ(tracking.ReadReply(), ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
  }
  EXPECT_EQ(tracking.Ask({"GET", "k"}), "$1\r\n4\r\n");
  EXPECT_EQ(tracking.Ask({"CLIENT", "TRACKING", "OFF"}), "+OK\r\n");
  EXPECT_EQ(other.Ask({"SET", "k", "x"}), "+OK\r\n");
  EXPECT_EQ(tracking.Ask({"PING"}), "+PONG\r\n");
}

// A push that arrives while EXEC is awaited is not taken for its reply.
TEST_P(RedisStateTest, TrackingAndTransactions) {
  Start();
  RawClient other = RedisClient();  // connected first, so that Redis hears it first
  EXPECT_EQ(other.Ask({"SET", "k", "0"}), "+OK\r\n");
  RawClient tracking = Client();
  EXPECT_TRUE(tracking.Ask({"HELLO", "3"}).starts_with("%"));
  EXPECT_EQ(tracking.Ask({"CLIENT", "TRACKING", "ON"}), "+OK\r\n");
  EXPECT_EQ(tracking.Ask({"GET", "k"}), "$1\r\n0\r\n");
  EXPECT_EQ(tracking.Ask({"MULTI"}), "+OK\r\n");
  EXPECT_EQ(tracking.Ask({"GET", "k"}), "+QUEUED\r\n");
  redis_->Pause();
  other.SendCommand({"SET", "k", "1"});
  tracking.SendCommand({"EXEC"});
  proxy_->AwaitMetric("keyhole_requests_total{command=\"exec\"}", 1);
  redis_->Resume();
  EXPECT_EQ(other.ReadReply(), "+OK\r\n");
  // Which of the two Redis hears first is its own affair.
  const std::string one = tracking.ReadReply();
  const std::string two = tracking.ReadReply();
  const std::string reply = std::min(one, two);
  EXPECT_TRUE(reply == "*1\r\n$1\r\n0\r\n" || reply == "*1\r\n$1\r\n1\r\n") << reply;
  EXPECT_EQ(std::max(one, two), ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
  EXPECT_EQ(tracking.Ask({"GET", "k"}), "$1\r\n1\r\n");
}

TEST_P(RedisStateTest, TrackingRedirectedInResp2) {
  Start();
  RawClient listener = Client();
  const std::string id = listener.Ask({"CLIENT", "ID"});
  listener.Ask({"SUBSCRIBE", "__redis__:invalidate"});
  RawClient tracking = Client();
  EXPECT_EQ(tracking.Ask({"CLIENT", "TRACKING", "ON", "REDIRECT", id.substr(1, id.size() - 3)}),
            "+OK\r\n");
  EXPECT_EQ(tracking.Ask({"GET", "k"}), "$-1\r\n");
  EXPECT_EQ(Client().Ask({"SET", "k", "v"}), "+OK\r\n");
  EXPECT_EQ(listener.ReadReply(),
            "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\nk\r\n");
}

TEST_P(RedisStateTest, ABusyScriptCanBeKilled) {
  Start({"busy-reply-threshold 1"});
  RawClient other = Client();
  EXPECT_EQ(other.Ask({"SELECT", "5"}), "+OK\r\n");
  RawClient client = Client();
  client.SendCommand({"EVAL", "while true do end", "0"});
  RawClient redis = RedisClient();
  AwaitReply(redis, {"PING"}, [](const std::string& reply) { return reply.starts_with("-BUSY"); });
  EXPECT_EQ(other.Ask({"SCRIPT", "KILL"}), "+OK\r\n");
  EXPECT_NE(client.ReadReply().find("Script killed by user"), std::string::npos);
  EXPECT_EQ(other.Ask({"PING"}), "+PONG\r\n");
}

KEYHOLE_IN_FRONT_OF_REDIS(RedisStateTest);

}  // namespace
}  // namespace keyhole::test
