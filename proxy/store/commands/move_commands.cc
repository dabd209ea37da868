// Keys that go elsewhere: RENAME, COPY, MOVE, SWAPDB.
#include <limits>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

namespace {

constexpr std::string_view kSameObject = "ERR source and destination objects are the same";

// False if `key` is not there; then that is the reply.
bool RenameTo(Call& call, bool replace, bool* renamed) {
  const std::string_view from = call.args[1];
  const std::string_view to = call.args[2];
  *renamed = false;
  if (call.Find(from) == nullptr) {
    call.reply.Error("ERR no such key");
    return false;
  }
  if (from == to) return true;
  if (call.Find(to) != nullptr && !replace) return true;
  call.db().Rename(call.Find(from), to);  // asked again: finding `to` may have moved it
  *renamed = true;
  return true;
}

struct CopyOptions {
  int database = 0;
  bool replace = false;
};

// False if they are wrong; then that is the reply.
bool ParseCopy(Call& call, CopyOptions* options) {
  options->database = call.client.database;
  for (size_t i = 3; i < call.args.size(); ++i) {
    if (call.Is(i, "REPLACE")) {
      options->replace = true;
    } else if (call.Is(i, "DB") && i + 1 < call.args.size()) {
      if (!DatabaseArgument(call, ++i, &options->database)) return false;
    } else {
      call.reply.Error(kSyntaxError);
      return false;
    }
  }
  return true;
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

void Rename(Call& call) {
  bool renamed = false;
  if (RenameTo(call, /*replace=*/true, &renamed)) call.reply.Ok();
}

void Renamenx(Call& call) {
  bool renamed = false;
  if (RenameTo(call, /*replace=*/false, &renamed)) call.reply.Integer(renamed ? 1 : 0);
}

void Copy(Call& call) {
  CopyOptions options;
  if (!ParseCopy(call, &options)) return;
  const std::string_view to = call.args[2];
  if (options.database == call.client.database && call.args[1] == to) {
    return call.reply.Error(kSameObject);
  }
  if (call.Read(call.args[1]) == nullptr) return call.reply.Integer(0);
  Keyspace& target = call.engine.database(options.database);
  if (target.Find(to, call.now) != nullptr && !options.replace) return call.reply.Integer(0);
  // Asked again: finding `to` may have moved it.
  target.Insert(Entry::MakeCopy(*call.Find(call.args[1]), to));
  call.reply.Integer(1);
}

void Move(Call& call) {
  const std::string_view key = call.args[1];
  int database = 0;
  if (!DatabaseArgument(call, 2, &database)) return;
  if (database == call.client.database) return call.reply.Error(kSameObject);
  Keyspace& target = call.engine.database(database);
  Entry* const slot = call.Find(key);
  if (slot == nullptr || target.Find(key, call.now) != nullptr) return call.reply.Integer(0);
  target.Insert(call.db().Take(slot));
  call.reply.Integer(1);
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
        .Swap(call.engine.database(static_cast<int>(second)));
  }
  call.reply.Ok();
}

}  // namespace keyhole::store::handlers
