// What a real redis-server answers to bytes that are no RESP, and what RequestParser says of them.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "resp/request_parser.h"
#include "tests/support/raw_client.h"
#include "tests/support/redis_server.h"

namespace keyhole::resp {
namespace {

using namespace std::string_literals;
using test::RawClient;
using test::RedisServer;

// All that Redis sends before it closes. It closes at the end of the input at the latest.
std::string RedisAnswer(const RedisServer& redis, std::string_view bytes) {
  RawClient client = RawClient::Connect(redis.port());
  client.Send(bytes);
  client.ShutdownWrite();
  return client.ReadUntilClosed();
}

// What the proxy would send of its own: nothing, or an error.
std::string OurAnswer(std::string_view bytes, RequestLimits limits) {
  RequestParser parser(limits);
  while (true) {
    const auto result = parser.Next(bytes);
    if (result == RequestParser::Result::kError) return std::string(parser.error());
    if (result == RequestParser::Result::kNeedMore) return "";
    EXPECT_NE(result, RequestParser::Result::kRequest) << "the example is a request";
    if (result == RequestParser::Result::kRequest) return "";
    bytes.remove_prefix(parser.consumed());
  }
}

void ExpectSameAnswers(const RedisServer& redis, const std::vector<std::string>& examples,
                       RequestLimits limits = {}) {
  for (const std::string& bytes : examples) {
    EXPECT_EQ(OurAnswer(bytes, limits), RedisAnswer(redis, bytes))
        << testing::PrintToString(bytes.substr(0, 100)) << ", " << bytes.size() << " bytes";
  }
}

TEST(ProtocolErrorConformance, Counts) {
  const RedisServer redis;
  ExpectSameAnswers(redis, {"*x\r\n", "*\r\n", "* 1\r\n", "*+1\r\n", "*01\r\n", "*-0\r\n",
                            "*1x\r\n", "*2147483648\r\n", "*-9223372036854775809\r\n",
                            "*99999999999999999999\r\n", "*x\r\r\r\n", "*x\ry", "*\n1\r\n"});
}

TEST(ProtocolErrorConformance, Lengths) {
  const RedisServer redis;
  std::vector<std::string> examples;
  for (const std::string_view header :
       {"$x", "$", "$-1", "$+1", "$01", "$4x", "$536870913", "$99999999999999999999", ":4", "x",
        "\xff", "", "\n", " $4", "\t"}) {
    examples.push_back("*1\r\n" + std::string(header) + "\r\n");
    examples.push_back("*2\r\n$4\r\nPING\r\n" + std::string(header) + "\r\n");
  }
  ExpectSameAnswers(redis, examples);
}

TEST(ProtocolErrorConformance, Quotes) {
  const RedisServer redis;
  ExpectSameAnswers(redis, {"GET \"a\r\n", "GET 'a\r\n", "GET \"a\"b\r\n", "GET 'a'b\r\n", "\"\n",
                            "GET \"a\\\"\r\n", "GET \"\\x4\r\n", "'\\'\r\n"});
}

TEST(ProtocolErrorConformance, LinesThatAreTooLong) {
  const RedisServer redis;
  const std::string just(64 * 1024, '1');
  ExpectSameAnswers(redis, {just, "*" + just.substr(1), "*1\r\n$" + just.substr(1), just + "1",
                            "*" + just, "*1\r\n$" + just});
}

TEST(ProtocolErrorConformance, WhatHasNoAnswer) {
  const RedisServer redis;
  ExpectSameAnswers(
      redis, {"\r\n", "\n", "*0\r\n", "*-1\r\n", "*-100\r\n", "  \r\n", "*", "*1", "*1\r",
              "*1\r\n$4\r", "*1\r\n$4\r\nPIN", "PING", "\r\n\r\n*0\r\n*1\r\n", "*2147483647\r\n"});
}

TEST(ProtocolErrorConformance, NulBytes) {
  const RedisServer redis;
  ExpectSameAnswers(redis, {"PING\0\r\n"s, "\0\r\n"s, "*1\0\r\n"s, "*\0001\r\n"s, "*1\r\n\0\r\n"s,
                            "*1\r\n$4\0\r\nPING\r\n"s, "*1\r\n$\0004\r\nPING\r\n"s});
}

TEST(ProtocolErrorConformance, BeforeAuth) {
  const RedisServer redis({"requirepass secret"});
  ExpectSameAnswers(redis,
                    {"*11\r\n", "*10\r\n", "*2147483648\r\n", "*2\r\n$4\r\nAUTH\r\n$16385\r\n",
                     "*2\r\n$4\r\nAUTH\r\n$16384\r\n", "*2\r\n$4\r\nAUTH\r\n$536870913\r\n"},
                    {.authenticated = false});
}

}  // namespace
}  // namespace keyhole::resp
