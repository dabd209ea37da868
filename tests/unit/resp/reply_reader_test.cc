#include "resp/reply_reader.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace keyhole::core {
namespace {

using resp::ReplyType;

ReplyElement Only(std::string_view bytes) {
  ReplyReader reader(bytes);
  const std::optional<ReplyElement> element = reader.Next();
  EXPECT_TRUE(element.has_value()) << bytes;
  EXPECT_TRUE(reader.at_end()) << bytes;
  return element.value_or(ReplyElement());
}

TEST(ReplyReader, GoesThroughNestedElements) {
  ReplyReader reader("*2\r\n$1\r\n7\r\n*1\r\n$3\r\nfoo\r\n");
  EXPECT_EQ(reader.Next()->integer, 2);
  EXPECT_EQ(reader.Next()->text, "7");
  EXPECT_TRUE(reader.Next()->is(ReplyType::kArray));
  EXPECT_EQ(reader.Next()->text, "foo");
  EXPECT_FALSE(reader.Next().has_value());
  EXPECT_TRUE(reader.at_end());
}

TEST(ReplyReader, KnowsAllTypes) {
  EXPECT_EQ(Only("+OK\r\n").text, "OK");
  EXPECT_EQ(Only("-ERR no\r\n").text, "ERR no");
  EXPECT_EQ(Only(":-5\r\n").integer, -5);
  EXPECT_EQ(Only("$4\r\na\r\nb\r\n").text, "a\r\nb");
  EXPECT_EQ(Only("#t\r\n").text, "t");
  EXPECT_EQ(Only(",1.5\r\n").text, "1.5");
  EXPECT_EQ(Only("(123456789012345678901\r\n").text, "123456789012345678901");
  EXPECT_EQ(Only("!3\r\nERR\r\n").text, "ERR");
  EXPECT_EQ(Only("=5\r\ntxt:x\r\n").text, "txt:x");
  for (const std::string type : {"*", "%", "~", ">", "|"}) {
    EXPECT_EQ(Only(type + "3\r\n").integer, 3) << type;
  }
}

TEST(ReplyReader, NullHasThreeForms) {
  for (const char* bytes : {"_\r\n", "$-1\r\n", "*-1\r\n"}) {
    EXPECT_TRUE(Only(bytes).is_null) << bytes;
  }
  EXPECT_FALSE(Only("*-1\r\n").is(ReplyType::kArray));
}

TEST(ReplyReader, ReadsNothingFromWhatIsNotRespOrNotWhole) {
  for (const char* bytes :
       {"", "+", "+OK", "+OK\r", "\r\n", "?x\r\n", ":x\r\n", "$x\r\n", "$-2\r\n", "$3\r\nab\r\n",
        "$3\r\nabcd\r\n", "$9223372036854775807\r\nab\r\n", "*\r\n", "%-2\r\n"}) {
    EXPECT_FALSE(ReplyReader(bytes).Next().has_value()) << bytes;
  }
}

}  // namespace
}  // namespace keyhole::core
