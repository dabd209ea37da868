#include "proxy/links/upstream/greeting.h"

#include <cassert>

#include "resp/reply_writer.h"

namespace keyhole::core {
namespace {

using resp::CommandId;

constexpr std::string_view kFenceChannel = "__keyhole__:wait";

std::string_view Word(CommandId id) {
  return resp::Spec(id).name;
}

}  // namespace

void ForEachIntroduction(const SessionState& state, const SessionState& before,
                         const std::function<void(Greeting::Words)>& say) {
  const std::string_view client = Word(CommandId::kClient);
  const std::string_view info = Word(CommandId::kClientSetinfo);
  if (state.name != before.name) say({client, Word(CommandId::kClientSetname), state.name});
  if (state.library != before.library) say({client, info, "LIB-NAME", state.library});
  if (state.library_version != before.library_version) {
    say({client, info, "LIB-VER", state.library_version});
  }
}

SessionState StateFor(const Upstream& upstream) {
  SessionState state;
  state.user = upstream.user == "default" ? "" : upstream.user;
  state.password = upstream.password;
  state.db = upstream.db;
  return state;
}

void Greeting::Add(Words args, bool must_succeed) {
  assert(replies < kMost);
  resp::AppendRequest(args, &bytes);
  if (must_succeed) musts |= uint32_t{1} << replies;
  ++replies;
}

void Greeting::LogIn(const SessionState& state) {
  const std::string_view user = state.user.empty() ? "default" : std::string_view(state.user);
  if (state.protocol == resp::Protocol::kResp3) {
    if (state.has_identity()) {
      Add({Word(CommandId::kHello), "3", Word(CommandId::kAuth), user, state.password}, true);
    } else {
      Add({Word(CommandId::kHello), "3"}, true);
    }
  } else if (state.user.empty() && state.has_identity()) {
    Add({Word(CommandId::kAuth), state.password}, true);
  } else if (state.has_identity()) {
    Add({Word(CommandId::kAuth), user, state.password}, true);
  }
}

void Greeting::SelectDatabase(int db) {
  Add({Word(CommandId::kSelect), std::to_string(db)}, true);
}

// Redis knows names since 2.6.9 and libraries since 7.2; before, it refuses them.
void Greeting::Introduce(const SessionState& state, const SessionState& before) {
  ForEachIntroduction(state, before, [this](Words args) { Add(args, false); });
}

// NO-EVICT: Redis is not to drop this connection for its memory. It knows that since 7.0.
void Greeting::Track() {
  const std::string_view client = Word(CommandId::kClient);
  Add({client, Word(CommandId::kClientTracking), "ON", "OPTIN"}, true);
  Add({client, Word(CommandId::kClientNoEvict), "on"}, false);
}

void Greeting::Fence() {
  ForEachFence([this](Words args) { Add(args, false); });
}

// WAIT asks about the writes of its own connection, so there has to be one that came after those of
// all others. Redis before 7.2 takes any command for one. Later it has to be something that goes to
// the replicas: a message on a shard channel does, and nobody can hear it by a pattern.
void ForEachFence(const std::function<void(Greeting::Words)>& say) {
  say({Word(CommandId::kSpublish), kFenceChannel, ""});
  say({Word(CommandId::kPing)});
}

// A user who may not ask is not served: nobody would know whether it is a master.
void Greeting::AskRole() {
  roles |= uint32_t{1} << replies;
  Add({Word(CommandId::kRole)}, true);
}

void Greeting::ReadOnly() {
  Add({Word(CommandId::kReadonly)}, false);
}

void Greeting::Pass(std::string_view request) {
  assert(replies < kMost);
  bytes.append(request);
  musts |= uint32_t{1} << replies;
  ++replies;
}

// A GET without a key is refused, whatever else Redis thinks of it.
void Greeting::BeginTransaction(bool failed) {
  Add({Word(CommandId::kMulti)}, true);
  if (failed) Add({Word(CommandId::kGet)}, false);
}

// Its reply is an answer, even if it is an error.
void Greeting::Ping() {
  Add({Word(CommandId::kPing)}, false);
}

Greeting Greeting::For(const SessionState& state) {
  Greeting greeting;
  greeting.LogIn(state);
  if (state.db != 0) greeting.SelectDatabase(state.db);
  greeting.Introduce(state, SessionState());
  return greeting;
}

Greeting Greeting::Otherwise(const SessionState& state) {
  Greeting greeting;
  greeting.Add({Word(CommandId::kReset)}, true);
  if (state.db != 0) greeting.SelectDatabase(state.db);
  greeting.Introduce(state, SessionState());
  greeting.LogIn(state);
  return greeting;
}

}  // namespace keyhole::core
