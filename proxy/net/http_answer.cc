#include "proxy/net/http_answer.h"

#include <algorithm>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/serializer.hpp>
#include <utility>

#include "proxy/http/http_item.h"
#include "proxy/net/asio.h"

namespace keyhole::net {

namespace http = boost::beast::http;

namespace {

using Head = http::response<http::empty_body>;

constexpr std::string_view kChallenge = "Basic realm=\"keyhole\", charset=\"UTF-8\"";
// What a page of an origin in --http-origins may send.
constexpr std::string_view kPageMethods = "GET, HEAD, POST, PUT, DELETE";
constexpr std::string_view kPageHeaders = "Accept, Authorization, Content-Type";
constexpr std::string_view kPreflightSeconds = "600";

// What browsers ask for before they let a page of another origin read or send (CORS). No
// credentials: a page says its password itself, in Authorization.
void SetPageFields(const core::HttpVerdict& verdict, Head* head) {
  if (verdict.origin.empty()) return;
  head->set(http::field::access_control_allow_origin, verdict.origin);
  if (!verdict.is_preflight) return;
  head->set(http::field::access_control_allow_methods, kPageMethods);
  head->set(http::field::access_control_allow_headers, kPageHeaders);
  head->set(http::field::access_control_max_age, kPreflightSeconds);
}

// What our own page may do, and who may show it: nobody else.
void SetPolicy(std::string_view policy, Head* head) {
  head->set("Content-Security-Policy", policy);
  head->set("X-Content-Type-Options", "nosniff");
  head->set("Referrer-Policy", "no-referrer");
  head->set(http::field::cache_control, "no-store");
}

void Append(Head& head, std::string* out) {
  http::response_serializer<http::empty_body> serializer(head);
  error_code error;  // there is nothing that could fail
  while (!serializer.is_done() && !error) {
    size_t n = 0;
    serializer.next(error, [&](error_code&, const auto& buffers) {
      for (const asio::const_buffer buffer : boost::beast::buffers_range_ref(buffers)) {
        out->append(static_cast<const char*>(buffer.data()), buffer.size());
        n += buffer.size();
      }
    });
    serializer.consume(n);
  }
}

}  // namespace

void HttpAnswer::Set(const Frame& frame, core::HttpResponse& response) {
  Head head(static_cast<http::status>(response.status), frame.version);
  head.set(http::field::server, "keyhole");
  if (!response.content_type.empty()) head.set(http::field::content_type, response.content_type);
  if (!response.allow.empty()) head.set(http::field::allow, response.allow);
  if (response.status == 401) head.set(http::field::www_authenticate, kChallenge);
  if (frame.varies) head.set(http::field::vary, "Origin");
  SetPageFields(frame.verdict, &head);
  head.keep_alive(frame.keep_alive);
  if (!response.content_encoding.empty()) {
    head.set(http::field::content_encoding, response.content_encoding);
  }
  if (response.is_stream) head.set(http::field::cache_control, "no-store");
  if (!response.policy.empty()) SetPolicy(response.policy, &head);
  // A shell's prompt stands on a line of its own.
  const bool is_plain_json = !response.body.empty() && response.content_type == core::kJsonType &&
                             response.content_encoding.empty();
  if (is_plain_json && !response.body.ends_with('\n')) response.body.push_back('\n');
  if (response.status != 204 && !response.is_stream) head.content_length(response.body.size());
  Append(head, &out_);
  if (response.head) return;
  body_ = std::move(response.body);
  body_begun_ = std::min(body_.size(), kBodyBesideHead);
  out_.append(body_, 0, body_begun_);
}

std::string_view HttpAnswer::PrepareWrite() const {
  if (written_ < out_.size()) return std::string_view(out_).substr(written_);
  return std::string_view(body_).substr(body_begun_ + written_ - out_.size());
}

void HttpAnswer::CommitWrite(size_t n) {
  written_ += n;
  if (PrepareWrite().empty()) Clear();
}

void HttpAnswer::Clear() {
  out_.clear();
  body_ = std::string();
  body_begun_ = written_ = 0;
}

}  // namespace keyhole::net
