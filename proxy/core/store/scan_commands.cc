// KEYS and SCAN.
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <optional>

#include "proxy/core/store/handlers.h"
#include "proxy/core/store/replies.h"
#include "resp/glob.h"

namespace keyhole::store::handlers {

namespace {

struct ScanOptions {
  uint64_t cursor = 0;
  int64_t count = 10;
  std::string_view pattern = "*";
  std::optional<std::string_view> type;
};

// As Redis reads cursors, with all that strtoul accepts. Source: db.c parseScanCursorOrReply.
bool ParseCursor(std::string_view text, uint64_t* cursor) {
  const std::string copy(text);
  if (std::isspace(static_cast<unsigned char>(copy.c_str()[0])) != 0) return false;
  char* end = nullptr;
  errno = 0;
  *cursor = std::strtoul(copy.c_str(), &end, 10);
  return *end == '\0' && errno != ERANGE;
}

// False if they are wrong; then that is the reply.
bool ParseScan(Call& call, ScanOptions* options) {
  if (!ParseCursor(call.args[1], &options->cursor)) {
    call.reply.Error("ERR invalid cursor");
    return false;
  }
  for (size_t i = 2; i < call.args.size(); i += 2) {
    const bool has_value = i + 1 < call.args.size();
    if (has_value && call.Is(i, "COUNT")) {
      if (!IntegerArgument(call, i + 1, &options->count)) return false;
      if (options->count >= 1) continue;
    } else if (has_value && call.Is(i, "MATCH")) {
      options->pattern = call.args[i + 1];
      continue;
    } else if (has_value && call.Is(i, "TYPE")) {
      options->type = call.args[i + 1];
      continue;
    }
    call.reply.Error(kSyntaxError);
    return false;
  }
  return true;
}

bool Matches(std::string_view pattern, std::string_view key) {
  return pattern == "*" || resp::GlobMatches(pattern, key);
}

// Calls `f` for keys until `count` have been seen or `buckets` looked at, or the end. Returns the
// cursor to go on with.
template <typename F>
uint64_t Walk(Call& call, uint64_t cursor, int64_t count, int64_t buckets, F&& f) {
  int64_t seen = 0;
  do {
    cursor = call.db().Scan(cursor, call.now, [&](const Entry& entry) {
      ++seen;
      f(entry);
    });
    --buckets;
  } while (cursor != 0 && buckets > 0 && seen < count);
  return cursor;
}

// Replies with `count` keys that `keys` holds as bulk strings already.
void ReplyKeys(Call& call, int64_t count, const std::string& keys) {
  call.reply.Array(count);
  call.out->append(keys);
}

}  // namespace

void Keys(Call& call) {
  constexpr int64_t kAll = std::numeric_limits<int64_t>::max();
  std::string keys;
  resp::ReplyWriter list(&keys, call.reply.protocol());
  int64_t count = 0;
  Walk(call, 0, kAll, kAll, [&](const Entry& entry) {
    if (!Matches(call.args[1], entry.key())) return;
    list.Bulk(entry.key());
    ++count;
  });
  ReplyKeys(call, count, keys);
}

void Scan(Call& call) {
  ScanOptions options;
  if (!ParseScan(call, &options)) return;
  constexpr int64_t kMaxCount = std::numeric_limits<int64_t>::max() / 10;
  const int64_t buckets = std::min(options.count, kMaxCount) * 10;  // most may be empty
  std::string keys;
  resp::ReplyWriter list(&keys, call.reply.protocol());
  int64_t count = 0;
  const uint64_t cursor =
      Walk(call, options.cursor, options.count, buckets, [&](const Entry& entry) {
        if (!Matches(options.pattern, entry.key())) return;
        if (options.type.has_value() &&
            !resp::EqualsIgnoreCase(*options.type, TypeName(entry.type()))) {
          return;
        }
        list.Bulk(entry.key());
        ++count;
      });
  call.reply.Array(2);
  call.reply.Bulk(std::to_string(cursor));
  ReplyKeys(call, count, keys);
}

}  // namespace keyhole::store::handlers
