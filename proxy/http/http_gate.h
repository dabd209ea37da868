// Who is let in by HTTP, and to what: decided by the head of a request, before its body is read.
//
// A browser runs what any page says, and sends it from this machine. What keeps pages out:
//
//   Host      a page that was loaded from a name which now resolves to this machine (DNS rebinding)
//             shows that name. Host must be an IP address, localhost, a name that we listen on
//             (where that is every address: the machine's own name) or in --http-hosts; else 421.
//   Origin    a page of another origin shows it. It must be that of Host, or in --http-origins,
//             else 403. "null" (files, sandboxed frames) is foreign to all.
//   Sec-Fetch-Site  shows it where Origin is left out, as with images: 403 unless it is same-origin
//             or none. same-site is foreign too: another port of localhost is the same site.
//   Content-Type  with an Origin, a body must have a type that no form can have: POST must be
//             application/json, PUT anything but the three types of forms; else 415.
//
// /healthz and /readyz answer GET and HEAD from anyone: load balancers send any Host, and the
// answer is one word. An HTTP/1.0 request without Host does not come from a browser. On a unix
// socket, which browsers cannot reach, any Host is accepted.
//
// What a listener serves: the item calls are off where --http-items says so; by default in front of
// a Redis on another machine, because whoever can reach HTTP cannot always reach that Redis. With
// --metrics, /metrics is served there and nowhere else.
//
// Thread: any; constant but for assignment, between two requests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/options.h"

namespace keyhole::core {

// What of a head is looked at. Empty views but for origin and fetch_site: the field is not there.
struct HttpHead {
  std::string_view method = {};
  std::string_view target = {};
  std::string_view host = {};  // of a valid form
  std::string_view content_type = {};
  std::string_view requested_method = {};  // Access-Control-Request-Method
  std::optional<std::string_view> origin = {};
  std::optional<std::string_view> fetch_site = {};
  bool has_body = false;
};

struct HttpVerdict {
  int status = 0;             // what it is refused with; 0: it is let in
  std::string text = {};      // why it is refused, for the client
  std::string origin = {};    // a page of this origin may read the answer; empty: none may
  bool is_preflight = false;  // answer that the request which is asked about may be sent
  bool is_urgent = false;     // health, or on --metrics: answered at once, even in a full house
};

class HttpGate {
 public:
  enum class Serves : uint8_t { kAll, kAllButMetrics, kMetricsAndHealth };

  // items: the item calls are served. endpoint: where it listens, one of --http and --metrics.
  // machine: this machine's name.
  HttpGate(const HttpOptions& options, bool items, const Endpoint& endpoint, Serves serves,
           std::string_view machine);

  HttpVerdict Check(const HttpHead& head) const;
  // Answers differ by Origin.
  bool has_origins() const { return !origins_.empty(); }
  Serves serves() const { return serves_; }

 private:
  bool KnowsHost(std::string_view host) const;
  bool IsListed(std::string_view origin) const;
  std::optional<HttpVerdict> CheckPath(std::string_view path) const;

  Serves serves_;
  bool any_host_;  // a unix socket
  bool items_;
  std::vector<std::string> hosts_;  // "*.name": every name that ends so
  std::vector<std::string> origins_;
};

}  // namespace keyhole::core
