// What one worker counts of its near cache. See counters.h for who writes and reads.
#pragma once

#include <cstdint>
#include <string_view>

#include "metrics/counters.h"

namespace keyhole::metrics {

// Whether the near cache serves, and if not, why.
enum class NearState : uint8_t {
  kOff,         // not asked for
  kConnecting,  // no fill connection yet, or it is lost and being made again
  kReady,
  kOldServer,  // this Redis has faults that a near cache cannot live with
  kRefused,    // Redis refuses to log in, or to track keys
  kReplica,    // what --upstream names is not a master
  kCluster,    // it is a node of a cluster
  kCount
};

enum class NearHit : uint8_t {
  kValue,
  kNull,
  kStale,  // served while Redis cannot be reached: --serve-stale
  kCount
};

// What became of a key that was fetched.
enum class NearFill : uint8_t {
  kStored,
  kChanged,   // while it was under way
  kRejected,  // an error, too large, or no room
  kCount
};

// Why entries were dropped before their time.
enum class NearDrop : uint8_t {
  kPush,   // Redis said that the key has changed
  kWrite,  // a client's write to it passed through
  kFlush,  // with all others
  kPurge,  // somebody asked for it
  kCount
};

std::string_view Name(NearState state);
std::string_view Name(NearHit hit);
std::string_view Name(NearFill fill);
std::string_view Name(NearDrop drop);

struct NearCounters {
  Counter reads;  // requests that the near cache may answer, whoever did
  PerEnum<NearHit, Counter> hits;
  PerEnum<NearFill, Counter> fills;
  PerEnum<NearDrop, Counter> drops;
  Counter evictions;
  Counter fences;       // PINGs that say what has been read so far is all there is
  Counter fence_waits;  // requests that waited for one
  Gauge bytes;
  Gauge entries;
  Gauge state;  // a NearState
};

// Of all workers.
struct NearCounts {
  uint64_t reads = 0;
  PerEnum<NearHit, uint64_t> hits;
  PerEnum<NearFill, uint64_t> fills;
  PerEnum<NearDrop, uint64_t> drops;
  uint64_t evictions = 0;
  uint64_t fences = 0;
  uint64_t fence_waits = 0;
  int64_t bytes = 0;
  int64_t entries = 0;
  PerEnum<NearState, int64_t> workers;  // in each state

  void Add(const NearCounters& worker);
  // Reads that Redis was spared, of all; from 0 to 1.
  double saved() const;
};

}  // namespace keyhole::metrics
