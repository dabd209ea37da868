// The values of the options that say who may call by HTTP.
#include "proxy/base/authority.h"
#include "proxy/config/config_values.h"

namespace keyhole::core {

Problem ParseHttpHost(std::string_view text, std::string* out) {
  Authority name;
  const std::string_view rest = text.substr(text.starts_with("*.") ? 2 : 0);
  if (!Authority::Parse(rest, &name) || name.host != rest || rest.starts_with('.')) {
    return Quoted(text) +
           " is not a valid host name; give one like cache.example.org or *.example.org, without "
           "scheme and port";
  }
  *out = Lower(text.ends_with('.') ? text.substr(0, text.size() - 1) : text);
  return std::nullopt;
}

Problem ParseHttpOrigin(std::string_view text, std::string* out) {
  const size_t scheme = text.find("://");
  Authority page;
  if (scheme == std::string_view::npos || scheme == 0 ||
      !Authority::Parse(text.substr(scheme + 3), &page)) {
    return Quoted(text) +
           " is not a valid origin; give scheme and host, and the port if it is not the usual one, "
           "as in https://app.example.org, without a path";
  }
  std::string origin = Lower(text);
  // Browsers leave the usual port out.
  for (const std::string_view usual : {"http://:80", "https://:443"}) {
    const size_t colon = usual.rfind(':');
    if (origin.starts_with(usual.substr(0, colon)) && origin.ends_with(usual.substr(colon))) {
      origin.resize(origin.size() - (usual.size() - colon));
    }
  }
  *out = std::move(origin);
  return std::nullopt;
}

}  // namespace keyhole::core
