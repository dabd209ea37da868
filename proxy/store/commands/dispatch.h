// The way of a request to its handler.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proxy/store/commands/handlers.h"

namespace keyhole::store {

struct Request {
  const resp::CommandSpec& spec;
  std::span<const std::string_view> args;
  bool full = false;           // memory is full and nothing can be evicted
  resp::HashedKey first = {};  // the first key, if it has been hashed
};

// True if inside MULTI the command is not run but queued.
bool IsQueued(const resp::CommandSpec& spec);

// The client has called it once more.
void CountCall(Engine& engine, Client& client, const resp::CommandSpec& spec);

// Runs a command that nothing speaks against, and mutes its reply if the client wants none.
void Run(Call& call);

// Runs the command of a client that waits once more, as this key has changed. True: it has its
// reply, among its messages, and waits no longer; its doorbell has rung.
bool Resume(Engine& engine, Client& client, std::string_view key, UnixMillis now);
// Ends a wait without running its command: the client has the reply of a wait whose time is up, a
// null array whatever the command is, or 0 replicas if it waits for no key; or this error.
void EndWait(Engine& engine, Client& client, std::string_view error = {});

// Publishes the keyspace events that have come up.
void DeliverEvents(Engine& engine);

// Does once more what a pause has held back; the reply goes to the messages.
void DispatchAgain(Engine& engine, Client& client, const QueuedCommand& command, UnixMillis now);

// Store::Execute(), under the locks. The checks come in Redis' order (server.c processCommand), as
// it decides which error a request with several faults gets.
void Dispatch(Engine& engine, Client& client, const Request& request, UnixMillis now,
              resp::ByteQueue* out);

}  // namespace keyhole::store
