// SUBSCRIBE and its relatives, PUBLISH, PUBSUB.
//
//     PUBLISH a hi --> for each listener: to the reply, if it is the client itself;
//                                         else to its messages, and its doorbell rings
#include <vector>

#include "proxy/store/commands/dispatch.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/messages.h"
#include "proxy/store/commands/replies.h"
#include "resp/glob.h"

namespace keyhole::store::handlers {

namespace {

// How many subscriptions there are of this kind, as a confirmation says: channels and patterns are
// counted together.
int64_t CountOf(const Client& client, Listening kind) {
  if (kind == Listening::kShard) return static_cast<int64_t>(client.names(kind).size());
  return static_cast<int64_t>(client.names(Listening::kChannel).size() +
                              client.names(Listening::kPattern).size());
}

// subscribe <name> <count>
void Confirm(Call& call, Listening kind, const std::string_view* name) {
  call.reply.Push(3);
  call.reply.Bulk(call.spec.name);
  if (name == nullptr) {
    call.reply.Null();
  } else {
    call.reply.Bulk(*name);
  }
  call.reply.Integer(CountOf(call.client, kind));
}

void Listen(Call& call, Listening kind) {
  for (const std::string_view name : call.args.subspan(1)) {
    if (call.client.names(kind).emplace(name).second) {
      ++call.client.subscriptions;
      ++call.client.sources;
      call.engine.subscriptions.Add(kind, name, &call.client);
    }
    Confirm(call, kind, &name);
  }
}

void StopListening(Call& call, Listening kind) {
  auto& names = call.client.names(kind);
  std::vector<std::string> wanted(call.args.begin() + 1, call.args.end());
  if (wanted.empty()) wanted.assign(names.begin(), names.end());
  if (wanted.empty()) return Confirm(call, kind, nullptr);
  for (const std::string& name : wanted) {
    if (names.erase(name) > 0) {
      --call.client.subscriptions;
      --call.client.sources;
      call.engine.subscriptions.Remove(kind, name, &call.client);
    }
    const std::string_view view = name;
    Confirm(call, kind, &view);
  }
}

void ReplyNames(Call& call, Listening kind) {
  std::vector<std::string_view> names;
  for (const auto& [name, listeners] : call.engine.subscriptions.All(kind)) {
    if (call.args.size() == 2 || resp::GlobMatches(call.args[2], name)) names.push_back(name);
  }
  call.reply.Array(static_cast<int64_t>(names.size()));
  for (const std::string_view name : names) call.reply.Bulk(name);
}

void ReplyCounts(Call& call, Listening kind) {
  call.reply.Array((static_cast<int64_t>(call.args.size()) - 2) * 2);
  for (const std::string_view name : call.args.subspan(2)) {
    const auto* const listeners = call.engine.subscriptions.Find(kind, name);
    call.reply.Bulk(name);
    call.reply.Integer(listeners == nullptr ? 0 : static_cast<int64_t>(listeners->size()));
  }
}

// CHANNELS and SHARDCHANNELS take one pattern. True if there are more; then that is the reply.
bool HasTooMany(Call& call) {
  if (call.args.size() <= 3) return false;
  WrongSubcommand(call, "PUBSUB");
  return true;
}

}  // namespace

void Subscribe(Call& call) {
  Listen(call, Listening::kChannel);
}

void Psubscribe(Call& call) {
  Listen(call, Listening::kPattern);
}

void Ssubscribe(Call& call) {
  Listen(call, Listening::kShard);
}

void Unsubscribe(Call& call) {
  StopListening(call, Listening::kChannel);
}

void Punsubscribe(Call& call) {
  StopListening(call, Listening::kPattern);
}

void Sunsubscribe(Call& call) {
  StopListening(call, Listening::kShard);
}

// What has happened to keys before, in the same transaction, is told before.
void Publish(Call& call) {
  DeliverEvents(call.engine);
  call.reply.Integer(
      PublishMessage(call.engine, {&call.client, call.out}, call.args[1], call.args[2]));
}

void Spublish(Call& call) {
  const auto* const listeners = call.engine.subscriptions.Find(Listening::kShard, call.args[1]);
  if (listeners != nullptr) {
    SendWords({&call.client, call.out}, *listeners, {"smessage", call.args[1], call.args[2]});
  }
  call.reply.Integer(listeners == nullptr ? 0 : static_cast<int64_t>(listeners->size()));
}

void PubsubChannels(Call& call) {
  if (!HasTooMany(call)) ReplyNames(call, Listening::kChannel);
}

void PubsubShardchannels(Call& call) {
  if (!HasTooMany(call)) ReplyNames(call, Listening::kShard);
}

void PubsubNumsub(Call& call) {
  ReplyCounts(call, Listening::kChannel);
}

void PubsubShardnumsub(Call& call) {
  ReplyCounts(call, Listening::kShard);
}

void PubsubNumpat(Call& call) {
  call.reply.Integer(
      static_cast<int64_t>(call.engine.subscriptions.All(Listening::kPattern).size()));
}

void PubsubHelp(Call& call) {
  constexpr std::string_view kLines[] = {
      "CHANNELS [<pattern>]",
      "    Return the currently active channels matching a <pattern> (default: '*').",
      "NUMPAT",
      "    Return number of subscriptions to patterns.",
      "NUMSUB [<channel> ...]",
      "    Return the number of subscribers for the specified channels, excluding",
      "    pattern subscriptions(default: no channels).",
      "SHARDCHANNELS [<pattern>]",
      "    Return the currently active shard level channels matching a <pattern> (default: '*').",
      "SHARDNUMSUB [<shardchannel> ...]",
      "    Return the number of subscribers for the specified shard level channel(s)"};
  Help(call, kLines);
}

}  // namespace keyhole::store::handlers
