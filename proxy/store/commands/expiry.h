// Expiry times as commands give them: seconds or milliseconds, from now or since 1970.
#pragma once

#include <cstdint>

#include "proxy/store/commands/handlers.h"

namespace keyhole::store {

struct ExpiryUnit {
  bool seconds;   // else milliseconds
  bool absolute;  // since 1970, else from now
};

// The moment that `amount` of `unit` means; false if it does not fit. A negative amount is in the
// past, which EXPIRE allows.
bool ExpiryMoment(int64_t amount, ExpiryUnit unit, UnixMillis now, UnixMillis* moment);

// The options of SET and GETEX that follow the key, or the value.
struct StringOptions {
  bool if_absent = false;   // NX
  bool if_present = false;  // XX
  bool get = false;         // GET
  bool keep_ttl = false;    // KEEPTTL
  bool persist = false;     // PERSIST
  size_t expiry = 0;        // the argument after EX, PX, EXAT or PXAT; 0 if there is none
  ExpiryUnit unit{};
};

// Reads args[first] on. False if they are wrong; then that is the reply. `for_set`: NX, XX, GET and
// KEEPTTL are allowed, else PERSIST.
bool ParseStringOptions(Call& call, size_t first, bool for_set, StringOptions* options);

// Reads an expiry that must be in the future of 1970. False if it is wrong; then that is the reply.
bool ExpiryArgument(Call& call, size_t index, ExpiryUnit unit, UnixMillis* moment);

}  // namespace keyhole::store
