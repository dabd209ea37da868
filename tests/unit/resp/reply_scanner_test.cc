#include "resp/reply_scanner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/unit/resp/scanning.h"

namespace keyhole::resp {
namespace {

using testing::SizeIs;

// ---- types ----

TEST(ReplyScannerTypes, OfResp2) {
  EXPECT_EQ(One("+OK\r\n"), (Seen{.type = ReplyType::kSimpleString, .text = "OK", .end = 5}));
  EXPECT_EQ(One("+\r\n"), (Seen{.type = ReplyType::kSimpleString, .end = 3}));
  EXPECT_EQ(One("-ERR x\r\n"), (Seen{.type = ReplyType::kError, .text = "ERR x", .end = 8}));
  EXPECT_EQ(One(":-12\r\n"), (Seen{.type = ReplyType::kInteger, .integer = -12, .end = 6}));
  EXPECT_EQ(One("$3\r\nfoo\r\n"),
            (Seen{.type = ReplyType::kBulkString, .integer = 3, .bytes = 3, .end = 9}));
  EXPECT_EQ(One("$0\r\n\r\n"), (Seen{.type = ReplyType::kBulkString, .end = 6}));
  EXPECT_EQ(One("*0\r\n"), (Seen{.type = ReplyType::kArray, .end = 4}));
  EXPECT_EQ(One("*2\r\n:1\r\n:2\r\n"),
            (Seen{.type = ReplyType::kArray, .integer = 2, .last_integer = 2, .end = 12}));
}

TEST(ReplyScannerTypes, OfResp3) {
  EXPECT_EQ(One("#t\r\n"), (Seen{.type = ReplyType::kBoolean, .integer = 1, .end = 4}));
  EXPECT_EQ(One("#f\r\n"), (Seen{.type = ReplyType::kBoolean, .end = 4}));
  EXPECT_EQ(One(",1.5e-3\r\n").type, ReplyType::kDouble);
  EXPECT_EQ(One(",-inf\r\n").type, ReplyType::kDouble);
  EXPECT_EQ(One("(3492890328409238509324850943850943825024385\r\n").type, ReplyType::kBigNumber);
  EXPECT_EQ(One("!5\r\nERR x\r\n"),
            (Seen{.type = ReplyType::kBulkError, .integer = 5, .text = "ERR x", .end = 11}));
  EXPECT_EQ(One("=8\r\ntxt:some\r\n"),
            (Seen{.type = ReplyType::kVerbatim, .integer = 8, .bytes = 8, .end = 14}));
  EXPECT_EQ(
      One("%1\r\n+k\r\n:1\r\n"),
      (Seen{.type = ReplyType::kMap, .integer = 1, .text = "k", .last_integer = 1, .end = 12}));
  EXPECT_EQ(One("~2\r\n+a\r\n+b\r\n").integer, 2);
  EXPECT_EQ(One("%0\r\n").type, ReplyType::kMap);
  EXPECT_EQ(One("~0\r\n").type, ReplyType::kSet);
}

TEST(ReplyScannerTypes, NullHasThreeForms) {
  for (const std::string_view bytes : {"$-1\r\n", "*-1\r\n", "_\r\n"}) {
    const Seen seen = One(bytes);
    EXPECT_TRUE(seen.is_null) << bytes;
    EXPECT_EQ(static_cast<char>(seen.type), bytes[0]);
  }
}

TEST(ReplyScannerTypes, ErrorsAreOfTwoTypes) {
  ReplyHead head;
  EXPECT_FALSE(head.is_error());
  head.type = ReplyType::kError;
  EXPECT_TRUE(head.is_error());
  head.type = ReplyType::kBulkError;
  EXPECT_TRUE(head.is_error());
}

// ---- where a reply ends ----

TEST(ReplyScannerFraming, RepliesFollowEachOther) {
  const Scanned scanned = Scan("+OK\r\n$3\r\nfoo\r\n*1\r\n*1\r\n:7\r\n-ERR\r\n");
  ASSERT_THAT(scanned.replies, SizeIs(4));
  EXPECT_EQ(scanned.replies[0].end, 5u);
  EXPECT_EQ(scanned.replies[1].end, 14u);
  EXPECT_EQ(scanned.replies[2].end, 26u);
  EXPECT_EQ(scanned.replies[3].end, 32u);
}

TEST(ReplyScannerFraming, NestedInEveryWay) {
  One("*3\r\n:1\r\n*2\r\n*0\r\n*-1\r\n%1\r\n~1\r\n+a\r\n*2\r\n$-1\r\n$0\r\n\r\n");
}

TEST(ReplyScannerFraming, EveryBeginningOfAReplyIsUnfinished) {
  const std::string_view reply = "*2\r\n|1\r\n+k\r\n:1\r\n$3\r\na\r\n\r\n%1\r\n+x\r\n_\r\n";
  One(reply);
  for (size_t cut = 1; cut < reply.size(); ++cut) {
    EXPECT_TRUE(Unfinished(reply.substr(0, cut))) << cut;
  }
}

TEST(ReplyScannerFraming, ABodyMayHoldAnything) {
  One("$12\r\n\r\n+OK\r\n:1\r\n \r\n");
  One(std::string("$4\r\n\0\xff\r\n\r\n", 10));
}

TEST(ReplyScannerFraming, ACrInALineIsNoEnd) {
  EXPECT_EQ(One("+a\rb\r\n").text, "a\rb");
  EXPECT_EQ(One("+a\nb\r\n").text, "a\nb");
  EXPECT_EQ(One("+\r\r\n").text, "\r");
}

TEST(ReplyScannerFraming, BigBodiesPass) {
  const std::string body(3'000'000, 'x');
  EXPECT_EQ(One("$3000000\r\n" + body + "\r\n").integer, 3'000'000);
  One("*2\r\n$3000000\r\n" + body + "\r\n:1\r\n");
}

TEST(ReplyScannerFraming, NothingIsReservedForWhatIsOnlyAnnounced) {
  EXPECT_TRUE(Unfinished("$281474976710656\r\nabc"));
  EXPECT_TRUE(Unfinished("*281474976710656\r\n:1\r\n"));
}

TEST(ReplyScannerFraming, ItDoesNotMatterHowDeepItIs) {
  std::string reply;
  for (int i = 0; i < 100'000; ++i) reply += "*2\r\n:1\r\n";
  EXPECT_TRUE(Unfinished(reply));
  EXPECT_EQ(One(reply + "$-1\r\n").integer, 2);
}

// ---- what is refused ----

TEST(ReplyScannerRefuses, StreamedTypes) {
  for (const std::string_view bytes :
       {"$?\r\n", "*?\r\n", "%?\r\n", "~?\r\n", ";4\r\n", ".\r\n", "|?\r\n"}) {
    EXPECT_TRUE(Refused(bytes)) << testing::PrintToString(bytes);
    EXPECT_TRUE(Refused("*1\r\n" + std::string(bytes))) << bytes;
  }
}

TEST(ReplyScannerRefuses, Nonsense) {
  for (const std::string_view bytes : {"HTTP/1.1 400 Bad Request\r\n",
                                       "\r\n\r\n",
                                       "1\r\n",
                                       "OK\r\n",
                                       ":\r\n",
                                       ":x\r\n",
                                       ":1.5\r\n",
                                       ":9223372036854775808\r\n",
                                       "$\r\n",
                                       "$x\r\n",
                                       "$-2\r\n",
                                       "*-2\r\n",
                                       "* 1\r\n",
                                       "%-1\r\n",
                                       "~-1\r\n",
                                       ">-1\r\n",
                                       "!-1\r\n",
                                       "=-1\r\n",
                                       "|-1\r\n",
                                       "#\r\n",
                                       "#x\r\n",
                                       "#true\r\n",
                                       "_x\r\n",
                                       "$281474976710657\r\n",
                                       "*9223372036854775807\r\n",
                                       "x5\r\n"}) {
    EXPECT_TRUE(Refused(bytes)) << testing::PrintToString(bytes);
  }
}

// However often more is announced, the sums do not overflow.
TEST(ReplyScannerRefuses, MoreThanAnyReplyCanHold) {
  for (const std::string_view header : {"*281474976710656\r\n", "%281474976710656\r\n"}) {
    std::string deep;
    for (int i = 0; i < 40'000; ++i) deep += header;
    EXPECT_TRUE(Refused(deep)) << header;
    EXPECT_TRUE(Refused("|1\r\n" + deep)) << header << "in an attribute";
  }
  std::string attributes;
  for (int i = 0; i < 40'000; ++i) attributes += "|281474976710656\r\n";
  EXPECT_TRUE(Refused(attributes));
}

}  // namespace
}  // namespace keyhole::resp
