// redis+sentinel://[[user]:password@]host[:port][,host[:port]...]/NAME[/db]
//
// No message repeats a part of it: what looks like a host may be a password.
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/config/config_values.h"

namespace keyhole::core {
namespace {

constexpr std::string_view kForm =
    "give redis+sentinel://[[user]:password@]host[:port][,host[:port]...]/NAME[/db], where NAME is "
    "what the Sentinels call the master";
constexpr uint16_t kSentinelPort = 26379;

}  // namespace

Problem ParseSentinels(std::string_view rest, Upstream* out) {
  const size_t at = rest.rfind('@');
  const size_t slash = rest.find('/', at == std::string_view::npos ? 0 : at);
  if (slash == std::string_view::npos || slash + 1 == rest.size()) {
    return "the name of the master is missing; " + std::string(kForm);
  }
  std::string_view hosts = rest.substr(0, slash);
  const std::string credentials(at == std::string_view::npos ? "" : rest.substr(0, at + 1));
  hosts.remove_prefix(credentials.size());
  std::string_view name = rest.substr(slash + 1);
  const size_t second = name.find('/');
  const std::string database(second == std::string_view::npos ? "" : name.substr(second));
  name = name.substr(0, second);
  if (name.empty()) return "the name of the master is missing; " + std::string(kForm);

  // Each by itself is an URL as any other.
  Upstream upstream;
  Sentinels sentinels;
  sentinels.master = name;
  while (true) {
    const std::string_view host = hosts.substr(0, hosts.find(','));
    Upstream one;
    one.endpoint.port = kSentinelPort;
    if (Problem problem = ParseRedisUrl(credentials + std::string(host) + database, &one)) {
      return problem;
    }
    sentinels.endpoints.push_back(one.endpoint);
    if (sentinels.endpoints.size() == 1) upstream = std::move(one);
    if (host.size() == hosts.size()) break;
    hosts.remove_prefix(host.size() + 1);
  }
  upstream.sentinels = std::move(sentinels);
  *out = std::move(upstream);
  return std::nullopt;
}

}  // namespace keyhole::core
