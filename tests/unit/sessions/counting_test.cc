// Which replies are hits, which are misses, and of which keys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/core_harness.h"

namespace keyhole::core {
namespace {

using resp::CommandId;
using test::Client;
using test::Harness;

// What is counted when one request gets this reply.
std::string CountedOf(const std::string& request, const std::string& reply) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send(request + "\r\n");
  keyhole.last().Reply(reply);
  EXPECT_EQ(app.Received(), reply) << request;
  EXPECT_TRUE(app.session().session().idle()) << request;
  return keyhole.Counted();
}

TEST(Counting, OneKey) {
  EXPECT_EQ(CountedOf("GET a", "$1\r\nv\r\n"), "a 1/0");
  EXPECT_EQ(CountedOf("GET a", "$-1\r\n"), "a 0/1");
  EXPECT_EQ(CountedOf("GET a", "_\r\n"), "a 0/1");
  EXPECT_EQ(CountedOf("GET a", "$0\r\n\r\n"), "a 1/0");  // an empty value is a value
  EXPECT_EQ(CountedOf("GETDEL a", "$-1\r\n"), "a 0/1");
  EXPECT_EQ(CountedOf("GETEX a EX 5", "$1\r\nv\r\n"), "a 1/0");
  EXPECT_EQ(CountedOf("GETSET a b", "$-1\r\n"), "a 0/1");
  EXPECT_EQ(CountedOf("HGET a f", "$-1\r\n"), "a 0/1");
}

TEST(Counting, SeveralAtOnce) {
  EXPECT_EQ(CountedOf("MGET a b a", "*3\r\n$1\r\nv\r\n$-1\r\n$1\r\nv\r\n"), "a 2/0, b 0/1");
  EXPECT_EQ(CountedOf("MGET a b", "*2\r\n_\r\n$1\r\nv\r\n"), "a 0/1, b 1/0");
  EXPECT_EQ(CountedOf("HMGET h f g", "*2\r\n$-1\r\n$1\r\nv\r\n"), "h 1/0");
  EXPECT_EQ(CountedOf("HMGET h f g", "*2\r\n$-1\r\n$-1\r\n"), "h 0/1");
}

TEST(Counting, Aggregates) {
  EXPECT_EQ(CountedOf("HGETALL h", "*0\r\n"), "h 0/1");
  EXPECT_EQ(CountedOf("HGETALL h", "%0\r\n"), "h 0/1");
  EXPECT_EQ(CountedOf("HGETALL h", "*2\r\n$1\r\nf\r\n$1\r\nv\r\n"), "h 1/0");
  EXPECT_EQ(CountedOf("HGETALL h", "%1\r\n$1\r\nf\r\n$1\r\nv\r\n"), "h 1/0");
}

TEST(Counting, SetIsALookupOnlyWithGet) {
  EXPECT_EQ(CountedOf("SET a v", "+OK\r\n"), "");
  EXPECT_EQ(CountedOf("SET a GET", "+OK\r\n"), "");
  EXPECT_EQ(CountedOf("SET a v GET", "$-1\r\n"), "a 0/1");
  EXPECT_EQ(CountedOf("SET a v NX GET", "$3\r\nold\r\n"), "a 1/0");
}

TEST(Counting, NoLookupsAreNotCounted) {
  EXPECT_EQ(CountedOf("INCR a", ":1\r\n"), "");
  EXPECT_EQ(CountedOf("EXISTS a", ":0\r\n"), "");
  EXPECT_EQ(CountedOf("LRANGE a 0 -1", "*0\r\n"), "");
}

TEST(Counting, ErrorsAreNeither) {
  EXPECT_EQ(CountedOf("GET a", "-WRONGTYPE no\r\n"), "");
  EXPECT_EQ(CountedOf("GET a", "!5\r\nERR x\r\n"), "");
  EXPECT_EQ(CountedOf("MGET a b", "-NOAUTH no\r\n"), "");
  EXPECT_EQ(CountedOf("GET", "-ERR wrong number of arguments\r\n"), "");
  EXPECT_EQ(CountedOf("GET a b", "-ERR wrong number of arguments\r\n"), "");
}

TEST(Counting, AttributesChangeNothing) {
  EXPECT_EQ(CountedOf("GET a", "|1\r\n+ttl\r\n:5\r\n_\r\n"), "a 0/1");
  EXPECT_EQ(CountedOf("MGET a b", "|1\r\n+x\r\n_\r\n*2\r\n_\r\n|1\r\n+x\r\n_\r\n+v\r\n"),
            "a 0/1, b 1/0");
}

// Errors of one request must not shift the keys of the next.
TEST(Counting, KeysStayWithTheirRequests) {
  Harness keyhole;
  Client& ann = keyhole.Connect();
  Client& bob = keyhole.Connect();
  ann.Send("MGET a b\r\nGET c\r\n");
  bob.Send("SET x 1\r\nHGET d f\r\n");
  ann.Send("GET e\r\n");
  keyhole.redis(0).Reply("-WRONGTYPE no\r\n$1\r\nc\r\n+OK\r\n-WRONGTYPE no\r\n$-1\r\n");
  EXPECT_EQ(keyhole.Counted(), "c 1/0, e 0/1");
}

TEST(Counting, WhatTheTableLeavesOutCanBeSwitchedOn) {
  Config config = Harness::WithUpstream();
  config.count_commands = {CommandId::kExists, CommandId::kStrlen};
  Harness keyhole(config);
  Client& app = keyhole.Connect();
  app.Send("EXISTS a\r\nEXISTS b\r\nEXISTS a b\r\nSTRLEN c\r\nTTL d\r\n");
  keyhole.redis(0).Reply(":0\r\n:1\r\n:2\r\n:0\r\n:-2\r\n");
  EXPECT_EQ(keyhole.Counted(), "a 0/1, b 1/0, c 0/1");
}

// The sum over all series is the number of lookups, whatever happens to single keys.
TEST(Counting, KeysBeyondTheTrackedOnesAreOthers) {
  Harness keyhole;  // which tracks 8
  Client& app = keyhole.Connect();
  for (int i = 0; i < 20; ++i) {
    app.Send("GET key:" + std::to_string(i) + "\r\n");
    keyhole.redis(0).Reply("$-1\r\n");
  }
  EXPECT_THAT(keyhole.Counted(), testing::StartsWith("__other__ 0/12, key:0 0/1"));
}

TEST(Counting, KeysMayHoldAnything) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("*2\r\n$3\r\nGET\r\n$0\r\n\r\n");
  keyhole.redis(0).Reply("$-1\r\n");
  app.Send(std::string("*2\r\n$3\r\nGET\r\n$3\r\na\0\xff\r\n", 22));
  keyhole.redis(0).Reply("$-1\r\n");
  EXPECT_THAT(keyhole.Counted(), testing::HasSubstr("a\\x00\\xff"));
}

// What is known of the keys, as "key requests/bytes".
std::string Known(Harness& keyhole) {
  std::string text;
  const metrics::KeyTable table = metrics::ReadKeys(keyhole.metrics().keys.directory(), false);
  for (const metrics::KeyCounts& key : table.keys) {
    text += (text.empty() ? "" : ", ") + key.label + " " + std::to_string(key.requests()) + "/" +
            std::to_string(key.bytes);
  }
  return text;
}

TEST(Counting, BytesAreThoseOfTheValue) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("GET a\r\nMGET a b c\r\nHGETALL h\r\nHMGET h f g\r\n");
  keyhole.redis(0).Reply(
      "$5\r\nhello\r\n*3\r\n$2\r\nxy\r\n$-1\r\n$3\r\nxyz\r\n"
      "*2\r\n$1\r\nf\r\n$4\r\nvvvv\r\n*2\r\n$4\r\nvvvv\r\n$-1\r\n");
  EXPECT_EQ(Known(keyhole), "a 2/7, b 1/0, c 1/3, h 2/9");
}

TEST(Counting, AnErrorIsARequestOfAKeyThatIsThere) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("GET a\r\nHGET a f\r\nGET b\r\n");
  keyhole.redis(0).Reply("$1\r\nv\r\n-WRONGTYPE no\r\n-WRONGTYPE no\r\n");
  EXPECT_EQ(Known(keyhole), "a 2/1");
}

// What was slow and what was big, as "command key value".
std::string Listed(const metrics::TopList& list, Harness& keyhole) {
  std::vector<metrics::TopEntry> entries;
  list.AddTo(&entries);
  std::string text;
  for (const metrics::TopEntry& entry :
       metrics::Largest(std::move(entries), 10, keyhole.worker().now)) {
    text.append(text.empty() ? "" : ", ").append(resp::Spec(entry.command).full_name);
    text.append(" ").append(entry.label.value_or("-")).append(" ");
    text.append(std::to_string(entry.value));
  }
  return text;
}

TEST(Counting, BigValuesAreKeptWithTheirKeys) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("GET a\r\nMGET a b\r\nLRANGE l 0 -1\r\nSET a v\r\nGET none\r\n");
  keyhole.redis(0).Reply(
      "$5\r\nhello\r\n*2\r\n$5\r\nhello\r\n$6\r\nworlds\r\n*2\r\n$4\r\nabcd\r\n$3\r\nefg\r\n"
      "+OK\r\n$-1\r\n");
  EXPECT_EQ(Listed(keyhole.metrics().big_values, keyhole),
            "lrange l 7, mget b 6, get a 5, mget a 5");
}

TEST(Counting, SlowCommandsAreKeptWithTheirKeys) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("LRANGE l 0 -1\r\nKEYS *\r\nSET s v\r\n");
  keyhole.Advance(std::chrono::milliseconds(3));
  keyhole.redis(0).Reply("*0\r\n");
  keyhole.Advance(std::chrono::milliseconds(4));
  keyhole.redis(0).Reply("*0\r\n+OK\r\n");
  app.Send("BLPOP q 0\r\n");
  keyhole.Advance(std::chrono::milliseconds(900));
  keyhole.last().Reply("*2\r\n$1\r\nq\r\n$1\r\nx\r\n");
  EXPECT_EQ(Listed(keyhole.metrics().slow_commands, keyhole),
            "keys - 7000, set s 7000, lrange l 3000");
}

TEST(Counting, RepliesByFamilyAndResult) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("GET a\r\nGET b\r\nSET c 1\r\nPING\r\n");
  keyhole.redis(0).Reply("$-1\r\n-WRONGTYPE no\r\n+OK\r\n+PONG\r\n");
  using metrics::ReplyResult;
  using metrics::RequestFamily;
  const auto& replies = keyhole.counters().replies;
  EXPECT_EQ(replies[RequestFamily::kRead][ReplyResult::kOk].Load(), 1u);
  EXPECT_EQ(replies[RequestFamily::kRead][ReplyResult::kError].Load(), 1u);
  EXPECT_EQ(replies[RequestFamily::kWrite][ReplyResult::kOk].Load(), 1u);
  EXPECT_EQ(replies[RequestFamily::kOther][ReplyResult::kOk].Load(), 1u);
}

TEST(Counting, RequestsInFlightAreSeenAtTheTick) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("GET a\r\nGET b\r\n");
  keyhole.Advance(std::chrono::milliseconds(100));
  EXPECT_EQ(keyhole.counters().requests_in_flight.Load(), 2);
  keyhole.redis(0).Reply("$-1\r\n$-1\r\n");
  keyhole.Advance(std::chrono::milliseconds(100));
  EXPECT_EQ(keyhole.counters().requests_in_flight.Load(), 0);
}

TEST(Counting, RequestsAndErrors) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  app.Send("GET a\r\nget b\r\nSET c 1\r\nCONFIG GET x\r\n");
  keyhole.redis(0).Reply("$-1\r\n-WRONGTYPE no\r\n-OOM full\r\n*0\r\n");
  const metrics::WorkerCounters& counters = keyhole.counters();
  EXPECT_EQ(counters.requests[CommandId::kGet].Load(), 2u);
  EXPECT_EQ(counters.requests[CommandId::kSet].Load(), 1u);
  EXPECT_EQ(counters.requests[CommandId::kConfigGet].Load(), 1u);
  EXPECT_EQ(counters.errors[metrics::ErrorClass::kWrongType].Load(), 1u);
  EXPECT_EQ(counters.errors[metrics::ErrorClass::kOutOfMemory].Load(), 1u);
  EXPECT_EQ(counters.client_bytes_in.Load(), 7u + 7u + 9u + 14u);
  EXPECT_EQ(counters.client_bytes_out.Load(), 5u + 15u + 11u + 4u);
}

}  // namespace
}  // namespace keyhole::core
