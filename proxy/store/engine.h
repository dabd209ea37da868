// What the handlers share: the databases, the clients, the settings, the counts that INFO shows.
//
// Thread: read under any lock of the store, changed under all of them; the databases have a lock
// for each of their shards (store.h).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/store/client.h"
#include "proxy/store/key_events.h"
#include "proxy/store/keyspace/keyspace.h"
#include "proxy/store/live_settings.h"
#include "proxy/store/options.h"
#include "proxy/store/settings.h"
#include "proxy/store/slow_log.h"
#include "proxy/store/subscriptions.h"
#include "proxy/store/types/collection_edit.h"
#include "proxy/store/types/list_object.h"
#include "proxy/store/waiting.h"

namespace keyhole::store {

// The version of Redis that the store behaves like.
inline constexpr std::string_view kRedisVersion = "7.0.15";
// The one user there is.
inline constexpr std::string_view kUser = "default";

// Since the start, or since CONFIG RESETSTAT.
struct Stats {
  ClientStats clients;  // of all, those who have left too
  uint64_t connections = 0;
  uint64_t expired = 0;
  uint64_t evicted = 0;
  uint64_t freed_objects = 0;  // large values that were freed a little at a time
};

class Engine {
 public:
  explicit Engine(const StoreOptions& options);

  Keyspace& database(int index) { return databases_[static_cast<size_t>(index)]; }
  int database_count() const { return static_cast<int>(databases_.size()); }

  void Add(Client* client, UnixMillis now);  // gives it its id
  void Remove(Client* client);
  const std::map<uint64_t, Client*>& clients() const { return clients_; }

  // Ends the client's watches.
  void Unwatch(Client& client);
  // Ends its transaction, and its watches.
  void Discard(Client& client);
  // Ends all its subscriptions, silently.
  void EndSubscriptions(Client& client);

  bool MayDebug() const { return settings.text(Setting::kEnableDebugCommand) != "no"; }
  bool NeedsPassword() const { return !settings.text(Setting::kRequirepass).empty(); }
  // True if the two are those of the user; AUTH and HELLO ask.
  bool CheckPassword(std::string_view user, std::string_view password) const;

  // Sweeps one shard of each database, and frees what has been discarded there; see Keyspace. True
  // if more is worth doing soon.
  bool Sweep(size_t shard, UnixMillis now);
  // Frees some of what has been discarded there, or else removes the key that is needed least among
  // the keys of this shard in the database that holds the most of it. False if there is neither.
  bool Evict(size_t shard);
  MemoryBudget& budget() { return budget_; }
  size_t shard_count() const { return databases_.front().shard_count(); }
  size_t memory() const;    // bytes of all databases, and of what is still to be freed
  size_t resident() const;  // what the kernel has given for them

  // Large values that are still to be freed.
  size_t pending_objects() const;

  Stats stats() const;
  void ResetStats();
  // CONFIG SET has changed the settings.
  void ApplySettings();
  UnixMillis started() const { return started_; }

  // Up to which size collections keep their small encodings.
  const CollectionLimits& collection_limits() const { return collection_limits_; }
  // Of lists that are made from now on.
  const ListLimits& list_limits() const { return list_limits_; }

  // A line for the log of the program.
  void Log(const std::string& line) const {
    if (log_) log_(line);
  }

  // What others obey of the settings.
  const LiveSettings& live() const { return live_; }

  // What DEBUG has changed.
  struct DebugSwitches {
    bool active_expire = true;
    bool pause_upkeep = false;
    bool skip_checksums = false;  // of what RESTORE is given
  };
  DebugSwitches debug;
  Settings settings;
  Subscriptions subscriptions;
  KeyEvents events;
  SlowLog slow_log;
  Waiting waiting{databases_};

 private:
  Stats SinceStart() const;

  std::function<void(const std::string&)> log_;
  MemoryBudget budget_;
  std::shared_ptr<ObjectPools> objects_;
  std::vector<Keyspace> databases_;
  std::map<uint64_t, Client*> clients_;
  uint64_t last_id_ = 0;
  UnixMillis started_ = 0;
  std::vector<int> sweep_next_;  // by shard: the database with which the next sweep begins
  ClientStats departed_;         // of clients that have left
  uint64_t connections_ = 0;
  Stats at_reset_;
  CollectionLimits collection_limits_;
  ListLimits list_limits_;
  LiveSettings live_;
};

}  // namespace keyhole::store
