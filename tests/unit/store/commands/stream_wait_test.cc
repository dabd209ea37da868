// XREAD and XREADGROUP that wait, where that takes a clock of the test's own.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/store/store_client.h"

namespace keyhole::test {
namespace {

class Waiter {
 public:
  explicit Waiter(TestStore& test) : test_(test), client_(test.store.Connect("", test.now)) {}

  store::Outcome Ask(const std::vector<std::string_view>& args) {
    resp::ByteQueue out;
    return test_.store.Execute(*client_, resp::Find(args), args, test_.now, &out);
  }
  // Empty: it waits still.
  std::string Reply() {
    resp::ByteQueue out;
    return test_.store.TakeMessages(*client_, &out) ? std::string(out.Data()) : std::string();
  }

 private:
  TestStore& test_;
  store::Store::ClientPtr client_;
};

// Nobody asks for the key: the sweep has to tell.
TEST(StreamWaitTest, TheKeyExpires) {
  TestStore test;
  TestClient client(test);
  client.Ask("XGROUP CREATE x g $ MKSTREAM");
  client.Ask("PEXPIRE x 100");
  Waiter in_group(test);
  Waiter alone(test);
  EXPECT_EQ(in_group.Ask({"XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "x", ">"}),
            store::Outcome::kWaiting);
  EXPECT_EQ(alone.Ask({"XREAD", "BLOCK", "0", "STREAMS", "x", "$"}), store::Outcome::kWaiting);
  test.store.Sweep(test.now + 50);
  EXPECT_EQ(in_group.Reply(), "");
  test.now += 200;
  test.store.Sweep(test.now);
  EXPECT_EQ(in_group.Reply(), "-UNBLOCKED the stream key no longer exists\r\n");
  EXPECT_EQ(alone.Reply(), "");
  client.Ask("XADD x 5-5 f v");
  EXPECT_EQ(alone.Reply(),
            "*1\r\n*2\r\n$1\r\nx\r\n*1\r\n*2\r\n$3\r\n5-5\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n");
}

// What comes and goes in one transaction is no news. (Redis 7.0.15 tells of a stream without
// entries.)
TEST(StreamWaitTest, AnEmptiedStreamIsNoNews) {
  TestStore test;
  TestClient client(test);
  Waiter waiter(test);
  EXPECT_EQ(waiter.Ask({"XREAD", "BLOCK", "0", "STREAMS", "x", "0"}), store::Outcome::kWaiting);
  for (const char* line : {"MULTI", "XADD x 1-1 f v", "XDEL x 1-1", "EXEC"}) client.Ask(line);
  EXPECT_EQ(waiter.Reply(), "");
  client.Ask("XADD x MAXLEN 0 2-1 f v");
  EXPECT_EQ(waiter.Reply(), "");
  client.Ask("XADD x 3-1 f v");
  EXPECT_NE(waiter.Reply(), "");
}

TEST(StreamWaitTest, MillisecondsCount) {
  TestStore test;
  Waiter waiter(test);
  EXPECT_EQ(waiter.Ask({"XREAD", "BLOCK", "15", "STREAMS", "x", "0"}), store::Outcome::kWaiting);
  EXPECT_EQ(test.store.next_deadline(), test.now + 15);
  test.store.EndWaits(test.now + 14);
  EXPECT_EQ(waiter.Reply(), "");
  test.store.EndWaits(test.now + 15);
  EXPECT_EQ(waiter.Reply(), "*-1\r\n");
}

}  // namespace
}  // namespace keyhole::test
