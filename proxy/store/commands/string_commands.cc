// GET, SET and their relatives: whole values in, whole values out.
#include "proxy/store/commands/expiry.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"

namespace keyhole::store::handlers {

namespace {

// Replies with the key's value or null. False if it is not a string.
bool ReplyValue(Call& call) {
  const Entry* const slot = call.Read(call.args[1]);
  if (IsWrongType(call, slot, ValueType::kString)) return false;
  if (slot == nullptr) {
    call.reply.Null();
  } else {
    call.reply.Bulk(slot->value());
  }
  return true;
}

void SetWithExpiry(Call& call, ExpiryUnit unit) {
  UnixMillis expire = kNever;
  if (!ExpiryArgument(call, 2, unit, &expire)) return;
  call.db().Put(call.args[1], call.args[3], expire);
  call.reply.Ok();
}

}  // namespace

void Get(Call& call) {
  ReplyValue(call);
}

void Set(Call& call) {
  StringOptions options;
  if (!ParseStringOptions(call, 3, /*for_set=*/true, &options)) return;
  UnixMillis expire = kNever;
  if (options.expiry != 0 && !ExpiryArgument(call, options.expiry, options.unit, &expire)) return;
  if (options.get && !ReplyValue(call)) return;

  const std::string_view key = call.args[1];
  if (options.if_absent || options.if_present || options.keep_ttl) {
    const Entry* const slot = call.Find(key);
    if (slot != nullptr ? options.if_absent : options.if_present) {
      if (!options.get) call.reply.Null();
      return;
    }
    if (options.keep_ttl && slot != nullptr) expire = slot->expire();
  }
  call.db().Put(key, call.args[2], expire);
  if (!options.get) call.reply.Ok();
}

void Setnx(Call& call) {
  const bool absent = call.Find(call.args[1]) == nullptr;
  if (absent) call.db().Put(call.args[1], call.args[2], kNever);
  call.reply.Integer(absent ? 1 : 0);
}

void Setex(Call& call) {
  SetWithExpiry(call, {.seconds = true, .absolute = false});
}

void Psetex(Call& call) {
  SetWithExpiry(call, {.seconds = false, .absolute = false});
}

void Getset(Call& call) {
  if (!ReplyValue(call)) return;
  call.db().Put(call.args[1], call.args[2], kNever);
}

void Getdel(Call& call) {
  if (!ReplyValue(call)) return;
  if (Entry* const slot = call.Find(call.args[1]); slot != nullptr) call.db().Erase(slot);
}

void Getex(Call& call) {
  StringOptions options;
  if (!ParseStringOptions(call, 2, /*for_set=*/false, &options)) return;
  Entry* const slot = call.Read(call.args[1]);
  if (slot == nullptr) return call.reply.Null();
  if (IsWrongType(call, slot, ValueType::kString)) return;
  UnixMillis expire = kNever;
  if (options.expiry != 0 && !ExpiryArgument(call, options.expiry, options.unit, &expire)) return;

  call.reply.Bulk(slot->value());
  if (expire <= call.now) {
    call.db().Erase(slot);
  } else if (expire != kNever || (options.persist && slot->has_expire())) {
    call.db().SetExpire(slot, expire);
  }
}

void Mget(Call& call) {
  call.reply.Array(static_cast<int64_t>(call.args.size()) - 1);
  for (const std::string_view key : call.args.subspan(1)) {
    const Entry* const slot = call.Read(key);
    if (slot == nullptr || slot->type() != ValueType::kString) {
      call.reply.Null();
    } else {
      call.reply.Bulk(slot->value());
    }
  }
}

void Mset(Call& call) {
  if (call.args.size() % 2 == 0) return WrongArity(call);
  for (size_t i = 1; i < call.args.size(); i += 2) {
    call.db().Put(call.args[i], call.args[i + 1], kNever);
  }
  call.reply.Ok();
}

void Msetnx(Call& call) {
  if (call.args.size() % 2 == 0) return WrongArity(call);
  for (size_t i = 1; i < call.args.size(); i += 2) {
    if (call.Find(call.args[i]) != nullptr) return call.reply.Integer(0);
  }
  for (size_t i = 1; i < call.args.size(); i += 2) {
    call.db().Put(call.args[i], call.args[i + 1], kNever);
  }
  call.reply.Integer(1);
}

}  // namespace keyhole::store::handlers
