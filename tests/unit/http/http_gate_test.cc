// Who is let in by HTTP: what browsers send in the name of pages, and what a listener serves.
#include "proxy/http/http_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/config/config_loading.h"

namespace keyhole::core {
namespace {

using Serves = HttpGate::Serves;
using testing::HasSubstr;

const Endpoint kEverywhere = Endpoint::Tcp("0.0.0.0", 9000);
const Endpoint kHere = Endpoint::Tcp("127.0.0.1", 9000);

HttpGate Gate(const std::vector<std::string>& options = {}, const Endpoint& endpoint = kHere,
              Serves serves = Serves::kAll) {
  const Config config = Good(options);
  return {config.http, config.ServesItems(), endpoint, serves, "box.example.net"};
}

int Status(const HttpGate& gate, const HttpHead& head) {
  const HttpVerdict verdict = gate.Check(head);
  EXPECT_EQ(verdict.status == 0, verdict.text.empty());
  return verdict.status;
}

int OfHost(const HttpGate& gate, std::string_view host) {
  return Status(gate, {.method = "GET", .target = "/metrics", .host = host});
}

int OfOrigin(const HttpGate& gate, std::string_view origin,
             std::string_view host = "127.0.0.1:9000") {
  return Status(gate, {.method = "GET", .target = "/items", .host = host, .origin = origin});
}

TEST(HttpGate, AddressesAndOurOwnNamesAreAnswered) {
  for (const char* const host : {"127.0.0.1", "127.0.0.1:1", "10.1.2.3:80", "[::1]", "[::1]:9000",
                                 "localhost", "LocalHost:9000", "localhost."}) {
    EXPECT_EQ(OfHost(Gate(), host), 0) << host;
  }
  EXPECT_EQ(OfHost(Gate({}, Endpoint::Tcp("cache.lan", 1)), "cache.lan:9000"), 0);
  EXPECT_EQ(OfHost(Gate({}, kEverywhere), "box.example.net"), 0);
  EXPECT_EQ(OfHost(Gate({}, kHere), "box.example.net"), 421) << "it does not listen there";
  EXPECT_EQ(OfHost(Gate(), ""), 0) << "HTTP/1.0, no browser";
}

// DNS rebinding: the page's name points here by now.
TEST(HttpGate, AnotherNameIsNotAnswered) {
  for (const char* const host : {"evil.example", "evil.example:9000", "localhost.evil.example",
                                 "evil-localhost", "1.2.3", "1.2.3.4.5", "1.2.3.256", "0x7f.1",
                                 "127.1", "2130706433", "127.0.0.1.nip.io", "localhos"}) {
    EXPECT_EQ(OfHost(Gate(), host), 421) << host;
  }
  const HttpVerdict verdict =
      Gate().Check({.method = "DELETE", .target = "/items/k", .host = "evil.example:9000"});
  EXPECT_THAT(verdict.text, HasSubstr("evil.example:9000"));
  EXPECT_THAT(verdict.text, HasSubstr("--http-hosts"));
  EXPECT_EQ(verdict.origin, "");
}

TEST(HttpGate, ListedNames) {
  const HttpGate gate = Gate({"--http-hosts", "keyhole,*.svc.cluster.local"});
  EXPECT_EQ(OfHost(gate, "keyhole:9000"), 0);
  EXPECT_EQ(OfHost(gate, "KEYHOLE"), 0);
  EXPECT_EQ(OfHost(gate, "cache.prod.svc.cluster.local:9000"), 0);
  EXPECT_EQ(OfHost(gate, "svc.cluster.local"), 421);
  EXPECT_EQ(OfHost(gate, "evilsvc.cluster.local"), 421);
  EXPECT_EQ(OfHost(gate, "keyhole.evil.example"), 421);
}

TEST(HttpGate, OnAUnixSocketAnyHostWillDo) {
  const HttpGate gate = Gate({}, Endpoint::Unix("/run/k"));
  EXPECT_EQ(OfHost(gate, "anything"), 0);
  EXPECT_EQ(OfOrigin(gate, "http://evil.example", "anything"), 403);
}

// Load balancers and orchestrators ask by names that they do not know to be ours.
TEST(HttpGate, ProbesAreAnsweredWhateverTheyCallUs) {
  for (const char* const path :
       {"/healthz", "/readyz", "/readyz?verbose", "http://probe/healthz"}) {
    for (const char* const method : {"GET", "HEAD"}) {
      EXPECT_EQ(Status(Gate(), {.method = method, .target = path, .host = "lb.example"}), 0)
          << path;
    }
    EXPECT_EQ(Status(Gate(), {.method = "POST", .target = path, .host = "lb.example"}), 421);
  }
  EXPECT_EQ(Status(Gate(), {.method = "GET", .target = "/healthz/../items", .host = "lb.example"}),
            421);
}

TEST(HttpGate, PagesOfOtherOriginsAreRefused) {
  for (const char* const origin :
       {"http://evil.example", "null", "", "http://127.0.0.1:8000", "http://localhost:9000",
        "https://127.0.0.1:443", "http://127.0.0.1", "http://127.0.0.1:9000.evil.example",
        "http://127.0.0.1:9000@evil.example", "127.0.0.1:9000", "file://", "http://"}) {
    EXPECT_EQ(OfOrigin(Gate(), origin), 403) << origin;
  }
  EXPECT_EQ(OfOrigin(Gate(), "http://127.0.0.1:9000"), 0);
  EXPECT_EQ(OfOrigin(Gate(), "https://127.0.0.1:9000"), 0) << "behind something that speaks TLS";
  EXPECT_EQ(OfOrigin(Gate(), "http://localhost", "localhost:80"), 0);
  EXPECT_EQ(OfOrigin(Gate(), "https://localhost", "localhost"), 0);
}

TEST(HttpGate, RequestsOfPagesThatShowNoOrigin) {
  const auto status = [](std::string_view site, std::string_view method) {
    return Status(
        Gate(),
        {.method = method, .target = "/items/k", .host = "localhost:9000", .fetch_site = site});
  };
  for (const char* const method : {"GET", "POST", "DELETE"}) {
    EXPECT_EQ(status("cross-site", method), 403);
    EXPECT_EQ(status("same-site", method), 403) << "another port of localhost";
    EXPECT_EQ(status("", method), 403);
    EXPECT_EQ(status("same-origin", method), 0);
    EXPECT_EQ(status("none", method), 0) << "typed by the user";
  }
  EXPECT_EQ(Status(Gate(), {.method = "GET",
                            .target = "/items/k",
                            .host = "localhost",
                            .origin = "http://localhost",
                            .fetch_site = "cross-site"}),
            403);
}

TEST(HttpGate, PagesOfListedOriginsMayReadAndSend) {
  const HttpGate gate = Gate({"--http-origins", "https://app.example.org,http://localhost:3000"});
  EXPECT_TRUE(gate.has_origins());
  const HttpVerdict verdict = gate.Check({.method = "GET",
                                          .target = "/items",
                                          .host = "localhost:9000",
                                          .origin = "https://app.example.org",
                                          .fetch_site = "cross-site"});
  EXPECT_EQ(verdict.status, 0);
  EXPECT_EQ(verdict.origin, "https://app.example.org");
  EXPECT_FALSE(verdict.is_preflight);
  EXPECT_EQ(OfOrigin(gate, "https://evil.example"), 403);
  EXPECT_EQ(OfOrigin(gate, "http://app.example.org"), 403);
  EXPECT_EQ(OfOrigin(gate, "https://app.example.org.evil.example"), 403);
  EXPECT_EQ(OfOrigin(gate, "null"), 403);
  EXPECT_EQ(OfOrigin(gate, "https://app.example.org", "evil.example"), 421)
      << "a listed origin does not make the name ours";
}

TEST(HttpGate, Preflights) {
  const HttpGate gate = Gate({"--http-origins", "https://app.example.org"});
  HttpHead head = {.method = "OPTIONS",
                   .target = "/items/k",
                   .host = "localhost",
                   .requested_method = "DELETE",
                   .origin = "https://app.example.org"};
  EXPECT_TRUE(gate.Check(head).is_preflight);
  EXPECT_EQ(gate.Check(head).origin, "https://app.example.org");
  head.requested_method = {};
  EXPECT_FALSE(gate.Check(head).is_preflight) << "an OPTIONS request like any other";
  head.requested_method = "DELETE";
  head.origin = "https://evil.example";
  EXPECT_FALSE(gate.Check(head).is_preflight);
  EXPECT_EQ(gate.Check(head).status, 403);
  EXPECT_EQ(gate.Check(head).origin, "");
  head.origin = "http://localhost";
  EXPECT_FALSE(gate.Check(head).is_preflight) << "of the same origin there are none";
}

// A form can have three types, and a page needs nobody's leave to send one.
TEST(HttpGate, WhatAPageMaySendAsABody) {
  const HttpGate gate = Gate({"--http-origins", "https://app.example.org"});
  const auto status = [&](std::string_view method, std::string_view type,
                          std::optional<std::string_view> origin = "http://localhost") {
    return Status(gate, {.method = method,
                         .target = "/items",
                         .host = "localhost",
                         .content_type = type,
                         .origin = origin,
                         .has_body = true});
  };
  for (const char* const type :
       {"text/plain", "text/plain;charset=UTF-8", "TEXT/PLAIN ;x",
        "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"}) {
    EXPECT_EQ(status("POST", type), 415) << type;
    EXPECT_EQ(status("PUT", type), 415) << type;
    EXPECT_EQ(status("PUT", type, "https://app.example.org"), 415) << type;
    EXPECT_EQ(status("POST", type, std::nullopt), 0) << "no page";
    EXPECT_EQ(status("PUT", type, std::nullopt), 0);
  }
  EXPECT_EQ(status("POST", ""), 415);
  EXPECT_EQ(status("POST", "application/json-x"), 415);
  EXPECT_EQ(status("POST", "application/json"), 0);
  EXPECT_EQ(status("POST", "Application/JSON; charset=utf-8"), 0);
  EXPECT_EQ(status("PUT", ""), 0);
  EXPECT_EQ(status("PUT", "application/octet-stream"), 0);
}

TEST(HttpGate, ItemCallsAreOnWhereTheDataIsOnThisMachine) {
  EXPECT_TRUE(Good({}).ServesItems());
  EXPECT_TRUE(Good({"--upstream", "redis://127.0.0.1:6379"}).ServesItems());
  EXPECT_TRUE(Good({"--upstream", "unix:/run/redis.sock"}).ServesItems());
  EXPECT_FALSE(Good({"--upstream", "redis://db:6379"}).ServesItems());
  EXPECT_TRUE(Good({"--upstream", "redis://db:6379", "--http-items", "on"}).ServesItems());
  EXPECT_FALSE(Good({"--http-items", "off"}).ServesItems());
}

TEST(HttpGate, ItemCallsThatAreOffSayWhatTurnsThemOn) {
  const HttpGate gate = Gate({"--upstream", "redis://db:6379"});
  for (const char* const path :
       {"/items", "/items/k", "/items?limit=1", "/items/", "http://localhost/items"}) {
    const HttpVerdict verdict = gate.Check({.method = "GET", .target = path, .host = "localhost"});
    EXPECT_EQ(verdict.status, 403) << path;
    EXPECT_THAT(verdict.text, HasSubstr("--http-items on turns them on"));
  }
  for (const char* const path : {"/", "/metrics", "/api/keys", "/itemsx", "/healthz"}) {
    EXPECT_EQ(Status(gate, {.method = "GET", .target = path, .host = "localhost"}), 0) << path;
  }
}

TEST(HttpGate, MetricsHaveAnAddressOfTheirOwn) {
  const auto status = [](Serves serves, std::string_view path) {
    return Status(Gate({}, kHere, serves), {.method = "GET", .target = path, .host = "localhost"});
  };
  for (const char* const path : {"/", "/items", "/items/k", "/api/keys", "/metrics/", "*"}) {
    EXPECT_EQ(status(Serves::kMetricsAndHealth, path), 404) << path;
    EXPECT_EQ(status(Serves::kAllButMetrics, path), 0) << path;
  }
  EXPECT_EQ(status(Serves::kMetricsAndHealth, "/metrics?x"), 0);
  EXPECT_EQ(status(Serves::kAllButMetrics, "/metrics?x"), 404);
  for (const Serves serves : {Serves::kMetricsAndHealth, Serves::kAllButMetrics}) {
    EXPECT_EQ(status(serves, "/healthz"), 0);
    EXPECT_EQ(status(serves, "/readyz"), 0);
  }
}

TEST(HttpGate, NamesOfKeysThatLeaveThisMachineAreToldOf) {
  EXPECT_THAT(StartWarnings(Good({})), testing::IsEmpty());
  EXPECT_THAT(StartWarnings(Good({"--metrics", "unix:/run/m"})), testing::IsEmpty());
  EXPECT_THAT(StartWarnings(Good({"--metrics", "0.0.0.0:9100"})),
              testing::ElementsAre(testing::AllOf(HasSubstr("--metrics 0.0.0.0:9100"),
                                                  HasSubstr("--key-labels hash"))));
  EXPECT_THAT(StartWarnings(Good({"--http", "10.0.0.1:9000", "--metrics", "0.0.0.0:9100"})),
              testing::SizeIs(2));
  EXPECT_THAT(StartWarnings(Good({"--http", "0.0.0.0:9000", "--key-labels", "hash"})),
              testing::IsEmpty());
}

}  // namespace
}  // namespace keyhole::core
