#include "proxy/http/http_exchange.h"

#include <algorithm>
#include <utility>

#include "metrics/exporter.h"
#include "metrics/openmetrics.h"
#include "proxy/base/accept.h"
#include "proxy/base/digits.h"
#include "proxy/base/percent.h"
#include "proxy/http/gzip.h"
#include "proxy/http/http_item.h"
#include "proxy/http/query.h"
#include "proxy/http/routes.h"
#include "proxy/page/page.h"

namespace keyhole::core {
namespace {

using resp::CommandId;

constexpr uint64_t kMaxLimit = 1000;
constexpr std::string_view kDefaultLimit = "100";
constexpr std::string_view kItems = "/items";
constexpr std::string_view kPageType = "text/html";
constexpr std::string_view kMissing = "Missing key or value";

// An absolute target ("http://host/items") without its scheme and host.
std::string_view OriginForm(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    target.remove_prefix(std::min(target.find_first_of("/?", scheme.size()), target.size()));
    return target.empty() ? "/" : target;
  }
  return target;
}

// Bytes are for those who name them, and not JSON before them.
bool PrefersBytes(std::string_view accept) {
  return Prefers(accept, {.name = kBytesType}, {.name = kJsonType});
}

// Also of paths that do not exist: only those who may ask are told which do.
HttpAccess AccessOf(std::string_view path) {
  if (path.starts_with(kItems)) return HttpAccess::kCommands;
  if (path.starts_with("/api")) return HttpAccess::kKeyNames;
  return path == "/metrics" ? HttpAccess::kMetrics : HttpAccess::kOpen;
}

}  // namespace

HttpStep HttpExchange::Begin(const HttpRequest& request) {
  *this = HttpExchange();
  response_.head = request.method == "HEAD";
  const std::string_view target = OriginForm(request.target);
  const size_t question = std::min(target.find('?'), target.size());
  const std::string_view query = target.substr(std::min(question + 1, target.size()));
  return Run(request, target.substr(0, question), query);
}

HttpStep HttpExchange::Run(const HttpRequest& request, std::string_view path,
                           std::string_view query) {
  access_ = AccessOf(path);
  if (request.metrics_address && access_ == HttpAccess::kMetrics) access_ = HttpAccess::kOpen;
  const Route* const route = FindRoute(request.method, path);
  if (route == nullptr) {
    const std::string allowed = AllowedMethods(path);
    return allowed.empty() ? Fail(404, "No such path; there are " + PathsForPeople())
                           : FailMethod(allowed);
  }
  endpoint_ = route->label;
  const Call call{request, path.substr(route->prefix().size()), query};
  switch (route->id) {
#define ROUTE(handler, label, method, path) \
  case RouteId::k##handler:                 \
    return Begin##handler(call);
#include "proxy/http/routes.def"
#undef ROUTE
  }
  return HttpStep::kRespond;
}

std::optional<HttpStep> HttpExchange::RefuseKey(std::string_view encoded) {
  std::optional<std::string> key = PercentDecode(encoded);
  if (!key) return Fail(400, "In the key a % must stand before two hexadecimal digits; write %25");
  if (key->empty()) return Fail(400, "Missing key; give /items/KEY");
  key_ = std::move(*key);
  return std::nullopt;
}

HttpStep HttpExchange::Report(const Call& call, HttpReport::Kind kind,
                              const std::optional<std::string>& problem) {
  if (problem) return Fail(400, *problem);
  report_.kind = kind;
  report_.gzip = AcceptsGzip(call.request.accept_encoding);
  if (report_.gzip) response_.content_encoding = "gzip";
  return HttpStep::kReport;
}

HttpStep HttpExchange::BeginHello(const Call& call) {
  if (Prefers(call.request.accept, {.name = kPageType}, {.name = kJsonType})) {
    response_.content_type = "text/html; charset=utf-8";
    response_.policy = page::Policy();
    return Report(call, HttpReport::Kind::kPage, std::nullopt);
  }
  return Respond(200, R"({"message":"Keyhole is running"})");
}

HttpStep HttpExchange::BeginHealth(const Call&) {
  return Respond(200, R"({"status":"ok"})");
}

HttpStep HttpExchange::BeginReady(const Call&) {
  return HttpStep::kReady;
}

HttpStep HttpExchange::BeginGet(const Call& call) {
  if (const auto refused = RefuseKey(call.key)) return *refused;
  want_bytes_ = PrefersBytes(call.request.accept);
  return Send(Waiting::kGet, CommandId::kGet, {key_});
}

HttpStep HttpExchange::BeginDelete(const Call& call) {
  if (const auto refused = RefuseKey(call.key)) return *refused;
  return Send(Waiting::kDelete, CommandId::kDel, {key_});
}

HttpStep HttpExchange::BeginPost(const Call& call) {
  const std::string_view body = call.request.body;
  if (body.empty()) return Fail(400, kMissing);
  PostedItem item;
  if (const std::optional<std::string> problem = ParseItem(body, &item)) {
    return Fail(400, *problem);
  }
  if (!item.key || item.key->empty() || !item.value) return Fail(400, kMissing);
  key_ = std::move(*item.key);
  value_ = std::move(*item.value);
  return SendSet(Waiting::kPost, item.ttl);
}

HttpStep HttpExchange::BeginPut(const Call& call) {
  if (const auto refused = RefuseKey(call.key)) return *refused;
  bool valid = true;
  const std::optional<std::string> text =
      QueryParameter(call.query, resp::Spec(CommandId::kTtl).name, &valid);
  std::optional<int64_t> ttl;
  if (text || !valid) {
    const std::optional<uint64_t> seconds = ParseDigits(text.value_or(""));
    if (!seconds || *seconds < 1 || *seconds > static_cast<uint64_t>(kMaxTtlSeconds)) {
      return Fail(400, TtlProblem());
    }
    ttl = static_cast<int64_t>(*seconds);
  }
  value_ = call.request.body;
  return SendSet(Waiting::kPut, ttl);
}

HttpStep HttpExchange::BeginList(const Call& call) {
  bool limit_valid = true;
  bool cursor_valid = true;
  const std::string limit =
      QueryParameter(call.query, "limit", &limit_valid).value_or(std::string(kDefaultLimit));
  const std::string cursor = QueryParameter(call.query, "cursor", &cursor_valid).value_or("0");
  const std::optional<uint64_t> count = ParseDigits(limit);
  if (!limit_valid || !count || *count < 1 || *count > kMaxLimit) {
    return Fail(400, "limit must be a whole number from 1 to " + std::to_string(kMaxLimit));
  }
  if (!cursor_valid || !ParseDigits(cursor)) {
    return Fail(400, "cursor must be one that an earlier answer gave, or 0");
  }
  // Other types are left out here: asked for with MGET they would count as misses.
  return Send(Waiting::kScan, CommandId::kScan,
              {cursor, "COUNT", std::to_string(*count), "TYPE", "string"});
}

HttpStep HttpExchange::BeginMetrics(const Call& call) {
  const bool open = metrics::AcceptsOpenMetrics(call.request.accept);
  const auto kind = open ? HttpReport::Kind::kOpenMetrics : HttpReport::Kind::kMetrics;
  response_.content_type =
      open ? metrics::kOpenMetricsContentType : metrics::kExpositionContentType;
  return Report(call, kind, std::nullopt);
}

HttpStep HttpExchange::BeginSlow(const Call& call) {
  return Report(call, HttpReport::Kind::kSlow, Query().Read(call.query, {}));
}

HttpStep HttpExchange::BeginKeys(const Call& call) {
  return Report(call, HttpReport::Kind::kKeys, ParseKeysQuery(call.query, &report_.keys));
}

HttpStep HttpExchange::BeginKey(const Call& call) {
  if (const auto refused = RefuseKey(call.key)) return *refused;
  report_.key = key_;
  return Report(call, HttpReport::Kind::kKey, Query().Read(call.query, {}));
}

// None of the three counts as a use of the key, in Redis or in the store.
HttpStep HttpExchange::BeginLook(const Call& call) {
  if (const auto refused = RefuseKey(call.key)) return *refused;
  if (const auto problem = Query().Read(call.query, {})) return Fail(400, *problem);
  return Send(Waiting::kType, CommandId::kType, {key_});
}

HttpStep HttpExchange::BeginClients(const Call& call) {
  return Report(call, HttpReport::Kind::kClients, ParseClientsQuery(call.query, &report_.clients));
}

HttpStep HttpExchange::BeginOverview(const Call& call) {
  return Report(call, HttpReport::Kind::kOverview, Query().Read(call.query, {}));
}

HttpStep HttpExchange::BeginHistory(const Call& call) {
  return Report(call, HttpReport::Kind::kHistory, ParseHistoryQuery(call.query, &report_.history));
}

HttpStep HttpExchange::BeginEvents(const Call& call) {
  if (const auto problem = Query().Read(call.query, {})) return Fail(400, *problem);
  response_.content_type = "text/event-stream";
  response_.is_stream = true;
  report_.kind = HttpReport::Kind::kEvent;
  return HttpStep::kReport;
}

const HttpReport& HttpExchange::Continue() {
  report_.kind = HttpReport::Kind::kNextEvent;
  return report_;
}

HttpStep HttpExchange::BeginPurge(const Call& call) {
  report_.kind = HttpReport::Kind::kPurge;
  if (const auto problem = ParsePurgeQuery(call.query, &report_.purge)) return Fail(400, *problem);
  return HttpStep::kReport;
}

HttpStep HttpExchange::BeginReload(const Call& call) {
  return Report(call, HttpReport::Kind::kReload, Query().Read(call.query, {}));
}

HttpStep HttpExchange::Send(Waiting waiting, CommandId id, std::vector<std::string> arguments) {
  waiting_ = waiting;
  command_ = std::move(arguments);
  command_.emplace(command_.begin(), resp::Spec(id).name);
  return HttpStep::kCommand;
}

HttpStep HttpExchange::SendSet(Waiting waiting, std::optional<int64_t> ttl) {
  if (!ttl) return Send(waiting, CommandId::kSet, {key_, value_});
  return Send(waiting, CommandId::kSet, {key_, value_, "EX", std::to_string(*ttl)});
}

HttpStep HttpExchange::Respond(int status, std::string body) {
  waiting_ = Waiting::kNothing;
  response_.status = status;
  response_.content_encoding.clear();
  response_.is_stream = false;
  response_.body = std::move(body);
  return HttpStep::kRespond;
}

HttpStep HttpExchange::RespondEmpty(int status) {
  response_.content_type.clear();
  return Respond(status, "");
}

HttpStep HttpExchange::Fail(int status, std::string_view text) {
  return Respond(status, "{\"error\":" + JsonString(text) + "}");
}

HttpStep HttpExchange::FailMethod(std::string_view allow) {
  response_.allow = allow;
  return Fail(405, "This path does not have the method; it has " + response_.allow);
}

}  // namespace keyhole::core
