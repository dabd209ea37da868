// The column `store` of resp/commands.def: which function runs which command.
#pragma once

#include <array>

#include "proxy/store/commands/handlers.h"

namespace keyhole::store {

// By command; null: the store does not have it. A container has a handler only if it can stand
// alone.
extern const std::array<Handler, resp::kCommandCount> kHandlers;

inline Handler HandlerOf(const resp::CommandSpec& spec) {
  return kHandlers[static_cast<size_t>(spec.id)];
}

// Whether the store serves this row, or for a container any of its subcommands.
bool Serves(const resp::CommandSpec& spec);

}  // namespace keyhole::store
