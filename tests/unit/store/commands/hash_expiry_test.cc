// Fields of hashes that end by a time of their own. There is no Redis 7.4 to compare with: the
// replies are those of its own tests.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "proxy/store/rdb/dump.h"
#include "proxy/store/rdb/listpack.h"
#include "tests/unit/store/replies.h"
#include "tests/unit/store/store_client.h"

namespace keyhole::test {
namespace {

std::string Integers(const std::vector<int64_t>& numbers) {
  std::string reply = "*" + std::to_string(numbers.size()) + "\r\n";
  for (const int64_t number : numbers) reply += ":" + std::to_string(number) + "\r\n";
  return reply;
}

// A hash "h" of a, b and c, however it is kept.
enum class Kept { kListed, kPacked, kInATable };
class HashExpiry : public testing::TestWithParam<Kept> {
 protected:
  HashExpiry() {
    if (GetParam() != Kept::kListed) client_.Ask("CONFIG SET hash-max-listpack-entries 0");
    client_.Ask("HSET h a 1 b 2 c 3");
    if (GetParam() == Kept::kInATable) {
      for (int i = 0; i < 200; ++i) client_.Ask("HSET h x" + std::to_string(i) + " v");
    }
    size_ = Number(client_.Ask("HLEN h"));
  }

  TestStore test_;
  TestClient client_{test_};
  int64_t size_;
};

INSTANTIATE_TEST_SUITE_P(As, HashExpiry,
                         testing::Values(Kept::kListed, Kept::kPacked, Kept::kInATable));

TEST_P(HashExpiry, AFieldEndsAndTheOthersStay) {
  EXPECT_EQ(client_.Ask("HPEXPIRE h 100 FIELDS 2 a nosuch"), Integers({1, -2}));
  EXPECT_EQ(client_.Ask("HPTTL h FIELDS 3 a b nosuch"), Integers({100, -1, -2}));
  test_.now += 99;
  EXPECT_EQ(client_.Ask("HGET h a"), "$1\r\n1\r\n");
  test_.now += 1;
  EXPECT_EQ(client_.Ask("HGET h a"), "$-1\r\n");
  EXPECT_EQ(client_.Ask("HEXISTS h a"), ":0\r\n");
  EXPECT_EQ(client_.Ask("HGET h b"), "$1\r\n2\r\n");
  EXPECT_EQ(Number(client_.Ask("HLEN h")), size_ - 1);
  EXPECT_EQ(client_.Ask("HPTTL h FIELDS 1 a"), Integers({-2}));
}

// Whichever command asks first.
TEST_P(HashExpiry, NoCommandSeesAFieldThatHasEnded) {
  for (const std::string command :
       {"HGETALL h", "HKEYS h", "HVALS h", "HMGET h a", "HSCAN h 0 COUNT 1000", "HRANDFIELD h 1000",
        "HSTRLEN h a", "HGETDEL h FIELDS 1 a", "HGETEX h FIELDS 1 a", "SORT l BY nosort GET *->a",
        "EVAL return{redis.call('hget','h','a')} 0"}) {
    client_.Ask("DEL l");
    client_.Ask("RPUSH l h");
    client_.Ask("HSET h a needle");
    client_.Ask("HPEXPIRE h 10 FIELDS 1 a");
    test_.now += 10;
    EXPECT_EQ(client_.Ask(command).find("needle"), std::string::npos) << command;
    EXPECT_EQ(Number(client_.Ask("HLEN h")), size_ - 1) << command;
  }
}

TEST_P(HashExpiry, TheConditionsHold) {
  EXPECT_EQ(client_.Ask("HPEXPIRE h 1000 XX FIELDS 1 a"), Integers({0}));
  EXPECT_EQ(client_.Ask("HPEXPIRE h 1000 GT FIELDS 1 a"), Integers({0})) << "never is later";
  EXPECT_EQ(client_.Ask("HPEXPIRE h 1000 NX FIELDS 1 a"), Integers({1}));
  EXPECT_EQ(client_.Ask("HPEXPIRE h 2000 NX FIELDS 2 a b"), Integers({0, 1}));
  EXPECT_EQ(client_.Ask("HPEXPIRE h 1500 GT FIELDS 2 a b"), Integers({1, 0}));
  EXPECT_EQ(client_.Ask("HPEXPIRE h 1200 LT FIELDS 3 a b c"), Integers({1, 1, 1}));
  EXPECT_EQ(client_.Ask("HPTTL h FIELDS 3 a b c"), Integers({1200, 1200, 1200}));
}

TEST_P(HashExpiry, APastTimeDeletesAtOnceAndTheLastFieldTheKey) {
  EXPECT_EQ(client_.Ask("HEXPIREAT h 1 FIELDS 3 a a nosuch"), Integers({2, -2, -2}));
  EXPECT_EQ(client_.Ask("HEXISTS h a"), ":0\r\n");
  EXPECT_EQ(Number(client_.Ask("HLEN h")), size_ - 1);
  client_.Ask("HSET one f v");
  EXPECT_EQ(client_.Ask("HPEXPIRE one 0 FIELDS 1 f"), Integers({2}));
  EXPECT_EQ(client_.Ask("EXISTS one"), ":0\r\n");
}

TEST_P(HashExpiry, WhatIsSetAnewDoesNotEndAndWhatIsCountedDoes) {
  client_.Ask("HPEXPIRE h 100 FIELDS 3 a b c");
  EXPECT_EQ(client_.Ask("HSET h a 7"), ":0\r\n");
  EXPECT_EQ(client_.Ask("HINCRBY h b 5"), ":7\r\n");
  EXPECT_EQ(client_.Ask("HINCRBYFLOAT h c 0.5"), "$3\r\n3.5\r\n");
  EXPECT_EQ(client_.Ask("HPTTL h FIELDS 3 a b c"), Integers({-1, 100, 100}));
  EXPECT_EQ(client_.Ask("HPERSIST h FIELDS 3 a b nosuch"), Integers({-1, 1, -2}));
  test_.now += 1000;
  EXPECT_EQ(client_.Ask("HMGET h a b c"), "*3\r\n$1\r\n7\r\n$1\r\n7\r\n$-1\r\n");
}

TEST_P(HashExpiry, TimesAreToldInEachUnit) {
  const int64_t now = test_.now;
  client_.Ask("HPEXPIREAT h " + std::to_string(now + 1500) + " FIELDS 1 a");
  EXPECT_EQ(client_.Ask("HTTL h FIELDS 1 a"), Integers({2}));
  EXPECT_EQ(client_.Ask("HPTTL h FIELDS 1 a"), Integers({1500}));
  EXPECT_EQ(client_.Ask("HEXPIRETIME h FIELDS 1 a"), Integers({now / 1000 + 2}));
  EXPECT_EQ(client_.Ask("HPEXPIRETIME h FIELDS 1 a"), Integers({now + 1500}));
  client_.Ask("HEXPIREAT h " + std::to_string(now / 1000 + 9) + " FIELDS 1 a");
  EXPECT_EQ(client_.Ask("HPTTL h FIELDS 1 a"), Integers({9000}));
  client_.Ask("HEXPIRE h 4 FIELDS 1 a");
  EXPECT_EQ(client_.Ask("HPTTL h FIELDS 1 a"), Integers({4000}));
}

// COPY, RENAME, MOVE, DUMP and RESTORE, and a snapshot.
TEST_P(HashExpiry, EndsGoWithTheHash) {
  client_.Ask("HPEXPIRE h 1000 FIELDS 1 a");
  client_.Ask("HPEXPIRE h 7000 FIELDS 1 b");
  client_.Ask("COPY h copied");
  const std::string dump = Bulks(client_.Ask("DUMP h"))[0];
  EXPECT_EQ(client_.Ask({"RESTORE", "restored", "0", dump}), "+OK\r\n");
  client_.Ask("RENAME h renamed");
  for (const std::string key : {"copied", "restored", "renamed"}) {
    EXPECT_EQ(client_.Ask("HPTTL " + key + " FIELDS 3 a b c"), Integers({1000, 7000, -1})) << key;
    EXPECT_EQ(Number(client_.Ask("HLEN " + key)), size_);
  }
  test_.now += 1000;
  for (const std::string key : {"copied", "restored", "renamed"}) {
    EXPECT_EQ(client_.Ask("HMGET " + key + " a b"), "*2\r\n$-1\r\n$1\r\n2\r\n") << key;
  }
}

TEST_P(HashExpiry, TheSweeperEndsWhatNobodyAsksFor) {
  client_.Ask("HSET gone f v g w");
  client_.Ask("HPEXPIRE gone 10 FIELDS 2 f g");
  client_.Ask("HPEXPIRE h 10 FIELDS 1 a");
  test_.now += 10;
  EXPECT_EQ(client_.Ask("EXISTS gone"), ":1\r\n") << "as in Redis";
  for (int i = 0; i < 100; ++i) test_.store.Sweep(test_.now);
  EXPECT_EQ(client_.Ask("EXISTS gone h"), ":1\r\n");
  EXPECT_EQ(Number(client_.Ask("DBSIZE")), 1);
}

TEST_P(HashExpiry, EventsTellOfIt) {
  client_.Ask("CONFIG SET notify-keyspace-events Khgx");
  TestClient listener(test_);
  listener.Ask("SUBSCRIBE __keyspace@0__:k");
  client_.Ask("HSET k f 1 g 2");
  client_.Ask("HPEXPIRE k 10 FIELDS 2 f g");
  client_.Ask("HPERSIST k FIELDS 1 g");
  test_.now += 10;
  client_.Ask("HGET k f");
  client_.Ask("HPEXPIRE k 0 FIELDS 1 g");
  std::vector<std::string> events;
  const std::vector<std::string> words = Bulks(listener.Messages());
  for (size_t i = 2; i < words.size(); i += 3) events.push_back(words[i]);
  EXPECT_EQ(events,
            (std::vector<std::string>{"hset", "hexpire", "hpersist", "hexpired", "hdel", "del"}));
}

TEST_P(HashExpiry, AFieldThatEndsBreaksAWatch) {
  client_.Ask("HPEXPIRE h 10 FIELDS 1 a");
  client_.Ask("WATCH h");
  TestClient other(test_);
  test_.now += 10;
  other.Ask("HGET h b");
  client_.Ask("MULTI");
  client_.Ask("PING");
  EXPECT_EQ(client_.Ask("EXEC"), "*-1\r\n");
}

TEST_P(HashExpiry, AFieldThatEndedBeforeBreaksNoWatch) {
  client_.Ask("HPEXPIRE h 10 FIELDS 1 a");
  test_.now += 10;
  client_.Ask("WATCH h");
  client_.Ask("HGET h b");
  client_.Ask("MULTI");
  client_.Ask("PING");
  EXPECT_EQ(client_.Ask("EXEC"), "*1\r\n+PONG\r\n");
}

TEST_P(HashExpiry, ValuesAndEndsInOne) {
  EXPECT_EQ(client_.Ask("HGETEX h PX 500 FIELDS 2 a nosuch"), "*2\r\n$1\r\n1\r\n$-1\r\n");
  EXPECT_EQ(client_.Ask("HGETEX h PERSIST FIELDS 1 b"), "*1\r\n$1\r\n2\r\n");
  EXPECT_EQ(client_.Ask("HPTTL h FIELDS 2 a b"), Integers({500, -1}));
  EXPECT_EQ(client_.Ask("HGETDEL h FIELDS 3 c c nosuch"), "*3\r\n$1\r\n3\r\n$-1\r\n$-1\r\n");
  EXPECT_EQ(client_.Ask("HSETEX h FNX PX 900 FIELDS 2 a 5 d 6"), ":0\r\n");
  EXPECT_EQ(client_.Ask("HSETEX h FXX KEEPTTL FIELDS 1 a 5"), ":1\r\n");
  EXPECT_EQ(client_.Ask("HSETEX h PX 900 FIELDS 1 d 6"), ":1\r\n");
  EXPECT_EQ(client_.Ask("HPTTL h FIELDS 2 a d"), Integers({500, 900}));
  EXPECT_EQ(client_.Ask("HMGET h a d"), "*2\r\n$1\r\n5\r\n$1\r\n6\r\n");
  EXPECT_EQ(client_.Ask("HSETEX new EX 1 FIELDS 1 f v"), ":1\r\n");
  test_.now += 1000;
  EXPECT_EQ(client_.Ask("HGETALL new"), "*0\r\n");
  EXPECT_EQ(client_.Ask("EXISTS new"), ":0\r\n");
}

TEST_P(HashExpiry, TheEncodingIsShownAsInRedis) {
  const std::string before = client_.Ask("OBJECT ENCODING h");
  client_.Ask("HEXPIRE h 100 FIELDS 1 a");
  const bool listed = GetParam() == Kept::kListed;
  EXPECT_EQ(client_.Ask("OBJECT ENCODING h"), listed ? "$10\r\nlistpackex\r\n" : before);
  client_.Ask("HSET h long " + std::string(65, 'x'));
  EXPECT_EQ(client_.Ask("OBJECT ENCODING h"), "$9\r\nhashtable\r\n");
}

TEST(HashExpiryErrors, AreThoseOfRedis) {
  TestStore test;
  TestClient client(test);
  client.Ask("HSET h a 1");
  client.Ask("SET s v");
  const auto error = [&client](const std::string& line) { return client.Ask(line); };
  EXPECT_EQ(error("HEXPIRE s 1 FIELDS 1 a").substr(0, 10), "-WRONGTYPE");
  EXPECT_EQ(error("HEXPIRE h x FIELDS 1 a"), "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(error("HEXPIRE h -1 FIELDS 1 a"), "-ERR invalid expire time, must be >= 0\r\n");
  EXPECT_EQ(error("HEXPIRE h 70368744178 FIELDS 1 a"),
            "-ERR invalid expire time in 'hexpire' command\r\n");
  EXPECT_EQ(error("HEXPIRE h 1 WORDS 1 a"),
            "-ERR Mandatory argument FIELDS is missing or not at the right position\r\n");
  EXPECT_EQ(error("HEXPIRE h 1 FIELDS 0 a"),
            "-ERR Parameter `numFields` should be greater than 0\r\n");
  EXPECT_EQ(error("HTTL h FIELDS x a"), "-ERR Number of fields must be a positive integer\r\n");
  EXPECT_EQ(error("HPERSIST h FIELDS 2 a"),
            "-ERR The `numfields` parameter must match the number of arguments\r\n");
  EXPECT_EQ(client.Ask("HTTL nosuch FIELDS 2 a b"), Integers({-2, -2}));
  EXPECT_EQ(error("HSETEX h EX 1 KEEPTTL FIELDS 1 a b"),
            "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified\r\n");
}

// Of Redis 7.4: in a listpack, in which the end of each field stands behind it.
TEST(HashExpiryPayload, OfRedisIsRead) {
  TestStore test;
  TestClient client(test);
  store::rdb::ListpackWriter fields;
  for (const char* text : {"a", "1", "1700000005000", "b", "2", "0"}) fields.Append(text);
  std::string payload;
  store::rdb::Writer writer(&payload);
  writer.Byte(static_cast<uint8_t>(store::rdb::Form::kHashTimedListpack));
  writer.Milliseconds(test.now + 5000);
  writer.String(fields.Finish());
  store::rdb::ClosePayload(&payload, store::rdb::kNewestVersion);
  EXPECT_EQ(client.Ask({"RESTORE", "h", "0", payload}), "+OK\r\n");
  EXPECT_EQ(client.Ask("HPTTL h FIELDS 2 a b"), Integers({5000, -1}));
  EXPECT_EQ(client.Ask("HMGET h a b"), "*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
}

// A newer one is refused, as is one that ends too early or has an end that none can be.
TEST(HashExpiryPayload, OfNobodyIsRefused) {
  TestStore test;
  TestClient client(test);
  const auto restore = [&](const std::function<void(store::rdb::Writer&)>& write,
                           unsigned version) {
    std::string payload;
    store::rdb::Writer writer(&payload);
    writer.Byte(static_cast<uint8_t>(store::rdb::Form::kHashTimed));
    write(writer);
    store::rdb::ClosePayload(&payload, version);
    return client.Ask({"RESTORE", "h", "0", payload}).substr(0, 4);
  };
  const auto one = [](int64_t first, uint64_t distance) {
    return [first, distance](store::rdb::Writer& writer) {
      writer.Milliseconds(first);
      writer.Length(1);
      writer.Length(distance);
      writer.String("field");
      writer.String("value");
    };
  };
  EXPECT_EQ(restore(one(1'700'000'005'000, 1), 13), "-ERR");
  EXPECT_EQ(restore(one(-1, 1), 12), "-ERR");
  EXPECT_EQ(restore(one(INT64_MAX, 2), 12), "-ERR");
  EXPECT_EQ(restore(one(1, UINT64_MAX), 12), "-ERR");
  // What is taken can be written again, and read.
  constexpr int64_t kLast = (int64_t{1} << 48) - 1;
  EXPECT_EQ(restore(one(kLast, 2), 12), "-ERR");
  EXPECT_EQ(restore(one(kLast, static_cast<uint64_t>(kLast)), 12), "-ERR");
  EXPECT_EQ(restore([](store::rdb::Writer& writer) { writer.Milliseconds(1); }, 12), "-ERR");
  EXPECT_EQ(restore(one(1'700'000'005'000, 1), 12), "+OK\r");
}

// A snapshot with an end that its reader refuses could never be loaded again.
TEST(HashExpirySnapshot, WithTheLatestEndThatRestoreTakesIsLoadedAgain) {
  constexpr int64_t kLastEnd = (int64_t{1} << 48) - 1;
  TestStore test({.debug_command = true});
  TestClient client(test);
  std::string payload;
  store::rdb::Writer writer(&payload);
  writer.Byte(static_cast<uint8_t>(store::rdb::Form::kHashTimed));
  writer.Milliseconds(test.now + 5000);
  writer.Length(2);
  writer.Length(1);
  for (const char* text : {"soon", "1"}) writer.String(text);
  writer.Length(static_cast<uint64_t>(kLastEnd - (test.now + 5000)) + 1);
  for (const char* text : {"last", "2"}) writer.String(text);
  store::rdb::ClosePayload(&payload, store::rdb::kNewestVersion);
  ASSERT_EQ(client.Ask({"RESTORE", "h", "0", payload}), "+OK\r\n");
  EXPECT_EQ(client.Ask("DEBUG RELOAD"), "+OK\r\n");
  EXPECT_EQ(client.Ask("HPEXPIRETIME h FIELDS 2 soon last"), Integers({test.now + 5000, kLastEnd}));
}

TEST(HashExpirySnapshot, KeepsTheEnds) {
  TestStore test({.debug_command = true});
  TestClient client(test);
  client.Ask("HSET h a 1 b 2");
  client.Ask("HPEXPIRE h 5000 FIELDS 1 a");
  EXPECT_EQ(client.Ask("DEBUG RELOAD"), "+OK\r\n");
  EXPECT_EQ(client.Ask("HPTTL h FIELDS 2 a b"), Integers({5000, -1}));
  EXPECT_EQ(client.Ask("OBJECT ENCODING h"), "$10\r\nlistpackex\r\n");
}

// A large hash in which many end at once: they go in parts.
TEST(LargeTimedHash, IsSweptInParts) {
  TestStore test;
  TestClient client(test);
  for (int i = 0; i < 20'000; ++i) {
    const std::string field = "field:" + std::to_string(i);
    client.Ask("HSET h " + field + " value");
    client.Ask("HPEXPIRE h 10000 FIELDS 1 " + field);
  }
  client.Ask("HSET h last v");
  const int64_t full = Number(client.Ask("MEMORY USAGE h"));
  test.now += 60'000;
  int turns = 0;
  for (; turns < 1000 && test.store.Sweep(test.now); ++turns) {
  }
  EXPECT_GT(turns, 5);
  EXPECT_EQ(client.Ask("HLEN h"), ":1\r\n");
  EXPECT_LT(Number(client.Ask("MEMORY USAGE h")), full / 50);
}

}  // namespace
}  // namespace keyhole::test
