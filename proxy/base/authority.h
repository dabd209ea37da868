// A host and maybe a port, as they stand in the Host of HTTP and in URLs.
//
// Thread: any; pure functions. Views live as long as the text.
#pragma once

#include <optional>
#include <string_view>

namespace keyhole::core {

struct Authority {
  std::string_view host = {};  // with the brackets of IPv6
  std::string_view port = {};  // digits, maybe none

  // False: `text` is not one.
  static bool Parse(std::string_view text, Authority* out);
  // The same host, whatever its case, and the same port, where none is `default_port`.
  bool Equals(const Authority& other, std::string_view default_port) const;
};

// What stands behind "http://" or "https://", with the usual port of that scheme. None: `url`
// begins with neither.
std::optional<std::string_view> CutScheme(std::string_view url, std::string_view* port);

}  // namespace keyhole::core
