// EVAL and its kind, and SCRIPT. See scripts.h.
#include "absl/strings/ascii.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/observers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/script_run.h"
#include "proxy/store/functions.h"
#include "proxy/store/scripts.h"

namespace keyhole::store {

namespace {

constexpr std::string_view kNoScript = "NOSCRIPT No matching script. Please use EVAL.";

void RunEval(Call& call, const Script& script, std::string_view name, size_t keys) {
  RunScript(call,
            {call.engine.scripts.interpreter(), script.function, script.flags, name,
             /*is_function=*/false},
            keys);
}

}  // namespace

namespace {

uint32_t FlagsOf(const Scripts& scripts, std::string_view named) {
  if (const Function* const function = scripts.functions().Find(named); function != nullptr) {
    return function->flags;
  }
  if (const Script* const script = scripts.Find(named); script != nullptr) return script->flags;
  script::Shebang shebang;
  std::string error;
  script::ParseShebang(named, &shebang, &error);
  return shebang.flags;
}

}  // namespace

bool ScriptMayWrite(const Engine& engine, const resp::CommandSpec& spec,
                    std::span<const std::string_view> args) {
  if (spec.has(resp::kRead)) return false;
  const uint32_t flags = FlagsOf(engine.scripts, args[1]);
  return (flags & script::kUndeclared) != 0 || (flags & script::kNoWrites) == 0;
}

namespace handlers {

// MONITOR shows it before what it calls.
void Eval(Call& call) {
  FeedMonitors(call);
  size_t keys = 0;
  if (!CountKeys(call, kNotAnInteger, &keys)) return;
  script::Sha1Digits sha;
  std::string error;
  const Script* const script = call.engine.scripts.Load(call.args[1], &sha, &error);
  if (script == nullptr) return call.reply.Error(error.insert(0, "ERR "));
  RunEval(call, *script, script::View(sha), keys);
}

void Evalsha(Call& call) {
  FeedMonitors(call);
  if (call.args[1].size() != sizeof(script::Sha1Digits)) return call.reply.Error(kNoScript);
  size_t keys = 0;
  if (!CountKeys(call, kNotAnInteger, &keys)) return;
  const Script* const script = call.engine.scripts.Find(call.args[1]);
  if (script == nullptr) return call.reply.Error(kNoScript);
  std::string name(call.args[1]);
  absl::AsciiStrToLower(&name);
  RunEval(call, *script, name, keys);
}

void ScriptLoad(Call& call) {
  script::Sha1Digits sha;
  std::string error;
  if (call.engine.scripts.Load(call.args[2], &sha, &error) == nullptr) {
    return call.reply.Error(error.insert(0, "ERR "));
  }
  call.reply.Bulk(script::View(sha));
}

void ScriptExists(Call& call) {
  const auto names = call.args.subspan(2);
  call.reply.Array(static_cast<int64_t>(names.size()));
  for (const std::string_view name : names) {
    call.reply.Integer(call.engine.scripts.Find(name) != nullptr ? 1 : 0);
  }
}

void ScriptFlush(Call& call) {
  const bool known = call.args.size() == 2 ||
                     (call.args.size() == 3 && (call.Is(2, "SYNC") || call.Is(2, "ASYNC")));
  if (!known) return call.reply.Error("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
  call.engine.scripts.Flush();
  call.reply.Ok();
}

void ScriptKill(Call& call) {
  KillScript(call, /*is_function=*/false);
}

// There is no debugger.
void ScriptDebug(Call& call) {
  if (call.Is(2, "NO")) return call.reply.Ok();
  if (call.Is(2, "YES") || call.Is(2, "SYNC")) {
    return call.reply.Error("ERR Keyhole's embedded store has no debugger for scripts");
  }
  call.reply.Error("ERR Use SCRIPT DEBUG YES/SYNC/NO");
}

void ScriptHelp(Call& call) {
  constexpr std::string_view kLines[] = {
      "DEBUG (YES|SYNC|NO)",
      "    Set the debug mode for subsequent scripts executed.",
      "EXISTS <sha1> [<sha1> ...]",
      "    Return information about the existence of the scripts in the script cache.",
      "FLUSH [ASYNC|SYNC]",
      "    Flush the Lua scripts cache. Very dangerous on replicas.",
      "    When called without the optional mode argument, the behavior is determined by the",
      "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
      "    * ASYNC: Asynchronously flush the scripts cache.",
      "    * SYNC: Synchronously flush the scripts cache.",
      "KILL",
      "    Kill the currently executing Lua script.",
      "LOAD <script>",
      "    Load a script into the scripts cache without executing it."};
  Help(call, kLines);
}

}  // namespace handlers

}  // namespace keyhole::store
