// SLOWLOG: see slow_log.h.
#include <algorithm>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

namespace {

void ReplyEntry(resp::ReplyWriter& reply, const SlowLog::Entry& entry) {
  reply.Array(6);
  reply.Integer(static_cast<int64_t>(entry.id));
  reply.Integer(entry.unix_seconds);
  reply.Integer(entry.microseconds);
  reply.Array(static_cast<int64_t>(entry.args.size()));
  for (const std::string& arg : entry.args) reply.Bulk(arg);
  reply.Bulk(entry.address);
  reply.Bulk(entry.name);
}

}  // namespace

void SlowlogGet(Call& call) {
  if (call.args.size() > 3) return WrongSubcommand(call, "SLOWLOG");
  int64_t count = 10;
  if (call.args.size() == 3 && (!resp::ParseInteger(call.args[2], &count) || count < -1)) {
    return call.reply.Error("ERR count should be greater than or equal to -1");
  }
  const auto& entries = call.engine.slow_log.entries();
  const auto all = static_cast<int64_t>(entries.size());
  const int64_t shown = count == -1 ? all : std::min(count, all);
  call.reply.Array(shown);
  for (auto it = entries.rbegin(); it != entries.rbegin() + shown; ++it) {
    ReplyEntry(call.reply, *it);
  }
}

void SlowlogLen(Call& call) {
  call.reply.Integer(static_cast<int64_t>(call.engine.slow_log.entries().size()));
}

void SlowlogReset(Call& call) {
  call.engine.slow_log.Clear();
  call.reply.Ok();
}

void SlowlogHelp(Call& call) {
  constexpr std::string_view kLines[] = {
      "GET [<count>]",
      "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
      "    Entries are made of:",
      "    id, timestamp, time in microseconds, arguments array, client IP and port,",
      "    client name",
      "LEN",
      "    Return the length of the slowlog.",
      "RESET",
      "    Reset the slowlog."};
  Help(call, kLines);
}

}  // namespace keyhole::store::handlers
