// The calls of the README, with the client of the README.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/integration/http/backends.h"

namespace keyhole::test {
namespace {

struct Said {
  int status = 0;
  std::string body;
};

class Curl : public testing::TestWithParam<Backend> {
 protected:
  // curl with these options; the address is that of the proxy.
  Said Call(const std::string& target, std::vector<std::string> options = {},
            std::string_view input = {}) {
    options.insert(options.begin(),
                   {"curl", "--silent", "--show-error", "--write-out", "%{http_code}"});
    options.push_back("http://127.0.0.1:" + std::to_string(stack_->http_port()) + target);
    ChildProcess curl(options, input);
    EXPECT_EQ(curl.Wait(), 0) << curl.err();
    const std::string& out = curl.out();
    if (out.size() < 3) return {};
    Said said{.status = std::stoi(out.substr(out.size() - 3)),
              .body = out.substr(0, out.size() - 3)};
    if (said.body.starts_with('{')) {
      EXPECT_EQ(said.body.back(), '\n');  // a prompt comes behind it
      said.body.pop_back();
    }
    return said;
  }

  Stack stack_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(, Curl, testing::Values(Backend::kEmbedded, Backend::kRedis),
                         [](const auto& backend) { return NameOf(backend.param); });

TEST_P(Curl, TheFirstCallsOfTheReadme) {
  const Said miss = Call("/items/foo");
  EXPECT_EQ(miss.status, 404);
  EXPECT_EQ(miss.body, R"({"error":"Key not found"})");
  const Said added = Call("/items", {"-X", "POST", "-H", "Content-Type: application/json", "-d",
                                     R"({"key":"foo","value":"bar"})"});
  EXPECT_EQ(added.status, 201);
  EXPECT_EQ(added.body, R"({"message":"Item added successfully","key":"foo","value":"bar"})");
  const Said hit = Call("/items/foo");
  EXPECT_EQ(hit.status, 200);
  EXPECT_EQ(hit.body, R"({"key":"foo","value":"bar"})");
  EXPECT_EQ(Call("/items").body, R"({"count":1,"items":{"foo":"bar"},"cursor":"0"})");
  const std::string metrics = Call("/metrics").body;
  EXPECT_THAT(metrics, testing::HasSubstr("redis_app_cache_miss_total{key=\"foo\"} 1\n"));
  EXPECT_THAT(metrics, testing::HasSubstr("redis_app_cache_hit_total{key=\"foo\"} 1\n"));
}

// curl asks before it sends more than a megabyte, and waits a second for the answer.
TEST_P(Curl, LargeBodiesAreNotDelayed) {
  const std::string body(5'000'000, 'x');
  for (const std::vector<std::string>& how :
       {std::vector<std::string>{"-X", "PUT", "--data-binary", "@-"},
        {"-T", "-"},
        {"-X", "PUT", "--data-binary", "@-", "-H", "Expect: 100-continue"}}) {
    const auto began = std::chrono::steady_clock::now();
    std::vector<std::string> options = how;
    options.insert(options.end(), {"--expect100-timeout", "30"});
    EXPECT_EQ(Call("/items/big", options, body).status, 204);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
  }
  EXPECT_EQ(Call("/items/big", {"-H", "Accept: application/octet-stream"}).body, body);
}

TEST_P(Curl, OtherCalls) {
  EXPECT_EQ(Call("/items/a%2Fb?ttl=60", {"-X", "PUT", "-d", "v"}).status, 204);
  EXPECT_EQ(Call("/items/a%2Fb", {"--head"}).status, 200);
  EXPECT_EQ(Call("/items/a%2Fb", {"--http1.0"}).status, 200);
  EXPECT_EQ(Call("/items/a%2Fb", {"-X", "DELETE"}).status, 204);
  EXPECT_EQ(Call("/items/a%2Fb", {"-X", "DELETE"}).status, 404);
  EXPECT_EQ(Call("/items", {"-d", "{"}).status, 400);
  EXPECT_EQ(Call("/items", {"-X", "PATCH"}).status, 405);
  EXPECT_EQ(Call("/readyz").status, 200);
  EXPECT_EQ(Call("/healthz").status, 200);
  EXPECT_EQ(Call("/").status, 200);
  EXPECT_EQ(
      Call("/items/k", {"-X", "PUT", "--data-binary", "@-"}, std::string(9 * 1024 * 1024, 'x'))
          .status,
      413);
}

}  // namespace
}  // namespace keyhole::test
