// Commands on one set.
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/types/collection.h"
#include "proxy/store/types/collection_edit.h"

namespace keyhole::store::handlers {

void Sadd(Call& call) {
  Entry* slot = nullptr;
  if (!FindAs(call, call.args[1], ValueType::kSet, &slot)) return;
  CollectionEdit edit(call.db(), call.engine.collection_limits(), ValueType::kSet, slot);
  int64_t added = 0;
  for (const std::string_view member : call.args.subspan(2)) added += edit.Set(member) ? 1 : 0;
  if (added > 0) edit.Commit(call.args[1]);
  call.reply.Integer(added);
}

void Srem(Call& call) {
  Entry* slot = nullptr;
  if (!FindAs(call, call.args[1], ValueType::kSet, &slot)) return;
  if (slot == nullptr) return call.reply.Integer(0);
  CollectionEdit edit(call.db(), call.engine.collection_limits(), ValueType::kSet, slot);
  int64_t removed = 0;
  for (const std::string_view member : call.args.subspan(2)) removed += edit.Remove(member) ? 1 : 0;
  edit.Commit(call.args[1]);
  call.reply.Integer(removed);
}

void Smove(Call& call) {
  const std::string_view from = call.args[1];
  const std::string_view to = call.args[2];
  const std::string_view member = call.args[3];
  Entry* source = call.Find(from);
  if (source == nullptr) return call.reply.Integer(0);
  if (IsWrongType(call, source, ValueType::kSet)) return;
  Entry* target = nullptr;
  if (!FindAs(call, to, ValueType::kSet, &target)) return;
  source = call.Find(from);  // asked again: finding the target may have moved it
  if (from == to) return call.reply.Integer(HasItem(*source, member) ? 1 : 0);
  {
    CollectionEdit edit(call.db(), call.engine.collection_limits(), ValueType::kSet, source);
    if (!edit.Remove(member)) return call.reply.Integer(0);
    edit.Commit(from);
  }
  CollectionEdit edit(call.db(), call.engine.collection_limits(), ValueType::kSet, call.Find(to));
  if (edit.Set(member)) edit.Commit(to);
  call.reply.Integer(1);
}

void Scard(Call& call) {
  Entry set;
  if (!ReadAs(call, call.args[1], ValueType::kSet, &set)) return;
  call.reply.Integer(set ? static_cast<int64_t>(CountItems(set)) : 0);
}

void Sismember(Call& call) {
  Entry set;
  if (!ReadAs(call, call.args[1], ValueType::kSet, &set)) return;
  call.reply.Integer(set && HasItem(set, call.args[2]) ? 1 : 0);
}

void Smismember(Call& call) {
  Entry set;
  if (!ReadAs(call, call.args[1], ValueType::kSet, &set)) return;
  call.reply.Array(static_cast<int64_t>(call.args.size()) - 2);
  for (const std::string_view member : call.args.subspan(2)) {
    call.reply.Integer(set && HasItem(set, member) ? 1 : 0);
  }
}

void Smembers(Call& call) {
  Entry set;
  if (!ReadAs(call, call.args[1], ValueType::kSet, &set)) return;
  call.reply.Set(set ? static_cast<int64_t>(CountItems(set)) : 0);
  if (!set) return;
  ForEachItem(set, [&call](std::string_view member, std::string_view) { call.reply.Bulk(member); });
}

}  // namespace keyhole::store::handlers
