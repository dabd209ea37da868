// HttpExchange: whatever a client asks and whatever the upstream replies, the exchange ends, in a
// response that makes sense, and what it sends to the upstream is a sound request.
//
// An input is fields with the byte 0x1e between them: method, target, Accept, body, then the
// upstream's replies. A field that is no reply means that there is none.

#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/http_exchange.h"
#include "proxy/http/http_item.h"
#include "resp/command_table.h"
#include "resp/reply_scanner.h"
#include "resp/reply_writer.h"
#include "resp/request_parser.h"
#include "tests/fuzz/fuzz_support.h"

namespace keyhole::fuzz {
namespace {

using core::HttpExchange;
using core::HttpResponse;
using core::HttpStep;

std::vector<std::string_view> Fields(std::string_view in) {
  std::vector<std::string_view> fields;
  for (size_t end; (end = in.find('\x1e')) != std::string_view::npos; in.remove_prefix(end + 1)) {
    fields.push_back(in.substr(0, end));
  }
  fields.push_back(in);
  fields.resize(std::max(fields.size(), size_t{4}));
  return fields;
}

bool IsReply(std::string_view bytes) {
  size_t used = 0;
  resp::ReplyScanner scanner;
  return scanner.Scan(bytes, &used) == resp::ReplyScanner::Result::kDone && used == bytes.size();
}

void CheckCommand(const std::vector<std::string>& command) {
  const std::vector<std::string_view> args(command.begin(), command.end());
  Check(!args.empty(), "a command has a name");
  const resp::CommandSpec& spec = resp::Find(args);
  Check(spec.id != resp::CommandId::kUnknown && spec.AcceptsCount(args.size()),
        "a command that Redis knows, with as many arguments as it wants");
  std::string written;
  resp::AppendRequest(args, &written);
  resp::RequestParser parser({.big_argument = SIZE_MAX, .big_request = SIZE_MAX});
  Check(parser.Next(written) == resp::RequestParser::Result::kRequest &&
            parser.consumed() == written.size(),
        "a command is one request");
}

bool IsJson(std::string_view text) {
  boost::json::error_code error;
  boost::json::parse(boost::json::string_view(text.data(), text.size()), error);
  return !error;
}

void CheckResponse(const HttpResponse& response) {
  Check(response.status >= 200 && response.status <= 599, "a status that exists");
  Check(response.status != 204 || response.body.empty(), "204 has no body");
  Check((response.status == 405) == !response.allow.empty(), "405 says what is allowed");
  Check(response.content_type != "application/json" || IsJson(response.body), "JSON is JSON");
  Check(response.content_type.find_first_of("\r\n") == std::string::npos, "a header is one line");
}

// Runs one exchange to its end and returns its response; empty after kReport.
HttpResponse Run(HttpExchange* exchange, const std::vector<std::string_view>& fields) {
  HttpStep step = HttpStep::kRespond;
  {  // the exchange keeps no view: the request is gone after Begin()
    const ExactCopy method(fields[0]), target(fields[1]), accept(fields[2]), body(fields[3]);
    step = exchange->Begin({.method = method.view(),
                            .target = target.view(),
                            .content_type = {},
                            .accept = accept.view(),
                            .body = body.view()});
  }
  size_t next = 4;
  while (step == HttpStep::kCommand || step == HttpStep::kReady) {
    Check(next < 4 + 8, "an exchange ends after a few steps");
    const ExactCopy reply(next < fields.size() ? fields[next] : std::string_view());
    ++next;
    if (step == HttpStep::kReady) {
      step = exchange->OnReadiness(reply.view());
      Check(step == HttpStep::kRespond, "readiness is answered");
      continue;
    }
    CheckCommand(exchange->command());
    if (IsReply(reply.view())) {
      step = exchange->OnReply(reply.view());
    } else {
      step = reply.view().empty() ? exchange->OnUnavailable() : exchange->OnReplyTooLarge();
    }
  }
  if (step == HttpStep::kReport) return {};
  CheckResponse(exchange->response());
  return std::move(exchange->response());
}

// Any bytes can be a key.
void CheckKey(std::string_view key) {
  std::string target = "/items/";
  for (const char c : key) {
    target.push_back('%');
    target.push_back("0123456789abcdef"[static_cast<uint8_t>(c) >> 4]);
    target.push_back("0123456789ABCDEF"[static_cast<uint8_t>(c) & 15]);
  }
  HttpExchange exchange;
  const HttpStep step = exchange.Begin(
      {.method = "GET", .target = target, .content_type = {}, .accept = {}, .body = {}});
  if (key.empty()) return;
  Check(step == HttpStep::kCommand && exchange.command().back() == key,
        "the key is what was asked");
}

void CheckJsonString(std::string_view bytes) {
  const std::string json = core::JsonString(bytes);
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse(json, error);
  Check(!error && value.is_string(), "any bytes become a JSON string");
  const boost::json::string& text = value.get_string();
  Check(std::string_view(text.data(), text.size()) == bytes ||
            json.find("\\\\x") != std::string::npos,
        "and the same bytes, or with \\xNN in it");
}

void TestOneInput(std::string_view in) {
  const std::vector<std::string_view> fields = Fields(in);
  HttpExchange exchange;
  const HttpResponse first = Run(&exchange, fields);
  const HttpResponse again = Run(&exchange, fields);
  Check(first.status == again.status && first.body == again.body && first.allow == again.allow &&
            first.content_type == again.content_type && first.head == again.head,
        "an exchange that is used again remembers nothing");
  CheckKey(in);
  CheckJsonString(in);
}

}  // namespace
}  // namespace keyhole::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  keyhole::fuzz::TestOneInput({reinterpret_cast<const char*>(data), size});
  return 0;
}
