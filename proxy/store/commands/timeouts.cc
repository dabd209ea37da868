#include "proxy/store/commands/timeouts.h"

#include <cmath>

#include "proxy/store/types/float_text.h"
#include "resp/number.h"

namespace keyhole::store {

namespace {

bool SetDeadline(Call& call, int64_t millis, UnixMillis* deadline) {
  if (millis < 0) {
    call.reply.Error("ERR timeout is negative");
    return false;
  }
  const bool is_for_ever = millis == 0 || millis > kNever - call.now;
  *deadline = is_for_ever ? kNever : call.now + millis;
  return true;
}

}  // namespace

// What is beyond all numbers is negative, as where Redis runs its conversion gives the least one.
bool TimeoutArgument(Call& call, size_t index, UnixMillis* deadline) {
  constexpr long double kBeyond = 9223372036854775808.0L;  // 2^63
  long double seconds = 0;
  if (!ParseFloat(call.args[index], &seconds)) {
    call.reply.Error("ERR timeout is not a float or out of range");
    return false;
  }
  const long double millis = std::ceil(seconds * 1000);
  const bool fits = millis < kBeyond && millis >= -kBeyond;
  return SetDeadline(call, fits ? static_cast<int64_t>(millis) : -1, deadline);
}

bool MillisTimeoutArgument(Call& call, size_t index, UnixMillis* deadline) {
  int64_t millis = 0;
  if (!resp::ParseInteger(call.args[index], &millis)) {
    call.reply.Error("ERR timeout is not an integer or out of range");
    return false;
  }
  return SetDeadline(call, millis, deadline);
}

}  // namespace keyhole::store
