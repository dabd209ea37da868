// Snapshots from Keyhole to redis-server and back: random data of all types and encodings. Values
// are compared by carrying those of Redis over with DUMP and RESTORE, beside those that were
// loaded; DEBUG DIGEST-VALUE says whether the two are the same.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/integration/snapshot/snapshot_dir.h"

namespace keyhole::test {
namespace {

class Filler {
 public:
  explicit Filler(uint64_t seed) : random_(seed) {}

  // A key with a value of any type, by one command or several.
  void Add(HiredisClient& client, const std::string& key) {
    const int size = Any(20) == 0 ? 600 : static_cast<int>(1 + Any(20));
    switch (Any(7)) {
      case 0:
        client.Command({"SET", key, Text()});
        break;
      case 1:
        client.Command(Many({"RPUSH", key}, size, [&](Words* w) { w->push_back(Text()); }));
        break;
      case 2:
        client.Command(Many({"SADD", key}, size, [&](Words* w) { w->push_back(Text()); }));
        break;
      case 3:
        client.Command(Many({"SADD", key}, size, [&](Words* w) { w->push_back(Number()); }));
        break;
      case 4:
        client.Command(Many({"HSET", key}, size, [&](Words* w) {
          w->push_back(Text());
          w->push_back(Text());
        }));
        break;
      case 5:
        client.Command(Many({"ZADD", key}, size, [&](Words* w) {
          w->push_back(Score());
          w->push_back(Text());
        }));
        break;
      default:
        AddStream(client, key, size);
    }
    if (Any(4) == 0) client.Command({"PEXPIRE", key, std::to_string(100'000'000 + Any(1000))});
  }

 private:
  uint64_t Any(uint64_t below) { return random_() % below; }
  template <typename F>
  static Words Many(Words words, int count, F&& add) {
    for (int i = 0; i < count; ++i) add(&words);
    return words;
  }
  std::string Number() {
    const unsigned bits = static_cast<unsigned>(Any(64));
    return std::to_string(static_cast<int64_t>(random_()) >> bits);
  }
  std::string Score() {
    // Not -0: a small sorted set of Redis loses its sign.
    constexpr const char* kScores[] = {"inf", "-inf", "0", "3.1", "1e300", "-5e-324", "17"};
    return Any(2) == 0 ? kScores[Any(std::size(kScores))] : Number();
  }
  std::string Text() {
    switch (Any(5)) {
      case 0:
        return Number();
      case 1:
        return std::string(Any(100), static_cast<char>('a' + Any(3)));  // can be compressed
      case 2:
        return "";
      default: {
        std::string text;
        for (uint64_t left = Any(Any(10) == 0 ? 9000 : 40); left > 0; --left) {
          text.push_back(static_cast<char>(Any(256)));
        }
        return text;
      }
    }
  }
  void AddStream(HiredisClient& client, const std::string& key, int size) {
    for (int i = 1; i <= size; ++i) {
      // Of any distance, with and without a second part.
      Words words = {"XADD", key, std::to_string(100 * i)};
      if (Any(2) == 0) words.back() += "-" + std::to_string(random_() >> Any(64));
      client.Command(Many(words, 1 + static_cast<int>(Any(3)), [&](Words* w) {
        w->push_back(Any(3) == 0 ? Text() : "field");
        w->push_back(Text());
      }));
      if (Any(6) == 0) client.Command({"XDEL", key, std::to_string(100 * i)});
    }
    if (Any(2) == 0) return;
    client.Command({"XGROUP", "CREATE", key, "group", "0"});
    for (const char* const name : {"ann", "bob", "carl"}) {
      client.Command({"XREADGROUP", "GROUP", "group", name, "COUNT", std::to_string(1 + Any(9)),
                      "STREAMS", key, ">"});
    }
  }

  std::mt19937_64 random_;
};

constexpr int kKeys = 60;

void Fill(HiredisClient& client, uint64_t seed) {
  Filler filler(seed);
  client.Command({"FLUSHALL"});
  for (int i = 0; i < kKeys; ++i) {
    client.Command({"SELECT", i % 3 == 0 ? "5" : "0"});
    filler.Add(client, "key:" + std::to_string(i));
  }
}

// All keys of Redis are in Keyhole as well, and the other way round.
void ExpectSame(HiredisClient& redis, HiredisClient& keyhole) {
  for (const char* const database : {"0", "5"}) {
    redis.Command({"SELECT", database});
    keyhole.Command({"SELECT", database});
    EXPECT_EQ(redis.Command({"DBSIZE"}), keyhole.Command({"DBSIZE"}));
    for (const Reply& name : redis.Command({"KEYS", "*"}).elements) {
      const std::string& key = name.text;
      const std::string payload = redis.Command({"DUMP", key}).text;
      ASSERT_TRUE(keyhole.Command({"RESTORE", "copy", "0", payload, "REPLACE"}).ok()) << key;
      const Reply digests = keyhole.Command({"DEBUG", "DIGEST-VALUE", key, "copy"});
      EXPECT_EQ(digests.elements[0], digests.elements[1])
          << key << " is a " << redis.Command({"TYPE", key}).text;
      EXPECT_EQ(redis.Command({"PEXPIRETIME", key}), keyhole.Command({"PEXPIRETIME", key})) << key;
      EXPECT_EQ(redis.Command({"TYPE", key}), keyhole.Command({"TYPE", key})) << key;
    }
    keyhole.Command({"DEL", "copy"});
  }
}

TEST(SnapshotExchange, RedisLoadsWhatKeyholeWrites) {
  const SnapshotDir dir;
  KeyholeProcess keyhole({"--snapshot", dir.File(), "--enable-debug-command"});
  HiredisClient writer = ClientOf(keyhole.port());
  for (uint64_t seed = 1; seed <= 15; ++seed) {
    SCOPED_TRACE(seed);
    Fill(writer, seed);
    ASSERT_TRUE(writer.Command({"SAVE"}).ok());
    RedisServer redis(dir.RedisConfig());
    HiredisClient reader = ClientOf(redis.port());
    ExpectSame(reader, writer);
  }
}

TEST(SnapshotExchange, KeyholeLoadsWhatRedisWrites) {
  for (uint64_t seed = 101; seed <= 115; ++seed) {
    SCOPED_TRACE(seed);
    const SnapshotDir dir;
    RedisServer redis(dir.RedisConfig());
    HiredisClient writer = ClientOf(redis.port());
    Fill(writer, seed);
    ASSERT_TRUE(writer.Command({"SAVE"}).ok());
    KeyholeProcess keyhole({"--load", dir.File(), "--enable-debug-command"});
    HiredisClient reader = ClientOf(keyhole.port());
    ExpectSame(writer, reader);
  }
}

}  // namespace
}  // namespace keyhole::test
