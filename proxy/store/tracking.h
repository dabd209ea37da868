// CLIENT TRACKING: who is told when a key changes that it has read, or that begins as it likes.
//
//     GET k (client 7 tracks)   --Remember-->  table:  k: [ 7 ]
//     SET k (client 9)          --OnChanged--> queue:  k, by client 9
//     after the command         --Deliver-->   >invalidate [k] to client 7, who is forgotten for k
//
// They are queued for the reason that keyspace events are (key_events.h), and because a client is
// told of its own writes after their reply. Source: redis 7.0.15 tracking.c.
//
// Thread: Remember() and Changed() under any lock of the store, by several threads at a time; all
// else under all locks. Costs nothing while no client tracks: the shards do not call then.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace keyhole::store {

struct Client;

// What one client has asked for.
struct TrackingState {
  bool broadcast = false;  // BCAST
  bool opt_in = false;
  bool opt_out = false;
  bool no_loop = false;
  bool caching = false;        // CLIENT CACHING, for the next command
  bool caching_fresh = false;  // it is CLIENT CACHING that runs now
  bool broken_redirect = false;
  uint64_t redirect = 0;  // the client that is told; 0: itself
  std::set<std::string> prefixes;

  // The keys of the command that runs now are to be remembered.
  bool remembers() const {
    if (broadcast) return false;
    return opt_in ? caching : !(opt_out && caching);
  }
};

class Tracking {
 public:
  // due: set when there is something to be delivered.
  explicit Tracking(std::atomic<bool>& due) : due_(due) {}

  bool active() const { return clients_ > 0; }
  size_t clients() const { return clients_; }
  size_t keys() const { return table_.size(); }
  size_t items() const { return items_; }  // pairs of a key and a client
  size_t prefixes() const { return prefix_count_; }
  void set_most_keys(size_t most) { most_keys_ = most; }  // 0: any number

  void Started() { ++clients_; }
  void Stopped(const TrackingState& state) {
    --clients_;
    prefix_count_ -= state.prefixes.size();
    if (clients_ == 0) Forget();
  }
  void CountPrefix() { ++prefix_count_; }

  void Remember(std::string_view key, uint64_t client);
  // by: whose command it was; 0: nobody's.
  void Changed(std::string_view key, uint64_t by);
  // All keys are gone.
  void Flushed(uint64_t by);

  // What is to be told, in order.
  struct Change {
    bool all = false;  // the key is none: all have changed
    std::string key;
    uint64_t by = 0;
    std::vector<uint64_t> readers;  // who has read it
  };
  std::vector<Change> TakeChanges();

 private:
  void Forget();
  void Queue(Change change);
  Change Take(std::string_view key);

  std::atomic<bool>& due_;
  size_t clients_ = 0;
  size_t prefix_count_ = 0;
  size_t most_keys_ = 0;
  std::mutex mutex_;  // for those below
  absl::flat_hash_map<std::string, std::vector<uint64_t>> table_;
  size_t items_ = 0;
  std::vector<Change> queue_;
};

}  // namespace keyhole::store
