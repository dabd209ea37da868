// Hashes.
#include <cmath>

#include "proxy/store/commands/event_words.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/random_items.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/scanning.h"
#include "proxy/store/types/collection.h"
#include "proxy/store/types/collection_edit.h"
#include "proxy/store/types/float_text.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

namespace {

// HSET and HMSET. False if it could not be done; then that is the reply.
bool SetPairs(Call& call, int64_t* added) {
  Entry* slot = nullptr;
  if (call.args.size() % 2 != 0) {
    WrongArity(call);
    return false;
  }
  if (!FindAs(call, call.args[1], ValueType::kHash, &slot)) return false;
  CollectionEdit edit(call.db(), call.engine.collection_limits(), ValueType::kHash, slot,
                      call.db().HeapOf(call.args[1]));
  *added = 0;
  for (size_t i = 2; i < call.args.size(); i += 2) {
    if (edit.Set(call.args[i], call.args[i + 1])) ++*added;
  }
  edit.Commit(call.args[1]);
  call.Emit(EventClass::kHash, kHsetEvent, call.args[1]);
  return true;
}

// A field that is there keeps its expiry.
void SetOne(Call& call, Entry* slot, std::string_view value) {
  CollectionEdit edit(call.db(), call.engine.collection_limits(), ValueType::kHash, slot,
                      call.db().HeapOf(call.args[1]));
  edit.KeepExpiry();
  edit.Set(call.args[2], value);
  edit.Commit(call.args[1]);
}

}  // namespace

void Hset(Call& call) {
  int64_t added = 0;
  if (SetPairs(call, &added)) call.reply.Integer(added);
}

void Hmset(Call& call) {
  int64_t added = 0;
  if (SetPairs(call, &added)) call.reply.Ok();
}

void Hsetnx(Call& call) {
  Entry* slot = nullptr;
  if (!FindAs(call, call.args[1], ValueType::kHash, &slot)) return;
  const bool absent = slot == nullptr || !HasItem(*slot, call.args[2]);
  if (absent) {
    SetOne(call, slot, call.args[3]);
    call.Emit(EventClass::kHash, kHsetEvent, call.args[1]);
  }
  call.reply.Integer(absent ? 1 : 0);
}

void Hdel(Call& call) {
  Entry* slot = nullptr;
  if (!FindAs(call, call.args[1], ValueType::kHash, &slot)) return;
  if (slot == nullptr) return call.reply.Integer(0);
  CollectionEdit edit(call.db(), call.engine.collection_limits(), ValueType::kHash, slot,
                      call.db().HeapOf(call.args[1]));
  int64_t removed = 0;
  for (const std::string_view field : call.args.subspan(2)) removed += edit.Remove(field) ? 1 : 0;
  edit.Commit(call.args[1]);
  if (removed > 0) {
    call.Emit(EventClass::kHash, kHdelEvent, call.args[1]);
    if (edit.size() == 0) call.Emit(EventClass::kGeneric, kDelEvent, call.args[1]);
  }
  call.reply.Integer(removed);
}

void Hincrby(Call& call) {
  int64_t amount = 0;
  Entry* slot = nullptr;
  if (!IntegerArgument(call, 3, &amount)) return;
  if (!FindAs(call, call.args[1], ValueType::kHash, &slot)) return;
  FoundItem item;
  if (slot != nullptr) FindItem(*slot, call.args[2], &item);
  int64_t value = 0;
  if (item.found && !resp::ParseInteger(item.value, &value)) {
    return call.reply.Error("ERR hash value is not an integer");
  }
  if (__builtin_add_overflow(value, amount, &value)) {
    return call.reply.Error("ERR increment or decrement would overflow");
  }
  SetOne(call, slot, std::to_string(value));
  call.Emit(EventClass::kHash, kHincrbyEvent, call.args[1]);
  call.reply.Integer(value);
}

void Hincrbyfloat(Call& call) {
  long double amount = 0;
  Entry* slot = nullptr;
  if (!ParseFloat(call.args[3], &amount)) {
    return call.reply.Error("ERR value is not a valid float");
  }
  if (std::isinf(amount)) return call.reply.Error("ERR value is NaN or Infinity");
  if (!FindAs(call, call.args[1], ValueType::kHash, &slot)) return;
  FoundItem item;
  if (slot != nullptr) FindItem(*slot, call.args[2], &item);
  long double value = 0;
  if (item.found && !ParseFloat(item.value, &value)) {
    return call.reply.Error("ERR hash value is not a float");
  }
  value += amount;
  if (std::isnan(value) || std::isinf(value)) {
    return call.reply.Error("ERR increment would produce NaN or Infinity");
  }
  const std::string text = FormatFloat(value);
  SetOne(call, slot, text);
  call.Emit(EventClass::kHash, kHincrbyfloatEvent, call.args[1]);
  call.reply.Bulk(text);
}

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

void Hrandfield(Call& call) {
  int64_t count = 0;
  const size_t args = call.args.size();
  if (args > 2 && !CountArgument(call, &count)) return;
  const bool with_values = args == 4 && call.Is(3, "WITHVALUES");
  if (args > 4 || (args == 4 && !with_values)) return call.reply.Error(kSyntaxError);
  if (with_values && (count < -kMostItems / 2 || count > kMostItems / 2)) {
    return call.reply.Error("ERR value is out of range");
  }
  Entry hash;
  if (!ReadAs(call, call.args[1], ValueType::kHash, &hash)) return;
  if (args == 2) return ReplyRandomItem(call, hash);

  const bool in_pairs = with_values && call.reply.protocol() == resp::Protocol::kResp3;
  call.reply.Array(WantedItems(hash, count) * (with_values && !in_pairs ? 2 : 1));
  if (!hash) return;
  ForEachWantedItem(call, hash, count, [&](std::string_view field, std::string_view value) {
    if (in_pairs) call.reply.Array(2);
    call.reply.Bulk(field);
    if (with_values) call.reply.Bulk(value);
  });
}

void Hscan(Call& call) {
  ScanItems(call, ValueType::kHash);
}

}  // namespace keyhole::store::handlers
