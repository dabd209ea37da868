// Where things listen and where they connect to: host:port, unix:/path and URLs.
//
// No message about a URL repeats a part of it: where an @ or a / is missing or one too many, what
// looks like a port or a database may be a password.
#include <algorithm>
#include <charconv>
#include <limits>

#include "proxy/base/digits.h"
#include "proxy/base/percent.h"
#include "proxy/config/config_values.h"

namespace keyhole::core {
namespace {

constexpr std::string_view kUnixScheme = "unix:";
constexpr uint16_t kRedisPort = 6379;
constexpr size_t kMaxUnixPath = 107;  // sockaddr_un::sun_path without its final NUL
constexpr std::string_view kUpstreamForms =
    "give redis://[[user]:password@]host[:port][/db], rediss:// with TLS, host[:port], "
    "unix:/path[?db=N], redis+cluster://[[user]:password@]host[:port][,host[:port]...], or "
    "redis+sentinel://[[user]:password@]host[:port][,host[:port]...]/NAME[/db]";

bool IsPrintable(std::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c == 0x7f) return false;
  }
  return true;
}

// Splits "host:port", "[v6]:port" and, where the port may be left out, "host" and "[v6]".
// False if the text has none of these forms.
bool SplitHostPort(std::string_view text, std::string_view* host, std::string_view* port) {
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return false;
    *host = text.substr(1, close - 1);
    if (host->find(':') == std::string_view::npos) return false;
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest[0] != ':') return false;
    *port = rest.empty() ? rest : rest.substr(1);
    return true;
  }
  const size_t colon = text.find(':');
  *host = text.substr(0, colon);
  *port = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  return !host->empty() && port->find(':') == std::string_view::npos;
}

// Why SplitHostPort() refused it.
std::string HostPortHint(std::string_view text) {
  if (!text.starts_with('[') && text.find(':') != text.rfind(':')) {
    return "an IPv6 address goes in brackets, as in [::1]:6380";
  }
  if (text.starts_with(':')) {
    return "the host is missing; 127.0.0.1" + std::string(text) + " is this machine only, 0.0.0.0" +
           std::string(text) + " all addresses";
  }
  return "give host:port, as in 127.0.0.1:6380, or [v6]:port, as in [::1]:6380";
}

Problem CheckUnixPath(std::string_view path) {
  if (!path.starts_with('/')) return "the path of a unix socket begins with /, as in unix:/run/x";
  if (path.find('\0') != std::string_view::npos) return "the path of a unix socket has a zero byte";
  if (path.size() > kMaxUnixPath) {
    return "the path of a unix socket is longer than " + std::to_string(kMaxUnixPath) + " bytes";
  }
  return std::nullopt;
}

Problem ParsePort(std::string_view text, uint64_t min, uint16_t* out) {
  const std::optional<uint64_t> port = ParseDigits(text);
  if (!port || *port < min || *port > 65535) {
    return "the port is not a number from " + std::to_string(min) + " to 65535";
  }
  *out = static_cast<uint16_t>(*port);
  return std::nullopt;
}

Problem ParseDb(std::string_view text, int* out) {
  const std::optional<uint64_t> db = ParseDigits(text);
  if (!db || *db > static_cast<uint64_t>(std::numeric_limits<int>::max())) {
    return "the database is not a number; the first one is 0";
  }
  *out = static_cast<int>(*db);
  return std::nullopt;
}

// "user:password" or ":password". Messages must not repeat any of it.
Problem ParseUserInfo(std::string_view text, Upstream* out) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return "what comes before the @ has no colon; give user:password@ or :password@";
  }
  const std::optional<std::string> user = PercentDecode(text.substr(0, colon));
  const std::optional<std::string> password = PercentDecode(text.substr(colon + 1));
  if (!user || !password) {
    return "in user and password a % must be written %25 (and / @ : ? # as %2F %40 %3A %3F %23)";
  }
  if (!user->empty() && password->empty()) {
    return "the password of the user is missing; give user:password@";
  }
  out->user = *user;
  out->password = *password;
  return std::nullopt;
}

// "host[:port]" in an URL.
Problem ParseUrlHost(std::string_view text, Endpoint* out) {
  std::string_view host;
  std::string_view port;
  if (text.empty() || text.starts_with(':')) {
    return "the host is missing; " + std::string(kUpstreamForms);
  }
  if (!SplitHostPort(text, &host, &port)) return HostPortHint(text);
  const std::optional<std::string> decoded = PercentDecode(host);
  if (!decoded || !IsPrintable(*decoded)) return "the host is not a valid name or address";
  const uint16_t usual = out->port == 0 ? kRedisPort : out->port;
  *out = Endpoint::Tcp(*decoded, usual);
  return port.empty() ? std::nullopt : ParsePort(port, 1, &out->port);
}

}  // namespace

// `rest` follows "redis://".
Problem ParseRedisUrl(std::string_view rest, Upstream* out) {
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return "? and # have no meaning in it (in a password they are written %3F and %23); " +
           std::string(kUpstreamForms);
  }
  const size_t slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  if (slash != std::string_view::npos && slash + 1 < rest.size()) {
    // A raw / in the password would show a part of it here.
    if (rest.find('@', slash) != std::string_view::npos) {
      return "in user and password a / must be written %2F and an @ %40";
    }
    if (Problem problem = ParseDb(rest.substr(slash + 1), &out->db)) return problem;
  }
  const size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    if (Problem problem = ParseUserInfo(authority.substr(0, at), out)) return problem;
    authority.remove_prefix(at + 1);
  }
  return ParseUrlHost(authority, &out->endpoint);
}

// `rest` follows "redis+cluster://".
Problem ParseClusterUrl(std::string_view rest, Upstream* out) {
  if (rest.find_first_of("/?#") != std::string_view::npos) {
    return "/ ? and # have no meaning in it: a cluster has one database (in a password they are "
           "written %2F, %3F and %23)";
  }
  const size_t at = rest.rfind('@');
  if (at != std::string_view::npos) {
    if (Problem problem = ParseUserInfo(rest.substr(0, at), out)) return problem;
    rest.remove_prefix(at + 1);
  }
  for (bool more = true; more;) {
    const size_t comma = rest.find(',');
    more = comma != std::string_view::npos;
    if (Problem problem = ParseUrlHost(rest.substr(0, comma), &out->seeds.emplace_back()))
      return problem;
    if (more) rest.remove_prefix(comma + 1);
  }
  out->endpoint = out->seeds.front();
  return std::nullopt;
}

namespace {

// "host", "host:port", "[v6]" and "[v6]:port" are what an URL has in the middle. Nothing that may
// hold a password is taken for one of these.
bool IsHostPort(std::string_view text) {
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && std::string_view("-._:[]").find(c) == std::string_view::npos) return false;
  }
  return !text.empty();
}

// `rest` follows "unix:".
Problem ParseUnixUrl(std::string_view rest, Upstream* out) {
  const size_t question = rest.find('?');
  if (question != std::string_view::npos) {
    const std::string_view query = rest.substr(question + 1);
    if (!query.starts_with("db=")) return "after the ? only db=N has a meaning";
    if (Problem problem = ParseDb(query.substr(3), &out->db)) return problem;
    rest = rest.substr(0, question);
  }
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    const size_t at = rest.find('@');
    if (!rest.starts_with('/') && at != std::string_view::npos) {
      if (Problem problem = ParseUserInfo(rest.substr(0, at), out)) return problem;
      rest.remove_prefix(at + 1);
    }
  }
  const std::optional<std::string> path = PercentDecode(rest);
  if (!path) return "in the path a % must be written %25";
  out->endpoint = Endpoint::Unix(*path);
  return CheckUnixPath(*path);
}

}  // namespace

Problem ParseTcpEndpoint(std::string_view text, Endpoint* out) {
  std::string_view host;
  std::string_view port;
  if (!SplitHostPort(text, &host, &port) || port.empty() || !IsPrintable(host)) {
    return Quoted(text) + " is not a valid address: " + HostPortHint(text);
  }
  Endpoint endpoint = Endpoint::Tcp(std::string(host), 0);
  if (Problem problem = ParsePort(port, 0, &endpoint.port)) {
    return Quoted(text) + " is not a valid address: " + *problem;
  }
  *out = endpoint;
  return std::nullopt;
}

Problem ParseEndpoint(std::string_view text, Endpoint* out) {
  if (!text.starts_with(kUnixScheme)) return ParseTcpEndpoint(text, out);
  const std::string_view path = text.substr(kUnixScheme.size());
  if (Problem problem = CheckUnixPath(path))
    return Quoted(text) + " is not a valid address: " + *problem;
  *out = Endpoint::Unix(std::string(path));
  return std::nullopt;
}

namespace {

// "0660"; as chmod takes it, without the bits beyond those of reading, writing and executing.
Problem ParseMode(std::string_view text, std::optional<uint32_t>* out) {
  uint32_t mode = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, mode, 8);
  if (error != std::errc() || stop != end || mode > 0777) {
    return "mode is not valid; give octal digits, as in mode=0660";
  }
  *out = mode;
  return std::nullopt;
}

// `query` follows the '?' of a unix socket's path.
Problem ParseAccess(std::string_view query, SocketAccess* out) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view name = pair.substr(0, equals);
    const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    if (name == "mode") {
      if (Problem problem = ParseMode(value, &out->mode)) return problem;
    } else if ((name == "user" || name == "group") && !value.empty()) {
      (name == "user" ? out->user : out->group) = value;
    } else {
      return "after the ? only mode=, user= and group= have a meaning, as in "
             "unix:/run/x?mode=0660&group=www-data";
    }
  }
  return std::nullopt;
}

}  // namespace

Problem ParseListenEndpoint(std::string_view text, std::string_view tls_scheme, Endpoint* out) {
  if (tls_scheme == kTlsScheme) {
    for (const std::string_view scheme : {kProxyScheme, kProxyTlsScheme}) {
      if (!text.starts_with(scheme)) continue;
      Problem problem = ParseTcpEndpoint(text.substr(scheme.size()), out);
      if (problem) return problem;
      out->proxy = true;
      out->tls = scheme == kProxyTlsScheme;
      return std::nullopt;
    }
  }
  if (text.starts_with(tls_scheme)) {
    Problem problem = ParseTcpEndpoint(text.substr(tls_scheme.size()), out);
    if (!problem) out->tls = true;
    return problem;
  }
  if (text.find("://") != std::string_view::npos) {
    return Quoted(text) + " is not a valid address: give host:port, " + std::string(tls_scheme) +
           "host:port for TLS, or unix:/path";
  }
  const size_t question = text.find('?');
  if (!text.starts_with(kUnixScheme) || question == std::string_view::npos) {
    return ParseEndpoint(text, out);
  }
  Endpoint endpoint;
  Problem problem = ParseEndpoint(text.substr(0, question), &endpoint);
  if (!problem) {
    problem = ParseAccess(text.substr(question + 1), &endpoint.access);
    if (problem) problem = Quoted(text) + " is not a valid address: " + *problem;
  }
  if (!problem) *out = std::move(endpoint);
  return problem;
}

namespace {

// With all that it is made of.
void SpeakTls(Upstream* upstream) {
  upstream->endpoint.tls = true;
  for (Endpoint& seed : upstream->seeds) seed.tls = true;
  if (!upstream->sentinels.has_value()) return;
  for (Endpoint& sentinel : upstream->sentinels->endpoints) sentinel.tls = true;
}

}  // namespace

Problem ParseUpstream(std::string_view text, Upstream* out) {
  constexpr std::string_view kRedis = "redis://";
  constexpr std::string_view kTls = "rediss://";
  constexpr std::string_view kCluster = "redis+cluster://";
  constexpr std::string_view kSentinel = "redis+sentinel://";
  constexpr std::string_view kTlsCluster = "rediss+cluster://";
  constexpr std::string_view kTlsSentinel = "rediss+sentinel://";
  Upstream upstream;
  Problem problem;
  constexpr std::string_view kTlsQuery = "?tls";
  const bool asks_tls = text.ends_with(kTlsQuery) && !text.starts_with(kUnixScheme);
  if (asks_tls) text.remove_suffix(kTlsQuery.size());
  constexpr std::string_view kProxyQuery = "?proxy=v2";
  const bool proxy = text.ends_with(kProxyQuery);
  if (proxy) text.remove_suffix(kProxyQuery.size());
  if (text.starts_with(kTls)) {
    problem = ParseRedisUrl(text.substr(kTls.size()), &upstream);
    SpeakTls(&upstream);
  } else if (text.starts_with(kCluster)) {
    problem = ParseClusterUrl(text.substr(kCluster.size()), &upstream);
  } else if (text.starts_with(kRedis)) {
    problem = ParseRedisUrl(text.substr(kRedis.size()), &upstream);
  } else if (text.starts_with(kTlsCluster)) {
    problem = ParseClusterUrl(text.substr(kTlsCluster.size()), &upstream);
    SpeakTls(&upstream);
  } else if (text.starts_with(kSentinel)) {
    problem = ParseSentinels(text.substr(kSentinel.size()), &upstream);
  } else if (text.starts_with(kTlsSentinel)) {
    problem = ParseSentinels(text.substr(kTlsSentinel.size()), &upstream);
    SpeakTls(&upstream);
  } else if (text.starts_with(kUnixScheme)) {
    problem = ParseUnixUrl(text.substr(kUnixScheme.size()), &upstream);
  } else if (IsHostPort(text)) {
    problem = ParseRedisUrl(text, &upstream);
  } else {
    problem =
        "it begins with none of redis://, rediss://, redis+cluster://, redis+sentinel:// and "
        "unix:; " +
        std::string(kUpstreamForms);
  }
  if (asks_tls) SpeakTls(&upstream);
  const bool one_by_tcp = upstream.endpoint.kind == Endpoint::Kind::kTcp &&
                          !upstream.is_cluster() && !upstream.sentinels;
  if (!problem && proxy && !one_by_tcp) {
    problem =
        "?proxy=v2 is for TCP to one Redis; leave it out for a unix socket, a cluster or Sentinel";
  }
  upstream.endpoint.proxy = proxy;
  if (!problem) *out = upstream;
  return problem;
}

}  // namespace keyhole::core
