// A Redis for unit tests: each test has one of its own, on a free port, in a few milliseconds, and
// leaves nothing behind.
#include <keyhole/keyhole.h>

#include <cstdio>
#include <string>
#include <utility>

// With GoogleTest: class RedisTest : public testing::Test, with these members.
struct RedisFixture {
  keyhole::Instance redis =
      std::move(*keyhole::Start(keyhole::Options().Set("listen", "127.0.0.1:0")));
  std::string url = "redis://127.0.0.1:" + std::to_string(redis.port());
  keyhole::Connection inside = redis.Connect();  // to prepare, and to look at what was done
};

int main() {
  for (int test = 0; test < 10; ++test) {
    RedisFixture fixture;
    const bool empty = !fixture.inside.Get("counter");
    const bool one = *fixture.inside.Incr("counter") == 1;
    if (!empty || !one) return std::puts("a test has seen another's keys"), 1;
    if (test == 0) std::printf("the code under test connects to %s\n", fixture.url.c_str());
  }
}
