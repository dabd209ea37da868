// MONITOR: a line for each command that anybody runs, but for those of administrators.
#include <cstdio>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/observers.h"

namespace keyhole::store {

namespace {

// As redis-cli would have it typed.
void AppendQuoted(std::string_view text, std::string* line) {
  line->push_back('"');
  for (const char c : text) {
    constexpr std::string_view kEscaped = "\n\r\t\a\b\"\\";
    constexpr std::string_view kLetters = "nrtab\"\\";
    if (const size_t at = kEscaped.find(c); at != std::string_view::npos) {
      line->push_back('\\');
      line->push_back(kLetters[at]);
    } else if (c >= ' ' && c <= '~') {
      line->push_back(c);
    } else {
      char hex[8];
      std::snprintf(hex, sizeof(hex), "\\x%02x", static_cast<unsigned char>(c));
      line->append(hex);
    }
  }
  line->push_back('"');
}

std::string LineOf(const Call& call) {
  char head[64];
  std::snprintf(head, sizeof(head), "+%lld.%06lld [%d ", static_cast<long long>(call.now / 1000),
                static_cast<long long>(call.now % 1000 * 1000), call.client.database);
  std::string line = head + call.client.address + "]";
  for (size_t i = 0; i < call.args.size(); ++i) {
    const bool secret = i < 32 && (call.secrets >> i & 1) != 0;
    line.push_back(' ');
    AppendQuoted(secret ? "(redacted)" : call.args[i], &line);
  }
  return line + "\r\n";
}

}  // namespace

void FeedMonitors(const Call& call) {
  if (call.engine.monitors.empty() || call.spec.has(resp::kAdmin)) return;
  const std::string line = LineOf(call);
  for (Client* const monitor : call.engine.monitors) {
    monitor->Push([&](resp::ByteQueue* out) { out->Append(line); });
  }
}

namespace handlers {

void Monitor(Call& call) {
  call.engine.AddMonitor(&call.client);
  call.reply.Ok();
}

}  // namespace handlers

}  // namespace keyhole::store
