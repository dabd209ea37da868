// What the store is made with, and the few words that all its folders share. A leaf: it includes
// the standard library only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace keyhole::store {

// Milliseconds since 1970, UTC. Always given by the caller, so that tests own the clock.
using UnixMillis = int64_t;
// The expiry of a key that does not expire, the deadline of a request that waits for ever.
inline constexpr UnixMillis kNever = std::numeric_limits<UnixMillis>::max();

// Which keys are evicted when memory is full. See keyspace/eviction.h.
enum class Eviction : uint8_t { kS3Fifo, kLru, kNone };

// What INFO says of connections; the store knows of clients only.
struct EdgeTotals {
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  uint64_t refused = 0;  // connections beyond maxclients
};

// A snapshot is due so long after the last one if so many keys have changed since.
struct SaveRule {
  int64_t seconds = 0;
  uint64_t changes = 0;
  bool operator==(const SaveRule&) const = default;
};

// Where keys outlive the process.
struct SnapshotOptions {
  std::string path;                                                    // empty: nowhere
  std::vector<SaveRule> every = {{3600, 1}, {300, 100}, {60, 10000}};  // as Redis
  std::string load;           // a file to begin with, which is not written; empty: that of path
  bool skip_unknown = false;  // what the store does not have is left out
  bool operator==(const SnapshotOptions&) const = default;
};

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
  uint64_t output_limit = 0;     // bytes waiting for one client; 0: no limit
  bool debug_command = false;    // DEBUG may be used
  bool can_save = false;         // whoever uses it writes snapshots to a file
  std::vector<SaveRule> save_rules = {};
  // A line for the log of the program; called by any thread.
  std::function<void(const std::string& line)> log = {};
  std::function<EdgeTotals()> edge = {};  // asked by any thread
};

}  // namespace keyhole::store
