// What ReplyScanner tells of a reply, and what it takes for no reply at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "resp/reply_scanner.h"
#include "tests/unit/resp/scanning.h"

namespace keyhole::resp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Result = ReplyScanner::Result;

// ---- what stands aside ----

TEST(ReplyScannerAside, AnAttributeIsNoReply) {
  EXPECT_TRUE(Unfinished("|1\r\n+ttl\r\n:3600\r\n"));
  const Seen seen = One("|1\r\n+ttl\r\n:3600\r\n$1\r\nv\r\n");
  EXPECT_EQ(seen.type, ReplyType::kBulkString);
  EXPECT_EQ(seen.text, "");
  EXPECT_EQ(One("|0\r\n:5\r\n").integer, 5);
  EXPECT_TRUE(One("|1\r\n+a\r\n:1\r\n_\r\n").is_null);
}

TEST(ReplyScannerAside, AttributesNestAndStandBeforeElements) {
  const std::string_view aggregate_in_it = "|1\r\n+k\r\n*2\r\n:1\r\n%1\r\n+a\r\n+b\r\n:9\r\n";
  EXPECT_EQ(One(aggregate_in_it).integer, 9);
  EXPECT_EQ(One("|1\r\n|1\r\n+x\r\n+y\r\n+k\r\n+v\r\n:9\r\n").integer, 9);
  const Seen seen = One("*2\r\n|1\r\n+k\r\n:77\r\n:1\r\n|1\r\n+k\r\n_\r\n$-1\r\n", Want::kElements);
  EXPECT_EQ(seen.integer, 2);
  EXPECT_EQ(seen.last_integer, 1);
  EXPECT_THAT(seen.elements, ElementsAre(Element::kValue, Element::kNull));
}

TEST(ReplyScannerAside, APushOnItsOwnIsAReplyOfItsType) {
  const Scanned scanned =
      Scan(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n+OK\r\n>3\r\n+message\r\n+c\r\n+m\r\n");
  ASSERT_THAT(scanned.replies, SizeIs(3));
  EXPECT_EQ(scanned.replies[0].type, ReplyType::kPush);
  EXPECT_EQ(scanned.replies[0].text, "invalidate");
  EXPECT_EQ(scanned.replies[1].type, ReplyType::kSimpleString);
  EXPECT_EQ(scanned.replies[2].text, "message");
}

// Redis before 6.2.7 did that.
TEST(ReplyScannerAside, APushBetweenElementsIsNoneOfThem) {
  const Seen seen = One("*2\r\n:1\r\n>2\r\n+invalidate\r\n*1\r\n+k\r\n:2\r\n", Want::kElements);
  EXPECT_EQ(seen.type, ReplyType::kArray);
  EXPECT_EQ(seen.last_integer, 2);
  EXPECT_THAT(seen.elements, ElementsAre(Element::kValue, Element::kValue));
}

// ---- what is told of a reply ----

TEST(ReplyScannerText, IsTheLineOrTheFirstStringInside) {
  EXPECT_EQ(One("+QUEUED\r\n").text, "QUEUED");
  EXPECT_EQ(One("*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:4\r\n").text, "subscribe");
  EXPECT_EQ(One("*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:4\r\n").last_integer, 4);
  EXPECT_EQ(One("*2\r\n-ERR x\r\n:1\r\n").text, "ERR x");
  EXPECT_EQ(One("*2\r\n:1\r\n$1\r\nx\r\n").text, "");  // the first is no string
  EXPECT_EQ(One("*2\r\n$-1\r\n$1\r\nx\r\n").text, "");
  EXPECT_EQ(One("*1\r\n*1\r\n$1\r\nx\r\n").text, "");  // further in
  EXPECT_EQ(One("$3\r\nfoo\r\n").text, "");            // a value is nobody's business
}

TEST(ReplyScannerText, IsCutOff) {
  const std::string long_text(1000, 'x');
  const std::string kept(ReplyScanner::kMaxText, 'x');
  EXPECT_EQ(One("-" + long_text + "\r\n").text, kept);
  EXPECT_EQ(One("!1000\r\n" + long_text + "\r\n").text, kept);
  EXPECT_EQ(One("*1\r\n$1000\r\n" + long_text + "\r\n").text, kept);
}

TEST(ReplyScannerElements, AreToldApart) {
  const Seen seen =
      One("*12\r\n$-1\r\n*-1\r\n_\r\n:0\r\n#f\r\n$0\r\n\r\n*0\r\n:5\r\n$1\r\nx\r\n-ERR\r\n"
          "!3\r\nERR\r\n*2\r\n$-1\r\n:0\r\n",
          Want::kElements);
  EXPECT_THAT(seen.elements,
              ElementsAre(Element::kNull, Element::kNull, Element::kNull, Element::kZero,
                          Element::kZero, Element::kEmpty, Element::kEmpty, Element::kValue,
                          Element::kValue, Element::kError, Element::kError, Element::kValue));
}

TEST(ReplyScannerElements, AreThoseOfTheReplyAsked) {
  EXPECT_THAT(One("*0\r\n", Want::kElements).elements, IsEmpty());
  EXPECT_THAT(One("$-1\r\n", Want::kElements).elements, IsEmpty());
  const Scanned scanned = Scan("*2\r\n:1\r\n_\r\n*1\r\n_\r\n", Want::kElements);
  ASSERT_THAT(scanned.replies, SizeIs(2));
  EXPECT_THAT(scanned.replies[0].elements, ElementsAre(Element::kValue, Element::kNull));
  EXPECT_THAT(scanned.replies[1].elements, ElementsAre(Element::kNull));
}

TEST(ReplyScannerElements, OfAMapAreItsKeysAndValues) {
  EXPECT_THAT(One("%1\r\n+k\r\n_\r\n", Want::kElements).elements,
              ElementsAre(Element::kValue, Element::kNull));
}

TEST(ReplyScannerBytes, AreThoseOfAllStringsWithALength) {
  EXPECT_EQ(One("$3\r\nfoo\r\n").bytes, 3u);
  EXPECT_EQ(One("=7\r\ntxt:foo\r\n").bytes, 7u);
  EXPECT_EQ(One("$0\r\n\r\n").bytes, 0u);
  EXPECT_EQ(One("$-1\r\n").bytes, 0u);
  EXPECT_EQ(One("+OK\r\n").bytes, 0u);
  EXPECT_EQ(One("!3\r\nERR\r\n").bytes, 0u);
  EXPECT_EQ(One("*2\r\n$1\r\na\r\n*1\r\n$20\r\n01234567890123456789\r\n").bytes, 21u);
  EXPECT_EQ(One("|1\r\n$3\r\nttl\r\n$2\r\n60\r\n$1\r\nv\r\n").bytes, 1u);  // no part of it
}

TEST(ReplyScannerBytes, AreToldOfEachElement) {
  const Seen seen =
      One("*5\r\n$3\r\nfoo\r\n$-1\r\n|1\r\n$1\r\nk\r\n$1\r\nv\r\n$2\r\nab\r\n"
          "*2\r\n$1\r\nx\r\n$4\r\nyyyy\r\n:1\r\n",
          Want::kElements);
  EXPECT_THAT(seen.element_bytes, ElementsAre(3, 0, 2, 5, 0));
  EXPECT_EQ(seen.bytes, 10u);
}

TEST(ReplyScannerHeaderOnly, ElementsComeAsRepliesOfTheirOwn) {
  ReplyScanner scanner;
  scanner.WantHeaderOnly();
  const std::string_view exec = "*2\r\n$1\r\na\r\n*1\r\n:1\r\n+OK\r\n";
  size_t used = 0;
  ASSERT_EQ(scanner.Scan(exec, &used), Result::kDone);
  EXPECT_EQ(used, 4u);
  EXPECT_EQ(scanner.head().integer, 2);
  size_t pos = used;
  for (const size_t size : {7u, 8u, 5u}) {  // the wish held for one reply only
    ASSERT_EQ(scanner.Scan(exec.substr(pos), &used), Result::kDone);
    EXPECT_EQ(used, size);
    pos += used;
  }
  EXPECT_EQ(pos, exec.size());
}

TEST(ReplyScannerHeaderOnly, WhatIsNoAggregateComesWhole) {
  One("-EXECABORT x\r\n", Want::kHeaderOnly);
  One("$3\r\nfoo\r\n", Want::kHeaderOnly);
  EXPECT_TRUE(One("*-1\r\n", Want::kHeaderOnly).is_null);
  EXPECT_EQ(One("*0\r\n", Want::kHeaderOnly).integer, 0);
  EXPECT_EQ(One("|1\r\n+k\r\n*1\r\n:1\r\n*7\r\n", Want::kHeaderOnly).integer, 7);
}

}  // namespace
}  // namespace keyhole::resp
