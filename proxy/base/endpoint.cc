#include "proxy/base/endpoint.h"

#include <absl/strings/match.h>

namespace keyhole::core {

std::string Endpoint::ToString() const {
  if (kind == Kind::kUnix) return "unix:" + path;
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool Endpoint::IsLocal() const {
  if (kind == Kind::kUnix || host == "::1" || absl::EqualsIgnoreCase(host, "localhost")) {
    return true;
  }
  // "127.example.org" is a name like any other.
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace keyhole::core
