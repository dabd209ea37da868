#include "proxy/http/routes.h"

#include <vector>

namespace keyhole::core {
namespace {

constexpr std::string_view kKey = "KEY";

constexpr Route kRoutes[] = {
#define ROUTE(handler, label, method, path) \
  {RouteId::k##handler, metrics::HttpEndpoint::label, method, path},
#include "proxy/http/routes.def"
#undef ROUTE
};

}  // namespace

std::string_view Route::prefix() const {
  return path.ends_with(kKey) ? path.substr(0, path.size() - kKey.size()) : path;
}

bool Route::Matches(std::string_view target_path) const {
  return path.ends_with(kKey) ? target_path.starts_with(prefix()) : target_path == path;
}

std::span<const Route> Routes() {
  return kRoutes;
}

const Route* FindRoute(std::string_view method, std::string_view path) {
  if (method == "HEAD") method = "GET";
  for (const Route& route : kRoutes) {
    if (route.method == method && route.Matches(path)) return &route;
  }
  return nullptr;
}

std::string AllowedMethods(std::string_view path) {
  std::string methods;
  for (const Route& route : kRoutes) {
    if (!route.Matches(path)) continue;
    methods.append(methods.empty() ? "" : ", ").append(route.method);
    if (route.method == "GET") methods.append(", HEAD");
  }
  return methods;
}

std::string PathsForPeople() {
  std::vector<std::string_view> paths;
  for (const Route& route : kRoutes) {
    if (route.path != "/" && (paths.empty() || paths.back() != route.path)) {
      paths.push_back(route.path);
    }
  }
  std::string text;
  for (size_t i = 0; i < paths.size(); ++i) {
    text.append(i == 0 ? "" : i + 1 < paths.size() ? ", " : " and ").append(paths[i]);
  }
  return text;
}

}  // namespace keyhole::core
