#include "proxy/store/commands/hash_field_ends.h"

#include "proxy/store/commands/event_words.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/types/collection.h"
#include "resp/number.h"

namespace keyhole::store {

namespace {

constexpr UnixMillis kLatest = (UnixMillis{1} << 46) - 1;

// before: kNever if the field does not end, which is later than any.
bool Holds(EndCondition condition, UnixMillis before, UnixMillis after) {
  switch (condition) {
    case EndCondition::kNone:
      return true;
    case EndCondition::kNx:
      return before == kNever;
    case EndCondition::kXx:
      return before != kNever;
    case EndCondition::kGt:
      return after > before;
    case EndCondition::kLt:
      return after < before;
  }
  return true;
}

}  // namespace

bool EndArgument(Call& call, size_t index, ExpiryUnit unit, UnixMillis* end) {
  int64_t amount = 0;
  if (!IntegerArgument(call, index, &amount)) return false;
  if (amount < 0) {
    call.reply.Error("ERR invalid expire time, must be >= 0");
    return false;
  }
  if (ExpiryMoment(amount, unit, call.now, end) && *end <= kLatest) return true;
  InvalidExpire(call);
  return false;
}

bool FieldsArgument(Call& call, size_t index, std::string_view wrong_count,
                    std::span<const std::string_view>* fields) {
  int64_t count = 0;
  if (index + 1 >= call.args.size() || !call.Is(index, "FIELDS")) {
    call.reply.Error("ERR Mandatory argument FIELDS is missing or not at the right position");
    return false;
  }
  if (!resp::ParseInteger(call.args[index + 1], &count) || count < 1) {
    call.reply.Error(wrong_count);
    return false;
  }
  *fields = call.args.subspan(index + 2);
  if (static_cast<int64_t>(fields->size()) == count) return true;
  call.reply.Error("ERR The `numfields` parameter must match the number of arguments");
  return false;
}

UnixMillis EndOf(Entry hash, std::string_view field) {
  return hash.is_object() ? TableOf(hash).Find(field)->expire() : kNever;
}

FieldEnds::FieldEnds(Call& call, Entry* slot)
    : call_(call),
      slot_(slot),
      edit_(call.db(), call.engine.collection_limits(), ValueType::kHash, slot,
            call.db().HeapOf(call.args[1])) {}

int64_t FieldEnds::Set(std::string_view field, UnixMillis end, EndCondition condition) {
  if (!HasItem(*slot_, field)) return kNoField;
  if (!Holds(condition, EndOf(*slot_, field), end)) return kNotDone;
  if (end <= call_.now) return Remove(field) ? kDeleted : kNoField;
  edit_.SetExpire(field, end);
  ++set_;
  return kDone;
}

int64_t FieldEnds::Persist(std::string_view field) {
  if (!HasItem(*slot_, field)) return kNoField;
  if (EndOf(*slot_, field) == kNever) return kNoExpiry;
  edit_.SetExpire(field, kNever);
  ++persisted_;
  return kDone;
}

bool FieldEnds::Remove(std::string_view field) {
  const bool removed = edit_.Remove(field);
  removed_ += removed ? 1 : 0;
  return removed;
}

void FieldEnds::Finish() {
  const std::string_view key = call_.args[1];
  edit_.Commit(key);
  if (removed_ > 0) {
    call_.Emit(EventClass::kHash, kHdelEvent, key);
  } else if (set_ > 0) {
    call_.Emit(EventClass::kHash, kHexpireEvent, key);
  } else if (persisted_ > 0) {
    call_.Emit(EventClass::kHash, kHpersistEvent, key);
  }
  if (removed_ > 0 && edit_.size() == 0) call_.Emit(EventClass::kGeneric, kDelEvent, key);
}

}  // namespace keyhole::store
