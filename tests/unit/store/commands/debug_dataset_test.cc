// DEBUG RELOAD, DIGEST and DIGEST-VALUE.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/store/store_client.h"

namespace keyhole::test {
namespace {

// A key of each type and encoding, in two databases.
void Fill(TestClient& client) {
  client.Ask("SET s hello");
  client.Ask("SET n 12345 PXAT 1800000000000");
  client.Ask("HSET h a 1 b 2");
  client.Ask("SADD i 3 1 2");
  client.Ask("SADD m x y");
  client.Ask("RPUSH l a b a");
  client.Ask("ZADD z 1 a 2.5 b -inf c");
  for (int i = 1; i < 300; ++i) {
    const std::string number = std::to_string(i);
    client.Ask("XADD q " + number + "-1 f " + number);
    client.Ask("HSET H field" + number + " " + number + " more" + number + " x");
    client.Ask("SADD M member" + number + " other" + number);
    client.Ask("ZADD Z " + number + " member" + number);
    client.Ask("RPUSH L " + std::string(100, 'x') + number);
  }
  client.Ask("XGROUP CREATE q g 0");
  client.Ask("XREADGROUP GROUP g ann COUNT 50 STREAMS q >");
  client.Ask("SELECT 3");
  client.Ask("SET s other");
  client.Ask("SELECT 0");
}

TEST(DebugDataset, SurvivesReload) {
  TestStore store({.debug_command = true});
  TestClient client(store);
  EXPECT_EQ(client.Ask("DEBUG DIGEST"), "+" + std::string(40, '0') + "\r\n");
  Fill(client);
  const std::string digest = client.Ask("DEBUG DIGEST");
  const std::string groups = client.Ask("XINFO GROUPS q");
  EXPECT_EQ(client.Ask("DEBUG RELOAD"), "+OK\r\n");
  EXPECT_EQ(client.Ask("DEBUG DIGEST"), digest);
  EXPECT_EQ(client.Ask("XINFO GROUPS q"), groups);
  EXPECT_EQ(client.Ask("PEXPIRETIME n"), ":1800000000000\r\n");
  EXPECT_EQ(client.Ask("OBJECT ENCODING M"), "$9\r\nhashtable\r\n");
  client.Ask("LSET l 0 c");
  EXPECT_NE(client.Ask("DEBUG DIGEST"), digest);
}

TEST(DebugDataset, ValuesAreTheSameInAnyOrderButThatOfAList) {
  TestStore store({.debug_command = true});
  TestClient client(store);
  const auto digest = [&client](const std::string& key) {
    return client.Ask("DEBUG DIGEST-VALUE " + key);
  };
  client.Ask("SADD a x y");
  client.Ask("SADD b y x");
  client.Ask("RPUSH l x y");
  client.Ask("RPUSH m y x");
  EXPECT_EQ(digest("a"), digest("b"));
  EXPECT_NE(digest("l"), digest("m"));
  EXPECT_EQ(digest("missing"), "*1\r\n+" + std::string(40, '0') + "\r\n");
  client.Ask("SADD b z");
  EXPECT_NE(digest("a"), digest("b"));
}

}  // namespace
}  // namespace keyhole::test
