// CONFIG SET that is answered with OK has its effect, whichever parameter it is about.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "proxy/store/settings.h"
#include "tests/unit/store/replies.h"
#include "tests/unit/store/store_client.h"

namespace keyhole::test {
namespace {

using store::Setting;
using store::Settings;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::map<std::string, std::string> Parameters(TestClient& client) {
  const std::vector<std::string> bulks = Bulks(client.Ask("CONFIG GET *"));
  std::map<std::string, std::string> parameters;
  for (size_t i = 0; i + 1 < bulks.size(); i += 2) parameters[bulks[i]] = bulks[i + 1];
  return parameters;
}

// Of each parameter that can be changed, what comes of it. What the process has to do (maxclients,
// timeout) is tried at its sockets, too: tests/integration/config_effect_test.cc.
struct Effect {
  std::string parameter;
  std::function<void(TestStore&, TestClient&)> test;
};

const std::vector<Effect>& Effects() {
  static const std::vector<Effect> effects = {
      {"requirepass",
       [](TestStore& store, TestClient& client) {
         EXPECT_EQ(client.Ask("CONFIG SET requirepass secret"), "+OK\r\n");
         EXPECT_TRUE(store.store.live().asks_password);
         TestClient stranger(store);
         EXPECT_THAT(stranger.Ask("GET k"), StartsWith("-NOAUTH"));
         EXPECT_EQ(stranger.Ask("AUTH secret"), "+OK\r\n");
         EXPECT_EQ(client.Ask("CONFIG SET requirepass x"), "+OK\r\n");
         EXPECT_EQ(client.Ask({"CONFIG", "SET", "requirepass", ""}), "+OK\r\n");
         EXPECT_FALSE(store.store.live().asks_password);
         EXPECT_EQ(TestClient(store).Ask("GET k"), "$-1\r\n");
       }},
      {"busy-reply-threshold",
       [](TestStore& store, TestClient& client) {
         EXPECT_EQ(client.Ask("CONFIG SET busy-reply-threshold 1"), "+OK\r\n");
         TestClient runner(store);
         EXPECT_EQ(runner.Ask({"EVAL", "for i = 1, 1e7 do end return 1", "0"}), "");
         EXPECT_THAT(client.Ask("GET k"), StartsWith("-BUSY"));
       }},
      {"maxmemory",
       [](TestStore&, TestClient& client) {
         EXPECT_EQ(client.Ask("SET k v"), "+OK\r\n");
         EXPECT_EQ(client.Ask("CONFIG SET maxmemory 1"), "+OK\r\n");
         EXPECT_THAT(client.Ask("SET k v"), StartsWith("-OOM"));
       }},
      {"maxmemory-policy",
       [](TestStore&, TestClient& client) {
         EXPECT_EQ(client.Ask("CONFIG SET maxmemory-policy allkeys-lru maxmemory 1mb"), "+OK\r\n");
         const std::string value(1000, 'x');
         for (int i = 0; i < 2000; ++i) {
           EXPECT_EQ(client.Ask({"SET", "k" + std::to_string(i), value}), "+OK\r\n");
         }
         EXPECT_EQ(client.Ask("EXISTS k0"), ":0\r\n");
         EXPECT_EQ(client.Ask("EXISTS k1999"), ":1\r\n");
       }},
      {"maxclients",
       [](TestStore& store, TestClient& client) {
         EXPECT_EQ(store.store.live().max_clients, 10000);
         EXPECT_EQ(client.Ask("CONFIG SET maxclients 7"), "+OK\r\n");
         EXPECT_EQ(store.store.live().max_clients, 7);
         EXPECT_THAT(client.Ask("INFO clients"), HasSubstr("maxclients:7\r\n"));
       }},
      {"timeout",
       [](TestStore& store, TestClient& client) {
         EXPECT_EQ(client.Ask("CONFIG SET timeout 3"), "+OK\r\n");
         EXPECT_EQ(store.store.live().idle_timeout, 3000);
         EXPECT_EQ(client.Ask("CONFIG SET timeout 0"), "+OK\r\n");
         EXPECT_EQ(store.store.live().idle_timeout, 0);
       }},
      {"hash-max-listpack-entries",
       [](TestStore&, TestClient& client) {
         EXPECT_EQ(client.Ask("CONFIG SET hash-max-listpack-entries 1"), "+OK\r\n");
         EXPECT_EQ(client.Ask("HSET h a 1 b 2"), ":2\r\n");
         EXPECT_THAT(client.Ask("OBJECT ENCODING h"), HasSubstr("hashtable"));
       }},
      {"hash-max-listpack-value",
       [](TestStore&, TestClient& client) {
         EXPECT_EQ(client.Ask("CONFIG SET hash-max-listpack-value 3"), "+OK\r\n");
         EXPECT_EQ(client.Ask("HSET h a 1234"), ":1\r\n");
         EXPECT_THAT(client.Ask("OBJECT ENCODING h"), HasSubstr("hashtable"));
       }},
      {"set-max-intset-entries",
       [](TestStore&, TestClient& client) {
         EXPECT_EQ(client.Ask("CONFIG SET set-max-intset-entries 1"), "+OK\r\n");
         EXPECT_EQ(client.Ask("SADD s 1 2"), ":2\r\n");
         EXPECT_THAT(client.Ask("OBJECT ENCODING s"), Not(HasSubstr("intset")));
       }},
      {"list-max-listpack-size",
       [](TestStore&, TestClient& client) {
         const auto memory = [&client](const std::string& key) {
           for (int i = 0; i < 100; ++i) client.Ask("RPUSH " + key + " element");
           return std::stoi(client.Ask("MEMORY USAGE " + key).substr(1));
         };
         EXPECT_LT(memory("a"), 2000);
         EXPECT_EQ(client.Ask("CONFIG SET list-max-listpack-size 1"), "+OK\r\n");
         EXPECT_GT(memory("b"), 4000);
       }},
      {"list-compress-depth",  // what Redis compresses may take more memory here, and no more than
                               // that
       [](TestStore&, TestClient& client) {
         EXPECT_EQ(client.Ask("CONFIG SET list-compress-depth 1"), "+OK\r\n");
         EXPECT_EQ(client.Ask("RPUSH l a b c"), ":3\r\n");
         EXPECT_EQ(client.Ask("LINDEX l 1"), "$1\r\nb\r\n");
       }},
      {"stream-node-max-bytes",  // a trim that takes whole blocks only shows where they end
       [](TestStore&, TestClient& client) {
         EXPECT_EQ(client.Ask("CONFIG SET stream-node-max-bytes 64"), "+OK\r\n");
         for (int i = 0; i < 10; ++i) client.Ask("XADD x * field value");
         EXPECT_EQ(client.Ask("XTRIM x MAXLEN ~ 5"), ":3\r\n");
       }},
      {"stream-node-max-entries",
       [](TestStore&, TestClient& client) {
         EXPECT_EQ(client.Ask("CONFIG SET stream-node-max-entries 3"), "+OK\r\n");
         for (int i = 0; i < 10; ++i) client.Ask("XADD x * field value");
         EXPECT_EQ(client.Ask("XTRIM x MAXLEN ~ 5"), ":3\r\n");
       }},
      {"hll-sparse-max-bytes",
       [](TestStore&, TestClient& client) {
         EXPECT_EQ(client.Ask("PFADD sparse a b c"), ":1\r\n");
         EXPECT_EQ(client.Ask("PFDEBUG ENCODING sparse"), "+sparse\r\n");
         EXPECT_EQ(client.Ask("CONFIG SET hll-sparse-max-bytes 20"), "+OK\r\n");
         EXPECT_EQ(client.Ask("PFADD dense a b c"), ":1\r\n");
         EXPECT_EQ(client.Ask("PFDEBUG ENCODING dense"), "+dense\r\n");
       }},
      {"zset-max-listpack-entries",
       [](TestStore&, TestClient& client) {
         EXPECT_EQ(client.Ask("CONFIG SET zset-max-listpack-entries 1"), "+OK\r\n");
         EXPECT_EQ(client.Ask("ZADD z 1 a 2 b"), ":2\r\n");
         EXPECT_THAT(client.Ask("OBJECT ENCODING z"), HasSubstr("skiplist"));
       }},
      {"zset-max-listpack-value",
       [](TestStore&, TestClient& client) {
         EXPECT_EQ(client.Ask("CONFIG SET zset-max-listpack-value 3"), "+OK\r\n");
         EXPECT_EQ(client.Ask("ZADD z 1 1234"), ":1\r\n");
         EXPECT_THAT(client.Ask("OBJECT ENCODING z"), HasSubstr("skiplist"));
       }},
      {"slowlog-log-slower-than",
       [](TestStore&, TestClient& client) {
         EXPECT_EQ(client.Ask("GET k"), "$-1\r\n");
         EXPECT_EQ(client.Ask("SLOWLOG LEN"), ":0\r\n");
         EXPECT_EQ(client.Ask("CONFIG SET slowlog-log-slower-than 0"), "+OK\r\n");
         EXPECT_EQ(client.Ask("GET k"), "$-1\r\n");
         EXPECT_EQ(client.Ask("SLOWLOG LEN"), ":1\r\n");
         EXPECT_EQ(client.Ask("CONFIG SET slowlog-log-slower-than 3600000000"), "+OK\r\n");
         EXPECT_EQ(client.Ask("SLOWLOG RESET"), "+OK\r\n");
         EXPECT_EQ(client.Ask("GET k"), "$-1\r\n");
         EXPECT_EQ(client.Ask("SLOWLOG LEN"), ":0\r\n");
         EXPECT_EQ(client.Ask("CONFIG SET slowlog-log-slower-than 10000"), "+OK\r\n");
         EXPECT_EQ(client.Ask("DEBUG SLEEP 0.02"), "+OK\r\n");
         EXPECT_EQ(client.Ask("SLOWLOG LEN"), ":1\r\n");
       }},
      {"latency-monitor-threshold",
       [](TestStore&, TestClient& client) {
         EXPECT_EQ(client.Ask("CONFIG SET latency-monitor-threshold 10"), "+OK\r\n");
         client.Ask("DEBUG SLEEP 0.02");
         EXPECT_THAT(client.Ask("LATENCY LATEST"), StartsWith("*1\r\n*4\r\n$7\r\ncommand\r\n"));
       }},
      {"latency-tracking",
       [](TestStore&, TestClient& client) {
         EXPECT_EQ(client.Ask("CONFIG SET latency-tracking yes"), "+OK\r\n");
         client.Ask("GET k");
         EXPECT_THAT(client.Ask("LATENCY HISTOGRAM get"), HasSubstr("histogram_usec"));
       }},
      {"latency-tracking-info-percentiles",
       [](TestStore&, TestClient& client) {
         client.Ask("CONFIG SET latency-tracking yes latency-tracking-info-percentiles 77");
         client.Ask("GET k");
         EXPECT_THAT(client.Ask("INFO latencystats"),
                     HasSubstr("latency_percentiles_usec_get:p77="));
       }},
      {"notify-keyspace-events",  // observers_test.cc has more
       [](TestStore& store, TestClient& client) {
         EXPECT_EQ(client.Ask("CONFIG SET notify-keyspace-events E$"), "+OK\r\n");
         TestClient listener(store);
         listener.Ask("SUBSCRIBE __keyevent@0__:set");
         client.Ask("SET k v");
         EXPECT_THAT(listener.Messages(), HasSubstr("message"));
       }},
      {"tracking-table-max-keys",
       [](TestStore&, TestClient& client) {
         EXPECT_EQ(client.Ask("CONFIG SET tracking-table-max-keys 1"), "+OK\r\n");
         client.Ask("CLIENT TRACKING ON");
         client.Ask("MGET a b c");
         EXPECT_THAT(client.Ask("INFO stats"), HasSubstr("tracking_total_keys:1\r\n"));
       }},
      {"slowlog-max-len", [](TestStore&, TestClient& client) {
         EXPECT_EQ(client.Ask("CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 2"), "+OK\r\n");
         for (int i = 0; i < 5; ++i) client.Ask("GET k");
         EXPECT_EQ(client.Ask("SLOWLOG LEN"), ":2\r\n");
         EXPECT_EQ(client.Ask("CONFIG SET slowlog-max-len 0"), "+OK\r\n");
         EXPECT_EQ(client.Ask("SLOWLOG LEN"), ":0\r\n");
       }}};
  return effects;
}

TEST(ConfigEffectTest, EachEffect) {
  for (const Effect& effect : Effects()) {
    SCOPED_TRACE(effect.parameter);
    TestStore store({.debug_command = true});
    TestClient client(store);
    effect.test(store, client);
  }
}

Settings::Change ChangeOf(const std::string& name) {
  return Settings::ChangeOf(Settings::name(*Settings::Find(name)).setting);
}

// The types that are still to come read these.
const std::set<std::string> kOfOtherTypes = {
    "zset-max-listpack-entries", "zset-max-ziplist-entries", "zset-max-listpack-value",
    "zset-max-ziplist-value",    "list-max-listpack-size",   "list-max-ziplist-size"};

// Whatever a parameter is set to: refused, or what it was anyhow, or shown and of a known effect,
// or one of those of settings.def that have no meaning here.
TEST(ConfigEffectTest, WhatIsAnsweredOkIsShownAndHasAnEffect) {
  std::set<std::string> expected = kOfOtherTypes;
  for (const Effect& effect : Effects()) expected.insert(effect.parameter);
  for (const std::string old :
       {"hash-max-ziplist-entries", "hash-max-ziplist-value", "lua-time-limit"}) {
    expected.insert(old);
  }
  std::set<std::string> changed;
  TestStore store;
  TestClient client(store);
  const auto standard = Parameters(client);
  EXPECT_EQ(standard.size(), 192U) << "as in Redis 7.0.15";
  for (const auto& [name, before] : standard) {
    for (const std::string value :
         {"0",   "1",      "2",       "64", "77",     "9999",     "10000",       "123456",
          "1mb", "-1",     "yes",     "no", "always", "everysec", "allkeys-lru", "volatile-lru",
          "AKE", "3600 1", "0.0.0.0", "",   "x"}) {
      SCOPED_TRACE(name + " " + value);
      const std::string reply = client.Ask({"CONFIG", "SET", name, value});
      const std::string shown = Parameters(client)[name];
      if (reply != "+OK\r\n") {
        EXPECT_THAT(reply, StartsWith("-ERR CONFIG SET failed (possibly related to argument '"));
        EXPECT_EQ(shown, before);
        continue;
      }
      if (shown != before) changed.insert(name);
      const bool is_rewritten = name == "hz" || name == "notify-keyspace-events";
      const bool as_written = value != "1mb" && !value.empty() && !is_rewritten;
      EXPECT_TRUE(!as_written || shown == value) << shown;
      EXPECT_EQ(client.Ask({"CONFIG", "SET", name, before}), "+OK\r\n");
    }
  }
  for (auto it = changed.begin(); it != changed.end();) {
    it = ChangeOf(*it) == Settings::Change::kIdle ? changed.erase(it) : std::next(it);
  }
  EXPECT_EQ(changed, expected);
}

TEST(ConfigEffectTest, WhatIsFixedCanBeSetToWhatItIs) {
  TestStore store({.bind = "127.0.0.1 ::1"});
  TestClient client(store);
  for (const auto& [name, value] : Parameters(client)) {
    const std::string reply = client.Ask({"CONFIG", "SET", name, value});
    const Settings::Change change = ChangeOf(name);
    // As in Redis, which refuses these whatever the value.
    if (change == Settings::Change::kImmutable) {
      EXPECT_THAT(reply, HasSubstr("can't set immutable config"));
    } else if (change == Settings::Change::kProtected) {
      EXPECT_THAT(reply, HasSubstr("can't set protected config"));
    } else {
      EXPECT_EQ(reply, "+OK\r\n") << name;
    }
  }
  EXPECT_EQ(client.Ask("CONFIG SET appendonly NO tcp-keepalive 60"), "+OK\r\n");
  EXPECT_EQ(client.Ask("CONFIG SET tcp-keepalive 100"),
            "-ERR CONFIG SET failed (possibly related to argument 'tcp-keepalive') - the embedded "
            "store has it fixed at '60'\r\n");
  EXPECT_EQ(Parameters(client)["bind"], "127.0.0.1 ::1");
}

TEST(ConfigEffectTest, OldNamesAreTheSameParameters) {
  TestStore store;
  TestClient client(store);
  EXPECT_EQ(client.Ask("CONFIG SET lua-time-limit 77"), "+OK\r\n");
  EXPECT_EQ(Parameters(client)["busy-reply-threshold"], "77");
  EXPECT_EQ(Parameters(client)["lua-time-limit"], "77");
  EXPECT_THAT(client.Ask("CONFIG SET lua-time-limit 1 lua-time-limit 2"),
              HasSubstr("'lua-time-limit') - duplicate parameter"));
}

TEST(ConfigEffectTest, SomeAreShownOnlyByName) {
  TestStore store;
  TestClient client(store);
  EXPECT_EQ(client.Ask("CONFIG GET key-load-dela[y]"), "*0\r\n");
  EXPECT_EQ(client.Ask("CONFIG GET key-load-delay"), "*2\r\n$14\r\nkey-load-delay\r\n$1\r\n0\r\n");
}

// What would be answered with OK and not be carried out.
TEST(ConfigEffectTest, PoliciesThatItDoesNotHaveAreRefused) {
  TestStore store;
  TestClient client(store);
  for (const std::string policy : {"allkeys-lfu", "ALLKEYS-LFU", "allkeys-random", "volatile-lru",
                                   "volatile-lfu", "volatile-random", "volatile-ttl"}) {
    EXPECT_EQ(client.Ask({"CONFIG", "SET", "maxmemory-policy", policy}),
              "-ERR CONFIG SET failed (possibly related to argument 'maxmemory-policy') - the "
              "embedded store does not have this policy; it has allkeys-s3-fifo, allkeys-lru and "
              "noeviction\r\n");
    EXPECT_EQ(Parameters(client)["maxmemory-policy"], "noeviction");
  }
  for (const std::string policy : {"allkeys-s3-fifo", "allkeys-lru", "noeviction"}) {
    EXPECT_EQ(client.Ask({"CONFIG", "SET", "maxmemory-policy", policy}), "+OK\r\n");
    EXPECT_EQ(Parameters(client)["maxmemory-policy"], policy);
  }
}

// All or nothing, of effects too.
TEST(ConfigEffectTest, AChangeThatFailsHasNoEffect) {
  TestStore store;
  TestClient client(store);
  EXPECT_THAT(client.Ask("CONFIG SET maxclients 7 timeout 9 tcp-keepalive 100"),
              StartsWith("-ERR"));
  EXPECT_EQ(store.store.live().max_clients, 10000);
  EXPECT_EQ(store.store.live().idle_timeout, 0);
}

TEST(ConfigEffectTest, WhatTheProcessWasStartedWithIsShown) {
  TestStore store({.max_clients = 77, .idle_timeout = 1300});
  TestClient client(store);
  EXPECT_EQ(Parameters(client)["maxclients"], "77");
  EXPECT_EQ(Parameters(client)["timeout"], "2");
  // Another parameter does not round it.
  EXPECT_EQ(client.Ask("CONFIG SET maxclients 78"), "+OK\r\n");
  EXPECT_EQ(store.store.live().idle_timeout, 1300);
  EXPECT_EQ(client.Ask("CONFIG SET timeout 5"), "+OK\r\n");
  EXPECT_EQ(store.store.live().idle_timeout, 5000);
}

// ---- SLOWLOG ----

class SlowLogTest : public testing::Test {
 protected:
  SlowLogTest() { client_.Ask("CONFIG SET slowlog-log-slower-than 0"); }

  TestStore store_;
  TestClient client_{store_, "10.0.0.1:7"};
};

TEST_F(SlowLogTest, AnEntryHasWhatRedisSaysInIt) {
  client_.Ask("CLIENT SETNAME me");
  client_.Ask("SET k v");
  const std::string entry = client_.Ask("SLOWLOG GET 1");
  EXPECT_THAT(entry, StartsWith("*1\r\n*6\r\n:1\r\n:1700000000\r\n:"));
  EXPECT_THAT(entry, testing::EndsWith("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"
                                       "$10\r\n10.0.0.1:7\r\n$2\r\nme\r\n"));
  EXPECT_THAT(client_.Ask("SLOWLOG GET"), StartsWith("*3\r\n"));
  EXPECT_THAT(client_.Ask("SLOWLOG GET -1"), StartsWith("*4\r\n"));
  EXPECT_EQ(client_.Ask("SLOWLOG GET 0"), "*0\r\n");
}

TEST_F(SlowLogTest, LongRequestsAreCut) {
  std::vector<std::string> many = {"DEL"};
  while (many.size() < 40) many.push_back("k" + std::to_string(many.size()));
  client_.Ask(many);
  const std::string cut = client_.Ask("SLOWLOG GET 1");
  EXPECT_THAT(cut, HasSubstr("*32\r\n$3\r\nDEL\r\n"));
  EXPECT_THAT(cut, HasSubstr("$3\r\nk30\r\n$22\r\n... (9 more arguments)\r\n"));
  client_.Ask({"SET", "k", std::string(1000, 'x')});
  EXPECT_THAT(client_.Ask("SLOWLOG GET 1"),
              HasSubstr("\r\n" + std::string(128, 'x') + "... (872 more bytes)\r\n"));
}

TEST_F(SlowLogTest, WhatATransactionRunsIsLoggedOneByOne) {
  for (const std::string request : {"SLOWLOG RESET", "MULTI", "SET a 1", "GET a", "EXEC"}) {
    client_.Ask(request);
  }
  const std::string log = client_.Ask("SLOWLOG GET");
  EXPECT_THAT(log, StartsWith("*4\r\n"));
  EXPECT_THAT(log, HasSubstr("$3\r\nSET\r\n"));
  EXPECT_THAT(log, Not(HasSubstr("EXEC")));
}

TEST_F(SlowLogTest, WhatIsRefusedIsNotLogged) {
  client_.Ask("SLOWLOG RESET");
  client_.Ask("NOSUCH a");
  client_.Ask("GET");
  EXPECT_EQ(client_.Ask("SLOWLOG LEN"), ":1\r\n");
}

TEST_F(SlowLogTest, PasswordsAreNotLogged) {
  for (const std::string request :
       {"AUTH secret", "AUTH default secret", "AUTH a b secret", "HELLO 3 AUTH default secret",
        "HELLO 2 AUTH default secret SETNAME n", "HELLO 9 AUTH default secret",
        "HELLO 3 SETNAME ? AUTH default secret", "HELLO 3 AUTH secret",
        "CONFIG SET requirepass secret", "CONFIG SET timeout x REQUIREPASS secret",
        "CONFIG SET requirepass secret nosuch 1", "CONFIG SET requirepass secret x"}) {
    client_.Ask(request);
    const std::string entry = client_.Ask("SLOWLOG GET 1");
    EXPECT_THAT(entry, Not(HasSubstr("secret"))) << request;
    EXPECT_THAT(entry, HasSubstr("(redacted)")) << request;
  }
}

}  // namespace
}  // namespace keyhole::test
