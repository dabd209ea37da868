// The embedded store: a cache inside the process that speaks Redis' command language. It is what
// answers when no upstream is configured. Everything lives in memory and is gone with the process.
//
// Store      all databases, shared by the sessions of all workers
// Client     what the store knows of one connection: database, protocol, open transaction
//
// How it is made, from the outside in (all files in this directory):
//
//     store       the locks, and room for what comes
//     dispatch    what Redis asks of every command: known, arity, AUTH, MULTI; then the handler
//     *_commands  one function per command, named in the column `store` of resp/commands.def
//     engine      what handlers share: databases, clients, subscriptions, settings, statistics
//     keyspace    one database, made of shards: entry_table (growth, SCAN), arena and entry
//                 (memory), eviction, watch_table (WATCH)
//     collection  reading a hash or a set, collection_edit changing it: packed, integers (small
//     ones
//                 in one block), table_object (large ones, in an entry_table of their own)
//
// Thread: with one worker the Store belongs to it and takes no lock. With more, the keys of all
// databases are spread over stripes by their hashes, each with a mutex:
//
//                       stripe 0     stripe 1     ...
//     database 0        a shard      a shard               a command holds the stripes of its keys
//     database 1        a shard      a shard               for as long as it runs, in the order of
//     ...                                                  their numbers; EXEC those of all that
//                                                          was queued and watched
//
// What names no key (PING, SCAN, CONFIG, PUBLISH ...) holds all stripes. So whoever holds any may
// read what is not keys (clients, settings, channels), and whoever holds all may change it; every
// command and every EXEC is atomic. A Client belongs to its session's worker. No function blocks
// but for these locks or keeps a view of its arguments; none throws but std::bad_alloc.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resp/byte_queue.h"
#include "resp/command_table.h"
#include "resp/hashed_key.h"
#include "resp/wire.h"

namespace keyhole::store {

struct Client;
class Engine;

// Which keys go when memory is full. See eviction.h.
enum class Eviction : uint8_t { kS3Fifo, kLru, kNone };

struct StoreOptions {
  int databases = 16;
  int workers = 1;                 // threads that will use it
  std::string password = {};       // empty: none asked for
  uint16_t port = 6380;            // as INFO and CONFIG GET report it
  std::string bind = "127.0.0.1";  // the same
  size_t max_memory = 0;           // bytes that all keys may take; 0: no limit
  Eviction eviction = Eviction::kNone;
  uint32_t max_clients = 10000;  // as for those below
  int64_t idle_timeout = 0;      // milliseconds; 0: none
};

// Settings that the store does not obey itself: sessions and whoever accepts clients do. CONFIG SET
// changes them; read from any thread, without a lock.
struct LiveSettings {
  std::atomic<int64_t> idle_timeout{0};  // milliseconds of silence; 0: any
  std::atomic<int64_t> max_clients{0};   // connected at the same time
  std::atomic<bool> asks_password{false};
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
  // CLIENT LIST and CLIENT KILL know the client by this name; the store asks no more of it. Before:
  // "default".
  void SetUser(Client& client, std::string_view name);

  // Runs one request and appends its reply, exactly one, in the client's protocol, to `out`; of
  // SUBSCRIBE and its relatives one for each channel. Messages that were published before come
  // before it. Returns false if there is no reply, which is only where Redis too stays silent:
  // CLIENT REPLY OFF and what follows it, CLIENT REPLY SKIP and the one command after it.
  // `spec` is resp::Find(args).
  bool Execute(Client& client, const resp::CommandSpec& spec,
               std::span<const std::string_view> args, UnixMillis now, resp::ByteQueue* out);

  // The client is about to ask for these keys, or so it seems: has the processor fetch what will be
  // looked at. See Keyspace.
  void Foresee(const Client& client, std::span<const resp::HashedKey> keys);

  // Appends the messages that have come for the client.
  void TakeMessages(Client& client, resp::ByteQueue* out);

  // True once the client has said QUIT or somebody CLIENT KILL: its session must close after it has
  // sent the replies it has. May be asked at any time, without a lock.
  static bool Closing(const Client& client);

  // It has subscriptions, so there may be messages among its replies.
  static bool Listens(const Client& client);

  // It may do what it likes: no password was asked for when it came, or it has given one. Asked by
  // its own session.
  static bool LoggedIn(const Client& client);

  // The protocol of the client's next reply.
  static resp::Protocol ProtocolOf(const Client& client);

  // Removes some expired keys; at most about 200 us. Call it every 100 ms or so, on one worker or
  // on all. True if so many were found that it is worth calling again in a few milliseconds.
  bool Sweep(UnixMillis now);

  // For metrics; from any thread, without a lock.
  struct Usage {
    size_t memory = 0;     // bytes that keys take
    size_t limit = 0;      // 0: none
    uint64_t evicted = 0;  // since the start
  };
  Usage usage() const;

  const LiveSettings& live() const;

  // In how many shards so many workers divide each database.
  static size_t ShardsFor(int workers);

 private:
  using Stripes = uint64_t;  // a bit each
  static constexpr Stripes kAll = ~Stripes{0};
  class Lock;
  struct alignas(64) Stripe {
    std::mutex mutex;
  };

  static void Disconnect(Client* client);
  bool shared() const { return stripes_.size() > 1; }
  Stripes StripeOf(std::string_view key) const;
  Stripes StripesOf(const resp::CommandSpec& spec, std::span<const std::string_view> args) const;
  Stripes StripesFor(const Client& client, const resp::CommandSpec& spec,
                     std::span<const std::string_view> args) const;
  bool MakeRoom();

  std::unique_ptr<Engine> engine_;
  std::vector<Stripe> stripes_;
  std::atomic<size_t> next_victim_{0};
  std::atomic<size_t> next_swept_{0};
};

}  // namespace keyhole::store
