// MULTI, EXEC, WATCH. Queueing is in dispatch.cc; that a key has changed is noticed in shard.h.
#include <algorithm>
#include <vector>

#include "proxy/store/commands/dispatch.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"

namespace keyhole::store::handlers {

namespace {

// A watched key that has expired by now is a changed key; finding it is what removes it.
void NoticeExpired(Call& call) {
  for (const WatchedKey& watched : call.client.transaction.watched) {
    call.engine.database(watched.database).Find(watched.key, call.now, /*touch=*/false);
  }
}

void RunQueue(Call& call, const std::vector<QueuedCommand>& queue) {
  if (!call.client.reply_mode.silent()) call.reply.Array(static_cast<int64_t>(queue.size()));
  std::vector<std::string_view> args;
  for (const QueuedCommand& queued : queue) {
    args.assign(queued.args.begin(), queued.args.end());
    Call inner{call.engine, call.client, *queued.spec, args,
               call.now,    call.reply,  call.out,     call.begin};
    Run(inner);
  }
}

}  // namespace

void Multi(Call& call) {
  Transaction& transaction = call.client.transaction;
  if (transaction.open) return call.reply.Error("ERR MULTI calls can not be nested");
  transaction.open = true;
  call.reply.Ok();
}

void Discard(Call& call) {
  if (!call.client.transaction.open) return call.reply.Error("ERR DISCARD without MULTI");
  call.engine.Discard(call.client);
  call.reply.Ok();
}

void Exec(Call& call) {
  Transaction& transaction = call.client.transaction;
  if (!transaction.open) return call.reply.Error("ERR EXEC without MULTI");
  NoticeExpired(call);
  if (transaction.failed) {
    call.engine.Discard(call.client);
    return call.reply.Error("EXECABORT Transaction discarded because of previous errors.");
  }
  if (transaction.watch_broken) {
    call.engine.Discard(call.client);
    return call.reply.NullArray();
  }
  // The watches end first: what the transaction itself writes is not a change by another.
  const std::vector<QueuedCommand> queue = std::move(transaction.queue);
  call.engine.Unwatch(call.client);
  RunQueue(call, queue);
  call.engine.Discard(call.client);
}

void Watch(Call& call) {
  Transaction& transaction = call.client.transaction;
  if (transaction.open) return call.reply.Error("ERR WATCH inside MULTI is not allowed");
  const int database = call.client.database;
  for (const std::string_view key : call.args.subspan(1)) {
    const bool known =
        std::any_of(transaction.watched.begin(), transaction.watched.end(),
                    [&](const WatchedKey& w) { return w.database == database && w.key == key; });
    if (known) continue;
    // A key or a field that has expired already must not break this watch by being removed later.
    Entry* slot = call.db().Find(key, call.now, /*touch=*/false);
    if (slot != nullptr) EndFields(call, &slot);
    transaction.watched.push_back({database, std::string(key)});
    call.db().Watch(key, &transaction.watch_broken);
  }
  call.reply.Ok();
}

void Unwatch(Call& call) {
  call.engine.Unwatch(call.client);
  call.reply.Ok();
}

}  // namespace keyhole::store::handlers
