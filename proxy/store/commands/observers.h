// What is done beside a command for those who watch: MONITOR, CLIENT TRACKING, CLIENT PAUSE. Asked
// only while Engine::observed().
#pragma once

#include "proxy/store/commands/handlers.h"

namespace keyhole::store {

// The script that the command runs may write.
bool ScriptMayWrite(const Engine& engine, const resp::CommandSpec& spec,
                    std::span<const std::string_view> args);

// A pause holds the command back.
bool IsHeld(const Call& call);
// It waits for the pause to end.
void HoldBack(const Call& call);
// Runs what a pause has held, if there is none any more.
void ReleaseHeld(Engine& engine, UnixMillis now);

// Tells those who said MONITOR of a command that has run.
void FeedMonitors(const Call& call);

// Notes the keys that a client which tracks has read. REQUIRES: it does.
void RememberReads(const Call& call);
// Tells clients of keys that have changed.
void DeliverInvalidations(Engine& engine);

}  // namespace keyhole::store
