// Requests as a person types them into telnet: SplitWords() and RequestParser with lines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "resp/request_parser.h"
#include "tests/unit/resp/parsing.h"

namespace keyhole::resp {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// The words of one line.
Words Typed(std::string_view line) {
  const Findings found = Parse(std::string(line) + "\r\n");
  EXPECT_EQ(found.error, "") << line;
  EXPECT_EQ(found.requests.size(), 1u) << line;
  return found.requests.empty() ? Words() : found.requests[0].args;
}

TEST(InlineRequest, WordsAreSeparatedBySpaces) {
  EXPECT_EQ(Typed("PING"), (Words{"PING"}));
  EXPECT_EQ(Typed("GET foo"), (Words{"GET", "foo"}));
  EXPECT_EQ(Typed("  GET \t foo  "), (Words{"GET", "foo"}));
  EXPECT_EQ(Typed("\v\fGET"), (Words{"GET"}));
  EXPECT_EQ(Typed("GET\vfoo"), (Words{"GET\vfoo"}));  // no end of a word, as in Redis
}

TEST(InlineRequest, ALineEndsWithLfTheCrIsOptional) {
  const Findings found = Parse("GET a\nGET b\r\nGET c\r\r\n");
  EXPECT_THAT(found.args(), ElementsAre(Words{"GET", "a"}, Words{"GET", "b"}, Words{"GET", "c"}));
  EXPECT_EQ(found.requests[0].bytes, "GET a\n");
  EXPECT_EQ(found.requests[1].bytes, "GET b\r\n");
  EXPECT_EQ(found.requests[2].bytes, "GET c\r\r\n");
}

TEST(InlineRequest, LinesAndArraysMayFollowEachOther) {
  const Findings found = Parse("GET a\r\n" + Array({"GET", "b"}) + "\r\nGET c\r\n");
  EXPECT_THAT(found.args(), ElementsAre(Words{"GET", "a"}, Words{"GET", "b"}, Words{"GET", "c"}));
}

TEST(InlineRequest, DoubleQuotes) {
  EXPECT_EQ(Typed(R"(SET "a key" "")"), (Words{"SET", "a key", ""}));
  EXPECT_EQ(Typed(R"("a\n\r\t\b\a\\\"\q")"), (Words{"a\n\r\t\b\a\\\"q"}));
  EXPECT_EQ(Typed(R"("\x00\xfF\x4a")"), (Words{"\x00\xff\x4a"s}));
  EXPECT_EQ(Typed(R"("\x4 \xg1 \x")"), (Words{"x4 xg1 x"}));  // no such escape
  EXPECT_EQ(Typed(R"("it's")"), (Words{"it's"}));
  EXPECT_EQ(Typed(R"(half"quoted word")"), (Words{"halfquoted word"}));
}

TEST(InlineRequest, SingleQuotes) {
  EXPECT_EQ(Typed(R"(SET 'a key' '')"), (Words{"SET", "a key", ""}));
  EXPECT_EQ(Typed(R"('it\'s')"), (Words{"it's"}));
  EXPECT_EQ(Typed(R"('\n \x41 \\ "')"), (Words{R"(\n \x41 \\ ")"}));
  EXPECT_EQ(Typed(R"(half'quoted word')"), (Words{"halfquoted word"}));
}

TEST(InlineRequest, OutsideQuotesABackslashIsABackslash) {
  EXPECT_EQ(Typed(R"(GET a\x41\n)"), (Words{"GET", R"(a\x41\n)"}));
}

TEST(InlineRequest, QuotesMustBeClosedAndFollowedByASpace) {
  for (const std::string_view line :
       {R"(GET "a)", R"(GET 'a)", R"(GET "a"b)", R"(GET 'a'b)", R"(GET "a\")", R"(GET 'a\')",
        R"(")", R"(GET a")", R"(GET "a""b")", R"("a\)"}) {
    EXPECT_EQ(Parse(std::string(line) + "\r\n").error,
              ProtocolError("unbalanced quotes in request"))
        << line;
    EXPECT_EQ(Parse(std::string(line) + "\n").error, ProtocolError("unbalanced quotes in request"))
        << line;
  }
}

TEST(InlineRequest, AnUnclosedQuoteWaitsForItsLineToEnd) {
  const Findings found = Parse("GET \"a b");
  EXPECT_EQ(found.error, "");
  EXPECT_THAT(found.requests, IsEmpty());
}

TEST(InlineRequest, TheLongestLine) {
  const std::string key(64 * 1024 - 4, 'k');
  EXPECT_THAT(Parse("GET " + key + "\n").args(), ElementsAre(Words{"GET", key}));
  EXPECT_EQ(Parse("GET " + key + "k\n").error, ProtocolError("too big inline request"));
}

// ---- the function itself ----

TEST(SplitWords, AppendsToWhatIsThere) {
  std::string storage = "before";
  std::vector<Word> words;
  ASSERT_TRUE(SplitWords("ab \"c d\"", &storage, &words));
  ASSERT_TRUE(SplitWords("e", &storage, &words));
  EXPECT_EQ(storage, "beforeabc de");
  ASSERT_EQ(words.size(), 3u);
  EXPECT_EQ(storage.substr(words[0].offset, words[0].size), "ab");
  EXPECT_EQ(storage.substr(words[1].offset, words[1].size), "c d");
  EXPECT_EQ(storage.substr(words[2].offset, words[2].size), "e");
}

TEST(SplitWords, AnEmptyLineHasNoWords) {
  std::string storage;
  std::vector<Word> words;
  EXPECT_TRUE(SplitWords("", &storage, &words));
  EXPECT_TRUE(SplitWords(" \t\r\n", &storage, &words));
  EXPECT_THAT(words, IsEmpty());
}

TEST(SplitWords, ANulEndsTheLine) {
  std::string storage;
  std::vector<Word> words;
  EXPECT_TRUE(SplitWords("ab c\0d \"e"s, &storage, &words));
  ASSERT_EQ(words.size(), 2u);
  EXPECT_EQ(storage, "abc");
}

}  // namespace
}  // namespace keyhole::resp
