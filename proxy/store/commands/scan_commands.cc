// KEYS, SCAN, and SCAN within a hash or a set.
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <optional>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/types/collection.h"
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

// False if it is none; then that is the reply.
bool CursorArgument(Call& call, size_t index, ScanOptions* options) {
  if (ParseCursor(call.args[index], &options->cursor)) return true;
  call.reply.Error("ERR invalid cursor");
  return false;
}

// Reads args[first] on. False if they are wrong; then that is the reply.
bool ParseOptions(Call& call, size_t first, bool of_keys, ScanOptions* options) {
  for (size_t i = first; i < call.args.size(); i += 2) {
    const bool has_value = i + 1 < call.args.size();
    if (has_value && call.Is(i, "COUNT")) {
      if (!IntegerArgument(call, i + 1, &options->count)) return false;
      if (options->count >= 1) continue;
    } else if (has_value && call.Is(i, "MATCH")) {
      options->pattern = call.args[i + 1];
      continue;
    } else if (has_value && of_keys && call.Is(i, "TYPE")) {
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

// Calls scan(cursor, visitor), where the visitor calls f(const Entry&), until `count` entries have
// been seen or ten times as many buckets, most of which may be empty, or the end. Returns the
// cursor to go on with.
template <typename Scan, typename F>
uint64_t Walk(uint64_t cursor, int64_t count, Scan&& scan, F&& f) {
  constexpr int64_t kMaxCount = std::numeric_limits<int64_t>::max() / 10;
  int64_t buckets = std::min(count, kMaxCount) * 10;
  int64_t seen = 0;
  do {
    cursor = scan(cursor, [&](const Entry& entry) {
      ++seen;
      f(entry);
    });
    --buckets;
  } while (cursor != 0 && buckets > 0 && seen < count);
  return cursor;
}

template <typename F>
uint64_t WalkKeys(Call& call, uint64_t cursor, int64_t count, F&& f) {
  const auto scan = [&call](uint64_t at, auto&& visitor) {
    return call.db().Scan(at, call.now, visitor);
  };
  return Walk(cursor, count, scan, f);
}

// What lies in one block is given at once, as Redis does.
template <typename F>
uint64_t WalkItems(Entry entry, const ScanOptions& options, F&& f) {
  if (!entry.is_object()) {
    ForEachItem(entry, f);
    return 0;
  }
  const auto scan = [entry](uint64_t at, auto&& visitor) {
    return TableOf(entry).Scan(at, visitor);
  };
  return Walk(options.cursor, options.count, scan,
              [&f](const Entry& item) { f(item.key(), item.value()); });
}

// A list of bulk strings whose length is known at its end only.
class List {
 public:
  explicit List(Call& call) : call_(call), writer_(&bytes_, call.reply.protocol()) {}
  void Add(std::string_view text) {
    writer_.Bulk(text);
    ++count_;
  }
  void Reply() {
    call_.reply.Array(count_);
    call_.out->Append(bytes_.Data());
  }
  void ReplyWithCursor(uint64_t cursor) {
    call_.reply.Array(2);
    call_.reply.Bulk(std::to_string(cursor));
    Reply();
  }

 private:
  Call& call_;
  resp::ByteQueue bytes_;
  resp::ReplyWriter writer_;
  int64_t count_ = 0;
};

void ScanItems(Call& call, ValueType type) {
  ScanOptions options;
  if (!CursorArgument(call, 2, &options)) return;
  Entry entry;
  List list(call);
  if (!ReadAs(call, call.args[1], type, &entry)) return;
  if (!entry) return list.ReplyWithCursor(0);
  if (!ParseOptions(call, 3, /*of_keys=*/false, &options)) return;
  const uint64_t cursor =
      WalkItems(entry, options, [&](std::string_view name, std::string_view value) {
        if (!Matches(options.pattern, name)) return;
        list.Add(name);
        if (type == ValueType::kHash) list.Add(value);
      });
  list.ReplyWithCursor(cursor);
}

}  // namespace

void Keys(Call& call) {
  List list(call);
  WalkKeys(call, 0, std::numeric_limits<int64_t>::max(), [&](const Entry& entry) {
    if (Matches(call.args[1], entry.key())) list.Add(entry.key());
  });
  list.Reply();
}

void Scan(Call& call) {
  ScanOptions options;
  if (!CursorArgument(call, 1, &options)) return;
  if (!ParseOptions(call, 2, /*of_keys=*/true, &options)) return;
  List list(call);
  const uint64_t cursor = WalkKeys(call, options.cursor, options.count, [&](const Entry& entry) {
    if (!Matches(options.pattern, entry.key())) return;
    if (options.type.has_value() &&
        !resp::EqualsIgnoreCase(*options.type, TypeName(entry.type()))) {
      return;
    }
    list.Add(entry.key());
  });
  list.ReplyWithCursor(cursor);
}

void Hscan(Call& call) {
  ScanItems(call, ValueType::kHash);
}

void Sscan(Call& call) {
  ScanItems(call, ValueType::kSet);
}

}  // namespace keyhole::store::handlers
