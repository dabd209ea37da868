// The table of paths, and the texts that are made from it.
#include "proxy/http/routes.h"

#include <gtest/gtest.h>

namespace keyhole::core {
namespace {

TEST(Routes, EveryRowIsFoundByItsMethodAndPath) {
  for (const Route& route : Routes()) {
    EXPECT_EQ(FindRoute(route.method, route.path), &route) << route.method << " " << route.path;
    EXPECT_NE(AllowedMethods(route.path).find(route.method), std::string::npos);
  }
}

TEST(Routes, HeadIsGet) {
  EXPECT_EQ(FindRoute("HEAD", "/metrics"), FindRoute("GET", "/metrics"));
  EXPECT_EQ(FindRoute("HEAD", "/api/near-cache"), nullptr);
}

TEST(Routes, AKeyIsTheRestOfThePath) {
  EXPECT_EQ(FindRoute("GET", "/items/a/b")->id, RouteId::kGet);
  EXPECT_EQ(FindRoute("GET", "/items/")->id, RouteId::kGet);
  EXPECT_EQ(FindRoute("GET", "/items")->id, RouteId::kList);
  EXPECT_EQ(FindRoute("GET", "/itemsx"), nullptr);
  EXPECT_EQ(FindRoute("GET", "/metrics/"), nullptr);
}

TEST(Routes, ThePathSaysItsMethods) {
  EXPECT_EQ(AllowedMethods("/items"), "GET, HEAD, POST");
  EXPECT_EQ(AllowedMethods("/items/k"), "GET, HEAD, PUT, DELETE");
  EXPECT_EQ(AllowedMethods("/api/near-cache"), "DELETE");
  EXPECT_EQ(AllowedMethods("/healthz"), "GET, HEAD");
  EXPECT_EQ(AllowedMethods("/nowhere"), "");
}

TEST(Routes, WhoeverMissesThePathIsToldThemAll) {
  EXPECT_EQ(PathsForPeople(),
            "/items, /items/KEY, /metrics, /api/keys, /api/keys/KEY, /api/look/KEY, /api/slow, "
            "/api/clients, /api/overview, /api/events, /api/history, /api/near-cache, /api/reload, "
            "/healthz and "
            "/readyz");
}

}  // namespace
}  // namespace keyhole::core
