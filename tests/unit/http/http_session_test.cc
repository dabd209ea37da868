// HTTP requests through the same door as those of RESP clients.
#include "proxy/http/http_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

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
      : keyhole_(keyhole), session_(new HttpSession(keyhole.worker(), "10.1.1.1:80", *this)) {}
  ~Browser() { session_->Detach(); }

  Browser& Ask(std::string_view method, std::string_view target, std::string_view body = "") {
    step_.reset();
    session_->Begin({.method = method, .target = target, .body = body});
    keyhole_.Settle();
    return *this;
  }
  bool answered() const { return step_.has_value(); }
  int status() { return answered() ? session_->exchange().response().status : 0; }
  std::string body() { return session_->exchange().response().body; }
  HttpSession& session() { return *session_; }

  void OnAnswer(HttpStep step) override {
    EXPECT_FALSE(answered()) << "one answer for one request";
    step_ = step;
  }

 private:
  Harness& keyhole_;
  boost::intrusive_ptr<HttpSession> session_;
  std::optional<HttpStep> step_;
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
  EXPECT_EQ(browser.Ask("GET", "/readyz").status(), 200);
  EXPECT_THAT(keyhole.redis(0).Requests(), IsEmpty());
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
  EXPECT_EQ(keyhole.Counted(), "foo 2/1");  // MGET of the list is a lookup too
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

}  // namespace
}  // namespace keyhole::core
