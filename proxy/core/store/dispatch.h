// The way of a request to its handler.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "proxy/core/store/client.h"
#include "proxy/core/store/engine.h"

namespace keyhole::store {

// Store::Execute(), under the lock. The checks come in Redis' order (server.c processCommand), as
// it decides which error a request with several faults gets.
void Dispatch(Engine& engine, Client& client, const resp::CommandSpec& spec,
              std::span<const std::string_view> args, UnixMillis now, std::string* out);

}  // namespace keyhole::store
