#include "proxy/store/commands/script_run.h"

#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/script_calls.h"
#include "proxy/store/scripts.h"
#include "resp/number.h"

namespace keyhole::store {

namespace {

// Why what it says of itself keeps it from running; empty if nothing does.
std::string_view Objection(const Call& call, uint32_t flags) {
  if ((flags & script::kUndeclared) != 0 || (flags & script::kNoWrites) != 0) return {};
  if (call.spec.has(resp::kRead)) {
    return "ERR Can not execute a script with write flag using *_ro command.";
  }
  const bool full = call.engine.budget().over();
  if (!full || (flags & script::kAllowOom) != 0) return {};
  return call.client.transaction.open
             ? "OOM allow-oom flag is not set on the script, can not run it when used memory > "
               "'maxmemory'"
             : kOutOfMemory;
}

}  // namespace

bool CountKeys(Call& call, std::string_view not_a_number, size_t* keys) {
  int64_t count = 0;
  std::string_view error;
  if (!resp::ParseInteger(call.args[2], &count)) {
    error = not_a_number;
  } else if (count > static_cast<int64_t>(call.args.size() - 3)) {
    error = "ERR Number of keys can't be greater than number of args";
  } else if (count < 0) {
    error = "ERR Number of keys can't be negative";
  }
  *keys = static_cast<size_t>(count);
  if (!error.empty()) call.reply.Error(error);
  return error.empty();
}

void RunScript(Call& call, const Runnable& script, size_t keys) {
  if (const std::string_view error = Objection(call, script.flags); !error.empty()) {
    return call.reply.Error(error);
  }
  Scripts::Run& run = call.engine.scripts.run();
  run.name.assign(script.name);
  run.is_function = script.is_function;
  run.wrote = run.killed = run.late = false;
  run.began = Scripts::Clock::now();
  ScriptCalls calls(call, script.flags, call.spec.has(resp::kRead));
  const auto rest = call.args.subspan(3);
  const script::Interpreter::Result result =
      script.interpreter.Run({script.function, run.name, rest.first(keys), rest.subspan(keys)},
                             calls, call.reply, call.out);
  call.is_counted = result.counted;
  call.engine.TellScriptMemory();
}

void KillScript(Call& call, bool is_function) {
  Scripts& scripts = call.engine.scripts;
  if (!scripts.busy()) return call.reply.Error("NOTBUSY No scripts in execution right now.");
  Scripts::Run& run = scripts.run();
  if (run.wrote) {
    return call.reply.Error(
        "UNKILLABLE Sorry the script already executed write commands against the dataset. You can "
        "either wait the script termination or kill the server in a hard way using the SHUTDOWN "
        "NOSAVE command.");
  }
  if (run.is_function != is_function) {
    return call.reply.Error(run.is_function ? kBusyFunction : kBusyScript);
  }
  run.killed = true;
  call.reply.Ok();
}

}  // namespace keyhole::store
