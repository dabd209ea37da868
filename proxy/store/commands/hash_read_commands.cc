// Commands that ask hashes.
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/types/collection.h"

namespace keyhole::store::handlers {

namespace {

// Replies with a field's value or null.
void ReplyField(Call& call, Entry hash, std::string_view field) {
  FoundItem item;
  if (hash) FindItem(hash, field, &item);
  if (!item.found) return call.reply.Null();
  call.reply.Bulk(item.value);
}

bool ReadHash(Call& call, Entry* hash) {
  return ReadAs(call, call.args[1], ValueType::kHash, hash);
}

int64_t SizeOf(Entry hash) {
  return hash ? static_cast<int64_t>(CountItems(hash)) : 0;
}

}  // namespace

void Hget(Call& call) {
  Entry hash;
  if (ReadHash(call, &hash)) ReplyField(call, hash, call.args[2]);
}

void Hmget(Call& call) {
  Entry hash;
  if (!ReadHash(call, &hash)) return;
  call.reply.Array(static_cast<int64_t>(call.args.size()) - 2);
  for (const std::string_view field : call.args.subspan(2)) ReplyField(call, hash, field);
}

void Hgetall(Call& call) {
  Entry hash;
  if (!ReadHash(call, &hash)) return;
  call.reply.Map(SizeOf(hash));
  if (!hash) return;
  ForEachItem(hash, [&call](std::string_view field, std::string_view value) {
    call.reply.Bulk(field);
    call.reply.Bulk(value);
  });
}

void Hkeys(Call& call) {
  Entry hash;
  if (!ReadHash(call, &hash)) return;
  call.reply.Array(SizeOf(hash));
  if (!hash) return;
  ForEachItem(hash, [&call](std::string_view field, std::string_view) { call.reply.Bulk(field); });
}

void Hvals(Call& call) {
  Entry hash;
  if (!ReadHash(call, &hash)) return;
  call.reply.Array(SizeOf(hash));
  if (!hash) return;
  ForEachItem(hash, [&call](std::string_view, std::string_view value) { call.reply.Bulk(value); });
}

void Hlen(Call& call) {
  Entry hash;
  if (ReadHash(call, &hash)) call.reply.Integer(SizeOf(hash));
}

void Hexists(Call& call) {
  Entry hash;
  if (ReadHash(call, &hash)) call.reply.Integer(hash && HasItem(hash, call.args[2]) ? 1 : 0);
}

void Hstrlen(Call& call) {
  Entry hash;
  if (!ReadHash(call, &hash)) return;
  FoundItem item;
  if (hash) FindItem(hash, call.args[2], &item);
  call.reply.Integer(static_cast<int64_t>(item.value.size()));
}

}  // namespace keyhole::store::handlers
