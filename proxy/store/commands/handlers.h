// What a command's function gets, and the declarations of all of them.
//
// A handler is named in the column `store` of resp/commands.def and declared here by that alone; to
// serve one more command, name it there and define it in one of the *_commands.cc files. When it is
// called the number of arguments is right, the client may run it, and it writes exactly one reply;
// or none, if it waits (Call::Wait) or is CLIENT REPLY.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proxy/store/client.h"
#include "proxy/store/engine.h"
#include "resp/command_table.h"
#include "resp/hashed_key.h"
#include "resp/reply_writer.h"

namespace keyhole::store {

struct Call {
  Engine& engine;
  Client& client;
  const resp::CommandSpec& spec;
  std::span<const std::string_view> args;
  UnixMillis now;
  resp::ReplyWriter& reply;
  resp::ByteQueue* out;        // what `reply` writes to
  size_t begin;                // bytes that were there before; of EXEC and what it runs the same
  resp::HashedKey first = {};  // the first key, if whoever sent the request has hashed it
  uint32_t secrets = 0;        // a bit for each of the first arguments that no log may show
  bool has_read = false;       // of a script: it has called a command that reads
  bool is_counted = false;     // of a script: its error is that of a command it called

  Keyspace& db() const { return engine.database(client.database); }

  // One of the arguments as a key.
  resp::HashedKey Hashed(std::string_view key) const {
    const bool known = key.data() == first.bytes.data() && key.size() == first.bytes.size();
    return known ? first : resp::HashedKey(key);
  }

  // The key's slot, null if it is not there; counted in keyspace_hits and keyspace_misses.
  Entry* Read(std::string_view key) const {
    return Count(key, db().Find(Hashed(key), now, touches()));
  }
  // The same for what asks about a key and not for its value: no use of it.
  Entry* Peek(std::string_view key) const {
    return Count(key, db().Find(Hashed(key), now, /*touch=*/false));
  }
  // The same for OBJECT, which misses keys silently.
  Entry* PeekSilently(std::string_view key) const {
    Entry* const slot = db().Find(Hashed(key), now, /*touch=*/false);
    ++(slot != nullptr ? client.stats.hits : client.stats.misses);
    return slot;
  }
  // The same for TOUCH, whatever CLIENT NO-TOUCH says.
  Entry* Touch(std::string_view key) const {
    return Count(key, db().Find(Hashed(key), now, /*touch=*/true));
  }
  // As Read() for commands that write; not counted.
  Entry* Find(std::string_view key) const { return db().Find(Hashed(key), now, touches()); }

  // This has been done to the key of the client's database: whoever wants such events is told
  // (key_events.h). `event` is Redis' word for it ("lpush").
  void Emit(EventClass kind, std::string_view event, std::string_view key) const {
    if (engine.events.wants(kind)) [[unlikely]]
      EmitWanted(kind, event, key);
  }

  // The same for a key of another database (MOVE, COPY).
  void EmitIn(int database, EventClass kind, std::string_view event, std::string_view key) const {
    if (engine.events.wants(kind)) engine.events.Add(database, event, key);
  }

  // No log may show the argument: it is a password. To be called for a wrong one, too.
  void Hide(size_t arg) {
    if (arg < 32) secrets |= uint32_t{1} << arg;
  }

  // There is nothing under these keys of what the command takes. True: the client waits now, or
  // goes on waiting, and the handler returns without a reply; once one of the keys changes it is
  // called again with the same arguments, and woken_by(). It must have changed nothing. False:
  // inside of EXEC nobody waits, and it replies as Redis does there. deadline: kNever if there is
  // none. What is given the first time holds.
  bool Wait(std::span<const std::string_view> keys, UnixMillis deadline,
            WakeOn wake_on = WakeOn::kPresence);

  // The key that has changed, of a command that waits and runs once more; none when it runs for the
  // first time. Of its keys this one alone is to be looked at: when several are ready, the one that
  // was ready first is served first.
  std::optional<std::string_view> woken_by() const {
    if (client.wait == nullptr) return std::nullopt;
    return client.wait->woken_by;
  }

  bool Is(size_t arg, std::string_view option) const {
    return resp::EqualsIgnoreCase(args[arg], option);
  }

 private:
  [[gnu::noinline]] void Miss(std::string_view key) const;
  void EmitWanted(EventClass kind, std::string_view event, std::string_view key) const;
  bool touches() const { return !client.no_touch; }
  Entry* Count(std::string_view key, Entry* slot) const {
    if (slot != nullptr) {
      ++client.stats.hits;
    } else {
      Miss(key);
    }
    return slot;
  }
};

using Handler = void (*)(Call&);

namespace handlers {
#define CMD(id, name, arity, flags, effect, keys, hit, store, ...) void store(Call& call);
#define SUB(id, parent, name, arity, flags, effect, keys, hit, store, ...) void store(Call& call);
#include "resp/commands.def"
#undef CMD
#undef SUB
}  // namespace handlers

}  // namespace keyhole::store
