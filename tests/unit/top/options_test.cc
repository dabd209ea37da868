// What may be said to keyhole top.
#include "proxy/top/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

namespace keyhole::top {
namespace {

using testing::HasSubstr;

std::string Problem(const std::vector<std::string>& words, Options* out = nullptr) {
  Options options;
  return Parse(words, out == nullptr ? &options : out).value_or("");
}

TEST(TopOptions, Urls) {
  for (const auto& [url, host, port] : {std::tuple("http://db:9001/", "db", "9001"),
                                        {"localhost", "localhost", "9000"},
                                        {"10.0.0.1:80", "10.0.0.1", "80"},
                                        {"http://[::1]:9001", "::1", "9001"},
                                        {"[::1]", "::1", "9000"},
                                        {"unix:/run/k.sock", "/run/k.sock", ""}}) {
    Options options;
    EXPECT_EQ(Problem({"top", url}, &options), "") << url;
    EXPECT_EQ(options.host, host) << url;
    EXPECT_EQ(options.port, port) << url;
  }
  EXPECT_THAT(Problem({"top", "http://u:p@db"}), HasSubstr("does not belong in a URL"));
  EXPECT_THAT(Problem({"top", "db:0"}), HasSubstr("port"));
  EXPECT_THAT(Problem({"top", "http://db/api"}), HasSubstr("must be like"));
}

TEST(TopOptions, Tls) {
  Options options;
  EXPECT_EQ(Problem({"top", "https://db:9443", "--ca", "a", "--cert=c", "--key", "k"}, &options),
            "");
  EXPECT_TRUE(options.tls);
  EXPECT_EQ(options.host + " " + options.port, "db 9443");
  EXPECT_EQ(options.ca + options.cert + options.key, "ack");
  EXPECT_THAT(Problem({"top", "db", "--ca", "a"}), HasSubstr("begins with https://"));
  EXPECT_THAT(Problem({"top", "https://db", "--cert", "a"}), HasSubstr("give both"));
}

TEST(TopOptions, Flags) {
  Options options;
  EXPECT_EQ(Problem({"keys", "--sort", "misses", "--limit=7", "--json"}, &options), "");
  EXPECT_EQ(options.command, Options::Command::kKeys);
  EXPECT_EQ(options.sort, "misses");
  EXPECT_EQ(options.limit, 7u);
  EXPECT_TRUE(options.json);
  EXPECT_EQ(Problem({"top", "--onec"}), "There is no option --onec; did you mean --once?");
  EXPECT_EQ(Problem({"keys", "--sort"}), "--sort needs a value");
  EXPECT_THAT(Problem({"keys", "--limit", "x"}), HasSubstr("from 1 to 10000"));
  EXPECT_TRUE(IsCommand("slow"));
  EXPECT_FALSE(IsCommand("--listen"));
}

}  // namespace
}  // namespace keyhole::top
