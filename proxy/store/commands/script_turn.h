// The way of a request to the script's stack and back. See scripts.h.
#pragma once

#include "proxy/store/commands/dispatch.h"
#include "proxy/store/scripts.h"

namespace keyhole::store {

// As Dispatch(), for a command that runs scripts. REQUIRES: none is put aside. If it takes too
// long, nothing is appended to `out`: the client waits, and its reply will lie with its messages.
void BeginScriptTurn(Engine& engine, Client& client, const Request& request, UnixMillis now,
                     resp::ByteQueue* out);

// Goes on with the script that is put aside, for a millisecond or so. REQUIRES: there is one.
void ContinueScriptTurn(Engine& engine);

// Kills the script that is put aside, if there is one, even if it has written. For the end of the
// store.
void EndScriptTurn(Engine& engine);

// In dispatch.cc: what is done on that stack.
void JudgeOnScriptStack(Engine& engine, ScriptRequest& request);

}  // namespace keyhole::store
