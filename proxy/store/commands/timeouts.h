// How long a command that waits does so at most.
#pragma once

#include <cstddef>

#include "proxy/store/commands/handlers.h"

namespace keyhole::store {

// Reads seconds, which may have a fraction; the next millisecond counts. 0 is for ever: kNever.
// False if that is wrong; then that is the reply.
bool TimeoutArgument(Call& call, size_t index, UnixMillis* deadline);

// The same in milliseconds, without a fraction, as XREAD has it.
bool MillisTimeoutArgument(Call& call, size_t index, UnixMillis* deadline);

}  // namespace keyhole::store
