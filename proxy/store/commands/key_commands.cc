// Commands that take keys of any type.
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"

namespace keyhole::store::handlers {

namespace {

// ASYNC and SYNC are the same here. False if the options are wrong; then that is the reply.
bool ParseFlushOptions(Call& call) {
  if (call.args.size() == 1) return true;
  if (call.args.size() == 2 && (call.Is(1, "ASYNC") || call.Is(1, "SYNC"))) return true;
  call.reply.Error(kSyntaxError);
  return false;
}

}  // namespace

void Del(Call& call) {
  int64_t count = 0;
  for (const std::string_view key : call.args.subspan(1)) {
    Entry* const slot = call.Find(key);
    if (slot == nullptr) continue;
    call.db().Erase(slot);
    ++count;
  }
  call.reply.Integer(count);
}

void Unlink(Call& call) {
  Del(call);
}

void Exists(Call& call) {
  int64_t count = 0;
  for (const std::string_view key : call.args.subspan(1)) count += call.Peek(key) != nullptr;
  call.reply.Integer(count);
}

void Touch(Call& call) {
  int64_t count = 0;
  for (const std::string_view key : call.args.subspan(1)) count += call.Touch(key) != nullptr;
  call.reply.Integer(count);
}

void Type(Call& call) {
  const Entry* const slot = call.Peek(call.args[1]);
  call.reply.Simple(slot == nullptr ? "none" : TypeName(slot->type()));
}

void Dbsize(Call& call) {
  call.reply.Integer(static_cast<int64_t>(call.db().size()));
}

void Randomkey(Call& call) {
  const Entry* const slot = call.db().Random(&call.client.random, call.now);
  if (slot == nullptr) return call.reply.Null();
  call.reply.Bulk(slot->key());
}

void Flushdb(Call& call) {
  if (!ParseFlushOptions(call)) return;
  call.db().Clear();
  call.reply.Ok();
}

void Flushall(Call& call) {
  if (!ParseFlushOptions(call)) return;
  for (int i = 0; i < call.engine.database_count(); ++i) call.engine.database(i).Clear();
  call.reply.Ok();
}

}  // namespace keyhole::store::handlers
