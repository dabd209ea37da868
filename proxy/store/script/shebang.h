// The first line of a script: "#!lua flags=no-writes,allow-oom", of a library "#!lua name=sums".
// Pure; any thread. Source of the rules and the texts: eval.c and functions.c of Redis 7.0.15.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace keyhole::script {

enum ScriptFlag : uint32_t {
  kNoScriptFlags = 0,
  kNoWrites = 1 << 0,    // it may not write; so it runs where writing is refused
  kAllowOom = 1 << 1,    // it runs when memory is full
  kAllowStale = 1 << 2,  // this and the next two are about replicas and clusters
  kNoCluster = 1 << 3,
  kAllowCrossSlotKeys = 1 << 4,
  kUndeclared = 1 << 5,  // there is no such line: each command is asked whether it may run
};

// 0 if there is no flag of that name.
uint32_t FlagNamed(std::string_view name);
std::string_view NameOf(ScriptFlag flag);

struct Shebang {
  uint32_t flags = kUndeclared;
  size_t size = 0;  // bytes of the line, without its end
};
// False: the line is none; *error says why.
bool ParseShebang(std::string_view script, Shebang* shebang, std::string* error);

// The same for a library. It must have a name.
struct LibraryHead {
  std::string name;
  size_t size = 0;
};
bool ParseLibraryHead(std::string_view code, LibraryHead* head, std::string* error);

// Of libraries and of functions.
bool IsFunctionName(std::string_view name);
inline constexpr std::string_view kBadFunctionName =
    "Library names can only contain letters, numbers, or underscores(_) and must be at least one "
    "character long";

// Calls f(name) for the flags that are set.
template <typename F>
void ForEachFlag(uint32_t flags, F&& f) {
  for (uint32_t flag = 1; flag < kUndeclared; flag <<= 1) {
    if ((flags & flag) != 0) f(NameOf(static_cast<ScriptFlag>(flag)));
  }
}

}  // namespace keyhole::script
