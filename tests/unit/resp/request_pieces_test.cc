// Requests too big to be worth buffering, handed out in pieces.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "resp/request_parser.h"
#include "tests/unit/resp/parsing.h"

namespace keyhole::resp {
namespace {

using Result = RequestParser::Result;
using testing::ElementsAre;
using testing::IsEmpty;

// Small numbers, so that the tests can show what they send.
constexpr RequestLimits kSmall{.big_argument = 10, .big_request = 60};

TEST(RequestInPieces, TheBytesPutTogetherAreTheRequest) {
  const std::string bytes = Array({"SET", "key", "a value of some length", "EX", "10", "GET"});
  const Findings found = Parse(bytes, kSmall);
  ASSERT_EQ(found.requests.size(), 1u);
  EXPECT_TRUE(found.requests[0].in_pieces);
  EXPECT_TRUE(found.requests[0].complete);
  EXPECT_EQ(found.requests[0].bytes, bytes);
  EXPECT_THAT(found.requests[0].args, ElementsAre("SET", "key"));
  EXPECT_THAT(found.requests[0].tail, ElementsAre("EX", "10", "GET"));
  EXPECT_EQ(found.rest, "");
}

TEST(RequestInPieces, AnArgumentOfExactlyTheLimitIsNotBig) {
  EXPECT_FALSE(Parse(Array({"SET", "k", "0123456789"}), kSmall).requests.at(0).in_pieces);
  EXPECT_TRUE(Parse(Array({"SET", "k", "0123456789+"}), kSmall).requests.at(0).in_pieces);
}

TEST(RequestInPieces, HeadBodyTail) {
  RequestParser parser(kSmall);
  std::string in = "*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\n012345";
  ASSERT_EQ(parser.Next(in), Result::kHead);
  EXPECT_EQ(parser.request().bytes, "*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\n");
  EXPECT_THAT(parser.request().args, ElementsAre("SET", "k"));
  EXPECT_EQ(parser.request().argument_count(), 4u);
  EXPECT_TRUE(parser.streaming());

  in.erase(0, parser.consumed());
  ASSERT_EQ(parser.Next(in), Result::kBody);
  EXPECT_EQ(parser.request().bytes, "012345");
  in.erase(0, parser.consumed());
  EXPECT_EQ(in, "");
  EXPECT_EQ(parser.Next(in), Result::kNeedMore);

  in = "6789ab\r\n$2\r\nN";
  ASSERT_EQ(parser.Next(in), Result::kBody);
  EXPECT_EQ(parser.request().bytes, "6789ab\r\n$2\r\nN");
  in = "X\r\nPING\r\n";
  ASSERT_EQ(parser.Next(in), Result::kTail);
  EXPECT_EQ(parser.request().bytes, "X\r\n");
  EXPECT_THAT(parser.request().args, ElementsAre("NX"));
  EXPECT_FALSE(parser.streaming());
  in.erase(0, parser.consumed());
  ASSERT_EQ(parser.Next(in), Result::kRequest);
  EXPECT_THAT(parser.request().args, ElementsAre("PING"));
  EXPECT_EQ(parser.request().argument_count(), 1u);
}

TEST(RequestInPieces, StandsBetweenOthers) {
  const std::string big = Array({"SET", "key", std::string(1000, 'v')});
  const Findings found = Parse(Array({"GET", "a"}) + "\r\n" + big + big + "GET b\r\n", kSmall);
  ASSERT_EQ(found.requests.size(), 4u);
  EXPECT_THAT(found.requests[0].args, ElementsAre("GET", "a"));
  EXPECT_EQ(found.requests[1].bytes, big);
  EXPECT_EQ(found.requests[2].bytes, big);
  EXPECT_EQ(found.requests[2], found.requests[1]);
  EXPECT_THAT(found.requests[3].args, ElementsAre("GET", "b"));
}

TEST(RequestInPieces, ManySmallArgumentsAreBigTogether) {
  const std::string bytes = Array(Words(100, "word"));
  const Findings found = Parse(bytes, kSmall);
  ASSERT_EQ(found.requests.size(), 1u);
  EXPECT_TRUE(found.requests[0].in_pieces);
  EXPECT_EQ(found.requests[0].bytes, bytes);
  EXPECT_THAT(found.requests[0].args, testing::Each("word"));
}

TEST(RequestInPieces, EvenTheNameMayBeTooBig) {
  const std::string bytes = Array({"A-NAME-LONGER-THAN-TEN", "x"});
  const Findings found = Parse(bytes, kSmall);
  ASSERT_EQ(found.requests.size(), 1u);
  EXPECT_THAT(found.requests[0].args, IsEmpty());
  EXPECT_EQ(found.requests[0].bytes, bytes);
}

TEST(RequestInPieces, OfLateArgumentsOnlySmallOnesAreKept) {
  const std::string long_one(65, 'x');
  const std::string just_short(64, 'y');
  const Findings found =
      Parse(Array({"SET", "k", std::string(11, 'v'), long_one, just_short, "", "GET"}), kSmall);
  ASSERT_EQ(found.requests.size(), 1u);
  EXPECT_THAT(found.requests[0].tail, ElementsAre(just_short, "", "GET"));
}

TEST(RequestInPieces, AndNotManyOfThem) {
  Words args = {"MSET", "k", std::string(11, 'v')};
  args.resize(args.size() + 1000, "x");
  const std::string bytes = Array(args);
  const Findings found = Parse(bytes, kSmall);
  ASSERT_EQ(found.requests.size(), 1u);
  EXPECT_EQ(found.requests[0].bytes, bytes);
  EXPECT_LE(found.requests[0].tail.size(), 16u);
}

TEST(RequestInPieces, AnErrorInItsMiddle) {
  const std::string head = "*3\r\n$3\r\nSET\r\n$12\r\n0123456789ab\r\n";
  EXPECT_EQ(Parse(head + "+1\r\n", kSmall).error, ProtocolError("expected '$', got '+'"));
  EXPECT_EQ(Parse(head + "$x\r\n", kSmall).error, ProtocolError("invalid bulk length"));
  EXPECT_EQ(Parse(head + "$" + std::string(64 * 1024, '1'), kSmall).error,
            ProtocolError("too big bulk count string"));
}

TEST(RequestInPieces, TheDefaultLimits) {
  const Words small = {"SET", "k", std::string(64 * 1024, 'v')};
  const Words big = {"SET", "k", std::string(64 * 1024 + 1, 'v')};
  const Words many(200'000, "x");
  EXPECT_FALSE(Parse(Array(small)).requests.at(0).in_pieces);
  EXPECT_TRUE(Parse(Array(big)).requests.at(0).in_pieces);
  EXPECT_TRUE(Parse(Array(many)).requests.at(0).in_pieces);
}

TEST(RequestInPieces, NeverWhereTheCallerWantsThemWhole) {
  const Words big = {"SET", std::string(100'000, 'k'), std::string(2'000'000, 'v')};
  const Findings found = Parse(Array(big), {.big_argument = SIZE_MAX, .big_request = SIZE_MAX});
  ASSERT_EQ(found.requests.size(), 1u);
  EXPECT_FALSE(found.requests[0].in_pieces);
  EXPECT_EQ(found.requests[0].args, big);
}

// A request of 512 MB is announced; nothing is reserved for it.
TEST(RequestInPieces, NoMemoryForWhatIsOnlyAnnounced) {
  RequestParser parser;
  const std::string in = "*2147483647\r\n$3\r\nSET\r\n$536870912\r\nabc";
  ASSERT_EQ(parser.Next(in), Result::kHead);
  const std::string_view rest = std::string_view(in).substr(parser.consumed());
  ASSERT_EQ(parser.Next(rest), Result::kBody);
  EXPECT_EQ(parser.request().bytes, "abc");
}

}  // namespace
}  // namespace keyhole::resp
