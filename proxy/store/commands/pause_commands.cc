// CLIENT PAUSE and UNPAUSE: see pause.h.
#include <algorithm>
#include <limits>

#include "proxy/store/commands/dispatch.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/observers.h"
#include "proxy/store/commands/replies.h"
#include "resp/number.h"

namespace keyhole::store {

namespace {

bool Writes(const Engine& engine, const resp::CommandSpec& spec,
            std::span<const std::string_view> args) {
  if (spec.has(resp::kScripts)) return ScriptMayWrite(engine, spec, args);
  return spec.has(resp::kWrite) || spec.has(resp::kMayReplicate);
}

bool Writes(const Engine& engine, const QueuedCommand& queued) {
  const std::vector<std::string_view> args(queued.args.begin(), queued.args.end());
  return Writes(engine, *queued.spec, args);
}

}  // namespace

bool IsHeld(const Call& call) {
  const Pause& pause = call.engine.pause;
  if (!pause.active() || call.now >= pause.until) return false;
  if (pause.all || Writes(call.engine, call.spec, call.args)) return true;
  if (call.spec.effect != resp::Effect::kExec) return false;
  const auto& queue = call.client.transaction.queue;
  return std::any_of(queue.begin(), queue.end(),
                     [&](const QueuedCommand& one) { return Writes(call.engine, one); });
}

void HoldBack(const Call& call) {
  call.engine.waiting.Add(
      call.client, {&call.spec, std::vector<std::string>(call.args.begin(), call.args.end())}, {},
      kNever, WakeOn::kPresence);
  call.client.wait->paused = true;
  call.engine.pause.held.push_back(call.client.id);
}

void ReleaseHeld(Engine& engine, UnixMillis now) {
  if (engine.pause.active()) return;
  while (!engine.pause.held.empty() && !engine.scripts.busy()) {
    const uint64_t id = engine.pause.held.front();
    engine.pause.held.erase(engine.pause.held.begin());
    const auto it = engine.clients().find(id);
    if (it == engine.clients().end()) continue;
    Client& client = *it->second;
    if (client.wait == nullptr || !client.wait->paused) continue;
    const QueuedCommand command = std::move(client.wait->command);
    engine.waiting.Withdraw(client);
    DispatchAgain(engine, client, command, now);
  }
}

namespace handlers {

void ClientPause(Call& call) {
  if (call.args.size() > 4) return WrongSubcommand(call, "CLIENT");
  bool all = true;
  if (call.args.size() == 4) {
    all = call.Is(3, "ALL");
    if (!all && !call.Is(3, "WRITE")) {
      return call.reply.Error("ERR CLIENT PAUSE mode must be WRITE or ALL");
    }
  }
  int64_t millis = 0;
  if (!resp::ParseInteger(call.args[2], &millis)) {
    return call.reply.Error("ERR timeout is not an integer or out of range");
  }
  if (millis < 0) return call.reply.Error("ERR timeout is negative");
  if (millis > std::numeric_limits<int64_t>::max() - call.now) {
    return call.reply.Error("ERR timeout is out of range");
  }
  call.engine.BeginPause(call.now + millis, all);
  call.reply.Ok();
}

void ClientUnpause(Call& call) {
  call.engine.EndPause();
  call.reply.Ok();
}

}  // namespace handlers

}  // namespace keyhole::store
