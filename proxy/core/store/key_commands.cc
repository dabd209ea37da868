// Commands that take keys of any type.
#include "proxy/core/store/handlers.h"
#include "proxy/core/store/replies.h"

namespace keyhole::store {

std::string_view TypeName(ValueType type) {
  switch (type) {
    case ValueType::kString:
      return "string";
  }
  return "none";
}

namespace handlers {

namespace {

void CountExisting(Call& call) {
  int64_t count = 0;
  for (const std::string_view key : call.args.subspan(1)) count += call.Read(key) != nullptr;
  call.reply.Integer(count);
}

// False if `key` is not there; then that is the reply.
bool RenameTo(Call& call, bool replace, bool* renamed) {
  const std::string_view from = call.args[1];
  const std::string_view to = call.args[2];
  *renamed = false;
  if (call.Find(from) == nullptr) {
    call.reply.Error("ERR no such key");
    return false;
  }
  if (from == to) return true;
  if (call.Find(to) != nullptr && !replace) return true;
  call.db().Rename(call.Find(from), to);  // asked again: finding `to` may have moved it
  *renamed = true;
  return true;
}

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
  CountExisting(call);
}

void Touch(Call& call) {
  CountExisting(call);
}

void Type(Call& call) {
  const Entry* const slot = call.Read(call.args[1]);
  call.reply.Simple(slot == nullptr ? "none" : TypeName(slot->type()));
}

void Dbsize(Call& call) {
  call.reply.Integer(static_cast<int64_t>(call.db().size()));
}

void Randomkey(Call& call) {
  const Entry* const slot = call.db().Random(&call.engine.random, call.now);
  if (slot == nullptr) return call.reply.Null();
  call.reply.Bulk(slot->key());
}

void Rename(Call& call) {
  bool renamed = false;
  if (RenameTo(call, /*replace=*/true, &renamed)) call.reply.Ok();
}

void Renamenx(Call& call) {
  bool renamed = false;
  if (RenameTo(call, /*replace=*/false, &renamed)) call.reply.Integer(renamed ? 1 : 0);
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

}  // namespace handlers
}  // namespace keyhole::store
