// When keys expire: setting it and asking for it.
#include "proxy/store/commands/expiry.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"

namespace keyhole::store::handlers {

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
    call.db().Erase(slot);
  } else {
    call.db().SetExpire(slot, moment);
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
  call.reply.Integer(1);
}

}  // namespace keyhole::store::handlers
