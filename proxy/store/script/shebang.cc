#include "proxy/store/script/shebang.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "resp/command_table.h"

namespace keyhole::script {

namespace {

struct NamedFlag {
  std::string_view name;
  ScriptFlag flag;
};
constexpr NamedFlag kFlags[] = {{"no-writes", kNoWrites},
                                {"allow-oom", kAllowOom},
                                {"allow-stale", kAllowStale},
                                {"no-cluster", kNoCluster},
                                {"allow-cross-slot-keys", kAllowCrossSlotKeys}};

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
  }
}

bool Fail(std::string* error, std::string_view text, std::string_view what = {}) {
  error->assign(text).append(what);
  return false;
}

}  // namespace

uint32_t FlagNamed(std::string_view name) {
  const auto* const it = std::find_if(std::begin(kFlags), std::end(kFlags),
                                      [&](const NamedFlag& row) { return row.name == name; });
  return it == std::end(kFlags) ? uint32_t{0} : it->flag;
}

std::string_view NameOf(ScriptFlag flag) {
  for (const NamedFlag& row : kFlags) {
    if (row.flag == flag) return row.name;
  }
  return {};
}

bool IsFunctionName(std::string_view name) {
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  return !name.empty() && name.find_first_not_of(kLetters) == std::string_view::npos;
}

bool ParseLibraryHead(std::string_view code, LibraryHead* head, std::string* error) {
  *head = {};
  if (!code.starts_with("#!")) return Fail(error, "Missing library metadata");
  const size_t end = code.find('\n');
  if (end == std::string_view::npos) return Fail(error, "Invalid library metadata");
  head->size = end;
  bool named = false;
  std::string_view engine;
  for (const std::string_view part : Split(code.substr(0, end), ' ')) {
    if (part.empty()) continue;
    if (engine.empty()) {
      engine = part;
      continue;
    }
    constexpr std::string_view kName = "name=";
    if (!resp::EqualsIgnoreCase(part.substr(0, kName.size()), kName)) {
      return Fail(error, "Invalid metadata value given: ", part);
    }
    if (std::exchange(named, true)) {
      return Fail(error, "Invalid metadata value, name argument was given multiple times");
    }
    head->name = part.substr(kName.size());
  }
  if (!named) return Fail(error, "Library name was not given");
  if (!IsFunctionName(head->name)) return Fail(error, kBadFunctionName);
  if (resp::EqualsIgnoreCase(engine, "#!lua")) return true;
  error->assign("Engine '").append(engine.substr(2)).append("' not found");
  return false;
}

bool ParseShebang(std::string_view script, Shebang* shebang, std::string* error) {
  *shebang = {};
  if (!script.starts_with("#!")) return true;
  const size_t end = script.find('\n');
  if (end == std::string_view::npos) return Fail(error, "Invalid script shebang");
  shebang->size = end;
  shebang->flags = kNoScriptFlags;
  bool first = true;
  for (const std::string_view part : Split(script.substr(0, end), ' ')) {
    if (part.empty()) continue;
    if (std::exchange(first, false)) {
      if (part != "#!lua") return Fail(error, "Unexpected engine in script shebang: ", part);
      continue;
    }
    constexpr std::string_view kOption = "flags=";
    if (!part.starts_with(kOption)) return Fail(error, "Unknown lua shebang option: ", part);
    for (const std::string_view name : Split(part.substr(kOption.size()), ',')) {
      if (name.empty() && part.size() == kOption.size()) break;  // "flags=" has none
      const uint32_t flag = FlagNamed(name);
      if (flag == 0) return Fail(error, "Unexpected flag in script shebang: ", name);
      shebang->flags |= flag;
    }
  }
  return true;
}

}  // namespace keyhole::script
