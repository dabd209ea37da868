// The embedded store: a cache inside the process that speaks Redis' command language. It is what
// answers when no upstream is configured. Everything lives in memory and is gone with the process.
//
// Store      all databases, shared by the sessions of all workers
// Client     what the store knows of one connection: database, protocol, open transaction
//
// How it is made, from the outside in (all files in this directory):
//
//     store       the lock
//     dispatch    what Redis asks of every command: known, arity, AUTH, MULTI; then the handler
//     *_commands  one function per command, named in the column `store` of resp/commands.def
//     engine      what handlers share: databases, clients, subscriptions, settings, statistics
//     keyspace    one database: entry_table (growth, SCAN), entry (memory), watch_table (WATCH)
//     collection  reading a hash or a set, collection_edit changing it: packed, integers (small
//     ones
//                 in one block), table_object (large ones, in an entry_table of their own)
//
// Thread: with one worker the Store belongs to it and takes no lock. With more, Execute() holds one
// mutex for the whole command, so that every command and every EXEC is atomic. A Client belongs to
// its session's worker. No function blocks or keeps a view of its arguments; none throws but
// std::bad_alloc.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "resp/command_table.h"
#include "resp/wire.h"

namespace keyhole::store {

struct Client;
class Engine;

struct StoreOptions {
  int databases = 16;
  bool shared = false;   // more than one worker
  std::string password;  // empty: none asked for
  uint16_t port = 6380;  // as INFO and CONFIG GET report it
};

// Milliseconds since 1970, UTC. Always given by the caller, so that tests own the clock.
using UnixMillis = int64_t;

// Told when there is something for a client that it has not asked for: messages of its channels, or
// CLIENT KILL. One may serve many clients.
class Doorbell {
 public:
  // On the thread of whoever sent it, and under the store's lock: leave a note for the client's own
  // thread, where Store::TakeMessages() is to be called, and return.
  virtual void Ring(uint64_t client) = 0;

 protected:
  ~Doorbell() = default;
};

class Store {
 public:
  explicit Store(const StoreOptions& options);
  ~Store();

  // Clients must be gone before the store.
  using ClientPtr = std::unique_ptr<Client, void (*)(Client*)>;

  // A client in the state of a new connection. `address` as CLIENT LIST shows it. The doorbell, if
  // there is one, must outlive it.
  ClientPtr Connect(std::string_view address, UnixMillis now, Doorbell* doorbell = nullptr);
  static uint64_t IdOf(const Client& client);

  // Runs one request and appends its reply, exactly one, in the client's protocol, to `out`; of
  // SUBSCRIBE and its relatives one for each channel. Messages that were published before come
  // before it. Returns false if there is no reply, which is only where Redis too stays silent:
  // CLIENT REPLY OFF and what follows it, CLIENT REPLY SKIP and the one command after it.
  // `spec` is resp::Find(args).
  bool Execute(Client& client, const resp::CommandSpec& spec,
               std::span<const std::string_view> args, UnixMillis now, std::string* out);

  // Appends the messages that have come for the client.
  void TakeMessages(Client& client, std::string* out);

  // True once the client has said QUIT or somebody CLIENT KILL: its session must close after it has
  // sent the replies it has. May be asked at any time, without a lock.
  static bool Closing(const Client& client);

  // The protocol of the client's next reply.
  static resp::Protocol ProtocolOf(const Client& client);

  // Removes some expired keys; at most about 200 us. Call it every 100 ms or so.
  void Sweep(UnixMillis now);

 private:
  static void Disconnect(Client* client);
  std::unique_lock<std::mutex> Lock();

  std::unique_ptr<Engine> engine_;
  std::mutex mutex_;
  const bool shared_;
};

}  // namespace keyhole::store
