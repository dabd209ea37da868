#include "proxy/store/commands/scanning.h"

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <string>

#include "proxy/store/commands/replies.h"
#include "resp/glob.h"

namespace keyhole::store {

namespace {

// As Redis reads cursors, with all that strtoul accepts. Source: db.c parseScanCursorOrReply.
bool ParseCursor(std::string_view text, uint64_t* cursor) {
  const std::string copy(text);
  if (std::isspace(static_cast<unsigned char>(copy.c_str()[0])) != 0) return false;
  char* end = nullptr;
  errno = 0;
  *cursor = std::strtoul(copy.c_str(), &end, 10);
  return *end == '\0' && errno != ERANGE;
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
              [&f](const Item& item) { f(item.key(), item.value()); });
}

}  // namespace

bool CursorArgument(Call& call, size_t index, ScanOptions* options) {
  if (ParseCursor(call.args[index], &options->cursor)) return true;
  call.reply.Error("ERR invalid cursor");
  return false;
}

bool ParseScanOptions(Call& call, size_t first, bool of_keys, ScanOptions* options) {
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

bool ScanMatches(std::string_view pattern, std::string_view key) {
  return pattern == "*" || resp::GlobMatches(pattern, key);
}

void ScanItems(Call& call, ValueType type) {
  ScanOptions options;
  if (!CursorArgument(call, 2, &options)) return;
  Entry entry;
  LateList list(call);
  if (!ReadAs(call, call.args[1], type, &entry)) return;
  if (!entry) return list.ReplyWithCursor(0);
  if (!ParseScanOptions(call, 3, /*of_keys=*/false, &options)) return;
  const uint64_t cursor =
      WalkItems(entry, options, [&](std::string_view name, std::string_view value) {
        if (!ScanMatches(options.pattern, name)) return;
        list.Add(name);
        if (type == ValueType::kHash) list.Add(value);
      });
  list.ReplyWithCursor(cursor);
}

}  // namespace keyhole::store
