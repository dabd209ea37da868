// One request to the HTTP adapter and its answer, without a socket: it says what is to be done next
// and is told what came of it.
//
//     Begin() --> kCommand --> OnReply() --> kCommand ... --> kRespond
//         |           '------> OnUnavailable() -------------> kRespond
//         |--> kReady -------> OnReadiness() ---------------> kRespond
//         |--> kReport         the caller answers with what report() asks for; where the response is
//         |                    a stream, Continue() gives the next one, for as long as there is a
//         |                    reader
//         '--> kRespond
//
// | call                       | answer                                                           |
// |----------------------------|------------------------------------------------------------------|
// | GET /                      | 200 {"message":...}; Accept: text/html: kReport, the page | | POST
// /items                | 201 {"message":"Item added successfully","key":...,"value":...}; | | key,
// value and maybe ttl | 400 {"error":"Missing key or value"} and other 400s              | | GET
// /items/foo             | 200 {"key":"foo","value":"bar"}; 404 {"error":"Key not found"}   | |
// Accept: application/octet-stream: 200 and the value's bytes                                 | |
// PUT /items/foo[?ttl=60]    | 204; the body's bytes are the value                              |
// | DELETE /items/foo          | 204; 404                                                         |
// | GET /items?limit=&cursor=  | 200 {count: n, items: {"foo":"bar"}, cursor: "0"}                |
// | GET /metrics               | kReport: Prometheus' text, or OpenMetrics if Accept wants it     |
// | GET /api/keys?sort=&limit= | kReport: the keys, most hits (misses ...) first; or 400          |
// | GET /api/keys/foo          | kReport: one key: counts, history, what last became of it        |
// | GET /api/look/foo          | 200 {type, ttl, size}: what Redis has there now                  |
// | GET /api/slow              | kReport: the biggest values and the slowest commands             |
// | GET /api/clients           | kReport: who is connected                                        |
// | GET /api/overview          | kReport: what one sees at a glance                               |
// | GET /api/events            | kReport: the same, and again each second: a stream of events     |
// | GET /api/history           | kReport: series of the last hour or day                          |
// | DELETE /api/near-cache     | kReport: empties the near cache: {"purged": n}; or 400           |
// |   ?prefix= or ?key=        |                                                                  |
// | GET /healthz               | 200 {"status":"ok"}                                              |
// | GET /readyz                | kReady, then 200 {"status":"ok"} or 503                          |
//
// HEAD is GET without the body. A known path with another method: 405 and Allow. Else 404.
//
// Keys: all that follows "/items/" up to the '?', percent-decoded, any bytes but none at all. JSON
// cannot carry bytes that are no UTF-8: keys and values show them as \xNN, and the exact bytes come
// with Accept: application/octet-stream.
//
// Lists: a page is one SCAN for strings with COUNT limit (1 to 1000, default 100) and one MGET. As
// with SCAN, a page may have a few more items than the limit or fewer, even none; the end is the
// cursor "0". Keys that vanished in between are left out. Listing is no lookup: it counts no hits,
// and the embedded store takes it for no use of a key.
//
// Errors: {"error": text}. 503 if the upstream is away or says that it is not ready (LOADING ...),
// 409 for WRONGTYPE, 403 for NOAUTH, WRONGPASS and NOPERM, 502 for other error replies, all with
// Redis' text.
//
// Owner: the connection that the request came on. Thread: its worker. Nothing throws but
// std::bad_alloc, whatever the bytes. Views in a request are not kept after Begin().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/http_stats.h"
#include "proxy/http/clients_report.h"
#include "proxy/http/history_report.h"
#include "proxy/http/reports.h"
#include "resp/command_table.h"
#include "resp/reply_reader.h"

namespace keyhole::core {

struct HttpRequest {
  std::string_view method = {};        // as in the request line
  std::string_view target = {};        // "/items/foo?a=b", or with "http://host" before it
  std::string_view content_type = {};  // not looked at: what is posted is JSON, put is bytes
  std::string_view accept = {};
  std::string_view body = {};
  std::string_view authorization = {};  // see HttpSession
  std::string_view accept_encoding = {};
  bool metrics_address = false;  // came in on --metrics, which asks for no password
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";  // empty: send no such header
  std::string allow;                              // the header Allow, with 405; else empty
  std::string body;
  std::string content_encoding;  // of the body; empty: none
  std::string policy;            // Content-Security-Policy of a page; empty: it is none
  // The body is only the beginning: no Content-Length, and its end is that of the connection.
  bool is_stream = false;
  // HEAD: send a Content-Length of body.size() and no body.
  bool head = false;
};

// What is to be done next.
enum class HttpStep : uint8_t {
  kRespond,  // send response()
  kCommand,  // send command() through the proxy's door, in RESP2; then OnReply() with its reply
  kReport,   // make report() the body of response() and send it
  kReady,    // find out whether the upstream can be reached; then OnReadiness()
  kBody,     // of HttpSession::BeginHead(): read the body, then Begin()
};

// Who may see what a path shows. HttpSession enforces it.
enum class HttpAccess : uint8_t {
  kOpen,      // anybody: there are no data in it
  kCommands,  // who may run its commands
  kKeyNames,  // who may see the names of all keys: /api
  kMetrics,   // the same, unless --metrics-open or --metrics has an address of its own
};

// What is made away from the worker's thread.
struct HttpReport {
  enum class Kind : uint8_t {
    kMetrics,
    kOpenMetrics,
    kPage,
    kKeys,
    kKey,
    kSlow,
    kClients,
    kOverview,
    kEvent,      // the overview as an event, now
    kNextEvent,  // the same, when there is something new to tell
    kHistory,
    kPurge,
    kReload,  // the options are read again
  };
  Kind kind = Kind::kMetrics;
  bool gzip = false;          // the body is to be compressed
  KeysQuery keys = {};        // kKeys
  std::string key = {};       // kKey: its name, as it is or as reports show it
  ClientsQuery clients = {};  // kClients
  HistoryQuery history = {};  // kHistory
  PurgeQuery purge = {};      // kPurge
};

class HttpExchange {
 public:
  // Starts on a new request; the object may be used again after kRespond or kReport.
  HttpStep Begin(const HttpRequest& request);

  // To be called once after kCommand, one of these.
  HttpStep OnReply(std::string_view reply);  // one complete reply and nothing else
  HttpStep OnUnavailable();                  // the upstream is away
  HttpStep OnReplyTooLarge();                // the caller does not want to keep such a large reply

  // Instead of carrying out the step that Begin() gave: the error is one that Redis would reply.
  HttpStep OnRefused(std::string_view error);

  // Of a stream: asks for its next piece.
  const HttpReport& Continue();

  // To be called once after kReady.
  HttpStep OnReadiness(std::string_view problem);  // empty: it serves

  // Valid after kCommand until the next call that gives a step. args[0] is the command's name.
  const std::vector<std::string>& command() const { return command_; }
  // The command is one of a list: a person looks at what is there, and looks nothing up.
  bool lists() const { return endpoint_ == metrics::HttpEndpoint::kListItems; }
  // Valid after kRespond until the next Begin(). The caller may move from it.
  HttpResponse& response() { return response_; }
  // Valid after kReport. Its Content-Type is in response() already.
  const HttpReport& report() const { return report_; }
  // Valid after Begin().
  HttpAccess access() const { return access_; }
  // What the request counts as. Valid after Begin().
  metrics::HttpEndpoint endpoint() const { return endpoint_; }

 private:
  // Whose reply comes next.
  enum class Waiting : uint8_t {
    kNothing,
    kGet,
    kPost,
    kPut,
    kDelete,
    kScan,
    kMget,
    kType,
    kTtl,
    kSize,
  };

  struct Call {
    const HttpRequest& request;
    std::string_view key;  // percent-encoded; where the route has one
    std::string_view query;
  };

  HttpStep Run(const HttpRequest& request, std::string_view path, std::string_view query);
  // Takes the key; or says what is wrong with it, and what comes of that.
  std::optional<HttpStep> RefuseKey(std::string_view encoded);

#define ROUTE(handler, label, method, path) HttpStep Begin##handler(const Call& call);
#include "proxy/http/routes.def"
#undef ROUTE

  HttpStep OnGet(const ReplyElement& reply);
  HttpStep OnPosted(const ReplyElement& reply);
  HttpStep OnDeleted(const ReplyElement& reply);
  HttpStep OnScanned(ReplyReader* reader, const ReplyElement& reply);
  HttpStep OnType(const ReplyElement& reply);
  HttpStep OnTtl(const ReplyElement& reply);
  HttpStep OnSize(const ReplyElement& reply);
  HttpStep OnListed(ReplyReader* reader, const ReplyElement& reply);

  HttpStep Send(Waiting waiting, resp::CommandId id, std::vector<std::string> arguments);
  HttpStep SendSet(Waiting waiting, std::optional<int64_t> ttl);
  // The report is the answer; or what is wrong with what was asked for.
  HttpStep Report(const Call& call, HttpReport::Kind kind,
                  const std::optional<std::string>& problem);
  HttpStep Respond(int status, std::string body);
  HttpStep RespondEmpty(int status);
  HttpStep RespondPage(size_t count, std::string_view items);
  HttpStep Fail(int status, std::string_view text);
  HttpStep FailMethod(std::string_view allow);
  HttpStep FailReply();

  HttpReport report_;
  metrics::HttpEndpoint endpoint_ = metrics::HttpEndpoint::kOther;
  HttpAccess access_ = HttpAccess::kOpen;
  Waiting waiting_ = Waiting::kNothing;
  bool want_bytes_ = false;  // Accept: application/octet-stream
  std::string key_;
  std::string value_;
  std::string type_;               // of the key, as Redis calls it
  int64_t ttl_ = -1;               // milliseconds; -1: none
  std::string cursor_;             // the one to be returned
  std::vector<std::string> keys_;  // of the page, each once
  std::vector<std::string> command_;
  HttpResponse response_;
};

}  // namespace keyhole::core
