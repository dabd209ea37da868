// What the store knows of one connection. Plain data: the handlers read and write it.
//
// Owned by its session through Store::Connect(). Written by its own session under any lock of the
// store, read and written by others' commands (CLIENT LIST and KILL, PUBLISH) under all of them. A
// watch is broken under the lock of its key, and `closing` is read without any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "proxy/store/doorbell.h"
#include "proxy/store/options.h"
#include "proxy/store/section.h"
#include "proxy/store/subscriptions.h"
#include "proxy/store/tracking.h"
#include "resp/byte_queue.h"
#include "resp/command_table.h"
#include "resp/wire.h"

namespace keyhole::store {

class Store;

// A command between MULTI and EXEC; a copy, as the request's bytes are gone by then.
struct QueuedCommand {
  const resp::CommandSpec* spec;
  std::vector<std::string> args;
};

// When a command that waits for keys runs again.
enum class WakeOn : uint8_t {
  kPresence,  // one of them has changed, and is there
  kChange,    // one of them has changed, or has gone
};

// What a client waits for; see waiting.h.
struct Wait {
  QueuedCommand command;
  WakeOn wake_on = WakeOn::kPresence;
  int database = 0;
  std::vector<std::string> keys;
  UnixMillis deadline = 0;    // kNever: none
  bool goes_on = true;        // the command has run again and found nothing
  bool paused = false;        // it waits for CLIENT PAUSE to end
  std::string_view woken_by;  // while it runs again: the key that has changed
};

struct WatchedKey {
  int database;
  std::string key;
};

struct Transaction {
  bool open = false;                       // between MULTI and EXEC or DISCARD
  bool failed = false;                     // a command could not be queued: EXEC will refuse
  std::atomic<bool> watch_broken = false;  // a watched key has changed: EXEC will do nothing
  std::vector<QueuedCommand> queue;
  std::vector<WatchedKey> watched;
};

// What a client has done so far.
struct ClientStats {
  uint64_t hits = 0;
  uint64_t misses = 0;
};

// CLIENT REPLY.
struct ReplyMode {
  bool off = false;
  bool skip = false;       // the reply of the command now running
  bool skip_next = false;  // the reply of the command after it
  bool silent() const { return off || skip; }
};

struct Client {
  Store* store = nullptr;
  Doorbell* doorbell = nullptr;
  uint64_t id = 0;
  std::string address;
  UnixMillis connected = 0;
  UnixMillis last_command_at = 0;
  const resp::CommandSpec* last_command = nullptr;
  uint64_t repeats = 0;  // calls of it that CommandStats has not been told yet

  int database = 0;
  resp::Protocol protocol = resp::Protocol::kResp2;
  bool authenticated = false;
  std::string user = "default";
  std::string name;
  std::string library_name;
  std::string library_version;
  bool no_evict = false;
  bool no_touch = false;

  ClientStats stats;
  uint64_t random = 0;  // state for NextRandom()

  Transaction transaction;
  ReplyMode reply_mode;
  std::unique_ptr<Wait> wait;  // null: it waits for nothing

  using Names = std::set<std::string>;
  Names& names(Listening kind) {
    if (listening == nullptr) listening = std::make_unique<std::array<Names, 3>>();
    return (*listening)[static_cast<size_t>(kind)];
  }
  const Names& names(Listening kind) const {
    static const Names none;
    return listening == nullptr ? none : (*listening)[static_cast<size_t>(kind)];
  }
  bool subscribed() const { return subscriptions > 0; }
  std::unique_ptr<std::array<Names, 3>> listening;  // by Listening; null: it has never listened
  size_t subscriptions = 0;                         // names in all of them
  size_t sources = 0;                               // of messages: those, MONITOR, CLIENT TRACKING
  std::unique_ptr<TrackingState> tracking;          // null: it does not track
  bool monitors = false;
  resp::ByteQueue messages;        // not fetched yet
  std::vector<Section> pushed;     // of them: what answers no request, each from begin to end
  std::vector<Section> in_output;  // the same of what its session has been given last

  bool has_messages = false;  // and its session has been told

  // What answers no request: of RESP2 nobody could tell it from replies later.
  template <typename Write>
  void Push(const Write& write) {
    const size_t begin = messages.size();
    write(&messages);
    pushed.push_back({begin, messages.size()});
    Ring();
  }

  // There are messages, or the late reply of a request that waited.
  void Ring() {
    if (std::exchange(has_messages, true) || doorbell == nullptr) return;
    doorbell->Ring(id);
  }
  // Begins what its session is given with all that has come.
  void BeginOutput(resp::ByteQueue* out) {
    if (!in_output.empty()) [[unlikely]]
      in_output.clear();
    if (has_messages) [[unlikely]]
      MoveMessages(out);
  }
  // Apart, so that a client without any pays for nothing of it.
  [[gnu::noinline]] void MoveMessages(resp::ByteQueue* out) {
    has_messages = false;
    const size_t before = out->size();
    for (const Section& section : std::exchange(pushed, {})) {
      in_output.push_back({before + section.begin, before + section.end});
    }
    out->Append(messages.Data());
    messages.Clear();
  }
  std::atomic<bool> closing{false};
};

}  // namespace keyhole::store
