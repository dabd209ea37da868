// Strings as numbers: INCR and its relatives.
#include <cmath>
#include <limits>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/types/float_text.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

namespace {

// Stores a new value for a key that keeps its expiry.
void Keep(Call& call, Entry* slot, std::string_view value, Encoding encoding) {
  if (slot == nullptr) {
    call.db().Put(call.args[1], value, kNever, encoding);
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
  call.reply.Bulk(text);
}

}  // namespace keyhole::store::handlers
