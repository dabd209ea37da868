// The way of a request to the script's stack and back. See scripts.h.
#pragma once

#include <span>
#include <string_view>

#include "proxy/store/engine.h"

namespace keyhole::store {

// Runs `body` on the script's stack, for a command that runs scripts; it is given a copy of the
// request, and what it replies comes to `out`. REQUIRES: no script is put aside. If it takes too
// long, nothing is appended: the client waits, and its reply will lie with its messages.
void BeginScriptTurn(Engine& engine, Client& client, const resp::CommandSpec& spec,
                     std::span<const std::string_view> args, bool full, UnixMillis now,
                     resp::ByteQueue* out, void (*body)(ScriptRequest&));

// Goes on with the script that is put aside, for a millisecond or so. REQUIRES: there is one.
void ContinueScriptTurn(Engine& engine);

// Kills the script that is put aside, if there is one, even if it has written. For the end of the
// store.
void EndScriptTurn(Engine& engine);

}  // namespace keyhole::store
