// Keys of any type: deleting, asking, renaming and copying, expiry, SCAN. OBJECT has a file of its
// own.
#include <limits>

#include "proxy/store/commands/event_words.h"
#include "proxy/store/commands/expiry.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/scanning.h"

namespace keyhole::store::handlers {

void Del(Call& call) {
  int64_t count = 0;
  for (const std::string_view key : call.args.subspan(1)) {
    Entry* const slot = call.Find(key);
    if (slot == nullptr) continue;
    EraseAndTell(call, slot, key);
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

void Randomkey(Call& call) {
  const Entry* const slot = call.db().Random(&call.client.random, call.now);
  if (slot == nullptr) return call.reply.Null();
  call.reply.Bulk(slot->key());
}

namespace {

constexpr std::string_view kSameObject = "ERR source and destination objects are the same";

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
  Entry* const target = call.Find(to);
  if (target != nullptr && !replace) return true;
  if (target != nullptr) call.db().Erase(target);  // so that `to` is a new key
  call.db().Rename(call.Find(from), to);           // asked again: finding `to` may have moved it
  call.Emit(EventClass::kGeneric, "rename_from", from);
  call.Emit(EventClass::kGeneric, "rename_to", to);
  *renamed = true;
  return true;
}

struct CopyOptions {
  int database = 0;
  bool replace = false;
};

// False if they are wrong; then that is the reply.
bool ParseCopy(Call& call, CopyOptions* options) {
  options->database = call.client.database;
  for (size_t i = 3; i < call.args.size(); ++i) {
    if (call.Is(i, "REPLACE")) {
      options->replace = true;
    } else if (call.Is(i, "DB") && i + 1 < call.args.size()) {
      if (!DatabaseArgument(call, ++i, &options->database)) return false;
    } else {
      call.reply.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

}  // namespace

void Rename(Call& call) {
  bool renamed = false;
  if (RenameTo(call, /*replace=*/true, &renamed)) call.reply.Ok();
}

void Renamenx(Call& call) {
  bool renamed = false;
  if (RenameTo(call, /*replace=*/false, &renamed)) call.reply.Integer(renamed ? 1 : 0);
}

void Copy(Call& call) {
  CopyOptions options;
  if (!ParseCopy(call, &options)) return;
  const std::string_view to = call.args[2];
  if (options.database == call.client.database && call.args[1] == to) {
    return call.reply.Error(kSameObject);
  }
  if (call.Read(call.args[1]) == nullptr) return call.reply.Integer(0);
  Keyspace& target = call.engine.database(options.database);
  Entry* const old = target.Find(to, call.now);
  if (old != nullptr && !options.replace) return call.reply.Integer(0);
  if (old != nullptr) target.Erase(old);  // so that it is a new key
  // Asked again: finding `to` may have moved it.
  target.Insert(Entry::MakeCopy(*call.Find(call.args[1]), to, target.HeapOf(to)));
  call.EmitIn(options.database, EventClass::kGeneric, "copy_to", to);
  call.reply.Integer(1);
}

void Move(Call& call) {
  const std::string_view key = call.args[1];
  int database = 0;
  if (!DatabaseArgument(call, 2, &database)) return;
  if (database == call.client.database) return call.reply.Error(kSameObject);
  Keyspace& target = call.engine.database(database);
  Entry* const slot = call.Find(key);
  if (slot == nullptr || target.Find(key, call.now) != nullptr) return call.reply.Integer(0);
  target.Insert(call.db().Take(slot));
  call.Emit(EventClass::kGeneric, "move_from", key);
  call.EmitIn(database, EventClass::kGeneric, "move_to", key);
  call.reply.Integer(1);
}

namespace {

struct Conditions {
  bool nx = false;  // only if it does not expire yet
  bool xx = false;  // only if it does
  bool gt = false;  // only to a later moment; never is the latest
  bool lt = false;  // only to an earlier one
};

// Reads args[3] on. False if they are wrong; then that is the reply.
bool ParseConditions(Call& call, Conditions* conditions) {
  for (size_t i = 3; i < call.args.size(); ++i) {
    if (call.Is(i, "NX")) {
      conditions->nx = true;
    } else if (call.Is(i, "XX")) {
      conditions->xx = true;
    } else if (call.Is(i, "GT")) {
      conditions->gt = true;
    } else if (call.Is(i, "LT")) {
      conditions->lt = true;
    } else {
      call.reply.Error(std::string("ERR Unsupported option ").append(UpToNul(call.args[i])));
      return false;
    }
  }
  if (conditions->nx && (conditions->xx || conditions->gt || conditions->lt)) {
    call.reply.Error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return false;
  }
  if (conditions->gt && conditions->lt) {
    call.reply.Error("ERR GT and LT options at the same time are not compatible");
    return false;
  }
  return true;
}

bool Allowed(const Conditions& conditions, const Entry& entry, UnixMillis moment) {
  if (conditions.nx && entry.has_expire()) return false;
  if (conditions.xx && !entry.has_expire()) return false;
  if (conditions.gt && moment <= entry.expire()) return false;
  return !conditions.lt || moment < entry.expire();
}

void SetExpiry(Call& call, ExpiryUnit unit) {
  Conditions conditions;
  if (!ParseConditions(call, &conditions)) return;
  int64_t amount = 0;
  if (!IntegerArgument(call, 2, &amount)) return;
  UnixMillis moment = kNever;
  if (!ExpiryMoment(amount, unit, call.now, &moment)) return InvalidExpire(call);

  Entry* const slot = call.Find(call.args[1]);
  if (slot == nullptr || !Allowed(conditions, *slot, moment)) return call.reply.Integer(0);
  if (moment <= call.now) {
    EraseAndTell(call, slot);
  } else {
    call.db().SetExpire(slot, moment);
    call.Emit(EventClass::kGeneric, kExpireEvent, call.args[1]);
  }
  call.reply.Integer(1);
}

// Seconds are rounded to the nearest.
void ReplyExpiry(Call& call, ExpiryUnit unit) {
  constexpr int64_t kNoKey = -2;
  constexpr int64_t kNoExpiry = -1;
  const Entry* const slot = call.Peek(call.args[1]);
  if (slot == nullptr) return call.reply.Integer(kNoKey);
  if (!slot->has_expire()) return call.reply.Integer(kNoExpiry);
  const UnixMillis millis = slot->expire() - (unit.absolute ? 0 : call.now);
  call.reply.Integer(unit.seconds ? millis / 1000 + (millis % 1000 >= 500 ? 1 : 0) : millis);
}

}  // namespace

void Expire(Call& call) {
  SetExpiry(call, {.seconds = true, .absolute = false});
}

void Pexpire(Call& call) {
  SetExpiry(call, {.seconds = false, .absolute = false});
}

void Expireat(Call& call) {
  SetExpiry(call, {.seconds = true, .absolute = true});
}

void Pexpireat(Call& call) {
  SetExpiry(call, {.seconds = false, .absolute = true});
}

void Ttl(Call& call) {
  ReplyExpiry(call, {.seconds = true, .absolute = false});
}

void Pttl(Call& call) {
  ReplyExpiry(call, {.seconds = false, .absolute = false});
}

void Expiretime(Call& call) {
  ReplyExpiry(call, {.seconds = true, .absolute = true});
}

void Pexpiretime(Call& call) {
  ReplyExpiry(call, {.seconds = false, .absolute = true});
}

void Persist(Call& call) {
  Entry* const slot = call.Find(call.args[1]);
  if (slot == nullptr || !slot->has_expire()) return call.reply.Integer(0);
  call.db().SetExpire(slot, kNever);
  call.Emit(EventClass::kGeneric, kPersistEvent, call.args[1]);
  call.reply.Integer(1);
}

namespace {

template <typename F>
uint64_t WalkKeys(Call& call, uint64_t cursor, int64_t count, F&& f) {
  const auto scan = [&call](uint64_t at, auto&& visitor) {
    return call.db().Scan(at, call.now, visitor);
  };
  return Walk(cursor, count, scan, f);
}

}  // namespace

void Keys(Call& call) {
  LateList list(call);
  WalkKeys(call, 0, std::numeric_limits<int64_t>::max(), [&](const Entry& entry) {
    if (ScanMatches(call.args[1], entry.key())) list.Add(entry.key());
  });
  list.Reply();
}

void Scan(Call& call) {
  ScanOptions options;
  if (!CursorArgument(call, 1, &options)) return;
  if (!ParseScanOptions(call, 2, /*of_keys=*/true, &options)) return;
  LateList list(call);
  const uint64_t cursor = WalkKeys(call, options.cursor, options.count, [&](const Entry& entry) {
    if (!ScanMatches(options.pattern, entry.key())) return;
    if (options.type.has_value() &&
        !resp::EqualsIgnoreCase(*options.type, TypeName(entry.type()))) {
      return;
    }
    list.Add(entry.key());
  });
  list.ReplyWithCursor(cursor);
}

}  // namespace keyhole::store::handlers
