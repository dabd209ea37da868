// Strings as numbers: INCR and its relatives.
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "proxy/core/store/handlers.h"
#include "proxy/core/store/replies.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

namespace {

// Stores a new value for a key that keeps its expiry.
void Keep(Call& call, Entry* slot, std::string_view value) {
  if (slot == nullptr) {
    call.db().Put(call.args[1], value, kNever);
  } else {
    call.db().Overwrite(slot, value, slot->expire());
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
  Keep(call, slot, std::to_string(value));
  call.reply.Integer(value);
}

// As Redis reads floats: all that strtold does, but for spaces and NaN. Source: util.c string2ld.
bool ParseFloat(std::string_view text, long double* value) {
  constexpr size_t kMaxDigits = 5 * 1024;
  if (text.empty() || text.size() >= kMaxDigits) return false;
  if (std::isspace(static_cast<unsigned char>(text[0])) != 0) return false;
  const std::string copy(text);
  char* end = nullptr;
  errno = 0;
  *value = std::strtold(copy.c_str(), &end);
  if (end != copy.c_str() + copy.size() || std::isnan(*value)) return false;
  const bool out_of_range = std::isinf(*value) || std::fpclassify(*value) == FP_ZERO;
  return errno != EINVAL && !(errno == ERANGE && out_of_range);
}

// 17 digits after the point, without the zeros at their end.
std::string FormatFloat(long double value) {
  char buffer[5 * 1024];
  const int size = std::snprintf(buffer, sizeof(buffer), "%.17Lf", value);
  std::string text(buffer, static_cast<size_t>(size));
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
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
  Keep(call, slot, text);
  call.reply.Bulk(text);
}

}  // namespace keyhole::store::handlers
