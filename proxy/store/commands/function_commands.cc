// FUNCTION, and FCALL. See functions.h.
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/observers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/scanning.h"
#include "proxy/store/commands/script_run.h"
#include "proxy/store/functions.h"
#include "proxy/store/rdb/dump.h"
#include "proxy/store/rdb/reader.h"
#include "proxy/store/rdb/writer.h"
#include "proxy/store/scripts.h"
#include "resp/glob.h"

namespace keyhole::store {

namespace {

constexpr uint8_t kLibraryCode = 245;  // RDB_OPCODE_FUNCTION2 of a snapshot

Functions& FunctionsOf(const Call& call) {
  return call.engine.scripts.functions();
}

void ReplyError(Call& call, std::string_view error) {
  call.reply.Error(std::string("ERR ").append(error));
}

void ReplyFunction(Call& call, const Function& function) {
  call.reply.Map(3);
  call.reply.Bulk("name");
  call.reply.Bulk(function.name);
  call.reply.Bulk("description");
  if (function.description.has_value()) {
    call.reply.Bulk(*function.description);
  } else {
    call.reply.Null();
  }
  call.reply.Bulk("flags");
  std::vector<std::string_view> flags;
  script::ForEachFlag(function.flags, [&](std::string_view flag) { flags.push_back(flag); });
  call.reply.Set(static_cast<int64_t>(flags.size()));
  for (const std::string_view flag : flags) call.reply.Simple(flag);
}

void ReplyLibrary(Call& call, const Library& library, bool with_code) {
  call.reply.Map(with_code ? 4 : 3);
  call.reply.Bulk("library_name");
  call.reply.Bulk(library.name);
  call.reply.Bulk("engine");
  call.reply.Bulk("LUA");
  call.reply.Bulk("functions");
  call.reply.Array(static_cast<int64_t>(library.functions.size()));
  for (const Function& function : library.functions) ReplyFunction(call, function);
  if (!with_code) return;
  call.reply.Bulk("library_code");
  call.reply.Bulk(library.code);
}

// The codes in what FUNCTION DUMP gave. False: the reply says what is wrong.
bool ReadDump(Call& call, std::string_view payload, std::vector<std::string>* codes) {
  if (!rdb::OpenPayload(&payload)) {
    ReplyError(call, "DUMP payload version or checksum are wrong");
    return false;
  }
  rdb::Reader reader(payload);
  while (!reader.rest().empty()) {
    uint8_t type = 0;
    std::string scratch;
    std::string_view code;
    if (!reader.Byte(&type) || type != kLibraryCode) {
      ReplyError(call, "given type is not a function");
      return false;
    }
    if (!reader.String(&scratch, &code)) {
      ReplyError(call, "Failed loading library code");
      return false;
    }
    codes->emplace_back(code);
  }
  return true;
}

}  // namespace

namespace handlers {

void Fcall(Call& call) {
  FeedMonitors(call);
  Functions& functions = FunctionsOf(call);
  const Function* const function = functions.Find(call.args[1]);
  if (function == nullptr) return ReplyError(call, "Function not found");
  size_t keys = 0;
  if (!CountKeys(call, "ERR Bad number of keys provided", &keys)) return;
  RunScript(call,
            {functions.interpreter(), function->callback, function->flags, function->name,
             /*is_function=*/true},
            keys);
}

void FunctionLoad(Call& call) {
  Functions::Known known = Functions::Known::kRefuse;
  for (const std::string_view option : call.args.subspan(2, call.args.size() - 3)) {
    if (!resp::IsKeyword(option, "REPLACE")) {
      return ReplyError(call, std::string("Unknown option given: ").append(UpToNul(option)));
    }
    known = Functions::Known::kReplace;
  }
  const std::string code(call.args.back());
  std::string name;
  const std::string error = FunctionsOf(call).Load(code, known, &name);
  call.engine.TellScriptMemory();
  if (!error.empty()) return ReplyError(call, error);
  call.reply.Bulk(name);
}

void FunctionDelete(Call& call) {
  if (!FunctionsOf(call).Delete(call.args[2])) return ReplyError(call, "Library not found");
  call.reply.Ok();
}

void FunctionFlush(Call& call) {
  if (call.args.size() > 3) return WrongSubcommand(call, "FUNCTION");
  if (call.args.size() == 3 && !call.Is(2, "SYNC") && !call.Is(2, "ASYNC")) {
    return call.reply.Error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
  }
  FunctionsOf(call).Flush();
  call.engine.TellScriptMemory();
  call.reply.Ok();
}

void FunctionList(Call& call) {
  bool with_code = false;
  std::optional<std::string_view> pattern;
  for (size_t i = 2; i < call.args.size(); ++i) {
    if (!with_code && call.Is(i, "WITHCODE")) {
      with_code = true;
    } else if (!pattern.has_value() && call.Is(i, "LIBRARYNAME")) {
      if (++i == call.args.size()) return ReplyError(call, "library name argument was not given");
      pattern = call.args[i];
    } else {
      return ReplyError(call, std::string("Unknown argument ").append(UpToNul(call.args[i])));
    }
  }
  std::vector<const Library*> shown;
  for (const auto& [name, library] : FunctionsOf(call).libraries()) {
    if (!pattern.has_value() || resp::GlobMatches(*pattern, name, /*ignore_case=*/true))
      shown.push_back(&library);
  }
  call.reply.Array(static_cast<int64_t>(shown.size()));
  for (const Library* const library : shown) ReplyLibrary(call, *library, with_code);
}

void FunctionStats(Call& call) {
  Scripts& scripts = call.engine.scripts;
  const Scripts::Run& run = scripts.run();
  if (scripts.busy() && !run.is_function) return call.reply.Error(kBusyScript);
  call.reply.Map(2);
  call.reply.Bulk("running_script");
  if (scripts.busy()) {
    call.reply.Map(3);
    call.reply.Bulk("name");
    call.reply.Bulk(run.name);
    call.reply.Bulk("command");  // layering: not a command
    const ScriptRequest& request = scripts.request();
    call.reply.Array(static_cast<int64_t>(request.args.size()));
    for (const std::string_view arg : request.args) call.reply.Bulk(arg);
    call.reply.Bulk("duration_ms");
    const auto took = Scripts::Clock::now() - run.began;
    call.reply.Integer(std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
  } else {
    call.reply.Null();
  }
  call.reply.Bulk("engines");
  call.reply.Map(1);
  call.reply.Bulk("LUA");
  call.reply.Map(2);
  call.reply.Bulk("libraries_count");
  call.reply.Integer(static_cast<int64_t>(scripts.functions().libraries().size()));
  call.reply.Bulk("functions_count");
  call.reply.Integer(static_cast<int64_t>(scripts.functions().function_count()));
}

void FunctionDump(Call& call) {
  std::string payload;
  rdb::Writer writer(&payload);
  for (const auto& [name, library] : FunctionsOf(call).libraries()) {
    writer.Byte(kLibraryCode);
    writer.String(library.code);
  }
  rdb::ClosePayload(&payload);
  call.reply.Bulk(payload);
}

void FunctionRestore(Call& call) {
  if (call.args.size() > 4) return WrongSubcommand(call, "FUNCTION");
  const bool flush = call.args.size() == 4 && call.Is(3, "FLUSH");
  const bool replace = call.args.size() == 4 && call.Is(3, "REPLACE");
  if (call.args.size() == 4 && !flush && !replace && !call.Is(3, "APPEND")) {
    return ReplyError(call,
                      "Wrong restore policy given, value should be either FLUSH, APPEND or "
                      "REPLACE.");
  }
  std::vector<std::string> codes;
  if (!ReadDump(call, call.args[2], &codes)) return;
  std::string error;
  if (flush) {
    Functions fresh;
    fresh.SetLimit(FunctionsOf(call).limit());
    error = fresh.LoadAll(codes, Functions::Known::kRefuse);
    if (error.empty()) std::swap(FunctionsOf(call), fresh);
  } else {
    error = FunctionsOf(call).LoadAll(
        codes, replace ? Functions::Known::kReplace : Functions::Known::kRefuse);
  }
  call.engine.TellScriptMemory();
  if (!error.empty()) return ReplyError(call, error);
  call.reply.Ok();
}

void FunctionKill(Call& call) {
  KillScript(call, /*is_function=*/true);
}

void FunctionHelp(Call& call) {
  constexpr std::string_view kLines[] = {
      "LOAD [REPLACE] <FUNCTION CODE>",
      "    Create a new library with the given library name and code.",
      "DELETE <LIBRARY NAME>",
      "    Delete the given library.",
      "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
      "    Return general information on all the libraries:",
      "    * Library name",
      "    * The engine used to run the Library",
      "    * Library description",
      "    * Functions list",
      "    * Library code (if WITHCODE is given)",
      "    It also possible to get only function that matches a pattern using LIBRARYNAME "
      "argument.",
      "STATS",
      "    Return information about the current function running:",
      "    * Function name",
      "    * Command used to run the function",
      "    * Duration in MS that the function is running",
      "    If no function is running, return nil",
      "    In addition, returns a list of available engines.",
      "KILL",
      "    Kill the current running function.",
      "FLUSH [ASYNC|SYNC]",
      "    Delete all the libraries.",
      "    When called without the optional mode argument, the behavior is determined by the",
      "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
      "    * ASYNC: Asynchronously flush the libraries.",
      "    * SYNC: Synchronously flush the libraries.",
      "DUMP",
      "    Return a serialized payload representing the current libraries, can be restored using "
      "FUNCTION RESTORE command",
      "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
      "    Restore the libraries represented by the given payload, it is possible to give a "
      "restore policy to",
      "    control how to handle existing libraries (default APPEND):",
      "    * FLUSH: delete all existing libraries.",
      "    * APPEND: appends the restored libraries to the existing libraries. On collision, "
      "abort.",
      "    * REPLACE: appends the restored libraries to the existing libraries, On collision, "
      "replace the old",
      "      libraries with the new libraries (notice that even on this option there is a chance "
      "of failure",
      "      in case of functions name collision with another library)."};
  Help(call, kLines);
}

}  // namespace handlers

}  // namespace keyhole::store
