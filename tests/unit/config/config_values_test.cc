// Stories about the values that options take.
#include "proxy/config/config_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/config_loading.h"

namespace keyhole::core {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

TEST(ConfigValuesTest, Sizes) {
  const auto limit = [](const char* text) {
    return Good({"--client-output-limit", text}).clients.output_limit;
  };
  EXPECT_EQ(limit("0"), 0U);
  EXPECT_EQ(limit("100"), 100U);
  EXPECT_EQ(limit("100b"), 100U);
  EXPECT_EQ(limit("1k"), 1000U);
  EXPECT_EQ(limit("1kb"), 1024U);
  EXPECT_EQ(limit("2M"), 2000000U);
  EXPECT_EQ(limit("256MB"), 256ULL << 20);
  EXPECT_EQ(limit("18446744073709551615"), UINT64_MAX);
  for (const std::string wrong :
       {" ", "mb", "1tb", "1.5mb", "-1", "1 mb", "17179869184gb", "18446744073709551616"}) {
    EXPECT_THAT(Bad({"--client-output-limit", wrong}), HasSubstr("give one like 256mb")) << wrong;
  }
  EXPECT_THAT(Bad({"--http-body-limit", "0"}), HasSubstr("a size from 1 to 512mb"));
  EXPECT_THAT(Bad({"--http-body-limit", "513mb"}), HasSubstr("a size from 1 to 512mb"));
}

TEST(ConfigValuesTest, MemoryIsASizeOrAShare) {
  constexpr uint64_t kMachine = 1000;
  const auto limit = [](const char* text) { return Good({"--max-memory", text}).max_memory; };
  EXPECT_EQ(Good({}).max_memory.Of(kMachine), 750U);
  EXPECT_EQ(limit("1%").Of(kMachine), 10U);
  EXPECT_EQ(limit("100%").Of(kMachine), 1000U);
  EXPECT_EQ(limit("0").Of(kMachine), 0U);
  EXPECT_EQ(limit("2gb").Of(kMachine), 2ULL << 30);
  EXPECT_EQ(limit("5k").Of(kMachine), 5000U);
  EXPECT_THAT(Bad({"--max-memory", "0%"}), HasSubstr("give a share from 1% to 100%"));
  EXPECT_THAT(Bad({"--max-memory", "101%"}), HasSubstr("give a share from 1% to 100%"));
  EXPECT_THAT(Bad({"--max-memory", "much"}), HasSubstr("give one like 512mb, 2gb"));
}

TEST(ConfigValuesTest, SnapshotsAreDueByRules) {
  using Rules = std::vector<store::SaveRule>;
  const auto rules = [](const char* text) {
    return Good({"--snapshot", "x", "--snapshot-every", text}).snapshots.every;
  };
  EXPECT_EQ(Good({}).snapshots.every, (Rules{{3600, 1}, {300, 100}, {60, 10000}}));
  EXPECT_EQ(rules("15m"), (Rules{{900, 1}}));
  EXPECT_EQ(rules("900 1"), (Rules{{900, 1}}));
  EXPECT_EQ(rules("900 1  60 1000"), (Rules{{900, 1}, {60, 1000}}));
  EXPECT_EQ(rules("off"), Rules{});
  for (const char* const wrong : {"900 ", "900 x", "0 1", "900 0", "900 1 60", "1 1 1e3 1"}) {
    EXPECT_THAT(Bad({"--snapshot-every", wrong}), HasSubstr("pairs of seconds and keys")) << wrong;
  }
  EXPECT_THAT(Bad({"--snapshot-every", "often"}), HasSubstr("or off"));
}

TEST(ConfigValuesTest, SnapshotsAreOfTheEmbeddedStore) {
  EXPECT_THAT(Bad({"--snapshot", "x", "--upstream", "127.0.0.1"}), HasSubstr("embedded store"));
  EXPECT_THAT(Bad({"--load", "x", "--upstream", "127.0.0.1"}), HasSubstr("embedded store"));
  EXPECT_THAT(Bad({"--load", "x", "--snapshot", "y"}), HasSubstr("leave one out"));
}

TEST(ConfigValuesTest, Policies) {
  EXPECT_EQ(Good({}).eviction, store::Eviction::kS3Fifo);
  EXPECT_EQ(Good({"--eviction", "NoEviction"}).eviction, store::Eviction::kNone);
  EXPECT_THAT(Bad({"--eviction", "lfu"}), HasSubstr("give s3-fifo, lru or noeviction"));
}

TEST(ConfigValuesTest, Durations) {
  const auto timeout = [](const char* text) {
    return Good({"--client-idle-timeout", text}).clients.idle_timeout;
  };
  EXPECT_EQ(timeout("0"), milliseconds(0));
  EXPECT_EQ(timeout("300"), milliseconds(300000));
  EXPECT_EQ(timeout("300s"), milliseconds(300000));
  EXPECT_EQ(timeout("500ms"), milliseconds(500));
  EXPECT_EQ(timeout("5m"), milliseconds(300000));
  EXPECT_EQ(timeout("8760h"), milliseconds(31536000000));
  for (const std::string wrong : {" ", "s", "1d", "1.5s", "-1s", "99999999999999999999"}) {
    EXPECT_THAT(Bad({"--client-idle-timeout", wrong}), HasSubstr("give one like 500ms")) << wrong;
  }
  EXPECT_THAT(Bad({"--client-idle-timeout", "8761h"}), HasSubstr("from 0 to 8760h"));
  EXPECT_THAT(Bad({"--upstream-connect-timeout", "0"}), HasSubstr("from 1ms to"));
}

TEST(ConfigValuesTest, Addresses) {
  EXPECT_THAT(Bad({"--listen", ":6380"}), HasSubstr("the host is missing; 127.0.0.1:6380 is"));
  EXPECT_THAT(Bad({"--listen", "6380"}), HasSubstr("give host:port"));
  EXPECT_THAT(Bad({"--listen", "localhost"}), HasSubstr("give host:port"));
  EXPECT_THAT(Bad({"--listen", "localhost:x"}),
              HasSubstr("the port is not a number from 0 to 65535"));
  EXPECT_THAT(Bad({"--listen", "::1:6380"}), HasSubstr("an IPv6 address goes in brackets"));
  for (const std::string wrong : {"[::1:6380", "[]:1", "[::1]x", "a b:1", " ", ":"}) {
    EXPECT_THAT(Bad({"--http", wrong}), HasSubstr("is not a valid address")) << wrong;
  }
  EXPECT_THAT(Bad({"--http", "127.0.0.1:65536"}),
              HasSubstr("not a number from 0 to 65535, or off"));
  EXPECT_EQ(Good({"--http", "unix:/x"}).http.listen, Endpoint::Unix("/x"));
  EXPECT_EQ(Good({"--metrics", "[::1]:9100"}).http.metrics, Endpoint::Tcp("::1", 9100));
  EXPECT_EQ(Good({"--metrics", "http"}).http.metrics, std::nullopt);
  EXPECT_THAT(Bad({"--metrics", "off"}), HasSubstr("or http for the address of --http"));
  EXPECT_THAT(Bad({"--listen", "unix:x"}), HasSubstr("begins with /"));
  EXPECT_THAT(Bad({"--listen", "unix:/" + std::string(107, 'x')}), HasSubstr("longer than 107"));
  EXPECT_THAT(Bad({"--listen", ","}), HasSubstr("the list is empty"));
  // The same one twice is once.
  EXPECT_EQ(Good({"--listen", "a:1,b:1", "--listen", "a:1"}).listen.size(), 2U);
}

TEST(ConfigValuesTest, ModesAndOwnersOfUnixSockets) {
  const auto access = [](const std::string& query) {
    return Good({"--listen", "unix:/x?" + query}).listen.at(0).access;
  };
  EXPECT_EQ(access("mode=0660&user=redis&group=www-data"),
            (SocketAccess{.mode = 0660, .user = "redis", .group = "www-data"}));
  EXPECT_EQ(access("mode=777"), (SocketAccess{.mode = 0777, .user = "", .group = ""}));
  EXPECT_EQ(access("group=33"), (SocketAccess{.mode = {}, .user = "", .group = "33"}));
  EXPECT_EQ(Good({"--listen", "unix:/x?mode=0600"}).listen.at(0).ToString(), "unix:/x");
  for (const std::string option : {"--listen", "--http", "--metrics"}) {
    for (const std::string mode : {"", "9", "rw", "01000", "-1", "0x1"}) {
      EXPECT_THAT(Bad({option, "unix:/x?mode=" + mode}), HasSubstr("as in mode=0660")) << mode;
    }
    for (const std::string query :
         {"owner=a", "user=", "group", "mode=0660&x", "user=a&&group=b"}) {
      EXPECT_THAT(Bad({option, "unix:/x?" + query}), HasSubstr("only mode=, user= and group="))
          << query;
    }
  }
}

TEST(ConfigValuesTest, HostsAndOrigins) {
  EXPECT_THAT(Good({"--http-hosts", "Cache.example.org,*.lan,a_b."}).http.hosts,
              testing::ElementsAre("cache.example.org", "*.lan", "a_b"));
  for (const std::string wrong : {"http://a", "a:80", "*", "*.", "a/b", "*a", "a.*", ".a", "a b"}) {
    EXPECT_THAT(Bad({"--http-hosts", wrong}), HasSubstr("is not a valid host name")) << wrong;
  }
  EXPECT_THAT(
      Good({"--http-origins",
            "https://App.example.org:443,http://localhost:3000,http://a:80,http://[::1]:443"})
          .http.origins,
      testing::ElementsAre("https://app.example.org", "http://localhost:3000", "http://a",
                           "http://[::1]:443"));
  for (const std::string wrong : {"*", "null", "a", "https://", "https://a/", "https://a/b", "://a",
                                  "https://*.a", "https://u@a"}) {
    EXPECT_THAT(Bad({"--http-origins", wrong}), HasSubstr("is not a valid origin")) << wrong;
  }
  EXPECT_THAT(Bad({"--http-items", "maybe"}), HasSubstr("give auto, on or off"));
}

TEST(ConfigValuesTest, AddressesShowAndTellWhetherTheyAreLocal) {
  EXPECT_EQ(Endpoint::Tcp("db", 1).ToString(), "db:1");
  EXPECT_EQ(Endpoint::Tcp("::1", 1).ToString(), "[::1]:1");
  EXPECT_EQ(Endpoint::Unix("/a").ToString(), "unix:/a");
  EXPECT_EQ((Upstream{Endpoint::Tcp("db", 1), {}, "u", "secret", 3}).ToString(), "redis://db:1/3");
  EXPECT_EQ((Upstream{Endpoint::Unix("/a"), {}, "u", "secret", 3}).ToString(), "unix:/a?db=3");

  for (const char* local : {"127.0.0.1", "127.9.9.9", "::1", "localhost", "LocalHost"}) {
    EXPECT_TRUE(Endpoint::Tcp(local, 1).IsLocal()) << local;
  }
  for (const char* open : {"0.0.0.0", "::", "10.0.0.1", "db", "127.example.org", "localhost.x"}) {
    EXPECT_FALSE(Endpoint::Tcp(open, 1).IsLocal()) << open;
  }
  EXPECT_TRUE(Endpoint::Unix("/a").IsLocal());
}

TEST(ConfigValuesTest, UpstreamUrls) {
  const auto upstream = [](const std::string& url) { return Good({"--upstream", url}).upstream; };
  const auto tcp = [](const std::string& host, uint16_t port) { return Endpoint::Tcp(host, port); };
  EXPECT_EQ(upstream("embedded"), std::nullopt);
  EXPECT_EQ(upstream("redis://db"), (Upstream{tcp("db", 6379), {}, "", "", 0}));
  EXPECT_EQ(upstream("redis://db/"), (Upstream{tcp("db", 6379), {}, "", "", 0}));
  EXPECT_EQ(upstream("redis://db:1/15"), (Upstream{tcp("db", 1), {}, "", "", 15}));
  EXPECT_EQ(upstream("redis://:pw@db"), (Upstream{tcp("db", 6379), {}, "", "pw", 0}));
  EXPECT_EQ(upstream("redis://[::1]:7/1"), (Upstream{tcp("::1", 7), {}, "", "", 1}));
  EXPECT_EQ(upstream("redis://u:p@[::1]"), (Upstream{tcp("::1", 6379), {}, "u", "p", 0}));
  EXPECT_EQ(upstream("redis://u%40x:%2f%3A%25%00+@db"),
            (Upstream{tcp("db", 6379), {}, "u@x", std::string("/:%\0+", 5), 0}));
  EXPECT_EQ(upstream("redis://u:a@b@db"), (Upstream{tcp("db", 6379), {}, "u", "a@b", 0}));
  EXPECT_EQ(upstream("unix:/run/r.sock"), (Upstream{Endpoint::Unix("/run/r.sock"), {}, "", "", 0}));
  EXPECT_EQ(upstream("unix:///r%20s?db=3"), (Upstream{Endpoint::Unix("/r s"), {}, "", "", 3}));
  EXPECT_EQ(upstream("unix://u:p@/r"), (Upstream{Endpoint::Unix("/r"), {}, "u", "p", 0}));
  EXPECT_EQ(upstream("db"), (Upstream{tcp("db", 6379), {}, "", "", 0}));
  EXPECT_EQ(upstream("db-1.example.org:6390"),
            (Upstream{tcp("db-1.example.org", 6390), {}, "", "", 0}));
  EXPECT_EQ(upstream("redis:6379"), (Upstream{tcp("redis", 6379), {}, "", "", 0}));
  EXPECT_EQ(upstream("[::1]:6379"), (Upstream{tcp("::1", 6379), {}, "", "", 0}));
  EXPECT_EQ(upstream("[::1]"), (Upstream{tcp("::1", 6379), {}, "", "", 0}));
  Upstream tls = *upstream("rediss://:pw@db/1?proxy=v2");
  EXPECT_TRUE(tls.endpoint.tls);
  EXPECT_TRUE(tls.endpoint.proxy);
  EXPECT_EQ(tls.ToString(), "rediss://db:6379/1");
  const Upstream sentinel = *upstream("redis+sentinel://u:p@a,[::1]:7,c:8/m/3");
  EXPECT_EQ(sentinel.ToString(), "redis+sentinel://a:26379,[::1]:7,c:8/m/3");
  EXPECT_EQ(sentinel.password, "p");
  EXPECT_EQ(sentinel.db, 3);
  EXPECT_EQ(sentinel.sentinels->master, "m");
  EXPECT_TRUE(upstream("rediss+sentinel://a/m")->sentinels->endpoints[0].tls);
  EXPECT_EQ(upstream("redis+sentinel://a,b/m?tls")->ToString(),
            "rediss+sentinel://a:26379,b:26379/m/0");
  const Upstream cluster = *upstream("redis+cluster://:p@a,b:7?tls");
  EXPECT_EQ(cluster.ToString(), "rediss+cluster://a:6379,b:7");
  EXPECT_TRUE(cluster.seeds[1].tls);
  EXPECT_EQ(upstream("rediss+cluster://:p@a,b:7"), cluster);
  EXPECT_EQ(upstream("db?tls")->ToString(), "rediss://db:6379/0");
  EXPECT_EQ(upstream("redis://embedded"), (Upstream{tcp("embedded", 6379), {}, "", "", 0}));
}

TEST(ConfigValuesTest, WrongUpstreamUrlsAreExplainedWithoutShowingThePassword) {
  const std::string none =
      "begins with none of redis://, rediss://, redis+cluster://, redis+sentinel:// and unix:; "
      "give";
  const std::map<std::string, std::string> wrong = {
      {"rediss://secret@db", "has no colon; give user:password@"},
      {"redis+sentinel://:secret@db", "the name of the master is missing"},
      {"redis+sentinel://:secret@db/", "the name of the master is missing"},
      {"redis+sentinel://:secret@/m", "the host is missing"},
      {"redis+sentinel://:secret@a,b:x/m", "the port is not a number from 1 to 65535"},
      {"redis+sentinel://secret@a/m", "has no colon"},
      {"unix:/run/x?proxy=v2", "is for TCP"},
      {"redis+cluster://a,b?proxy=v2", "is for TCP to one Redis"},
      {"redis+sentinel://a/m?proxy=v2", "is for TCP to one Redis"},
      {":secret@db:6379", none},
      {"user:secret@db", none},
      {"db/secret", none},
      {"se!cret", none},
      {"http://secret", none},
      {"redis+sentinels://secret", none},
      {":secret", "the host is missing"},
      {"db:secret", "the port is not a number from 1 to 65535"},
      {"db:6379:secret", "an IPv6 address goes in brackets"},
      {"[secret]:6379", "give host:port"},
      {"redis://", "the host is missing"},
      {"redis://:secret", "the host is missing"},
      {"redis://:secret@", "the host is missing"},
      {"redis://user:secret", "the port is not a number from 1 to 65535"},
      {"redis://db:0", "the port is not a number from 1 to 65535"},
      {"redis://secret@db", "give user:password@ or :password@"},
      {"redis://user:@db", "the password of the user is missing"},
      {"redis://:sec/ret@db", "a / must be written %2F"},
      {"redis://:secret%4@db", "a % must be written %25"},
      {"redis://:sec#ret@db", "in a password they are written %3F and %23"},
      {"redis://db/secret", "the database is not a number"},
      {"redis://db/2147483648", "the database is not a number"},
      {"redis://d%zz", "the host is not a valid name"},
      {"redis://a:1:2", "an IPv6 address goes in brackets"},
      {"unix:secret", "begins with /"},
      {"unix://user:secret@r", "begins with /"},
      {"unix:/r?secret=1", "only db=N has a meaning"},
      {"unix:/r?db=secret", "the database is not a number"},
      {"unix:/r%", "a % must be written %25"},
      {"unix:/r%00", "has a zero byte"},
  };
  for (const auto& [url, problem] : wrong) {
    const std::string text = Bad({"--upstream", url});
    EXPECT_THAT(text, HasSubstr(problem)) << url;
    EXPECT_THAT(text, Not(HasSubstr("secret"))) << url;
  }
}

TEST(ConfigValuesTest, OptionalLookupsOnly) {
  const std::string unknown = Bad({"--count-commands", "strlen,nonsense"});
  EXPECT_THAT(unknown,
              HasSubstr("'nonsense' is not a lookup that can be counted; give all, or any of: "));
  EXPECT_THAT(unknown, HasSubstr("strlen"));
  EXPECT_THAT(unknown, HasSubstr("exists"));
  EXPECT_THAT(unknown, Not(HasSubstr(" mget")));
  EXPECT_THAT(Bad({"--count-commands", "get"}), HasSubstr("'get' is counted without being named"));
  EXPECT_THAT(Bad({"--count-commands", "incr"}), HasSubstr("'incr' is not a lookup"));
}

TEST(ConfigValuesTest, AllOptionalLookupsAtOnce) {
  const std::vector<resp::CommandId> all = Good({"--count-commands", "strlen,ALL"}).count_commands;
  size_t optional = 0;
  for (const resp::CommandSpec& spec : resp::AllCommands()) {
    if (spec.hit.rule != resp::HitRule::kNone && !spec.hit.by_default) ++optional;
  }
  EXPECT_EQ(all.size(), optional);
  EXPECT_EQ(all[0], resp::CommandId::kStrlen);
}

TEST(ConfigValuesTest, KeysAreCalledInOneOfThreeWays) {
  EXPECT_EQ(Good({"--key-labels", "off"}).keys.labels, metrics::KeyLabels::kOff);
  EXPECT_THAT(Bad({"--key-labels", "sha"}), HasSubstr("'sha' is not valid; give on, off or hash"));
  EXPECT_THAT(Bad({"--key-churn", "1001"}), HasSubstr("0 to 1000"));
  EXPECT_THAT(Bad({"--key-epoch", "99ms"}), HasSubstr("from 100ms"));
}

}  // namespace
}  // namespace keyhole::core
