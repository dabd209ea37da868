#include "proxy/http/http_gate.h"

#include <algorithm>

#include "proxy/base/authority.h"
#include "proxy/base/digits.h"
#include "resp/command_table.h"

namespace keyhole::core {
namespace {

using resp::EqualsIgnoreCase;

constexpr std::string_view kItems = "/items";
constexpr std::string_view kFormTypes[] = {"text/plain", "application/x-www-form-urlencoded",
                                           "multipart/form-data"};

// Four numbers up to 255. Browsers write addresses so, whatever was typed.
bool IsIpV4(std::string_view host) {
  for (int i = 0; i < 4; ++i) {
    const size_t dot = host.find('.');
    const std::string_view part = host.substr(0, dot);
    const std::optional<uint64_t> number = ParseDigits(part);
    if (!number || *number > 255 || part.size() > 3) return false;
    if (dot == std::string_view::npos) return i == 3;
    host.remove_prefix(dot + 1);
  }
  return false;
}

bool IsWildcard(const Endpoint& endpoint) {
  return endpoint.host == "0.0.0.0" || endpoint.host == "::";
}

bool EndsWithIgnoreCase(std::string_view text, std::string_view end) {
  return text.size() > end.size() && EqualsIgnoreCase(text.substr(text.size() - end.size()), end);
}

// Without parameters and the spaces around it.
std::string_view MediaType(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return type;
}

// The path of a target that may be absolute.
std::string_view PathOf(std::string_view target) {
  const size_t scheme = target.starts_with('/') ? std::string_view::npos : target.find("://");
  if (scheme != std::string_view::npos) {
    target.remove_prefix(std::min(target.find_first_of("/?", scheme + 3), target.size()));
  }
  return target.substr(0, target.find('?'));
}

bool IsSameOrigin(std::string_view origin, std::string_view host) {
  Authority of_page;
  Authority ours;
  std::string_view port;
  const std::optional<std::string_view> page = CutScheme(origin, &port);
  return page.has_value() && Authority::Parse(*page, &of_page) && Authority::Parse(host, &ours) &&
         ours.Equals(of_page, port);
}

HttpVerdict Refused(int status, std::string text) {
  return {.status = status, .text = std::move(text)};
}

// What a page may not send as its body.
std::optional<HttpVerdict> CheckType(const HttpHead& head) {
  const std::string_view type = MediaType(head.content_type);
  if (head.method == "POST" && !EqualsIgnoreCase(type, "application/json")) {
    return Refused(415, "A page must send Content-Type: application/json");
  }
  if (head.method == "PUT" &&
      std::any_of(std::begin(kFormTypes), std::end(kFormTypes),
                  [type](auto form) { return EqualsIgnoreCase(type, form); })) {
    return Refused(415,
                   "A page may not send the Content-Type of a form; use application/octet-stream");
  }
  return std::nullopt;
}

}  // namespace

HttpGate::HttpGate(const HttpOptions& options, bool items, const Endpoint& endpoint, Serves serves,
                   std::string_view machine)
    : serves_(serves),
      any_host_(endpoint.kind == Endpoint::Kind::kUnix),
      items_(items),
      hosts_(options.hosts),
      origins_(options.origins) {
  hosts_.emplace_back("localhost");
  hosts_.push_back(IsWildcard(endpoint) ? std::string(machine) : endpoint.host);
}

bool HttpGate::KnowsHost(std::string_view host) const {
  Authority authority;
  if (any_host_ || host.empty()) return true;
  if (!Authority::Parse(host, &authority)) return false;
  std::string_view name = authority.host;
  if (name.starts_with('[') || IsIpV4(name)) return true;
  if (name.ends_with('.')) name.remove_suffix(1);
  return std::any_of(hosts_.begin(), hosts_.end(), [name](std::string_view known) {
    return known.starts_with("*.") ? EndsWithIgnoreCase(name, known.substr(1))
                                   : !known.empty() && EqualsIgnoreCase(name, known);
  });
}

bool HttpGate::IsListed(std::string_view origin) const {
  return std::any_of(origins_.begin(), origins_.end(),
                     [origin](const auto& listed) { return EqualsIgnoreCase(origin, listed); });
}

std::optional<HttpVerdict> HttpGate::CheckPath(std::string_view path) const {
  const bool metrics = path == "/metrics";
  if (serves_ == Serves::kAllButMetrics && metrics) {
    return Refused(404, "/metrics is served on the address of --metrics only");
  }
  if (serves_ == Serves::kMetricsAndHealth && !metrics) {
    return Refused(404, "Only /metrics, /healthz and /readyz are served here (--metrics)");
  }
  const bool item =
      path.starts_with(kItems) && (path.size() == kItems.size() || path[kItems.size()] == '/');
  if (item && !items_) {
    return Refused(403,
                   "The item calls are off, as by default in front of a Redis on another machine; "
                   "--http-items on turns them on");
  }
  return std::nullopt;
}

HttpVerdict HttpGate::Check(const HttpHead& head) const {
  const std::string_view path = PathOf(head.target);
  const bool read = head.method == "GET" || head.method == "HEAD";
  if (read && (path == "/healthz" || path == "/readyz")) return {.is_urgent = true};
  if (!KnowsHost(head.host)) {
    return Refused(421, "This server does not answer to the name in Host, " +
                            std::string(head.host) +
                            "; use its IP address, or list the name in --http-hosts");
  }
  const bool listed = head.origin.has_value() && IsListed(*head.origin);
  const bool foreign_origin = head.origin.has_value() && !IsSameOrigin(*head.origin, head.host);
  const bool foreign_site = head.fetch_site.has_value() && *head.fetch_site != "same-origin" &&
                            *head.fetch_site != "none";
  if (!listed && (foreign_origin || foreign_site)) {
    return Refused(403,
                   "Pages of other origins may not call this server; --http-origins lists those "
                   "that may");
  }
  HttpVerdict verdict;
  verdict.is_urgent = serves_ == Serves::kMetricsAndHealth;
  if (const auto refused = CheckPath(path)) {
    verdict = *refused;
  } else if (listed && head.method == "OPTIONS" && !head.requested_method.empty()) {
    verdict.is_preflight = true;
  } else if (head.origin.has_value() && head.has_body) {
    if (const auto wrong = CheckType(head)) verdict = *wrong;
  }
  if (listed) verdict.origin = *head.origin;
  return verdict;
}

}  // namespace keyhole::core
