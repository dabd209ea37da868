// What the handlers share: the databases, the clients, the settings, the counts that INFO shows.
//
// Thread: read under any lock of the store, changed under all of them; the databases have a lock
// for each of their shards (store.h).
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/store/client.h"
#include "proxy/store/command_stats.h"
#include "proxy/store/evicted_keys.h"
#include "proxy/store/key_events.h"
#include "proxy/store/keyspace/keyspace.h"
#include "proxy/store/latency_monitor.h"
#include "proxy/store/live_settings.h"
#include "proxy/store/options.h"
#include "proxy/store/pause.h"
#include "proxy/store/rdb/dump.h"
#include "proxy/store/scripts.h"
#include "proxy/store/settings.h"
#include "proxy/store/slow_log.h"
#include "proxy/store/snapshot.h"
#include "proxy/store/subscriptions.h"
#include "proxy/store/tracking.h"
#include "proxy/store/types/collection_edit.h"
#include "proxy/store/types/list_object.h"
#include "proxy/store/types/sorted_set_edit.h"
#include "proxy/store/types/stream/stream_object.h"
#include "proxy/store/waiting.h"

namespace keyhole::store {

// The version of Redis that the store behaves like.
inline constexpr std::string_view kRedisVersion = "7.0.15";
// The one user there is.
inline constexpr std::string_view kUser = "default";

// How much of something there was per second, lately.
class Rate {
 public:
  // Since it was last asked, or the time before that: a second ago at least, if it is that old.
  double PerSecond(UnixMillis now, uint64_t total) {
    constexpr UnixMillis kShortest = 1000;
    if (now - last_.at >= kShortest) {
      before_ = last_;
      last_ = {now, total};
    }
    if (now <= before_.at || total < before_.total) return 0;
    return static_cast<double>(total - before_.total) * 1000.0 /
           static_cast<double>(now - before_.at);
  }
  void Begin(UnixMillis now) { before_ = last_ = {now, 0}; }

 private:
  struct Sample {
    UnixMillis at = 0;
    uint64_t total = 0;
  };
  Sample before_;
  Sample last_;
};

// Since the start, or since CONFIG RESETSTAT.
struct Stats {
  ClientStats clients;  // of all, those who have left too
  EdgeTotals edge;
  uint64_t connections = 0;
  uint64_t expired = 0;
  uint64_t evicted = 0;
  uint64_t freed_objects = 0;  // large values that were freed a little at a time
};

class Engine final : private KeyListener {
 public:
  explicit Engine(const StoreOptions& options);

  Keyspace& database(int index) { return databases_[static_cast<size_t>(index)]; }
  std::span<Keyspace> databases() { return databases_; }
  int database_count() const { return static_cast<int>(databases_.size()); }

  void Add(Client* client, UnixMillis now);  // gives it its id
  void Remove(Client* client);
  const std::map<uint64_t, Client*>& clients() const { return clients_; }

  // Ends the client's watches.
  void Unwatch(Client& client);
  // Ends its transaction, and its watches.
  void Discard(Client& client);
  // Ends all its subscriptions, silently; MONITOR, too.
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
  // Tells command_stats what clients have counted so far.
  void GatherCalls();
  // 40 hexadecimal digits, made at the start.
  const std::string& run_id() const { return run_id_; }
  // The most that memory() has been; sampled with Sweep() and when asked.
  size_t peak_memory();
  void ResetStats();
  // CONFIG SET has changed the settings.
  void ApplySettings();
  UnixMillis started() const { return started_; }
  // When all that was there was in a file, or when there was nothing yet.
  UnixMillis last_save() const { return std::max(snapshot.last_saved(), started_); }

  // Up to which size collections keep their small encodings.
  const CollectionLimits& collection_limits() const { return collection_limits_; }
  // Of lists that are made from now on.
  const ListLimits& list_limits() const { return list_limits_; }
  const SortedSetLimits& sorted_set_limits() const { return sorted_set_limits_; }
  const StreamLimits& stream_limits() const { return stream_limits_; }

  // How values that come from elsewhere are kept: views of the above.
  rdb::ReadLimits read_limits() const {
    return {collection_limits_, list_limits_, sorted_set_limits_};
  }

  // A line for the log of the program.
  void Log(const std::string& line) const {
    if (log_) log_(line);
  }

  // True the first time for each command.
  bool NoteMissing(resp::CommandId id) {
    return !missing_[static_cast<size_t>(id)].exchange(true, std::memory_order_relaxed);
  }

  // Snapshots can be written to a file.
  bool CanSave() const { return can_save_; }
  // REQUIRES: none is under way.
  void BeginSnapshot(UnixMillis now);
  // As a rule of the options wants it.
  bool SnapshotIsDue(UnixMillis now) const;
  // No rule can want one before this moment. For any thread.
  UnixMillis NextSnapshot() const;
  // What the store has been filled with: no change since the last snapshot.
  void NoteLoaded(uint64_t keys, uint64_t expired);
  // Goes on with the walk over one shard of each database. Returns what is left of `budget`.
  size_t WalkSnapshot(size_t shard, size_t budget);
  // How often keys have changed since the last one began that was written.
  uint64_t changes_since_save() const { return changes() - snapshot.changes_at_save(); }

  // What others obey of the settings.
  const LiveSettings& live() const { return live_; }

  // Commands do not pass unseen: they are timed, monitored, tracked, held by a pause, or listens().
  bool observed() const { return observed_; }
  // Somebody wants to be told of keys that expire, are evicted or are new.
  bool listens() const { return listens_; }
  // While that is so, commands that only read hold all locks, too.
  bool exclusive() const { return exclusive_; }

  // The client tracks from now on, with these prefixes more.
  void StartTracking(Client& client, const TrackingState& wanted,
                     const std::vector<std::string_view>& prefixes);
  void StopTracking(Client& client);
  void AddMonitor(Client* client);
  void RemoveMonitor(Client* client);
  // A script has been put aside, or has ended (scripts.h).
  void ScriptPaused(bool on);
  // What the interpreter takes counts as memory of the keys does.
  void TellScriptMemory();
  void BeginPause(UnixMillis until, bool all);
  void EndPause();

  // What DEBUG has changed.
  struct DebugSwitches {
    bool active_expire = true;
    bool pause_upkeep = false;
    bool skip_checksums = false;  // of what RESTORE is given
  };
  DebugSwitches debug;
  Settings settings;
  Subscriptions subscriptions;
  KeyEvents events{due_};
  SlowLog slow_log;
  CommandStats command_stats;
  Rate call_rate;
  Rate input_rate;
  Rate output_rate;
  Waiting waiting{databases_, due_};
  Tracking tracking{due_};
  uint64_t writer = 0;  // whose command changes keys now, under all locks; 0: nobody's
  std::vector<Client*> monitors;
  Pause pause;
  Scripts scripts;
  LatencyMonitor latency;
  EvictedKeys evicted;
  Snapshot snapshot;

  // There is something to be done after the command: who waits is to be served, events are to be
  // delivered (Store::Finish).
  bool due() const { return due_.load(std::memory_order_relaxed); }
  bool TakeDue() { return due_.exchange(false, std::memory_order_relaxed); }

 private:
  void OnChanged(int database, std::string_view key) override;
  void OnAdded(int database, std::string_view key) override;
  void OnExpired(int database, std::string_view key) override;
  void OnPartsEnded(int database, std::string_view key, bool whole) override;
  void OnEvicted(int database, std::string_view key) override;
  void EmitIfWanted(EventClass kind, int database, std::string_view event, std::string_view key);
  Stats SinceStart() const;
  uint64_t changes() const;
  void TakeCalls(Client* client);
  // Something has changed of who observes commands and keys.
  void Observe();

  std::function<void(const std::string&)> log_;
  std::function<EdgeTotals()> edge_;
  std::string run_id_;
  std::array<std::atomic<bool>, resp::kCommandCount> missing_{};
  std::atomic<size_t> peak_memory_{0};
  std::atomic<bool> due_{false};
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
  SortedSetLimits sorted_set_limits_;
  bool observed_ = false;
  bool exclusive_ = false;
  bool listens_ = false;
  StreamLimits stream_limits_;
  LiveSettings live_;
  size_t script_memory_ = 0;  // as the budget has been told
  bool can_save_;
  std::vector<SaveRule> save_rules_;
};

}  // namespace keyhole::store
