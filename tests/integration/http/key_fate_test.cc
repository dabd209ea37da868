// GET /api/keys/KEY of a running proxy: why a key misses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/eventually.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/raw_client.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;

TEST(KeyFateTest, OfTheEmbeddedStore) {
  const KeyholeProcess proxy({"--max-memory", "1mb", "--eviction", "lru"});
  RawClient client = RawClient::Connect(proxy.port());
  const std::string value(10'000, 'v');
  ASSERT_EQ(client.Ask({"SET", "k0", value}), "+OK\r\n");
  // In the same second nobody can tell which came first.
  const auto second = [&] { return client.Ask({"TIME"}).substr(0, 18); };
  Eventually(second, [now = second()](const std::string& later) { return later != now; });
  for (int i = 1; i < 200; ++i) {
    ASSERT_EQ(client.Ask({"SET", "k" + std::to_string(i), value}), "+OK\r\n");
  }
  ASSERT_EQ(client.Ask({"GET", "k0"}), "$-1\r\n");
  EXPECT_THAT(proxy.HttpGet("/api/keys/k0"), HasSubstr(R"("fate":{"what":"evicted")"))
      << "by the memory that it needs";
  EXPECT_THAT(proxy.HttpGet("/api/keys/k0"), HasSubstr("as memory was full; `set` of 127.0.0.1:"));
  EXPECT_THAT(proxy.HttpGet("/api/keys/k199"), HasSubstr(R"("what":"written")"));
  ASSERT_EQ(client.Ask({"SET", "k0", value}), "+OK\r\n");
  EXPECT_THAT(proxy.HttpGet("/api/keys/k0"), HasSubstr(R"("what":"written")"));
  ASSERT_EQ(client.Ask({"DEL", "k0"}), ":1\r\n");
  EXPECT_THAT(proxy.HttpGet("/api/keys/k0"), HasSubstr(R"("what":"deleted")"));
  EXPECT_THAT(proxy.HttpGet("/api/keys/nobody"), HasSubstr(R"("what":"never_written")"));
}

}  // namespace
}  // namespace keyhole::test
