// The server and its databases: TIME, DBSIZE, FLUSHDB, SWAPDB, LOLWUT. COMMAND, CONFIG, DEBUG,
// INFO, MEMORY and SLOWLOG have files of their own.
#include <limits>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

// A keyhole, whatever version of it is asked for.
void Lolwut(Call& call) {
  int64_t version = 0;
  if (call.args.size() > 2 && call.Is(1, "VERSION") && !IntegerArgument(call, 2, &version)) return;
  std::string text =
      "    ____\n"
      "   / __ \\\n"
      "  | (  ) |\n"
      "   \\ || /\n"
      "    |  |\n"
      "    |__|\n\nKeyhole ver. ";
  text.append(KEYHOLE_VERSION).append(", as Redis ver. ").append(kRedisVersion).append("\n");
  call.reply.Verbatim(text);
}

void Time(Call& call) {
  call.reply.Array(2);
  call.reply.Bulk(std::to_string(call.now / 1000));
  call.reply.Bulk(std::to_string(call.now % 1000 * 1000));
}

namespace {

// ASYNC and SYNC are the same here. False if the options are wrong; then that is the reply.
bool ParseFlushOptions(Call& call) {
  if (call.args.size() == 1) return true;
  if (call.args.size() == 2 && (call.Is(1, "ASYNC") || call.Is(1, "SYNC"))) return true;
  call.reply.Error(kSyntaxError);
  return false;
}

// SWAPDB's way of reading a database: what is no 32-bit number has an error of its own.
bool ParseIndex(Call& call, size_t arg, std::string_view error, int64_t* index) {
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  if (resp::ParseInteger(call.args[arg], index) && *index >= -kMax - 1 && *index <= kMax) {
    return true;
  }
  call.reply.Error(error);
  return false;
}

}  // namespace

void Dbsize(Call& call) {
  call.reply.Integer(static_cast<int64_t>(call.db().size()));
}

void Flushdb(Call& call) {
  if (!ParseFlushOptions(call)) return;
  call.db().Clear();
  call.engine.tracking.Flushed(call.client.id);
  call.reply.Ok();
}

void Flushall(Call& call) {
  if (!ParseFlushOptions(call)) return;
  for (int i = 0; i < call.engine.database_count(); ++i) call.engine.database(i).Clear();
  call.engine.tracking.Flushed(call.client.id);
  call.reply.Ok();
}

void Swapdb(Call& call) {
  int64_t first = 0;
  int64_t second = 0;
  if (!ParseIndex(call, 1, "ERR invalid first DB index", &first)) return;
  if (!ParseIndex(call, 2, "ERR invalid second DB index", &second)) return;
  const int64_t count = call.engine.database_count();
  if (first < 0 || first >= count || second < 0 || second >= count) {
    return call.reply.Error(kNoDatabase);
  }
  if (first != second) {
    call.engine.database(static_cast<int>(first))
        .Swap(call.engine.database(static_cast<int>(second)), call.now);
  }
  call.reply.Ok();
}

}  // namespace keyhole::store::handlers
