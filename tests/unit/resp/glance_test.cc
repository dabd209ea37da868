#include "resp/glance.h"

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

TEST(Glance, SeesTheFirstArgument) {
  for (const auto& args : std::vector<std::vector<std::string_view>>{
           {"GET", "foo"}, {"set", "foo", "value", "EX", "10"}, {"MGET", "foo", "bar"}}) {
    const std::string bytes = Wire(args);
    const Glimpse glimpse = Glance(bytes);
    EXPECT_EQ(glimpse.subject, "foo");
    EXPECT_EQ(glimpse.size, bytes.size());
  }
}

TEST(Glance, GoesThroughAPipeline) {
  std::string bytes = Wire({"GET", "a"}) + Wire({"PING"}) + Wire({"SET", "b", "\r\n*1\r\n"});
  bytes += Wire({"GET", "not all there"}).substr(0, 20);
  std::vector<std::string_view> seen;
  std::string_view in = bytes;
  for (Glimpse g = Glance(in); g.size != 0; g = Glance(in)) {
    seen.push_back(g.subject);
    in.remove_prefix(g.size);
  }
  EXPECT_EQ(seen, (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(in.size(), 20U);
}

TEST(Glance, LooksIntoNothingThatIsNotWhole) {
  const std::string bytes = Wire({"SET", "key", "value"});
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_EQ(Glance(std::string_view(bytes).substr(0, n)).size, 0U) << n;
  }
}

TEST(Glance, LooksIntoNothingUnusual) {
  for (const std::string_view bytes :
       {"GET foo\r\n", "*2\r\n:3\r\n$3\r\nfoo\r\n", "*x\r\n", "*-1\r\n", "*1\r\n$-1\r\n",
        "*2\r\n$99999999\r\nGET\r\n", "\r\n"}) {
    EXPECT_EQ(Glance(bytes).size, 0U) << bytes;
  }
  EXPECT_EQ(Glance(Wire(std::vector<std::string_view>(1000, "x"))).size, 0U)
      << "too many to be read twice";
}

}  // namespace
}  // namespace keyhole::resp
