// HTTP requests through the same door as those of RESP clients.
#include "proxy/http/http_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <tuple>

#include "proxy/config/config_users.h"
#include "tests/support/core_harness.h"

namespace keyhole::core {
namespace {

using test::Client;
using test::Harness;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

// A browser, or whatever speaks HTTP.
class Browser final : public HttpSession::Receiver {
 public:
  explicit Browser(Harness& keyhole)
      : keyhole_(keyhole),
        session_(new HttpSession(keyhole.worker(), keyhole.worker().config.http, "10.1.1.1:80",
                                 *this)) {}
  ~Browser() { session_->Detach(); }

  Browser& Ask(std::string_view method, std::string_view target, std::string_view body = "",
               std::string_view authorization = "") {
    told_ = Told::kNothing;
    answer_ = HttpResponse();
    session_->Begin(
        {.method = method, .target = target, .body = body, .authorization = authorization});
    keyhole_.Settle();
    return *this;
  }
  // The same before its body has come.
  Browser& Knock(std::string_view method, std::string_view target,
                 std::string_view authorization = "") {
    told_ = Told::kNothing;
    answer_ = HttpResponse();
    session_->BeginHead({.method = method, .target = target, .authorization = authorization});
    keyhole_.Settle();
    return *this;
  }
  bool wants_body() const { return told_ == Told::kLetIn; }
  bool answered() const { return told_ != Told::kNothing; }
  // What is asked for is to be made elsewhere: it is let in.
  bool is_report() const { return told_ == Told::kReport; }
  int status() const { return told_ == Told::kNothing ? 0 : answer_.status; }
  const std::string& body() const { return answer_.body; }
  HttpSession& session() { return *session_; }

  void OnLetIn() override { Note(Told::kLetIn); }
  void MakeReport(const HttpReport&) override { Note(Told::kReport); }
  void OnMore(std::string) override {}
  void OnAnswer(metrics::HttpEndpoint, HttpResponse& answer) override {
    Note(Told::kAnswer);
    answer_ = answer;
  }

 private:
  enum class Told : uint8_t { kNothing, kLetIn, kReport, kAnswer };

  void Note(Told told) {
    EXPECT_FALSE(answered()) << "one answer for one request";
    told_ = told;
  }

  Harness& keyhole_;
  boost::intrusive_ptr<HttpSession> session_;
  Told told_ = Told::kNothing;
  HttpResponse answer_;
};

TEST(HttpSessions, AnItemIsALookupLikeAnyOther) {
  Harness keyhole;
  Browser browser(keyhole);
  EXPECT_FALSE(browser.Ask("GET", "/items/foo").answered());
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("get foo"));
  keyhole.redis(0).Reply("$3\r\nbar\r\n");
  EXPECT_EQ(browser.status(), 200);
  EXPECT_THAT(browser.body(), HasSubstr("bar"));
  browser.Ask("GET", "/items/none");
  keyhole.redis(0).Reply("$-1\r\n");
  EXPECT_EQ(browser.status(), 404);
  EXPECT_EQ(keyhole.Counted(), "foo 1/0, none 0/1");
}

TEST(HttpSessions, SharesTheLinkWithClients) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  Browser browser(keyhole);
  app.Send("GET a\r\n");
  browser.Ask("GET", "/items/b");
  app.Send("GET c\r\n");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("GET a", "get b", "GET c"));
  keyhole.redis(0).Reply("$1\r\nA\r\n$1\r\nB\r\n$1\r\nC\r\n");
  EXPECT_EQ(app.Received(), "$1\r\nA\r\n$1\r\nC\r\n");
  EXPECT_THAT(browser.body(), HasSubstr("\"B\""));
}

TEST(HttpSessions, OneRequestMayBeTwoCommands) {
  Harness keyhole;
  Browser browser(keyhole);
  browser.Ask("GET", "/items");
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre(testing::StartsWith("scan 0")));
  keyhole.redis(0).Reply("*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n");
  EXPECT_FALSE(browser.answered());
  EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("mget a b"));
  keyhole.redis(0).Reply("*2\r\n$1\r\n1\r\n$-1\r\n");
  EXPECT_EQ(browser.status(), 200);
}

TEST(HttpSessions, WhatNeedsNoCommandIsAnsweredAtOnce) {
  Harness keyhole;
  Browser browser(keyhole);
  EXPECT_EQ(browser.Ask("GET", "/").status(), 200);
  EXPECT_EQ(browser.Ask("GET", "/nowhere").status(), 404);
  EXPECT_THAT(keyhole.redis(0).Requests(), IsEmpty());
}

TEST(HttpSessions, ReadinessIsAskedOfRedis) {
  Harness keyhole;
  Browser browser(keyhole);
  for (const auto& [reply, status, body] :
       {std::tuple{"+PONG\r\n", 200, R"({"status":"ok"})"},
        {"-NOAUTH Authentication required.\r\n", 200, R"({"status":"ok"})"},
        {"-LOADING Redis is loading the dataset in memory\r\n", 503,
         R"({"error":"Redis answers LOADING"})"}}) {
    browser.Ask("GET", "/readyz");
    EXPECT_THAT(keyhole.redis(0).Requests(), ElementsAre("ping"));
    keyhole.redis(0).Reply(reply);
    EXPECT_EQ(browser.status(), status);
    EXPECT_EQ(browser.body(), body);
  }
}

TEST(HttpSessions, ReadinessHasASecond) {
  Harness keyhole;
  Browser browser(keyhole);
  browser.Ask("GET", "/readyz");
  keyhole.Advance(std::chrono::seconds(1));
  browser.session().Tick();
  EXPECT_EQ(browser.status(), 503);
  EXPECT_EQ(browser.body(), R"({"error":"Redis has not answered for 1 s"})");
  keyhole.redis(0).Reply("+PONG\r\n");  // too late, and nobody minds
  EXPECT_EQ(browser.Ask("GET", "/healthz").status(), 200);
}

TEST(HttpSessions, TheUpstreamIsLost) {
  Harness keyhole;
  Browser browser(keyhole);
  browser.Ask("GET", "/items/foo");
  keyhole.HoldConnections();
  keyhole.redis(0).Lose();
  EXPECT_EQ(browser.status(), 503);
  EXPECT_TRUE(browser.session().closed());
  Browser next(keyhole);
  EXPECT_EQ(next.Ask("GET", "/readyz").status(), 503);
  EXPECT_FALSE(next.Ask("GET", "/items/foo").answered());  // it may be back soon
  keyhole.Advance(1100ms);
  EXPECT_EQ(next.status(), 503);
}

TEST(HttpSessions, TheUpstreamComesBackInTime) {
  Harness keyhole;
  keyhole.HoldConnections();
  keyhole.redis(0).Lose();
  Browser browser(keyhole);
  browser.Ask("GET", "/items/foo");
  keyhole.Advance(500ms);
  keyhole.last().Accept();
  keyhole.last().Reply("$1\r\n1\r\n");
  EXPECT_EQ(browser.status(), 200);
}

TEST(HttpSessions, NobodyWaitsForTheAnswerAnyMore) {
  Harness keyhole;
  Client& app = keyhole.Connect();
  {
    Browser browser(keyhole);
    browser.Ask("GET", "/items/foo");
  }
  app.Send("GET a\r\n");
  keyhole.redis(0).Reply("$3\r\nbar\r\n$-1\r\n");
  EXPECT_EQ(app.Received(), "$-1\r\n");
  EXPECT_EQ(keyhole.Counted(), "a 0/1, foo 1/0");
}

TEST(HttpSessions, AReplyTooLargeToBeKept) {
  Harness keyhole;
  Browser browser(keyhole);
  browser.Ask("GET", "/items/huge");
  const std::string chunk(10'000'000, 'x');
  keyhole.redis(0).Reply("$70000000\r\n");
  for (int i = 0; i < 7; ++i) keyhole.redis(0).Reply(chunk);
  keyhole.redis(0).Reply("\r\n");
  EXPECT_GE(browser.status(), 500);
  EXPECT_EQ(keyhole.Counted(), "huge 1/0");
  browser.Ask("GET", "/items/foo");
  keyhole.redis(0).Reply("$3\r\nbar\r\n");
  EXPECT_EQ(browser.status(), 200);
}

TEST(HttpSessions, OfTheEmbeddedStore) {
  Harness keyhole{Config()};
  Browser browser(keyhole);
  EXPECT_EQ(browser.Ask("POST", "/items", R"({"key":"foo","value":"bar"})").status(), 201);
  EXPECT_EQ(browser.Ask("GET", "/items/foo").status(), 200);
  EXPECT_THAT(browser.Ask("GET", "/items").body(), HasSubstr("foo"));
  EXPECT_EQ(browser.Ask("GET", "/readyz").status(), 200);
  EXPECT_EQ(browser.Ask("DELETE", "/items/foo").status(), 204);
  EXPECT_EQ(browser.Ask("GET", "/items/foo").status(), 404);
  EXPECT_EQ(keyhole.Counted(), "foo 1/1");  // the list's MGET is no lookup
}

TEST(HttpSessions, WithoutSharing) {
  Config config = Harness::WithUpstream();
  config.links.sharing = false;
  Harness keyhole(config);
  Browser browser(keyhole);
  browser.Ask("GET", "/items/foo");
  EXPECT_THAT(keyhole.redis(1).Requests(), ElementsAre("get foo"));
  keyhole.redis(1).Reply("$3\r\nbar\r\n");
  EXPECT_EQ(browser.status(), 200);
}

// ---- a Redis that asks clients for a password itself

constexpr auto kReader = "Basic cmVhZGVyOnNlY3JldA==";  // reader:secret
constexpr auto kNoAuth = "-NOAUTH Authentication required.\r\n";

// In front of it, greeted.
class HttpOfRedisWithPassword : public testing::Test {
 protected:
  HttpOfRedisWithPassword() {
    keyhole_.HoldGreetings();
    LoseMain();
    Greet(kNoAuth);
  }
  test::RedisEnd& main() { return keyhole_.redis(main_); }
  // It is connected again, and to be greeted.
  void LoseMain() {
    main().Lose();
    main_ = keyhole_.connections() - 1;
  }
  void Greet(const std::string& reply) { main().Reply(reply + reply); }  // to its name and PING
  // Where the header's user logs in.
  test::RedisEnd& Login() {
    EXPECT_THAT(keyhole_.last().Requests(), ElementsAre("auth reader secret"));
    return keyhole_.last();
  }

  Harness keyhole_;
  size_t main_ = 0;
};

TEST_F(HttpOfRedisWithPassword, NamesOfKeysAreNotForStrangers) {
  for (const auto& [method, target] : {std::pair{"GET", "/api/keys"},
                                       {"GET", "/api/slow"},
                                       {"GET", "/metrics"},
                                       {"DELETE", "/api/near-cache?prefix="}}) {
    Browser browser(keyhole_);
    EXPECT_EQ(browser.Ask(method, target).status(), 401) << target;
    EXPECT_FALSE(browser.is_report()) << target;
  }
  EXPECT_EQ(Browser(keyhole_).Ask("GET", "/healthz").status(), 200);
}

TEST_F(HttpOfRedisWithPassword, WhatItSaidLastHoldsWhileItIsAway) {
  LoseMain();
  EXPECT_EQ(Browser(keyhole_).Ask("GET", "/metrics").status(), 401);
  Greet("+OK\r\n");
  EXPECT_TRUE(Browser(keyhole_).Ask("GET", "/metrics").is_report()) << "it asks no more";
  LoseMain();
  EXPECT_TRUE(Browser(keyhole_).Ask("GET", "/metrics").is_report());
}

// A command that Redis does not have is refused before the password is asked for.
TEST_F(HttpOfRedisWithPassword, AnErrorOfAnotherKindOpensNothing) {
  LoseMain();
  Greet("-ERR unknown command\r\n");
  EXPECT_EQ(Browser(keyhole_).Ask("GET", "/metrics").status(), 401);
}

TEST_F(HttpOfRedisWithPassword, ItemsAreAnsweredAsRedisAnswers) {
  Browser browser(keyhole_);
  browser.Ask("GET", "/items/foo");
  EXPECT_THAT(main().Requests(), ElementsAre("get foo"));
  main().Reply(kNoAuth);
  EXPECT_EQ(browser.status(), 401);
}

TEST_F(HttpOfRedisWithPassword, TheHeaderIsAuthToRedis) {
  Browser browser(keyhole_);
  browser.Ask("GET", "/items/foo", "", kReader);
  test::RedisEnd& redis = Login();
  redis.Reply("+OK\r\n");
  EXPECT_THAT(redis.Requests(), testing::Contains("get foo"));
  EXPECT_FALSE(browser.answered());
  redis.Reply("+OK\r\n$3\r\nbar\r\n");  // the link has its name back
  EXPECT_EQ(browser.status(), 200);
  EXPECT_THAT(main().Requests(), IsEmpty());
}

TEST_F(HttpOfRedisWithPassword, AWrongHeaderIsRefusedAndLeavesNothingBehind) {
  Browser browser(keyhole_);
  browser.Ask("GET", "/items/foo", "", kReader);
  Login().Reply("-WRONGPASS invalid username-password pair or user is disabled.\r\n");
  EXPECT_EQ(browser.status(), 401);
  EXPECT_THAT(browser.body(), HasSubstr("WRONGPASS"));
  EXPECT_TRUE(browser.session().logged_in()) << "the next request needs another session";
}

TEST_F(HttpOfRedisWithPassword, WhoMayScanMaySeeTheNamesOfKeys) {
  Browser may(keyhole_);
  may.Ask("GET", "/metrics", "", kReader);
  test::RedisEnd& redis = Login();
  redis.Reply("+OK\r\n");
  EXPECT_FALSE(may.is_report()) << "a right password is not enough";
  EXPECT_THAT(redis.Requests(), testing::Contains("scan 0 COUNT 1"));
  redis.Reply("+OK\r\n*2\r\n$1\r\n0\r\n*0\r\n");
  EXPECT_TRUE(may.is_report());
}

TEST_F(HttpOfRedisWithPassword, WhoMayNotScanMayNot) {
  Browser browser(keyhole_);
  browser.Ask("GET", "/api/keys", "", kReader);
  Login().Reply("+OK\r\n");
  keyhole_.last().Reply("+OK\r\n-NOPERM this user has no permissions to run 'scan'\r\n");
  EXPECT_EQ(browser.status(), 403);
  EXPECT_FALSE(browser.is_report());
}

TEST_F(HttpOfRedisWithPassword, LostWhileItIsAskedItIsUnavailable) {
  Browser browser(keyhole_);
  browser.Ask("GET", "/metrics", "", kReader);
  Login().Lose();
  EXPECT_EQ(browser.status(), 503);
}

// ---- bodies before the password

constexpr auto kRight = "Basic OnNlY3JldA==";  // :secret
constexpr auto kGuess = "Basic Omd1ZXNz";      // :guess

TEST(HttpBodies, AreNotTakenFromStrangers) {
  for (const bool users : {false, true}) {
    Config config = users ? Harness::WithUpstream() : Config();
    config.requirepass = "secret";
    ASSERT_EQ(LoadUsers(&config), std::nullopt);
    Harness keyhole(config);
    for (const char* const target : {"/items/k", "/items", "/api/keys", "/metrics"}) {
      EXPECT_EQ(Browser(keyhole).Knock("PUT", target).status(), 401) << target;
      EXPECT_EQ(Browser(keyhole).Knock("PUT", target, kGuess).status(), 401) << target;
      EXPECT_TRUE(Browser(keyhole).Knock("PUT", target, kRight).wants_body()) << target;
    }
    EXPECT_TRUE(Browser(keyhole).Knock("GET", "/healthz").wants_body()) << "it is open";
  }
}

TEST(HttpBodies, ThePasswordIsAskedForOnce) {
  Config config;
  config.requirepass = "secret";
  Harness keyhole(config);
  Browser browser(keyhole);
  ASSERT_TRUE(browser.Knock("PUT", "/items/k", kRight).wants_body());
  EXPECT_TRUE(browser.session().between());
  EXPECT_EQ(browser.Ask("PUT", "/items/k", "v", kRight).status(), 204);
  EXPECT_FALSE(browser.session().between());
  EXPECT_EQ(keyhole.counters().requests[resp::CommandId::kAuth].Load(), 1U);
  EXPECT_TRUE(browser.session().logged_in()) << "the next request needs another session";
}

TEST_F(HttpOfRedisWithPassword, BodiesAreNotTakenBeforeItHasLetThemIn) {
  EXPECT_EQ(Browser(keyhole_).Knock("PUT", "/items/k").status(), 401);
  EXPECT_THAT(main().Requests(), IsEmpty());
  Browser browser(keyhole_);
  EXPECT_FALSE(browser.Knock("PUT", "/items/k", kReader).answered());
  Login().Reply("+OK\r\n");
  EXPECT_TRUE(browser.wants_body());
}

TEST(HttpBodies, ARedisWithoutAPasswordAsksForNone) {
  Harness keyhole;
  EXPECT_TRUE(Browser(keyhole).Knock("PUT", "/items/k").wants_body());
}

}  // namespace
}  // namespace keyhole::core
