// Strings: whole values, numbers (INCR and its relatives), parts. LCS has a file of its own.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "proxy/store/commands/event_words.h"
#include "proxy/store/commands/expiry.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/types/float_text.h"
#include "resp/number.h"

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

void PutAndTell(Call& call, std::string_view key, std::string_view value) {
  call.db().Put(call.Hashed(key), value, kNever);
  call.Emit(EventClass::kString, kSetEvent, key);
}

void SetWithExpiry(Call& call, ExpiryUnit unit) {
  UnixMillis expire = kNever;
  if (!ExpiryArgument(call, 2, unit, &expire)) return;
  call.db().Put(call.Hashed(call.args[1]), call.args[3], expire);
  call.Emit(EventClass::kString, kSetEvent, call.args[1]);
  call.Emit(EventClass::kGeneric, kExpireEvent, call.args[1]);
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
  call.db().Put(call.Hashed(key), call.args[2], expire);
  call.Emit(EventClass::kString, kSetEvent, key);
  if (options.expiry != 0) call.Emit(EventClass::kGeneric, kExpireEvent, key);
  if (!options.get) call.reply.Ok();
}

void Setnx(Call& call) {
  const bool absent = call.Find(call.args[1]) == nullptr;
  if (absent) PutAndTell(call, call.args[1], call.args[2]);
  call.reply.Integer(absent ? 1 : 0);
}

void Setex(Call& call) {
  SetWithExpiry(call, {.seconds = true, .absolute = false});
}

void Psetex(Call& call) {
  SetWithExpiry(call, {.seconds = false, .absolute = false});
}

void Getset(Call& call) {
  if (ReplyValue(call)) PutAndTell(call, call.args[1], call.args[2]);
}

void Getdel(Call& call) {
  if (!ReplyValue(call)) return;
  if (Entry* const slot = call.Find(call.args[1]); slot != nullptr) EraseAndTell(call, slot);
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
    EraseAndTell(call, slot);
  } else if (expire != kNever || (options.persist && slot->has_expire())) {
    call.db().SetExpire(slot, expire);
    call.Emit(EventClass::kGeneric, expire != kNever ? kExpireEvent : kPersistEvent, call.args[1]);
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

namespace {

void PutPairs(Call& call) {
  for (size_t i = 1; i < call.args.size(); i += 2) {
    PutAndTell(call, call.args[i], call.args[i + 1]);
  }
}

}  // namespace

void Mset(Call& call) {
  if (call.args.size() % 2 == 0) return WrongArity(call);
  PutPairs(call);
  call.reply.Ok();
}

void Msetnx(Call& call) {
  if (call.args.size() % 2 == 0) return WrongArity(call);
  for (size_t i = 1; i < call.args.size(); i += 2) {
    if (call.Find(call.args[i]) != nullptr) return call.reply.Integer(0);
  }
  PutPairs(call);
  call.reply.Integer(1);
}

namespace {

// Stores a new value for a key that keeps its expiry.
void Keep(Call& call, Entry* slot, std::string_view value, Encoding encoding) {
  if (slot == nullptr) {
    call.db().Put(call.Hashed(call.args[1]), value, kNever, encoding);
  } else {
    call.db().Overwrite(slot, value, slot->expire(), encoding);
  }
}

void Add(Call& call, int64_t amount) {
  Entry* const slot = call.Find(call.args[1]);
  if (IsWrongType(call, slot, ValueType::kString)) return;
  int64_t value = 0;
  if (slot != nullptr && !resp::ParseInteger(slot->value(), &value)) {
    return call.reply.Error(kNotAnInteger);
  }
  if (__builtin_add_overflow(value, amount, &value)) {
    return call.reply.Error("ERR increment or decrement would overflow");
  }
  Keep(call, slot, std::to_string(value), Encoding::kString);
  call.Emit(EventClass::kString, kIncrbyEvent, call.args[1]);
  call.reply.Integer(value);
}

}  // namespace

void Incr(Call& call) {
  Add(call, 1);
}

void Decr(Call& call) {
  Add(call, -1);
}

void Incrby(Call& call) {
  int64_t amount = 0;
  if (IntegerArgument(call, 2, &amount)) Add(call, amount);
}

void Decrby(Call& call) {
  int64_t amount = 0;
  if (!IntegerArgument(call, 2, &amount)) return;
  if (amount == std::numeric_limits<int64_t>::min()) {
    return call.reply.Error("ERR decrement would overflow");
  }
  Add(call, -amount);
}

void Incrbyfloat(Call& call) {
  Entry* const slot = call.Find(call.args[1]);
  if (IsWrongType(call, slot, ValueType::kString)) return;
  long double value = 0;
  long double amount = 0;
  if ((slot != nullptr && !ParseFloat(slot->value(), &value)) ||
      !ParseFloat(call.args[2], &amount)) {
    return call.reply.Error("ERR value is not a valid float");
  }
  value += amount;
  if (std::isnan(value) || std::isinf(value)) {
    return call.reply.Error("ERR increment would produce NaN or Infinity");
  }
  const std::string text = FormatFloat(value);
  Keep(call, slot, text, Encoding::kPlainString);
  call.Emit(EventClass::kString, kIncrbyfloatEvent, call.args[1]);
  call.reply.Bulk(text);
}

namespace {

// True if a value of size + more bytes would be longer than Redis allows; then that is the reply.
bool IsTooLong(Call& call, uint64_t size, uint64_t more) {
  if (size + more <= static_cast<uint64_t>(resp::kMaxBulkBytes)) return false;
  call.reply.Error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  return true;
}

// The part from `start` to `end`, both included, both counted from the end if negative.
std::string_view Part(std::string_view value, int64_t start, int64_t end) {
  const auto size = static_cast<int64_t>(value.size());
  if (start < 0 && end < 0 && start > end) return {};
  start = std::max<int64_t>(start < 0 ? size + start : start, 0);
  end = std::max<int64_t>(end < 0 ? size + end : end, 0);
  end = std::min(end, size - 1);
  if (size == 0 || start > end) return {};
  return value.substr(static_cast<size_t>(start), static_cast<size_t>(end - start) + 1);
}

}  // namespace

void Append(Call& call) {
  const std::string_view more = call.args[2];
  Entry* const slot = call.Find(call.args[1]);
  if (slot == nullptr) {
    call.db().Put(call.Hashed(call.args[1]), more, kNever);
    call.Emit(EventClass::kString, kAppendEvent, call.args[1]);
    return call.reply.Integer(static_cast<int64_t>(more.size()));
  }
  if (IsWrongType(call, slot, ValueType::kString)) return;
  const size_t before = slot->value_size();
  if (IsTooLong(call, before, more.size())) return;
  call.db().Resize(slot, before + more.size());
  if (!more.empty()) std::memcpy(slot->value_bytes() + before, more.data(), more.size());
  call.Emit(EventClass::kString, kAppendEvent, call.args[1]);
  call.reply.Integer(static_cast<int64_t>(slot->value_size()));
}

void Strlen(Call& call) {
  const Entry* const slot = call.Read(call.args[1]);
  if (IsWrongType(call, slot, ValueType::kString)) return;
  call.reply.Integer(slot == nullptr ? 0 : static_cast<int64_t>(slot->value_size()));
}

void Getrange(Call& call) {
  int64_t start = 0;
  int64_t end = 0;
  if (!IntegerArgument(call, 2, &start) || !IntegerArgument(call, 3, &end)) return;
  const Entry* const slot = call.Read(call.args[1]);
  if (IsWrongType(call, slot, ValueType::kString)) return;
  call.reply.Bulk(slot == nullptr ? std::string_view() : Part(slot->value(), start, end));
}

void Substr(Call& call) {
  Getrange(call);
}

void Setrange(Call& call) {
  int64_t offset = 0;
  if (!IntegerArgument(call, 2, &offset)) return;
  if (offset < 0) return call.reply.Error("ERR offset is out of range");
  const std::string_view patch = call.args[3];
  Entry* slot = call.Find(call.args[1]);
  if (IsWrongType(call, slot, ValueType::kString)) return;
  const size_t before = slot == nullptr ? 0 : slot->value_size();
  if (patch.empty()) return call.reply.Integer(static_cast<int64_t>(before));

  const auto at = static_cast<size_t>(offset);
  if (IsTooLong(call, at, patch.size())) return;
  if (slot == nullptr) slot = call.db().Put(call.Hashed(call.args[1]), {}, kNever);
  call.db().Resize(slot, std::max(before, at + patch.size()));
  std::memcpy(slot->value_bytes() + at, patch.data(), patch.size());
  call.Emit(EventClass::kString, kSetrangeEvent, call.args[1]);
  call.reply.Integer(static_cast<int64_t>(slot->value_size()));
}

}  // namespace keyhole::store::handlers
