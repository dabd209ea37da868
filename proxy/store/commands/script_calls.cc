#include "proxy/store/commands/script_calls.h"

#include <utility>

#include "proxy/store/commands/command_details.h"
#include "proxy/store/commands/dispatch.h"
#include "proxy/store/commands/handler_table.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/scripts.h"

namespace keyhole::store {

ScriptCalls::ScriptCalls(store::Call& call, uint32_t flags, bool read_only)
    : call_(call),
      engine_(call.engine),
      client_(call.engine.scripts.client()),
      read_only_(read_only ||
                 ((flags & script::kUndeclared) == 0 && (flags & script::kNoWrites) != 0)),
      allow_oom_((flags & script::kUndeclared) == 0 && (flags & script::kAllowOom) != 0),
      full_(engine_.budget().over()) {
  const Client& caller = call.client;
  client_.id = caller.id;
  client_.user = caller.user;
  client_.database = caller.database;
  client_.protocol = resp::Protocol::kResp2;
  client_.no_touch = caller.no_touch;
  client_.random = caller.random;
}

ScriptCalls::~ScriptCalls() {
  Client& caller = call_.client;
  const ClientStats done = std::exchange(client_.stats, {});
  caller.stats.hits += done.hits;
  caller.stats.misses += done.misses;
  caller.random = client_.random;
}

std::string_view ScriptCalls::WriteObjection(const resp::CommandSpec& spec) const {
  const bool writes = spec.has(resp::kWrite);
  if (read_only_ && (writes || spec.has(resp::kMayReplicate))) {
    return "ERR Write commands are not allowed from read-only scripts.";
  }
  // What has begun is not stopped half-way.
  const bool too_much =
      full_ && !allow_oom_ && !engine_.scripts.run().wrote && spec.has(resp::kDenyOom);
  return too_much ? kOutOfMemory : std::string_view();
}

std::string_view ScriptCalls::Objection(const resp::CommandSpec& spec,
                                        std::span<const std::string_view> args) const {
  const bool bare = spec.has(resp::kContainer) && args.size() == 1;
  if (HandlerOf(spec) == nullptr && !(bare && Serves(spec))) {
    return "ERR Unknown Redis command called from script";
  }
  if (bare || !spec.AcceptsCount(args.size())) {
    return "ERR Wrong number of args calling Redis command from script";
  }
  if (!IsForScripts(spec)) {
    return "ERR This Redis command is not allowed from script";
  }
  return WriteObjection(spec);
}

std::string ScriptCalls::Call(std::span<const std::string_view> args, resp::ByteQueue* reply) {
  const resp::CommandSpec& spec = resp::Find(args);
  if (const std::string_view error = Objection(spec, args); !error.empty()) {
    engine_.command_stats.CountRejection(spec.id, error);
    return std::string(error);
  }
  if (spec.has(resp::kWrite)) engine_.scripts.run().wrote = true;
  if (spec.has(resp::kRead)) call_.has_read = true;
  resp::ReplyWriter writer(reply, client_.protocol);
  store::Call inner{engine_, client_, spec, args, call_.now, writer, reply, reply->size()};
  Run(inner);
  return {};
}

script::Host::Permission ScriptCalls::PermissionFor(std::span<const std::string_view> args) {
  return HandlerOf(resp::Find(args)) != nullptr ? Permission::kGranted : Permission::kUnknown;
}

void ScriptCalls::Log(int level, std::string_view line) {
  constexpr int kNotice = 2;
  if (level >= kNotice) engine_.Log(std::string(line));
}

bool ScriptCalls::Interrupt() {
  Scripts& scripts = engine_.scripts;
  Scripts::Run& run = scripts.run();
  if (!run.late) {
    const int64_t threshold = engine_.settings.number(Setting::kBusyReplyThreshold);
    const auto took = Scripts::Clock::now() - run.began;
    if (threshold <= 0 || took < std::chrono::milliseconds(threshold)) return false;
    run.late = true;
    const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
    engine_.Log("Slow script detected: still in execution after " + std::to_string(millis) +
                " milliseconds. Script name is: " + run.name);
  }
  scripts.Pause();
  return run.killed;
}

}  // namespace keyhole::store
