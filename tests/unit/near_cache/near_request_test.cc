// The one form of request that is recognised without the parser, and nothing else.
#include "proxy/near_cache/near_request.h"

#include <gtest/gtest.h>

#include <string>

#include "resp/command_table.h"
#include "resp/request_parser.h"

namespace keyhole::core {
namespace {

TEST(NearRequest, IsRecognisedInTheFormThatClientsSend) {
  const std::string bytes = "*2\r\n$3\r\nGET\r\n$3\r\nfoo\r\n";
  const std::string bytes_and_more = bytes + "more";
  const NearRequest request = ReadNearRequest(bytes_and_more);
  EXPECT_EQ(request.key, "foo");
  EXPECT_EQ(request.size, bytes.size());
  EXPECT_EQ(ReadNearRequest("*2\r\n$3\r\ngEt\r\n$0\r\n\r\n").size, 19u);
  EXPECT_EQ(ReadNearRequest("*2\r\n$3\r\nget\r\n$10\r\n0123456789\r\n").key, "0123456789");
}

TEST(NearRequest, NothingElseIs) {
  for (const char* bytes :
       {"", "*", "*2\r\n$3\r\nGET\r\n", "*2\r\n$3\r\nGET\r\n$", "*2\r\n$3\r\nGET\r\n$3",
        "*2\r\n$3\r\nGET\r\n$3\r\nfoo\r", "*2\r\n$3\r\nGET\r\n$03\r\nfoo\r\n",
        "*2\r\n$3\r\nGET\r\n$+3\r\nfoo\r\n", "*2\r\n$3\r\nGET\r\n$-1\r\n", "GET foo\r\n",
        "*2\r\n$3\r\nDEL\r\n$3\r\nfoo\r\n", "*3\r\n$3\r\nGET\r\n$3\r\nfoo\r\n$1\r\nx\r\n",
        "*2\r\n$3\r\nGET\r\n:3\r\nfoo\r\n", "*2\r\n$3\r\nGET\r\n$99999\r\nfoo\r\n",
        "\r\n*2\r\n$3\r\nGET\r\n$3\r\nfoo\r\n"}) {
    EXPECT_EQ(ReadNearRequest(bytes).size, 0u) << bytes;
  }
}

// Whatever it takes for a request the parser takes for the same.
TEST(NearRequest, AgreesWithTheParser) {
  const std::string good = "*2\r\n$3\r\nGET\r\n$11\r\nhello\r\nworl\r\n";
  for (size_t i = 0; i < good.size(); ++i) {
    for (const char c : {'\0', '\r', '\n', '$', '*', '0', '1', '2', '9', 'g', 'G', ' ', '\xFF'}) {
      std::string bytes = good;
      bytes[i] = c;
      const NearRequest request = ReadNearRequest(bytes);
      if (request.size == 0) continue;
      resp::RequestParser parser;
      ASSERT_EQ(parser.Next(bytes), resp::RequestParser::Result::kRequest) << i;
      EXPECT_EQ(parser.consumed(), request.size);
      ASSERT_EQ(parser.request().args.size(), 2u);
      EXPECT_EQ(parser.request().args[1], request.key);
      EXPECT_TRUE(resp::EqualsIgnoreCase(parser.request().args[0], "GET"));
    }
  }
}

}  // namespace
}  // namespace keyhole::core
