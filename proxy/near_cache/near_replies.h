// What Redis tells the near cache's own connection: who it is, and which keys have changed.
//
// Thread: any; pure functions. Nothing throws, whatever the bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace keyhole::core {

// The reply to HELLO 3. Views of its bytes.
struct RedisIdentity {
  std::string_view version;  // "7.0.15"
  std::string_view mode;     // "standalone", "cluster", "sentinel"
  std::string_view role;     // "master", "replica"
};
// Fields that are not there stay empty.
RedisIdentity ParseHello(std::string_view reply);

// Tracking is sound from 6.2.11, 7.0.10 and 7.2 on: before, pushes could come inside replies, be
// lost, or have a null of the wrong protocol (redis issues 9422, 11038, 11814, 11875).
bool TracksSoundly(std::string_view version);

// >2 $10 invalidate *1 $1 k     these keys have changed
// >2 $10 invalidate _           all have (also $-1 and *-1)
struct Invalidation {
  bool all = false;
  std::vector<std::string_view> keys;
};
// None: the push is about something else. One that cannot be understood means all.
std::optional<Invalidation> ParseInvalidation(std::string_view push);

}  // namespace keyhole::core
