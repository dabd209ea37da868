#include "resp/request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/unit/resp/parsing.h"

namespace keyhole::resp {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// ---- arrays ----

TEST(RequestParserArrays, OneRequest) {
  const std::string bytes = "*2\r\n$3\r\nGET\r\n$3\r\nfoo\r\n";
  const Findings found = Parse(bytes);
  ASSERT_THAT(found.args(), ElementsAre(Words{"GET", "foo"}));
  EXPECT_EQ(found.requests[0].bytes, bytes);
  EXPECT_EQ(found.rest, "");
}

TEST(RequestParserArrays, APipelineComesInOrderWithItsOwnBytes) {
  const Findings found = Parse(Array({"SET", "k", "v"}) + Array({"PING"}) + Array({"GET", "k"}));
  ASSERT_THAT(found.args(), ElementsAre(Words{"SET", "k", "v"}, Words{"PING"}, Words{"GET", "k"}));
  EXPECT_EQ(found.requests[0].bytes, Array({"SET", "k", "v"}));
  EXPECT_EQ(found.requests[1].bytes, Array({"PING"}));
  EXPECT_EQ(found.requests[2].bytes, Array({"GET", "k"}));
}

TEST(RequestParserArrays, ArgumentsMayHoldAnyBytes) {
  const Words args = {"SET", "a\r\nb\0c"s, "*1\r\n$4\r\nPING\r\n", "", "\xff\xfe"};
  EXPECT_THAT(Parse(Array(args)).args(), ElementsAre(args));
}

TEST(RequestParserArrays, WhatIsIncompleteWaits) {
  const std::string request = Array({"SET", "key", "value"});
  for (size_t cut = 1; cut < request.size(); ++cut) {
    const Findings found = Parse(std::string_view(request).substr(0, cut));
    EXPECT_THAT(found.requests, IsEmpty()) << cut;
    EXPECT_EQ(found.error, "") << cut;
    EXPECT_EQ(found.rest.size(), cut);
  }
}

TEST(RequestParserArrays, TheRestOfTheNextRequestStays) {
  const Findings found = Parse(Array({"PING"}) + "*2\r\n$3\r\nGE");
  EXPECT_THAT(found.args(), ElementsAre(Words{"PING"}));
  EXPECT_EQ(found.rest, "*2\r\n$3\r\nGE");
}

TEST(RequestParserArrays, BytesBehindABodyAndBehindACrAreNotLookedAt) {
  // Redis skips two bytes there, whatever they are.
  EXPECT_THAT(Parse("*2\rx$3\r.GET..$1\r\nk--").args(), ElementsAre(Words{"GET", "k"}));
}

TEST(RequestParserArrays, ManyArguments) {
  const Words args(10'000, "x");
  EXPECT_THAT(Parse(Array(args)).args(), ElementsAre(args));
}

// ---- requests without a reply ----

TEST(RequestParserEmpty, AreSkipped) {
  for (const std::string_view empty : {"\r\n", "\n", "*0\r\n", "*-1\r\n", "*-7\r\n", " \t \r\n"}) {
    SCOPED_TRACE(testing::PrintToString(empty));
    const Findings alone = Parse(empty);
    EXPECT_THAT(alone.requests, IsEmpty());
    EXPECT_EQ(alone.error, "");
    EXPECT_EQ(alone.rest, "");
    const std::string between =
        Array({"PING"}) + std::string(empty) + std::string(empty) + Array({"GET", "k"});
    const Findings found = Parse(between);
    EXPECT_THAT(found.args(), ElementsAre(Words{"PING"}, Words{"GET", "k"}));
    EXPECT_EQ(found.requests[1].bytes, Array({"GET", "k"}));
  }
}

TEST(RequestParserEmpty, AndTheBeginningOfTheNextOneStays) {
  EXPECT_EQ(Parse("\r\n*0\r\n*1\r\n$4\r\nPI").rest, "*1\r\n$4\r\nPI");
  EXPECT_EQ(Parse("\r\n*0\r\nPI").rest, "PI");
}

// ---- limits, with Redis' own texts ----

TEST(RequestParserErrors, TheNumberOfArguments) {
  for (const std::string_view count :
       {"", "x", "1x", " 1", "+1", "01", "-0", "1.0", "2147483648", "9223372036854775808", "--1"}) {
    const Findings found = Parse("*" + std::string(count) + "\r\n$4\r\nPING\r\n");
    EXPECT_EQ(found.error, ProtocolError("invalid multibulk length")) << count;
  }
  EXPECT_EQ(Parse("*2147483647\r\n").error, "");
}

TEST(RequestParserErrors, TheLengthOfAnArgument) {
  for (const std::string_view size : {"", "x", "-1", "+1", "01", "536870913", "4x"}) {
    const Findings found = Parse("*1\r\n$" + std::string(size) + "\r\nPING\r\n");
    EXPECT_EQ(found.error, ProtocolError("invalid bulk length")) << size;
  }
  EXPECT_EQ(Parse("*2\r\n$3\r\nGET\r\n$536870912\r\n").error, "");
  EXPECT_EQ(Parse("*1\r\n$11\r\n", {.max_bulk = 10}).error, ProtocolError("invalid bulk length"));
}

TEST(RequestParserErrors, SomethingOtherThanALength) {
  EXPECT_EQ(Parse("*1\r\n:1\r\n").error, ProtocolError("expected '$', got ':'"));
  EXPECT_EQ(Parse("*2\r\n$4\r\nPING\r\nPING\r\n").error, ProtocolError("expected '$', got 'P'"));
  EXPECT_EQ(Parse("*1\r\n\xff\r\n").error, ProtocolError("expected '$', got '\xff'"));
  // What would break the error's own line is shown as a space.
  EXPECT_EQ(Parse("*1\r\n\r\n").error, ProtocolError("expected '$', got ' '"));
  EXPECT_EQ(Parse("*1\r\n\n1\r\n").error, ProtocolError("expected '$', got ' '"));
}

TEST(RequestParserErrors, LinesThatDoNotEnd) {
  const std::string just(64 * 1024 - 1, '1');
  EXPECT_EQ(Parse("*" + just).error, "");
  EXPECT_EQ(Parse("*1" + just).error, ProtocolError("too big mbulk count string"));
  EXPECT_EQ(Parse("*1\r\n$" + just).error, "");
  EXPECT_EQ(Parse("*1\r\n$1" + just).error, ProtocolError("too big bulk count string"));
  EXPECT_EQ(Parse("x" + just).error, "");
  EXPECT_EQ(Parse("xx" + just).error, ProtocolError("too big inline request"));
}

// strchr() finds no end of a line behind a NUL, so for Redis such a line has none.
TEST(RequestParserErrors, ANulHidesTheEndOfALine) {
  for (const std::string& line :
       {"GET a\0b\r\n"s, "*1\0\r\n"s, "*1\r\n$4\0\r\n"s, "*1\r\n\0\r\n"s}) {
    const Findings found = Parse(line);
    EXPECT_THAT(found.requests, IsEmpty()) << testing::PrintToString(line);
    EXPECT_EQ(found.error, "") << testing::PrintToString(line);
  }
  const std::string more(64 * 1024, 'x');
  EXPECT_EQ(Parse("GET a\0b\r\n"s + more).error, ProtocolError("too big inline request"));
  EXPECT_EQ(Parse("*1\0\r\n"s + more).error, ProtocolError("too big mbulk count string"));
  EXPECT_EQ(Parse("*1\r\n$4\0\r\n"s + more).error, ProtocolError("too big bulk count string"));
}

TEST(RequestParserErrors, ComeAfterTheRequestsBeforeThem) {
  const Findings found = Parse(Array({"GET", "k"}) + "\r\n*x\r\n" + Array({"PING"}));
  EXPECT_THAT(found.args(), ElementsAre(Words{"GET", "k"}));
  EXPECT_EQ(found.error, ProtocolError("invalid multibulk length"));
}

TEST(RequestParser, GoesOnAfterATrim) {
  RequestParser parser;
  for (const std::string_view bytes : {"PING 'a b'\r\n", "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"}) {
    ASSERT_EQ(parser.Next(bytes.substr(0, 5)), RequestParser::Result::kNeedMore);
    ASSERT_EQ(parser.Next(bytes), RequestParser::Result::kRequest);
    EXPECT_EQ(parser.request().args.size(), 2u);
    ASSERT_TRUE(parser.at_start());
    parser.Trim();
    EXPECT_EQ(parser.error(), "");
  }
  ASSERT_EQ(parser.Next("*x\r\n"), RequestParser::Result::kError);
  EXPECT_EQ(parser.error(), ProtocolError("invalid multibulk length"));
}

// ---- before AUTH ----

constexpr RequestLimits kStranger{.authenticated = false};

TEST(RequestParserBeforeAuth, RequestsMustBeSmall) {
  const Words ten(10, "x");
  const Words eleven(11, "x");
  const Words big = {"AUTH", std::string(16384, 'p')};
  const Words bigger = {"AUTH", std::string(16385, 'p')};
  EXPECT_THAT(Parse(Array(ten), kStranger).args(), ElementsAre(ten));
  EXPECT_EQ(Parse(Array(eleven), kStranger).error,
            ProtocolError("unauthenticated multibulk length"));
  EXPECT_THAT(Parse(Array(big), kStranger).args(), ElementsAre(big));
  EXPECT_EQ(Parse(Array(bigger), kStranger).error, ProtocolError("unauthenticated bulk length"));
}

TEST(RequestParserBeforeAuth, AfterwardsTheyMayBeLarge) {
  const std::string bytes = Array(Words(11, "x"));
  RequestParser parser(kStranger);
  parser.set_authenticated(true);
  ASSERT_EQ(parser.Next(bytes), RequestParser::Result::kRequest);
  EXPECT_EQ(parser.request().args.size(), 11u);
}

}  // namespace
}  // namespace keyhole::resp
