#include "proxy/net/http_fields.h"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstdint>
#include <optional>

#include "proxy/net/asio.h"

namespace keyhole::net {

namespace http = boost::beast::http;

namespace {

std::string_view View(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

template <typename Request>
std::optional<std::string_view> FieldOf(const Request& request, http::field name) {
  const auto it = request.find(name);
  if (it == request.end()) return std::nullopt;
  return View(it->value());
}

}  // namespace

bool HttpFields::Parse(std::string_view head) {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<uint32_t>(head.size() + 1));
  parser.body_limit(boost::none);
  parser.skip(true);  // the body is the reader's
  error_code error;
  parser.put(asio::buffer(head), error);
  if (error || !parser.is_header_done()) return false;
  request_ = parser.release();
  return true;
}

bool HttpFields::awaits_continue() const {
  return version() >= 11 && boost::beast::iequals(request_[http::field::expect], "100-continue");
}

core::HttpHead HttpFields::ForGate(const core::HttpRequestReader& reader) const {
  return {.method = View(request_.method_string()),
          .target = View(request_.target()),
          .host = reader.host(),
          .content_type = View(request_[http::field::content_type]),
          .requested_method = View(request_[http::field::access_control_request_method]),
          .origin = FieldOf(request_, http::field::origin),
          .fetch_site = FieldOf(request_, http::field::sec_fetch_site),
          .has_body = reader.has_body()};
}

core::HttpRequest HttpFields::ForSession(std::string_view body) const {
  return {.method = View(request_.method_string()),
          .target = View(request_.target()),
          .content_type = View(request_[http::field::content_type]),
          .accept = View(request_[http::field::accept]),
          .body = body,
          .authorization = View(request_[http::field::authorization]),
          .accept_encoding = View(request_[http::field::accept_encoding])};
}

}  // namespace keyhole::net
