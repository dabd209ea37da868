// The embedded store: a cache inside the process that speaks Redis' command language. It is what
// answers when no upstream is configured. Everything lives in memory; snapshots outlive the
// process.
//
// Store      all databases, shared by the sessions of all workers
// Client     what the store knows of one connection: database, protocol, open transaction
//
// How it is made, from the outside in. A folder stands above those named after it:
//
//     .            store     the locks, and room for what comes
//     commands/    dispatch  what Redis asks of every command: known, arity, AUTH, MULTI
//                  *_commands  a function per command, named in the column `store` of
//                            resp/commands.def; a file per group of Redis' own
//     .            engine    what handlers share: databases, clients, subscriptions, settings
//     rdb/         dump, snapshot_reader, snapshot_writer: the format of Redis' snapshots
//     types/       collection, collection_edit: reading and changing a hash or a set, kept by
//                            packed, integers (small ones, in one block) or by table_object
//     keyspace/    keyspace  one database, made of shards: entry_table (growth, SCAN), entry,
//                            eviction, watch_table (WATCH); types.def: all types and encodings
//     memory/      arena, heap, budget
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
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/store/doorbell.h"
#include "proxy/store/live_settings.h"
#include "proxy/store/options.h"
#include "proxy/store/section.h"
#include "resp/byte_queue.h"
#include "resp/command_table.h"
#include "resp/direct_command.h"
#include "resp/hashed_key.h"
#include "resp/wire.h"

namespace keyhole::store {

struct Client;
class Engine;
namespace rdb {
class SnapshotReader;
}

// What has become of a request.
enum class Outcome : uint8_t {
  kReplied,  // exactly one reply; of SUBSCRIBE and its relatives one for each channel
  kSilent,   // none, where Redis too stays silent: CLIENT REPLY OFF and what follows it, CLIENT
             // REPLY SKIP and the one command after it
  kWaiting,  // none yet: it waits for a key (waiting.h). The doorbell tells when the reply lies
             // with the messages; nothing else of the client may be executed before. CLIENT PAUSE
             // makes any command wait
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

  // Runs one request, `spec` being resp::Find(args). What there is to be sent is appended to `out`,
  // in the client's protocol: first the messages that were published before, then the reply.
  // first: its first key, if the caller has hashed it. REQUIRES: the client waits for nothing.
  Outcome Execute(Client& client, const resp::CommandSpec& spec,
                  std::span<const std::string_view> args, UnixMillis now, resp::ByteQueue* out,
                  const resp::HashedKey& first = {});

  // The same for one that only looks at what is there: no use of a key, which the eviction would
  // notice, and neither hit nor miss. REQUIRES: a read that does not wait, of a client whose
  // replies are not hidden and that listens to nothing.
  Outcome Look(Client& client, const resp::CommandSpec& spec,
               std::span<const std::string_view> args, UnixMillis now, resp::ByteQueue* out);

  // Carries it out without a reply being written. False: Execute() must be asked, as there is more
  // to be done or to be said.
  bool Direct(Client& client, resp::DirectCommand* command);

  // The client is about to ask for these keys, or so it seems: has the processor fetch what will be
  // looked at. See Keyspace.
  void Prefetch(const Client& client, std::span<const resp::HashedKey> keys);

  // Appends the messages that have come for the client, and the reply of a request that waited.
  // False: it waits still.
  bool TakeMessages(Client& client, resp::ByteQueue* out);

  // Where in the output of the last of these calls there is what answers no request, in order: in
  // RESP2 it looks like a reply. Asked by its own session.
  static std::vector<Section> TakePushed(Client& client);

  // True once the client has said QUIT or somebody CLIENT KILL: its session must close after it has
  // sent the replies it has. May be asked at any time, without a lock.
  static bool Closing(const Client& client);

  // It has subscriptions, tracks keys or monitors: there may be messages among its replies.
  static bool Listens(const Client& client);

  // It may do what it likes: no password was asked for when it came, or it has given one. Asked by
  // its own session.
  static bool LoggedIn(const Client& client);

  // The protocol of the client's next reply.
  static resp::Protocol ProtocolOf(const Client& client);

  // Removes some expired keys and frees what has gone; at most about 200 us. Call it every 100 ms
  // or so, on one worker or on all. True if there is so much to do that it is worth calling again
  // in a few milliseconds.
  bool Sweep(UnixMillis now);

  // When EndWaits() is to be called: when the first wait for a key ends by its time-out, or at once
  // (0) while a script is put aside; kNever if neither is the case. A request that has to wait may
  // make it earlier. From any thread, without a lock.
  UnixMillis next_deadline() const;
  // Ends the waits whose time is up, and goes on with a script that has been put aside
  // (scripts.h).
  void EndWaits(UnixMillis now);

  // For metrics; from any thread, without a lock.
  struct Usage {
    size_t memory = 0;     // bytes that keys take
    size_t limit = 0;      // 0: none
    uint64_t evicted = 0;  // since the start, as the next
    uint64_t expired = 0;
  };
  Usage usage() const;
  // When the key went for want of memory, in seconds since 1970; none: not of late, as far as is
  // remembered. From any thread, without a lock.
  std::optional<uint32_t> EvictedAt(std::string_view key, int database) const;

  const LiveSettings& live() const;

  // Takes over those options in which the two differ, as CONFIG SET would: password, memory,
  // eviction, clients, time-out and output limit. On a worker's thread.
  void Configure(const StoreOptions& before, const StoreOptions& after);

  // ---- Snapshots (snapshot.h): the store makes and takes the bytes of the file, in pieces, and
  // knows no file.

  // What is next to be written to the file.
  struct SnapshotStep {
    enum class State : uint8_t { kIdle, kMaking, kAwaitingEnd };
    State state = State::kIdle;
    std::string bytes;
    bool last = false;     // nothing comes behind it: EndSnapshot() when that is in the file
    bool dropped = false;  // it has been given up: EndSnapshot(false) after the last bytes
  };
  // Begins one if a rule says so, and goes on with the one that is under way, for about 200 us.
  // backlog: bytes of those before that are not written yet; with too many it waits. From one
  // thread at a time.
  SnapshotStep StepSnapshot(UnixMillis now, size_t backlog);
  // REQUIRES: none is under way.
  void BeginSnapshot(UnixMillis now);
  // The bytes of the last step are in the file for good, or never will be.
  void EndSnapshot(bool written, UnixMillis now);

  // Fills the store with the next bytes of a snapshot. REQUIRES: nobody uses the store yet.
  struct LoadStep {
    enum class State : uint8_t { kMore, kDone, kFailed };
    State state = State::kMore;
    std::string error;     // why, and at which byte
    uint64_t keys = 0;     // so far
    uint64_t expired = 0;  // left out as their time was up
    uint64_t skipped = 0;  // left out as the store does not have their like
  };
  LoadStep Load(std::string_view bytes, bool last, bool skip_unknown, UnixMillis now);

  // For metrics; from any thread, without a lock.
  struct SnapshotStatus {
    UnixMillis last_saved = 0;  // 0: none since the start
    int64_t last_took = 0;      // milliseconds
    uint64_t saved = 0;
    uint64_t failed = 0;
  };
  SnapshotStatus snapshot_status() const;

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
  Stripes StripesOf(std::span<const resp::HashedKey> keys) const;
  Stripes StripesOf(const resp::CommandSpec& spec, std::span<const std::string_view> args) const;
  Stripes StripesFor(const Client& client, const resp::CommandSpec& spec,
                     std::span<const std::string_view> args) const;
  bool MakeRoom();
  [[gnu::noinline]] void Finish(UnixMillis now);
  void EndPause(UnixMillis now);
  void Walk();

  std::unique_ptr<Engine> engine_;
  std::vector<Stripe> stripes_;
  std::atomic<size_t> next_victim_{0};
  std::atomic<size_t> next_swept_{0};
  size_t walked_ = 0;  // the stripe where a snapshot goes on
  std::unique_ptr<rdb::SnapshotReader> load_;
};

}  // namespace keyhole::store
