// The fields of a request's head, taken apart by Beast, as the gate and the session want them.
//
// Thread: its loop's. A value; views are valid until the next Parse().
#pragma once

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <string_view>

#include "proxy/http/http_exchange.h"
#include "proxy/http/http_framing.h"
#include "proxy/http/http_gate.h"

namespace keyhole::net {

class HttpFields {
 public:
  // head: one that HttpRequestReader has passed. False: Beast finds something wrong with it, which
  // the reader has not, and is believed.
  bool Parse(std::string_view head);
  // There is no request.
  void Clear() { request_ = {}; }

  unsigned version() const { return request_.version(); }  // 11: HTTP/1.1
  bool keep_alive() const { return request_.keep_alive(); }
  // The client waits to hear that its body is wanted.
  bool awaits_continue() const;

  core::HttpHead ForGate(const core::HttpRequestReader& reader) const;
  core::HttpRequest ForSession(std::string_view body) const;

 private:
  boost::beast::http::request<boost::beast::http::empty_body> request_;
};

}  // namespace keyhole::net
