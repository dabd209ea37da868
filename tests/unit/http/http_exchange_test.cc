// Stories about HTTP requests of all kinds but those of items (http_items_test.cc), and what goes
// wrong.
#include "proxy/http/http_exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "proxy/http/http_item.h"
#include "tests/unit/http/http_story.h"

namespace keyhole::core {
namespace {

using metrics::HttpEndpoint;
using testing::HasSubstr;

TEST_F(Http, HeadIsGetWithoutTheBody) {
  ASSERT_EQ(Ask("HEAD", "/items/foo"), HttpStep::kCommand);
  EXPECT_EQ(exchange_.endpoint(), HttpEndpoint::kGetItem);
  EXPECT_EQ(Reply("$3\r\nbar\r\n"), 200);
  EXPECT_TRUE(exchange_.response().head);
  EXPECT_EQ(body(), R"({"key":"foo","value":"bar"})");  // for the length
  EXPECT_EQ(Ask("HEAD", "/items"), HttpStep::kCommand);
  EXPECT_EQ(Ask("HEAD", "/metrics"), HttpStep::kReport);
  EXPECT_TRUE(exchange_.response().head);
  EXPECT_EQ(Ask("HEAD", "/readyz"), HttpStep::kReady);
  EXPECT_EQ(Status("HEAD", "/"), 200);
  EXPECT_EQ(Status("HEAD", "/healthz"), 200);
  EXPECT_EQ(Status("HEAD", "/nowhere"), 404);
  EXPECT_TRUE(exchange_.response().head);
}

TEST_F(Http, MetricsInTheFormatThatIsAskedFor) {
  EXPECT_EQ(exchange_.Begin({.method = "GET",
                             .target = "/metrics",
                             .accept = "application/openmetrics-text;version=1.0.0"}),
            HttpStep::kReport);
  EXPECT_EQ(exchange_.report().kind, HttpReport::Kind::kOpenMetrics);
  EXPECT_EQ(exchange_.response().content_type,
            "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

TEST_F(Http, Reports) {
  EXPECT_EQ(Ask("GET", "/api/keys?sort=misses&limit=7"), HttpStep::kReport);
  EXPECT_EQ(exchange_.endpoint(), HttpEndpoint::kKeys);
  EXPECT_EQ(exchange_.report().kind, HttpReport::Kind::kKeys);
  EXPECT_EQ(exchange_.report().keys.sort, KeySort::kMisses);
  EXPECT_EQ(exchange_.report().keys.limit, 7u);
  EXPECT_EQ(exchange_.response().content_type, "application/json");
  EXPECT_EQ(Ask("HEAD", "/api/slow"), HttpStep::kReport);
  EXPECT_EQ(exchange_.endpoint(), HttpEndpoint::kSlow);
  EXPECT_EQ(exchange_.report().kind, HttpReport::Kind::kSlow);
  EXPECT_EQ(Status("GET", "/api/keys?sort=x"), 400);
  EXPECT_THAT(body(), HasSubstr("sort must be one of"));
  EXPECT_EQ(Status("GET", "/api/keys?limit=x"), 400);
  EXPECT_EQ(Status("GET", "/api/slow?x=1"), 400);
  EXPECT_EQ(Status("POST", "/api/keys"), 405);
  using Kind = HttpReport::Kind;
  const std::pair<const char*, Kind> more[] = {{"/api/keys/a%20b", Kind::kKey},
                                               {"/api/clients?sort=idle", Kind::kClients},
                                               {"/api/overview", Kind::kOverview},
                                               {"/api/history?from=-60", Kind::kHistory},
                                               {"/api/events", Kind::kEvent}};
  for (const auto& [target, kind] : more) {
    EXPECT_EQ(Ask("GET", target), HttpStep::kReport) << target;
    EXPECT_EQ(exchange_.report().kind, kind) << target;
    EXPECT_EQ(exchange_.access(), HttpAccess::kKeyNames) << target;
    EXPECT_EQ(exchange_.response().is_stream, kind == Kind::kEvent) << target;
  }
  EXPECT_EQ(Status("GET", "/api/history?series=hit_rato"), 400);
  EXPECT_THAT(body(), HasSubstr("did you mean hit_ratio?"));
  EXPECT_EQ(Status("GET", "/api/"), 404);
}

TEST_F(Http, TheOtherPaths) {
  EXPECT_EQ(Status("GET", "/"), 200);
  EXPECT_EQ(body(), R"({"message":"Keyhole is running"})");
  EXPECT_EQ(exchange_.endpoint(), HttpEndpoint::kHello);
  EXPECT_EQ(Ask("GET", "/metrics?name[]=x"), HttpStep::kReport);
  EXPECT_EQ(exchange_.endpoint(), HttpEndpoint::kMetrics);
  EXPECT_EQ(exchange_.report().kind, HttpReport::Kind::kMetrics);
  EXPECT_EQ(exchange_.response().content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(Status("GET", "/healthz"), 200);
  EXPECT_EQ(body(), R"({"status":"ok"})");
  EXPECT_EQ(exchange_.endpoint(), HttpEndpoint::kHealth);

  EXPECT_EQ(Ask("GET", "/readyz"), HttpStep::kReady);
  EXPECT_EQ(exchange_.endpoint(), HttpEndpoint::kHealth);
  EXPECT_EQ(exchange_.OnReadiness(""), HttpStep::kRespond);
  EXPECT_EQ(exchange_.response().status, 200);
  Ask("GET", "/readyz");
  exchange_.OnReadiness("Redis answers LOADING");
  EXPECT_EQ(exchange_.response().status, 503);
  EXPECT_EQ(body(), R"({"error":"Redis answers LOADING"})");
}

TEST_F(Http, ThePageIsForThoseWhoPreferIt) {
  EXPECT_EQ(Ask("GET", "/", "", "text/html,application/xhtml+xml,*/*;q=0.8"), HttpStep::kReport);
  EXPECT_EQ(exchange_.report().kind, HttpReport::Kind::kPage);
  EXPECT_EQ(exchange_.access(), HttpAccess::kOpen);
  EXPECT_THAT(exchange_.response().policy, HasSubstr("connect-src 'self'"));
  for (const char* const accept :
       {"", "*/*", "application/json", "application/json, text/plain, */*",
        "text/html;q=0.5, application/json"}) {
    EXPECT_EQ(Ask("GET", "/", "", accept), HttpStep::kRespond) << accept;
    EXPECT_EQ(body(), R"({"message":"Keyhole is running"})") << accept;
  }
}

TEST_F(Http, AKeyIsLookedAtWithoutUsingIt) {
  ASSERT_EQ(Ask("GET", "/api/look/user%3A7"), HttpStep::kCommand);
  EXPECT_THAT(command(), testing::ElementsAre("type", "user:7"));
  ASSERT_EQ(exchange_.OnReply("+string\r\n"), HttpStep::kCommand);
  EXPECT_THAT(command(), testing::ElementsAre("pttl", "user:7"));
  ASSERT_EQ(exchange_.OnReply(":1500\r\n"), HttpStep::kCommand);
  EXPECT_THAT(command(), testing::ElementsAre("memory", "usage", "user:7"));
  EXPECT_EQ(Reply(":72\r\n"), 200);
  EXPECT_EQ(body(), R"({"key":"user:7","exists":true,"type":"string","ttl_seconds":1.5,)"
                    R"("memory_bytes":72})");
  Ask("GET", "/api/look/k");
  exchange_.OnReply("+none\r\n");
  EXPECT_EQ(Reply(":-2\r\n"), 200);
  EXPECT_EQ(body(), R"({"key":"k","exists":false})");
  // Managed Redis may refuse MEMORY.
  Ask("GET", "/api/look/k");
  exchange_.OnReply("+list\r\n");
  exchange_.OnReply(":-1\r\n");
  EXPECT_EQ(Reply("-NOPERM no\r\n"), 200);
  EXPECT_THAT(body(), HasSubstr(R"("ttl_seconds":null,"memory_bytes":null)"));
}

// A page, or a user who follows a link, may cause a GET of anything.
TEST_F(Http, NothingChangesByGet) {
  for (const char* const method : {"GET", "HEAD"}) {
    for (const char* const target :
         {"/", "/items", "/items?limit=5&cursor=3", "/items/k", "/items/k?ttl=5", "/metrics",
          "/api/keys", "/api/keys/k", "/api/look/k", "/api/slow", "/api/clients", "/api/overview",
          "/api/events", "/api/history", "/api/near-cache", "/api/near-cache?prefix=", "/healthz",
          "/readyz", "/nowhere"}) {
      HttpStep step = Ask(method, target, R"({"key":"k","value":"v"})");
      if (step == HttpStep::kReport) {
        EXPECT_NE(exchange_.report().kind, HttpReport::Kind::kPurge) << target;
      }
      for (const char* reply = "*2\r\n$1\r\n0\r\n*1\r\n$1\r\nk\r\n"; step == HttpStep::kCommand;
           step = exchange_.OnReply(reply)) {
        const std::string_view name = command()[0];
        EXPECT_FALSE(resp::Find({&name, 1}).has(resp::kWrite)) << name;
      }
    }
  }
}

TEST_F(Http, UnknownPathsAndWrongMethods) {
  for (const char* target : {"/nowhere", "", "*", "items", "/itemsx", "/Items", "//items",
                             "http:", "/metrics/", "/items%2Ffoo", "\xff"}) {
    EXPECT_EQ(Status("GET", target), 404) << target;
    EXPECT_THAT(body(), HasSubstr("No such path"));
    EXPECT_EQ(exchange_.endpoint(), HttpEndpoint::kOther);
  }
  const std::vector<std::pair<std::string, std::string>> allowed = {
      {"/", "GET, HEAD"},
      {"/metrics", "GET, HEAD"},
      {"/healthz", "GET, HEAD"},
      {"/readyz", "GET, HEAD"},
      {"/items", "GET, HEAD, POST"},
      {"/items/", "GET, HEAD, PUT, DELETE"},
      {"/items/a", "GET, HEAD, PUT, DELETE"}};
  for (const auto& [target, allow] : allowed) {
    for (const char* method : {"PATCH", "OPTIONS", "get", "", "\xff"}) {
      EXPECT_EQ(Status(method, target), 405);
      EXPECT_EQ(exchange_.response().allow, allow);
      EXPECT_EQ(exchange_.endpoint(), HttpEndpoint::kOther);
    }
  }
  EXPECT_EQ(Status("DELETE", "/items"), 405);
  EXPECT_EQ(Status("POST", "/items/a"), 405);
  EXPECT_EQ(Status("GET", "/"), 200);
  EXPECT_EQ(exchange_.response().allow, "");
}

TEST_F(Http, AnUpstreamThatIsAway) {
  for (const char* target : {"/items", "/items/foo"}) {
    Ask("GET", target);
    EXPECT_EQ(exchange_.OnUnavailable(), HttpStep::kRespond);
    EXPECT_EQ(exchange_.response().status, 503);
    EXPECT_EQ(body(), R"({"error":"Cannot connect to Redis"})");
  }
  Ask("GET", "/items");
  ASSERT_EQ(exchange_.OnReply("*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n"), HttpStep::kCommand);
  exchange_.OnUnavailable();
  EXPECT_EQ(exchange_.response().status, 503);

  Ask("GET", "/items/foo");
  EXPECT_EQ(exchange_.OnReplyTooLarge(), HttpStep::kRespond);
  EXPECT_EQ(exchange_.response().status, 502);
}

TEST_F(Http, ErrorsOfRedisKeepTheirText) {
  const std::vector<std::pair<std::string, int>> errors = {
      {"WRONGTYPE Operation against a key holding the wrong kind of value", 409},
      {"NOAUTH Authentication required.", 403},
      {"NOPERM this user has no permissions to run the 'get' command", 403},
      {"LOADING Redis is loading the dataset in memory", 503},
      {"OOM command not allowed when used memory > 'maxmemory'.", 502},
      {"READONLY You can't write against a read only replica.", 502},
      {"ERR \"\xff", 502},
      {"", 502}};
  for (const auto& [text, status] : errors) {
    Ask("GET", "/items/foo");
    EXPECT_EQ(Reply("-" + text + "\r\n"), status) << text;
    EXPECT_EQ(body(), "{\"error\":" + JsonString(text) + "}");
    EXPECT_EQ(type(), kJson);
  }
}

TEST_F(Http, RepliesOfAnUnexpectedKind) {
  const std::vector<std::tuple<const char*, const char*, const char*>> cases = {
      {"GET", "/items/a", ":1\r\n"},
      {"GET", "/items/a", "+QUEUED\r\n"},
      {"GET", "/items/a", "*0\r\n"},
      {"GET", "/items/a", ""},
      {"GET", "/items/a", "_\r\n"},
      {"GET", "/items/a", "$9223372036854775807\r\nx\r\n"},
      {"GET", "/items/a", "$2\r\nabc\r\n"},
      {"GET", "/items/a", "$-2\r\n"},
      {"GET", "/items/a", "$3\r\nab"},
      {"PUT", "/items/a", "$-1\r\n"},
      {"DELETE", "/items/a", "+OK\r\n"},
      {"GET", "/items", "*-1\r\n"},
      {"GET", "/items", "*2\r\n$1\r\n0\r\n"},
      {"GET", "/items", "*2\r\n:0\r\n*0\r\n"},
      {"GET", "/items", "*2\r\n$1\r\n0\r\n*-1\r\n"},
      {"GET", "/items", "*2\r\n$1\r\n0\r\n*9223372036854775807\r\n$1\r\na\r\n"},
      {"GET", "/items", "*2\r\n$1\r\n0\r\n*1\r\n$-1\r\n"},
      {"GET", "/items", "*3\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n:1\r\n"}};
  for (const auto& [method, target, reply] : cases) {
    Ask(method, target);
    EXPECT_EQ(Reply(reply), 502) << reply;
    EXPECT_EQ(body(), R"({"error":"Redis gave a reply of an unexpected kind"})");
  }
  for (const char* reply : {"*0\r\n", "*2\r\n$1\r\na\r\n$1\r\nb\r\n", "*1\r\n:1\r\n", "*1\r\n"}) {
    Ask("GET", "/items");
    ASSERT_EQ(exchange_.OnReply("*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n"), HttpStep::kCommand);
    EXPECT_EQ(Reply(reply), 502) << reply;
  }
  // A reply nobody asked for.
  Status("GET", "/");
  EXPECT_EQ(Reply("+OK\r\n"), 502);
}

TEST_F(Http, AnyBytesGetAnAnswerInValidJson) {
  uint32_t random = 7;
  const auto next = [&random] { return (random = random * 1664525 + 1013904223) >> 16; };
  const auto some = [&](std::string_view alphabet, size_t size) {
    std::string text;
    for (size_t i = 0; i < size; ++i) text.push_back(alphabet[next() % alphabet.size()]);
    return text;
  };
  for (int round = 0; round < 50000; ++round) {
    const std::string method = std::vector<std::string>{"GET", "PUT", "POST", "DELETE"}[next() % 4];
    const std::string target =
        (next() % 2 == 0 ? "/items" : "/items/") + some("ab%0f/?&=limt\xff", next() % 12);
    const std::string json = "{\"key\":" + some("\"\\u0d8{}[]1e.-,:\xc3\xa9", next() % 14) +
                             (next() % 2 == 0 ? ",\"value\":1}" : "}");
    HttpStep step = Ask(method, target, json);
    for (int replies = 0; step == HttpStep::kCommand; ++replies) {
      ASSERT_LT(replies, 3);
      step = exchange_.OnReply(some("*$:+-012\r\nab\xff", next() % 6) + "\r\n" +
                               some("*$1\r\nab", next() % 12) + "\r\n");
    }
    ASSERT_EQ(step, HttpStep::kRespond);
    if (!body().empty()) boost::json::parse(body());  // throws if it is none
    ASSERT_GE(exchange_.response().status, 200);
  }
}

}  // namespace
}  // namespace keyhole::core
