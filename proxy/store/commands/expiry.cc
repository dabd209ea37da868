#include "proxy/store/commands/expiry.h"

#include <algorithm>
#include <limits>

#include "proxy/store/commands/replies.h"

namespace keyhole::store {

namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

struct UnitWord {
  std::string_view word;
  ExpiryUnit unit;
};
constexpr UnitWord kUnitWords[] = {{"EX", {.seconds = true, .absolute = false}},
                                   {"PX", {.seconds = false, .absolute = false}},
                                   {"EXAT", {.seconds = true, .absolute = true}},
                                   {"PXAT", {.seconds = false, .absolute = true}}};

bool Same(ExpiryUnit a, ExpiryUnit b) {
  return a.seconds == b.seconds && a.absolute == b.absolute;
}

// EX 10 EX 20 is allowed, EX 10 PX 20 is not.
bool TakeExpiry(Call& call, size_t index, StringOptions* options) {
  if (options->keep_ttl || options->persist || index + 1 >= call.args.size()) return false;
  for (const UnitWord& known : kUnitWords) {
    if (!call.Is(index, known.word)) continue;
    if (options->expiry != 0 && !Same(options->unit, known.unit)) return false;
    options->expiry = index + 1;
    options->unit = known.unit;
    return true;
  }
  return false;
}

bool TakeFlag(Call& call, size_t index, bool for_set, StringOptions* options) {
  const bool expires = options->expiry != 0;
  if (!for_set) {
    if (!call.Is(index, "PERSIST") || expires) return false;
    options->persist = true;
  } else if (call.Is(index, "NX") && !options->if_present) {
    options->if_absent = true;
  } else if (call.Is(index, "XX") && !options->if_absent) {
    options->if_present = true;
  } else if (call.Is(index, "GET")) {
    options->get = true;
  } else if (call.Is(index, "KEEPTTL") && !expires) {
    options->keep_ttl = true;
  } else {
    return false;
  }
  return true;
}

}  // namespace

bool ExpiryMoment(int64_t amount, ExpiryUnit unit, UnixMillis now, UnixMillis* moment) {
  if (unit.seconds) {
    if (amount > kMax / 1000 || amount < kMin / 1000) return false;
    amount *= 1000;
  }
  if (!unit.absolute) {
    if (amount > kMax - now) return false;
    amount += now;
  }
  *moment = std::min(amount, kNever - 1);
  return true;
}

bool ParseStringOptions(Call& call, size_t first, bool for_set, StringOptions* options) {
  for (size_t i = first; i < call.args.size(); ++i) {
    if (TakeFlag(call, i, for_set, options)) continue;
    if (!TakeExpiry(call, i, options)) {
      call.reply.Error(kSyntaxError);
      return false;
    }
    ++i;
  }
  return true;
}

bool ExpiryArgument(Call& call, size_t index, ExpiryUnit unit, UnixMillis* moment) {
  int64_t amount = 0;
  if (!IntegerArgument(call, index, &amount)) return false;
  if (amount > 0 && ExpiryMoment(amount, unit, call.now, moment)) return true;
  InvalidExpire(call);
  return false;
}

}  // namespace keyhole::store
