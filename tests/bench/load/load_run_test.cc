// The load generator against a real redis-server. Nothing here is about speed: a slow machine is
// allowed to be late.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/bench/load/generator.h"
#include "tests/support/child_process.h"
#include "tests/support/raw_client.h"
#include "tests/support/redis_server.h"

namespace keyhole::load {
namespace {

using test::ChildProcess;
using test::RawClient;
using test::RedisServer;
using testing::HasSubstr;

Target To(const std::string& address) {
  std::string why;
  return ParseTarget(address, &why).value();
}

Options For(const RedisServer& redis) {
  Options options;
  options.to = To("127.0.0.1:" + std::to_string(redis.port()));
  options.rate = 5000;
  options.seconds = 0.2;
  options.warmup = 0.1;
  options.connections = 10;
  options.keys = 100;
  options.max_lag_us = 1e9;
  return options;
}

TEST(Load, EveryRequestIsAnsweredAndMeasured) {
  const RedisServer redis;
  Options options = For(redis);
  options.fill = true;
  options.get_percent = 50;
  options.arrivals = Arrivals::kConstant;
  const Result result = RunLoad(options);
  EXPECT_NEAR(static_cast<double>(result.sent), 1000, 1);
  EXPECT_EQ(result.latency.count(), result.sent);
  EXPECT_EQ(result.lag.count(), result.sent);
  EXPECT_EQ(result.unanswered + result.errors + result.nulls, 0U);
  EXPECT_GT(result.latency.PercentileMicros(0.5), 0);
  EXPECT_EQ(RawClient::Connect(redis.port()).Ask({"DBSIZE"}), ":100\r\n");
}

TEST(Load, MissesAndErrorsAreCounted) {
  const RedisServer redis;
  EXPECT_EQ(RunLoad(For(redis)).nulls, RunLoad(For(redis)).sent);
  RawClient client = RawClient::Connect(redis.port());
  for (int key = 0; key < 100; ++key) {
    char name[20];
    std::snprintf(name, sizeof(name), "key:%012d", key);
    client.Ask({"LPUSH", name, "x"});
  }
  const Result wrong_type = RunLoad(For(redis));
  EXPECT_GT(wrong_type.errors, 0U);
  EXPECT_EQ(wrong_type.errors, wrong_type.sent);
}

TEST(Load, SpeaksResp3) {
  const RedisServer redis;
  Options options = For(redis);
  options.resp = 3;
  const Result result = RunLoad(options);
  EXPECT_GT(result.sent, 0U);
  EXPECT_EQ(result.nulls, result.sent);  // _ instead of $-1
}

// A server that stands still: what waits for it counts as long as it has waited, and more than one
// request waits on each connection.
TEST(Load, DoesNotWaitForAnswers) {
  RedisServer redis;
  Options options = For(redis);
  options.rate = 1000;
  options.to = To("unix:" + redis.socket_path());
  redis.Pause();
  const Result result = RunLoad(options);
  redis.Resume();
  EXPECT_GT(result.sent, 100U);
  EXPECT_EQ(result.unanswered, result.sent);
  EXPECT_EQ(result.answered_in_time, 0U);
  EXPECT_GT(result.latency.PercentileMicros(0.01), 1e6);
}

TEST(Load, IsAProgramThatPrintsJson) {
  const RedisServer redis;
  ChildProcess load({KEYHOLE_LOAD, "--to", "127.0.0.1:" + std::to_string(redis.port()), "--rate",
                     "1000", "--seconds", "0.1", "--warmup", "0", "--schedule", "constant",
                     "--keys", "10", "--fill", "--zipf", "0.99", "--max-lag", "1000000"});
  EXPECT_EQ(load.Wait(), 0) << load.err();
  EXPECT_THAT(load.out(), HasSubstr("\"unanswered\": 0, \"errors\": 0, \"nulls\": 0"));
  EXPECT_THAT(load.out(), HasSubstr("\"p999\": "));
}

TEST(Load, RefusesToLeaveThisMachine) {
  ChildProcess load({KEYHOLE_LOAD, "--to", "192.0.2.1:6379"});
  EXPECT_EQ(load.Wait(), 2);
  EXPECT_THAT(load.err(), HasSubstr("load stays on this machine"));
}

}  // namespace
}  // namespace keyhole::load
