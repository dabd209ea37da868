// When fields of hashes end: what came with Redis 7.4.
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/hash_field_ends.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/types/collection.h"

namespace keyhole::store::handlers {

namespace {

EndCondition ConditionAt(const Call& call, size_t index) {
  if (call.Is(index, "NX")) return EndCondition::kNx;
  if (call.Is(index, "XX")) return EndCondition::kXx;
  if (call.Is(index, "GT")) return EndCondition::kGt;
  if (call.Is(index, "LT")) return EndCondition::kLt;
  return EndCondition::kNone;
}

void ReplyNoFields(Call& call, size_t count) {
  call.reply.Array(static_cast<int64_t>(count));
  for (; count > 0; --count) call.reply.Integer(kNoField);
}

void Expire(Call& call, ExpiryUnit unit) {
  Entry* slot = nullptr;
  UnixMillis end = 0;
  std::span<const std::string_view> fields;
  if (!FindAs(call, call.args[1], ValueType::kHash, &slot)) return;
  if (!EndArgument(call, 2, unit, &end)) return;
  const EndCondition condition = ConditionAt(call, 3);
  if (!FieldsArgument(call, condition == EndCondition::kNone ? 3 : 4,
                      "ERR Parameter `numFields` should be greater than 0", &fields)) {
    return;
  }
  if (slot == nullptr) return ReplyNoFields(call, fields.size());
  FieldEnds ends(call, slot);
  call.reply.Array(static_cast<int64_t>(fields.size()));
  for (const std::string_view field : fields) call.reply.Integer(ends.Set(field, end, condition));
  ends.Finish();
}

void ReplyEnds(Call& call, ExpiryUnit unit) {
  Entry hash;
  std::span<const std::string_view> fields;
  if (!ReadAs(call, call.args[1], ValueType::kHash, &hash)) return;
  if (!FieldsArgument(call, 2, kWrongFieldCount, &fields)) return;
  if (!hash) return ReplyNoFields(call, fields.size());
  call.reply.Array(static_cast<int64_t>(fields.size()));
  for (const std::string_view field : fields) {
    const bool there = HasItem(hash, field);
    const UnixMillis end = there ? EndOf(hash, field) : kNever;
    if (end == kNever) {
      call.reply.Integer(there ? kNoExpiry : kNoField);
      continue;
    }
    const UnixMillis value = unit.absolute ? end : end - call.now;
    call.reply.Integer(unit.seconds ? (value + 999) / 1000 : value);
  }
}

}  // namespace

void Hexpire(Call& call) {
  Expire(call, kSeconds);
}

void Hpexpire(Call& call) {
  Expire(call, kMillis);
}

void Hexpireat(Call& call) {
  Expire(call, kUnixSeconds);
}

void Hpexpireat(Call& call) {
  Expire(call, kUnixMillis);
}

void Httl(Call& call) {
  ReplyEnds(call, kSeconds);
}

void Hpttl(Call& call) {
  ReplyEnds(call, kMillis);
}

void Hexpiretime(Call& call) {
  ReplyEnds(call, kUnixSeconds);
}

void Hpexpiretime(Call& call) {
  ReplyEnds(call, kUnixMillis);
}

void Hpersist(Call& call) {
  Entry* slot = nullptr;
  std::span<const std::string_view> fields;
  if (!FindAs(call, call.args[1], ValueType::kHash, &slot)) return;
  if (!FieldsArgument(call, 2, kWrongFieldCount, &fields)) return;
  if (slot == nullptr) return ReplyNoFields(call, fields.size());
  FieldEnds ends(call, slot);
  call.reply.Array(static_cast<int64_t>(fields.size()));
  for (const std::string_view field : fields) call.reply.Integer(ends.Persist(field));
  ends.Finish();
}

}  // namespace keyhole::store::handlers
