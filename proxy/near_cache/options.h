// What a person can set of the near cache.
//
// Thread: any; a plain value.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace keyhole::core {

// What a client may be served from the near cache; see near_cache.h.
enum class NearConsistency : uint8_t {
  kCausal,    // nothing older than what Redis has told it
  kEventual,  // nothing older than its own writes
};

struct NearOptions {
  uint64_t memory = 0;                // bytes over all workers; 0: off
  std::vector<std::string> prefixes;  // of keys; none: all keys
  NearConsistency consistency = NearConsistency::kCausal;
  uint32_t min_reads = 3;                    // of a key, before it is cached; 1..100
  std::chrono::milliseconds max_age{60000};  // of an entry; >= 1s
  uint64_t max_value = 64ULL << 10;          // bytes; 0 .. 16 MiB
  bool nulls = true;                         // misses are cached too
  bool mget = false;                         // MGET is served too
  std::chrono::milliseconds heartbeat{500};  // 100ms..10s
  std::chrono::milliseconds serve_stale{0};  // while the upstream is away; 0: not

  bool operator==(const NearOptions&) const = default;
};

}  // namespace keyhole::core
