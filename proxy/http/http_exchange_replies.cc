// Of HttpExchange: what becomes of Redis' replies.
#include <cmath>
#include <unordered_set>
#include <utility>

#include "proxy/http/http_exchange.h"
#include "proxy/http/http_item.h"
#include "proxy/http/json_writer.h"

namespace keyhole::core {
namespace {

using resp::CommandId;
using resp::ReplyType;

constexpr std::string_view kUnavailable = "Cannot connect to Redis";

// The status for an error reply, by its class, the first word.
int StatusOf(std::string_view error) {
  const std::string_view word = error.substr(0, error.find(' '));
  if (word == "WRONGTYPE") return 409;
  if (word == "NOAUTH" || word == "WRONGPASS" || word == "NOPERM") return 403;
  // Redis is there and will answer later.
  if (word == "LOADING" || word == "BUSY" || word == "MASTERDOWN" || word == "CLUSTERDOWN" ||
      word == "TRYAGAIN") {
    return 503;
  }
  return 502;
}

}  // namespace

HttpStep HttpExchange::OnReply(std::string_view reply) {
  ReplyReader reader(reply);
  const std::optional<ReplyElement> first = reader.Next();
  const Waiting waiting = std::exchange(waiting_, Waiting::kNothing);
  if (!first) return FailReply();
  if (first->type == ReplyType::kError && waiting == Waiting::kSize) return OnSize(*first);
  if (first->type == ReplyType::kError) return Fail(StatusOf(first->text), first->text);
  switch (waiting) {
    case Waiting::kGet:
      return OnGet(*first);
    case Waiting::kPost:
      return OnPosted(*first);
    case Waiting::kPut:
      return first->type == ReplyType::kSimpleString ? RespondEmpty(204) : FailReply();
    case Waiting::kDelete:
      return OnDeleted(*first);
    case Waiting::kScan:
      return OnScanned(&reader, *first);
    case Waiting::kMget:
      return OnListed(&reader, *first);
    case Waiting::kType:
      return OnType(*first);
    case Waiting::kTtl:
      return OnTtl(*first);
    case Waiting::kSize:
      return OnSize(*first);
    case Waiting::kNothing:
      break;
  }
  return FailReply();
}

HttpStep HttpExchange::OnGet(const ReplyElement& reply) {
  if (reply.type != ReplyType::kBulkString) return FailReply();
  if (reply.is_null) return Fail(404, "Key not found");
  if (!want_bytes_) {
    return Respond(200,
                   "{\"key\":" + JsonString(key_) + ",\"value\":" + JsonString(reply.text) + "}");
  }
  response_.content_type = kBytesType;
  return Respond(200, std::string(reply.text));
}

HttpStep HttpExchange::OnPosted(const ReplyElement& reply) {
  if (reply.type != ReplyType::kSimpleString) return FailReply();
  return Respond(201, "{\"message\":\"Item added successfully\",\"key\":" + JsonString(key_) +
                          ",\"value\":" + JsonString(value_) + "}");
}

HttpStep HttpExchange::OnDeleted(const ReplyElement& reply) {
  if (reply.type != ReplyType::kInteger) return FailReply();
  return reply.integer > 0 ? RespondEmpty(204) : Fail(404, "Key not found");
}

HttpStep HttpExchange::OnType(const ReplyElement& reply) {
  if (reply.type != ReplyType::kSimpleString) return FailReply();
  type_ = reply.text;
  return Send(Waiting::kTtl, CommandId::kPttl, {key_});
}

HttpStep HttpExchange::OnTtl(const ReplyElement& reply) {
  if (reply.type != ReplyType::kInteger) return FailReply();
  if (reply.integer == -2) {  // it may have gone since it was asked for its type
    return Respond(200, "{\"key\":" + JsonString(key_) + ",\"exists\":false}");
  }
  ttl_ = reply.integer;
  // Its parent's name, then its own.
  const resp::CommandSpec& usage = resp::Spec(CommandId::kMemoryUsage);
  const std::string_view full = usage.full_name;
  const size_t bar = full.find('|');
  const HttpStep step = Send(Waiting::kSize, CommandId::kMemoryUsage, {key_});
  command_.front() = full.substr(0, bar);
  command_.emplace(command_.begin() + 1, full.substr(bar + 1));
  return step;
}

// Some Redis refuse to say it.
HttpStep HttpExchange::OnSize(const ReplyElement& reply) {
  const bool known = reply.type == ReplyType::kInteger && !reply.is_null;
  JsonWriter json;
  json.Open('{')
      .Key("key")
      .String(key_)
      .Key("exists")  // layering: not a command
      .Bool(true)
      .Key("type")  // layering: not a command
      .String(      // layering: not a command
          type_);   // layering: not a command
  json.Key("ttl_seconds").Decimal(ttl_ < 0 ? std::nan("") : static_cast<double>(ttl_) / 1000);
  json.Key("memory_bytes");
  known ? json.Number(reply.integer) : json.Null();
  json.Close('}');
  return Respond(200, json.text());
}

// *2 [ the next cursor ] [ *n [ keys ] ]
HttpStep HttpExchange::OnScanned(ReplyReader* reader, const ReplyElement& reply) {
  const std::optional<ReplyElement> cursor = reader->Next();
  const std::optional<ReplyElement> count = reader->Next();
  if (!reply.is(ReplyType::kArray) || reply.integer != 2 || !cursor || !count ||
      !cursor->is(ReplyType::kBulkString) || !count->is(ReplyType::kArray)) {
    return FailReply();
  }
  cursor_ = cursor->text;
  std::unordered_set<std::string_view> seen;  // SCAN may name a key twice
  for (int64_t i = 0; i < count->integer; ++i) {
    const std::optional<ReplyElement> key = reader->Next();
    if (!key || !key->is(ReplyType::kBulkString)) return FailReply();
    if (seen.insert(key->text).second) keys_.emplace_back(key->text);
  }
  if (!keys_.empty()) return Send(Waiting::kMget, CommandId::kMget, keys_);
  return RespondPage(0, "");
}

// *n [ the values, in the order of keys_ ]
HttpStep HttpExchange::OnListed(ReplyReader* reader, const ReplyElement& reply) {
  if (!reply.is(ReplyType::kArray) || static_cast<uint64_t>(reply.integer) != keys_.size()) {
    return FailReply();
  }
  size_t count = 0;
  std::string items;
  for (const std::string& key : keys_) {
    const std::optional<ReplyElement> value = reader->Next();
    if (!value || value->type != ReplyType::kBulkString) return FailReply();
    if (value->is_null) continue;
    if (count++ > 0) items.push_back(',');
    items.append(JsonName(key)).append(":").append(JsonString(value->text));
  }
  return RespondPage(count, items);
}

HttpStep HttpExchange::OnRefused(std::string_view error) {
  response_.allow.clear();
  response_.content_type = HttpResponse().content_type;
  response_.policy.clear();
  return Fail(StatusOf(error), error);
}

HttpStep HttpExchange::OnUnavailable() {
  return Fail(503, kUnavailable);
}

HttpStep HttpExchange::OnReplyTooLarge() {
  return Fail(502,
              "The reply is too large for HTTP; list fewer items with ?limit=, or read by RESP");
}

HttpStep HttpExchange::OnReadiness(std::string_view problem) {
  return problem.empty() ? Respond(200, R"({"status":"ok"})") : Fail(503, problem);
}

HttpStep HttpExchange::RespondPage(size_t count, std::string_view items) {
  std::string page = "{\"count\":" + std::to_string(count) + ",\"items\":{";
  page.append(items).append("},\"cursor\":").append(JsonString(cursor_)).append("}");
  return Respond(200, std::move(page));
}

HttpStep HttpExchange::FailReply() {
  return Fail(502, "Redis gave a reply of an unexpected kind");
}

}  // namespace keyhole::core
