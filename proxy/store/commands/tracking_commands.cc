// CLIENT TRACKING, CACHING, GETREDIR and TRACKINGINFO, and the messages that come of it.
#include <algorithm>
#include <map>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/observers.h"
#include "proxy/store/commands/replies.h"

namespace keyhole::store {

namespace {

constexpr std::string_view kChannel = "__redis__:invalidate";

using Keys = std::vector<std::string_view>;

void WriteKeys(resp::ReplyWriter& writer, const Keys* keys) {
  if (keys == nullptr) {
    if (writer.protocol() == resp::Protocol::kResp3) return writer.Null();
    return writer.NullArray();
  }
  writer.Array(static_cast<int64_t>(keys->size()));
  for (const std::string_view key : *keys) writer.Bulk(key);
}

// Where the news of this client go; null: nowhere, and it is told why if it can be.
Client* TargetOf(const Engine& engine, Client& client) {
  TrackingState& state = *client.tracking;
  if (state.redirect == 0) return &client;
  const auto it = engine.clients().find(state.redirect);
  if (it != engine.clients().end() && !it->second->closing) return it->second;
  state.broken_redirect = true;
  if (client.protocol == resp::Protocol::kResp3) {
    client.Push([&](resp::ByteQueue* out) {
      resp::ReplyWriter writer(out, client.protocol);
      writer.Push(2);
      writer.Bulk("tracking-redir-broken");
      writer.Integer(static_cast<int64_t>(state.redirect));
    });
  }
  return nullptr;
}

// keys: null if all have changed. A client of RESP2 hears of it only as a listener of a channel.
void Tell(const Engine& engine, Client& client, const Keys* keys) {
  Client* const target = TargetOf(engine, client);
  if (target == nullptr) return;
  const bool pushes = target->protocol == resp::Protocol::kResp3;
  if (!pushes && !(client.tracking->redirect != 0 && target->subscribed())) return;
  target->Push([&](resp::ByteQueue* out) {
    resp::ReplyWriter writer(out, target->protocol);
    writer.Push(pushes ? 2 : 3);
    writer.Bulk(pushes ? "invalidate" : "message");
    if (!pushes) writer.Bulk(kChannel);
    WriteKeys(writer, keys);
  });
}

bool Skips(const Client& client, uint64_t by) {
  return client.tracking->no_loop && client.id == by;
}

void TellReaders(const Engine& engine, const Tracking::Change& change) {
  const Keys keys = {change.key};
  for (const uint64_t id : change.readers) {
    const auto it = engine.clients().find(id);
    if (it == engine.clients().end()) continue;
    Client& client = *it->second;
    if (client.tracking == nullptr || client.tracking->broadcast || Skips(client, change.by)) {
      continue;
    }
    Tell(engine, client, &keys);
  }
}

// One message for each prefix, with all keys that begin so.
void TellByPrefix(const Engine& engine, const std::vector<Tracking::Change>& changes,
                  Client& client) {
  for (const std::string& prefix : client.tracking->prefixes) {
    Keys keys;
    for (const Tracking::Change& change : changes) {
      if (change.all || Skips(client, change.by) || !change.key.starts_with(prefix)) continue;
      if (std::find(keys.begin(), keys.end(), change.key) == keys.end()) keys.push_back(change.key);
    }
    if (!keys.empty()) Tell(engine, client, &keys);
  }
}

}  // namespace

void DeliverInvalidations(Engine& engine) {
  const std::vector<Tracking::Change> changes = engine.tracking.TakeChanges();
  if (changes.empty()) return;
  for (const Tracking::Change& change : changes) {
    if (!change.all) {
      TellReaders(engine, change);
      continue;
    }
    for (const auto& [id, client] : engine.clients()) {
      if (client->tracking != nullptr) Tell(engine, *client, nullptr);
    }
  }
  if (engine.tracking.prefixes() == 0) return;
  for (const auto& [id, client] : engine.clients()) {
    if (client->tracking != nullptr) TellByPrefix(engine, changes, *client);
  }
}

void RememberReads(const Call& call) {
  TrackingState& state = *call.client.tracking;
  if ((call.spec.has(resp::kRead) || call.has_read) && state.remembers()) {
    resp::ForEachKey(call.spec, call.args, [&call](std::string_view key) {
      call.engine.tracking.Remember(key, call.client.id);
    });
  }
  if (std::exchange(state.caching_fresh, false) || call.client.transaction.open) return;
  state.caching = false;
}

namespace handlers {

namespace {

bool Fail(Call& call, std::string_view error) {
  call.reply.Error(error);
  return false;
}

bool ParseRedirect(Call& call, size_t index, uint64_t* redirect) {
  if (*redirect != 0) return Fail(call, "ERR A client can only redirect to a single other client");
  int64_t id = 0;
  if (!IntegerArgument(call, index, &id)) return false;
  if (!call.engine.clients().contains(static_cast<uint64_t>(id))) {
    return Fail(call, "ERR The client ID you want redirect to does not exist");
  }
  *redirect = static_cast<uint64_t>(id);
  return true;
}

// Reads args[3] on. False if they are wrong; then that is the reply.
bool ParseOptions(Call& call, TrackingState* wanted, std::vector<std::string_view>* prefixes) {
  for (size_t i = 3; i < call.args.size(); ++i) {
    const bool more = i + 1 < call.args.size();
    if (call.Is(i, "REDIRECT") && more) {
      if (!ParseRedirect(call, ++i, &wanted->redirect)) return false;
    } else if (call.Is(i, "BCAST")) {
      wanted->broadcast = true;
    } else if (call.Is(i, "OPTIN")) {
      wanted->opt_in = true;
    } else if (call.Is(i, "OPTOUT")) {
      wanted->opt_out = true;
    } else if (call.Is(i, "NOLOOP")) {
      wanted->no_loop = true;
    } else if (call.Is(i, "PREFIX") && more) {
      prefixes->push_back(call.args[++i]);
    } else {
      return Fail(call, kSyntaxError);
    }
  }
  return true;
}

// Why these options do not go together, or with those that hold; empty if they do.
std::string_view Conflict(const TrackingState& wanted, const TrackingState* now, bool has_prefix) {
  if (has_prefix && !wanted.broadcast) {
    return "ERR PREFIX option requires BCAST mode to be enabled";
  }
  if (now != nullptr && now->broadcast != wanted.broadcast) {
    return "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and "
           "then re-enabling it with a different mode.";
  }
  if (wanted.broadcast && (wanted.opt_in || wanted.opt_out)) {
    return "ERR OPTIN and OPTOUT are not compatible with BCAST";
  }
  if (wanted.opt_in && wanted.opt_out) {
    return "ERR You can't specify both OPTIN mode and OPTOUT mode";
  }
  if (now != nullptr && ((wanted.opt_in && now->opt_out) || (wanted.opt_out && now->opt_in))) {
    return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and "
           "then re-enabling it with a different mode.";
  }
  return {};
}

bool Overlap(std::string_view a, std::string_view b) {
  return a.starts_with(b) || b.starts_with(a);
}

bool PrefixFails(Call& call, std::string_view prefix, std::string_view which,
                 std::string_view other) {
  return Fail(call, std::string("ERR Prefix '")
                        .append(UpToNul(prefix))
                        .append("' overlaps with ")
                        .append(which)
                        .append(" prefix '")
                        .append(UpToNul(other))
                        .append("'. Prefixes for a single client must not overlap."));
}

// False if a client may not have these prefixes; then that is the reply.
bool CheckPrefixes(Call& call, const std::vector<std::string_view>& prefixes) {
  const TrackingState* const now = call.client.tracking.get();
  for (size_t i = 0; i < prefixes.size(); ++i) {
    for (size_t k = 0; now != nullptr && k < now->prefixes.size(); ++k) {
      const std::string& known = *std::next(now->prefixes.begin(), static_cast<std::ptrdiff_t>(k));
      if (Overlap(known, prefixes[i])) return PrefixFails(call, prefixes[i], "an existing", known);
    }
    for (size_t k = i + 1; k < prefixes.size(); ++k) {
      if (Overlap(prefixes[i], prefixes[k])) {
        return PrefixFails(call, prefixes[i], "another provided", prefixes[k]);
      }
    }
  }
  return true;
}

}  // namespace

void ClientTracking(Call& call) {
  TrackingState wanted;
  std::vector<std::string_view> prefixes;
  if (!ParseOptions(call, &wanted, &prefixes)) return;
  if (call.Is(2, "OFF")) {
    call.engine.StopTracking(call.client);
    return call.reply.Ok();
  }
  if (!call.Is(2, "ON")) return call.reply.Error(kSyntaxError);
  const std::string_view conflict = Conflict(wanted, call.client.tracking.get(), !prefixes.empty());
  if (!conflict.empty()) return call.reply.Error(conflict);
  if (wanted.broadcast && !CheckPrefixes(call, prefixes)) return;
  if (wanted.broadcast && prefixes.empty()) prefixes.emplace_back();
  call.engine.StartTracking(call.client, wanted, prefixes);
  call.reply.Ok();
}

void ClientCaching(Call& call) {
  TrackingState* const state = call.client.tracking.get();
  if (state == nullptr) {
    return call.reply.Error(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
        "OPTOUT mode enabled");
  }
  const bool yes = call.Is(2, "YES");
  if (!yes && !call.Is(2, "NO")) return call.reply.Error(kSyntaxError);
  if (yes && !state->opt_in) {
    return call.reply.Error(
        "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
  }
  if (!yes && !state->opt_out) {
    return call.reply.Error(
        "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
  }
  state->caching = state->caching_fresh = true;
  call.reply.Ok();
}

void ClientGetredir(Call& call) {
  const TrackingState* const state = call.client.tracking.get();
  call.reply.Integer(state == nullptr ? -1 : static_cast<int64_t>(state->redirect));
}

void ClientTrackinginfo(Call& call) {
  TrackingState off;
  const bool on = call.client.tracking != nullptr;
  const TrackingState& state = on ? *call.client.tracking : off;
  const std::pair<bool, std::string_view> words[] = {{on, "on"},
                                                     {!on, "off"},
                                                     {state.broadcast, "bcast"},
                                                     {state.opt_in, "optin"},
                                                     {state.opt_in && state.caching, "caching-yes"},
                                                     {state.opt_out, "optout"},
                                                     {state.opt_out && state.caching, "caching-no"},
                                                     {state.no_loop, "noloop"},
                                                     {state.broken_redirect, "broken_redirect"}};
  call.reply.Map(3);
  call.reply.Bulk("flags");
  call.reply.Set(std::count_if(std::begin(words), std::end(words),
                               [](const auto& word) { return word.first; }));
  for (const auto& [holds, word] : words) {
    if (holds) call.reply.Bulk(word);
  }
  call.reply.Bulk("redirect");
  call.reply.Integer(on ? static_cast<int64_t>(state.redirect) : -1);
  call.reply.Bulk("prefixes");
  call.reply.Array(static_cast<int64_t>(state.prefixes.size()));
  for (const std::string& prefix : state.prefixes) call.reply.Bulk(prefix);
}

}  // namespace handlers

}  // namespace keyhole::store
