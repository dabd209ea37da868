#include "proxy/store/commands/dispatch.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/ascii.h"
#include "proxy/store/commands/command_details.h"
#include "proxy/store/commands/handler_table.h"
#include "proxy/store/commands/observers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/script_turn.h"

namespace keyhole::store {

namespace {

using resp::CommandId;
using resp::CommandSpec;
using resp::Effect;

// Once for each command that Redis has.
void LogMissing(const Call& call, const CommandSpec& spec) {
  if (spec.id == CommandId::kUnknown || !call.engine.NoteMissing(spec.id)) return;
  call.engine.Log(
      std::string(spec.full_name)
          .append(": unknown command (not in Keyhole's embedded store; use --upstream)"));
}

// Why the request names no command that the store has; empty if it does.
std::string ExistenceError(const Call& call) {
  const CommandSpec& spec = call.spec;
  const bool is_subcommand = spec.parent != CommandId::kUnknown;
  const CommandSpec& top = is_subcommand ? resp::Spec(spec.parent) : spec;
  if (!Serves(top)) {
    LogMissing(call, top);
    return resp::UnknownCommandError(call.args);
  }
  const bool unknown_word = !is_subcommand && spec.has(resp::kContainer) && call.args.size() > 1;
  if (!unknown_word && !Serves(spec)) LogMissing(call, spec);
  if (unknown_word || !Serves(spec)) return resp::UnknownSubcommandError(top, call.args[1]);
  return {};
}

// What a client of RESP2 may say while it is subscribed: replies are not told from messages there.
bool IsForListeners(const CommandSpec& spec) {
  return resp::TraitsOf(spec.effect).confirmed() || spec.has(resp::kWhileSubscribed);
}

// Queueing takes memory too.
bool TakesMemory(const Call& call) {
  const Transaction& transaction = call.client.transaction;
  if (call.spec.effect == Effect::kExec) {
    return std::any_of(transaction.queue.begin(), transaction.queue.end(),
                       [](const QueuedCommand& q) { return q.spec->has(resp::kDenyOom); });
  }
  if (call.spec.has(resp::kDenyOom)) return true;
  return transaction.open && call.spec.effect != Effect::kDiscard &&
         call.spec.effect != Effect::kReset;
}

// Why the request may neither run nor be queued; empty if it may.
std::string Objection(const Call& call, bool full) {
  // Also of those that the proxy carries out itself.
  const bool refused_inside = call.client.transaction.open && call.spec.has(resp::kNoMulti) &&
                              call.spec.AcceptsCount(call.args.size());
  if (refused_inside) return "ERR Command not allowed inside a transaction";
  std::string error = ExistenceError(call);
  if (!error.empty()) return error;
  if (!call.spec.AcceptsCount(call.args.size())) return resp::ArityError(call.spec);
  if (call.spec.has(resp::kProtected) && !call.engine.MayDebug()) {
    return std::string(kDebugNotAllowed);
  }
  const bool logged_in = call.client.authenticated || !call.engine.NeedsPassword();
  if (!logged_in && !call.spec.has(resp::kNoAuth)) return std::string(kNoAuth);
  if (full && TakesMemory(call)) return std::string(kOutOfMemory);
  const bool listens_only =
      call.client.subscribed() && call.client.protocol == resp::Protocol::kResp2;
  if (listens_only && !IsForListeners(call.spec)) {
    return std::string("ERR Can't execute '")
        .append(call.spec.full_name)
        .append(
            "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this "
            "context");
  }
  if (call.engine.scripts.busy() && !call.spec.has(resp::kAllowBusy)) {
    return std::string(call.engine.scripts.run().is_function ? kBusyFunction : kBusyScript);
  }
  return {};
}

// Nearly all requests: one look tells that nothing can be said against them, and that they run
// here.
bool IsPlain(const Call& call, bool full) {
  const Client& client = call.client;
  return HandlerOf(call.spec) != nullptr &&
         (call.spec.flags & (resp::kContainer | resp::kProtected | resp::kScripts)) == 0 &&
         call.spec.AcceptsCount(call.args.size()) && client.authenticated && !full &&
         !client.transaction.open && !client.subscribed() && !call.engine.scripts.busy();
}

bool RunsInsideMulti(Effect effect) {
  return effect == Effect::kMulti || effect == Effect::kExec || effect == Effect::kDiscard ||
         effect == Effect::kWatch || effect == Effect::kReset || effect == Effect::kQuit;
}

void Queue(Call& call) {
  call.client.transaction.queue.push_back(
      {&call.spec, std::vector<std::string>(call.args.begin(), call.args.end())});
  call.reply.Simple("QUEUED");
}

void Reject(Call& call, std::string_view error) {
  call.engine.command_stats.CountRejection(call.spec.id, error);
  if (call.client.transaction.open) call.client.transaction.failed = true;
  if (call.spec.effect != Effect::kExec) return call.reply.Error(error);
  // An EXEC that cannot run ends its transaction all the same.
  call.engine.Discard(call.client);
  if (error.starts_with("ERR ")) error.remove_prefix(4);
  call.reply.Error(std::string("EXECABORT Transaction discarded because of: ").append(error));
}

}  // namespace

bool IsQueued(const CommandSpec& spec) {
  return !RunsInsideMulti(spec.effect);
}

namespace {

[[gnu::noinline]] void CountFailure(const Call& call, size_t begin) {
  if (call.is_counted) return call.engine.command_stats.CountFailedCall(call.spec.id);
  const std::string_view reply = call.out->Data().substr(begin + 1);
  call.engine.command_stats.CountFailure(call.spec.id, reply.substr(0, reply.find('\r')));
}

[[gnu::noinline]] void GoOnTo(Engine& engine, Client& client, const CommandSpec& spec) {
  if (client.repeats > 0) {
    engine.command_stats.CountCalls(client.last_command->id, client.repeats);
  }
  client.repeats = 0;
  client.last_command = &spec;
}

inline void Count(Engine& engine, Client& client, const CommandSpec& spec) {
  if (client.last_command != &spec) GoOnTo(engine, client, spec);
  ++client.repeats;
}

inline void RunHandler(Call& call) {
  const size_t before = call.out->size();
  const bool silent = call.client.reply_mode.silent();
  HandlerOf(call.spec)(call);
  if (call.out->size() > before && call.out->Data()[before] == '-') [[unlikely]]
    CountFailure(call, before);
  // Not if the command itself has changed it: CLIENT REPLY ON is answered, and an EXEC with CLIENT
  // REPLY OFF in it is answered up to there.
  // Confirmations of subscriptions are never hidden.
  const bool hidden =
      silent && call.client.reply_mode.silent() && !resp::TraitsOf(call.spec.effect).confirmed();
  if (hidden) call.out->Truncate(before);
}

inline void RunUntimed(Call& call) {
  RunHandler(call);
  Count(call.engine, call.client, call.spec);
}

bool IsTimed(const Engine& engine) {
  return engine.slow_log.enabled() || engine.latency.enabled() ||
         engine.settings.number(Setting::kLatencyTracking) != 0;
}

void Log(const Call& call, std::chrono::steady_clock::duration took) {
  Engine& engine = call.engine;
  constexpr std::string_view kSlow = "command";  // layering: not a command
  engine.latency.Add(IsFast(call.spec) ? "fast-command" : kSlow, call.now / 1000,
                     std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
  engine.slow_log.Offer({.client = call.client,
                         .args = call.args,
                         .secrets = call.secrets,
                         .now = call.now,
                         .took = took});
}

// EXEC is not logged: what it runs is. Nor is a command that waits now.
template <typename F>
void RunTimed(Call& call, F&& run) {
  const auto began = std::chrono::steady_clock::now();
  run(call);
  const auto took = std::chrono::steady_clock::now() - began;
  call.engine.command_stats.CountTime(call.spec.id, took);
  const Wait* const wait = call.client.wait.get();
  if (call.spec.effect == Effect::kExec || (wait != nullptr && wait->goes_on)) return;
  Log(call, took);
}

// A key that has expired ends before it is written: who listens hears of its end, and of the new
// one.
void EndExpired(const Call& call) {
  resp::ForEachKey(call.spec, call.args, [&call](std::string_view key) {
    call.db().Find(key, call.now, /*touch=*/false);
  });
}

[[gnu::noinline]] void RunObserved(Call& call) {
  const bool in_exec = call.client.transaction.open && call.spec.effect != Effect::kExec;
  if (!in_exec && IsHeld(call)) return HoldBack(call);
  Engine& engine = call.engine;
  if (engine.listens() && call.spec.has(resp::kWrite)) EndExpired(call);
  const bool writes = engine.tracking.active() && !call.spec.has(resp::kRead);
  if (writes) engine.writer = call.client.id;
  if (IsTimed(engine)) {
    RunTimed(call, RunUntimed);
  } else {
    RunUntimed(call);
  }
  if (writes) engine.writer = 0;
  if (call.client.tracking != nullptr) RememberReads(call);
  if (!call.spec.has(resp::kScripts)) FeedMonitors(call);  // has been shown already
}

}  // namespace

void CountCall(Engine& engine, Client& client, const CommandSpec& spec) {
  Count(engine, client, spec);
}

void Run(Call& call) {
  if (call.engine.observed()) [[unlikely]]
    return RunObserved(call);
  RunUntimed(call);
}

bool Resume(Engine& engine, Client& client, std::string_view key, UnixMillis now) {
  Wait& wait = *client.wait;
  const std::vector<std::string_view> args(wait.command.args.begin(), wait.command.args.end());
  resp::ByteQueue* const out = &client.messages;
  resp::ReplyWriter reply(out, client.protocol);
  Call call{engine, client, *wait.command.spec, args, now, reply, out, out->size()};
  wait.woken_by = key;
  wait.goes_on = false;
  if (IsTimed(engine)) {
    RunTimed(call, RunHandler);  // what it takes now; the waiting counts for nothing
  } else {
    RunHandler(call);
  }
  if (wait.goes_on) return false;
  engine.waiting.Withdraw(client);
  client.Ring();
  return true;
}

void EndWait(Engine& engine, Client& client, std::string_view error) {
  const CommandSpec& spec = *client.wait->command.spec;
  const bool for_keys = !client.wait->keys.empty();
  engine.waiting.Withdraw(client);
  if (!error.empty()) engine.command_stats.CountFailure(spec.id, error);
  resp::ReplyWriter reply(&client.messages, client.protocol);
  if (!client.reply_mode.silent()) {
    if (!error.empty()) {
      reply.Error(error);
    } else if (for_keys) {
      reply.NullArray();
    } else {
      reply.Integer(0);
    }
  }
  client.Ring();
}

namespace {

// A command that runs scripts: EVAL, or EXEC with one in it.
bool RunsScripts(const Client& client, const CommandSpec& spec) {
  if (spec.effect != Effect::kExec) [[likely]]
    return spec.has(resp::kScripts);
  const auto& queue = client.transaction.queue;
  return std::any_of(queue.begin(), queue.end(),
                     [](const QueuedCommand& one) { return one.spec->has(resp::kScripts); });
}

[[gnu::noinline]] void JudgeSlowly(Call& call, bool full) {
  const CommandSpec& spec = call.spec;
  if (spec.effect == Effect::kQuit) return Run(call);  // Redis asks nothing of it
  if (const std::string error = Objection(call, full); !error.empty()) {
    Reject(call, error);
  } else if (call.client.transaction.open && IsQueued(spec)) {
    if (call.engine.observed() && IsHeld(call)) return HoldBack(call);
    Queue(call);
  } else {
    return Run(call);
  }
  if (call.client.reply_mode.silent()) call.out->Truncate(call.begin);
}

void JudgeOnScriptStack(ScriptRequest& request) {
  resp::ReplyWriter reply(&request.reply, request.client->protocol);
  Call call{*request.engine, *request.client, *request.spec,  request.args,
            request.now,     reply,           &request.reply, request.reply.size()};
  JudgeSlowly(call, request.full);
}

inline void Judge(Engine& engine, Client& client, const Request& request, UnixMillis now,
                  resp::ByteQueue* out) {
  const CommandSpec& spec = request.spec;
  resp::ReplyWriter reply(out, client.protocol);
  Call call{engine, client, spec, request.args, now, reply, out, out->size(), request.first};
  if (IsPlain(call, request.full)) return Run(call);
  // While one script is put aside no other can begin: it is refused at once.
  if (RunsScripts(client, spec) && !engine.scripts.busy())
    return BeginScriptTurn(engine, client, spec, request.args, request.full, now, out,
                           JudgeOnScriptStack);
  JudgeSlowly(call, request.full);
}

}  // namespace

void Dispatch(Engine& engine, Client& client, const Request& request, UnixMillis now,
              resp::ByteQueue* out) {
  ReplyMode& mode = client.reply_mode;
  mode.skip = mode.skip_next;
  mode.skip_next = false;
  client.last_command_at = now;
  Judge(engine, client, request, now, out);
}

void DispatchAgain(Engine& engine, Client& client, const QueuedCommand& command, UnixMillis now) {
  const std::vector<std::string_view> args(command.args.begin(), command.args.end());
  Judge(engine, client, {*command.spec, args}, now, &client.messages);
  if (client.wait == nullptr) client.Ring();
}

}  // namespace keyhole::store
