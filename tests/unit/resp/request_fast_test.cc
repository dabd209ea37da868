#include "resp/request_fast.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "resp/reply_writer.h"

namespace keyhole::resp {
namespace {

std::string Wire(const std::vector<std::string_view>& args) {
  std::string bytes;
  AppendRequest(args, &bytes);
  return bytes;
}

TEST(PeekRequest, SeesTheFirstArgument) {
  for (const auto& args : std::vector<std::vector<std::string_view>>{
           {"GET", "foo"}, {"set", "foo", "value", "EX", "10"}, {"MGET", "foo", "bar"}}) {
    const std::string bytes = Wire(args);
    const PeekedRequest peeked = PeekRequest(bytes);
    EXPECT_EQ(peeked.subject, "foo");
    EXPECT_EQ(peeked.size, bytes.size());
  }
}

TEST(PeekRequest, GoesThroughAPipeline) {
  std::string bytes = Wire({"GET", "a"}) + Wire({"PING"}) + Wire({"SET", "b", "\r\n*1\r\n"});
  bytes += Wire({"GET", "not all there"}).substr(0, 20);
  std::vector<std::string_view> seen;
  std::string_view in = bytes;
  for (PeekedRequest next = PeekRequest(in); next.size != 0; next = PeekRequest(in)) {
    seen.push_back(next.subject);
    in.remove_prefix(next.size);
  }
  EXPECT_EQ(seen, (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(in.size(), 20U);
}

TEST(PeekRequest, LooksIntoNothingThatIsNotWhole) {
  const std::string bytes = Wire({"SET", "key", "value"});
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_EQ(PeekRequest(std::string_view(bytes).substr(0, n)).size, 0U) << n;
  }
}

TEST(PeekRequest, LooksIntoNothingUnusual) {
  for (const std::string_view bytes :
       {"GET foo\r\n", "*2\r\n:3\r\n$3\r\nfoo\r\n", "*x\r\n", "*-1\r\n", "*1\r\n$-1\r\n",
        "*2\r\n$99999999\r\nGET\r\n", "\r\n"}) {
    EXPECT_EQ(PeekRequest(bytes).size, 0U) << bytes;
  }
  EXPECT_EQ(PeekRequest(Wire(std::vector<std::string_view>(1000, "x"))).size, 0U)
      << "too many to be read twice";
}

TEST(PeekRequest, LooksIntoNothingWhereThereIsNothing) {
  EXPECT_EQ(PeekRequest({}).size, 0U);
}

TEST(ReadBulk, MovesBehindWhatItReads) {
  const std::string bytes = "$3\r\nfoo\r\n$0\r\n\r\n$12\r\nhello, world\r\nx";
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  for (const std::string_view expected : {"foo", "", "hello, world"}) {
    std::string_view bulk;
    ASSERT_TRUE(ReadBulk(&at, end, &bulk));
    EXPECT_EQ(bulk, expected);
  }
  EXPECT_EQ(end - at, 1);
  std::string_view bulk;
  EXPECT_FALSE(ReadBulk(&at, end, &bulk));
}

TEST(ReadCount, ReadsTheHeadOfARequest) {
  const std::string_view bytes = "*12\r\n$";
  const char* at = bytes.data();
  size_t count = 0;
  ASSERT_TRUE(ReadCount(&at, bytes.data() + bytes.size(), &count));
  EXPECT_EQ(count, 12U);
  EXPECT_EQ(*at, '$');
  for (const std::string_view other : {"$1\r\n", "*", "*1", "*1\r", "*-1\r\n", "*+1\r\n", "GET"}) {
    at = other.data();
    EXPECT_FALSE(ReadCount(&at, other.data() + other.size(), &count)) << other;
  }
}

}  // namespace
}  // namespace keyhole::resp
