// The tools of the other tests: a server that can be ended and started, and two clients.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string>

#include "tests/support/hiredis_client.h"
#include "tests/support/raw_client.h"
#include "tests/support/redis_server.h"

namespace keyhole::test {
namespace {

TEST(RedisServer, AnswersOnItsPortAndItsSocket) {
  const RedisServer redis;
  EXPECT_EQ(RawClient::Connect(redis.port()).Ask({"PING"}), "+PONG\r\n");
  EXPECT_EQ(RawClient::ConnectUnix(redis.socket_path()).Ask({"PING"}), "+PONG\r\n");
}

TEST(RedisServer, TakesConfigLines) {
  const RedisServer redis({"requirepass secret", "databases 3"});
  HiredisClient client = HiredisClient::Connect("127.0.0.1", redis.port());
  EXPECT_TRUE(client.Command({"GET", "k"}).is_error());
  EXPECT_TRUE(client.Command({"AUTH", "secret"}).ok());
  EXPECT_TRUE(client.Command({"SELECT", "3"}).is_error());
}

TEST(RedisServer, RejectedConfigIsReported) {
  EXPECT_THAT([] { const RedisServer redis({"no-such-option yes"}); },
              testing::ThrowsMessage<std::runtime_error>(testing::HasSubstr("no-such-option")));
}

TEST(RedisServer, ComesBackOnTheSamePort) {
  RedisServer redis;
  const uint16_t port = redis.port();
  RawClient client = RawClient::Connect(port);
  redis.Stop();
  EXPECT_EQ(client.ReadUntilClosed(), "");
  EXPECT_THROW(RawClient::Connect(port), std::runtime_error);
  redis.Start();
  EXPECT_EQ(RawClient::Connect(port).Ask({"PING"}), "+PONG\r\n");
  redis.Kill();
  EXPECT_FALSE(redis.running());
  redis.Start();
  EXPECT_EQ(RawClient::Connect(port).Ask({"PING"}), "+PONG\r\n");
}

TEST(RedisServer, PausedItAcceptsButDoesNotAnswer) {
  RedisServer redis;
  redis.Pause();
  RawClient client = RawClient::Connect(redis.port());
  client.Send("PING\r\n");
  client.set_deadline(std::chrono::milliseconds(20));
  EXPECT_THROW(client.ReadReply(), std::runtime_error);
  redis.Resume();
  client.set_deadline(std::chrono::seconds(10));
  EXPECT_EQ(client.ReadReply(), "+PONG\r\n");
  redis.Pause();
  redis.Stop();  // works while it is paused
}

TEST(RedisServer, EndsItsProcessWithItself) {
  pid_t pid = 0;
  {
    const RedisServer redis;
    pid = redis.pid();
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST(RawClient, ReadsOneReplyAtATime) {
  const RedisServer redis;
  RawClient client = RawClient::Connect(redis.port());
  client.Send("SET k v\r\nGET k\r\nMGET k absent\r\nHELLO 3\r\nGET absent\r\n");
  EXPECT_EQ(client.ReadReply(), "+OK\r\n");
  EXPECT_EQ(client.ReadReply(), "$1\r\nv\r\n");
  EXPECT_EQ(client.ReadReply(), "*2\r\n$1\r\nv\r\n$-1\r\n");
  EXPECT_TRUE(client.ReadReply().starts_with("%7\r\n"));
  EXPECT_EQ(client.ReadReply(), "_\r\n");
}

TEST(RawClient, RepliesComeAfterTheRequestsHaveEnded) {
  const RedisServer redis;
  RawClient client = RawClient::Connect(redis.port());
  client.SendCommand({"SET", "k", std::string(1'000'000, 'x')});
  client.SendCommand({"STRLEN", "k"});
  client.ShutdownWrite();
  EXPECT_EQ(client.ReadUntilClosed(), "+OK\r\n:1000000\r\n");
  EXPECT_THROW(client.ReadReply(), std::runtime_error);
}

TEST(HiredisClient, ShowsEveryKindOfReply) {
  RedisServer redis;
  HiredisClient client = HiredisClient::ConnectUnix(redis.socket_path());
  EXPECT_TRUE(client.Command({"SET", "k", std::string("a\0b", 3)}).ok());
  EXPECT_EQ(client.Command({"GET", "k"}).text, std::string("a\0b", 3));
  EXPECT_TRUE(client.Command({"GET", "absent"}).is_null());
  EXPECT_EQ(client.Command({"STRLEN", "k"}).integer, 3);
  EXPECT_EQ(client.Command({"MGET", "k", "absent"}).elements.size(), 2U);
  EXPECT_TRUE(client.Command({"NONSENSE"}).is_error());
  redis.Kill();
  EXPECT_TRUE(client.Command({"GET", "k"}).lost());
}

}  // namespace
}  // namespace keyhole::test
