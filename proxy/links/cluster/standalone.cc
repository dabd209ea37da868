#include "proxy/links/cluster/standalone.h"

#include <optional>

#include "resp/reply_reader.h"

namespace keyhole::core {
namespace {

void Replace(std::string_view from, std::string_view to, std::string* text) {
  const size_t at = text->find(from);
  if (at != std::string::npos) text->replace(at, from.size(), to);
}

}  // namespace

std::string StandaloneInfo(std::string_view reply) {
  const std::optional<ReplyElement> element = ReplyReader(reply).Next();
  const bool bulk = element.has_value() && (element->is(resp::ReplyType::kBulkString) ||
                                            element->is(resp::ReplyType::kVerbatim));
  if (!bulk) return std::string(reply);
  const size_t line = reply.find("\r\n");
  std::string body(reply.substr(line + 2, reply.size() - line - 4));  // with "txt:" of a verbatim
  Replace("redis_mode:cluster\r\n", "redis_mode:standalone\r\n", &body);
  Replace("cluster_enabled:1\r\n", "cluster_enabled:0\r\n", &body);
  return reply.front() + std::to_string(body.size()) + "\r\n" + body + "\r\n";
}

std::string StandaloneHello(std::string_view reply) {
  std::string text(reply);
  Replace("$4\r\nmode\r\n$7\r\ncluster\r\n", "$4\r\nmode\r\n$10\r\nstandalone\r\n", &text);
  return text;
}

}  // namespace keyhole::core
