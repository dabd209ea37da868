// Which handler a request by HTTP goes to, as routes.def says.
//
// Thread: any; everything here is constant.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "metrics/http_stats.h"

namespace keyhole::core {

enum class RouteId : uint8_t {
#define ROUTE(handler, label, method, path) k##handler,
#include "proxy/http/routes.def"
#undef ROUTE
};

struct Route {
  RouteId id;
  metrics::HttpEndpoint label;
  std::string_view method;
  std::string_view path;

  // The path without KEY: "/items/"; the whole path where there is none.
  std::string_view prefix() const;
  bool Matches(std::string_view target_path) const;
};

std::span<const Route> Routes();

// The row for a request, or null. A query does not belong to the path.
const Route* FindRoute(std::string_view method, std::string_view path);

// The methods of a path, as Allow lists them: "GET, HEAD, POST". Empty: there is no such path.
std::string AllowedMethods(std::string_view path);

// The paths there are, for people: "/items, /items/KEY, ... and /readyz".
std::string PathsForPeople();

}  // namespace keyhole::core
