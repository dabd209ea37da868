// What the commands on bits share.
#pragma once

#include <cstdint>

#include "proxy/store/commands/handlers.h"

namespace keyhole::store {

// Reads the number of a bit. `width`, if it is not 0: that of the integer there; "#3" is then the
// fourth such. False if it is none; then that is the reply.
bool BitOffsetArgument(Call& call, size_t index, unsigned width, uint64_t* bit);

// The slot of the string args[1], made if it is missing and made longer if it has no such bit:
// *grown. Null if it is no string; then that is the reply.
Entry* BitsToWrite(Call& call, uint64_t bit, bool* grown);

}  // namespace keyhole::store
