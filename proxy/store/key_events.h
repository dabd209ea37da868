// The classes of keyspace events, and who wants to be told (notify-keyspace-events).
//
// A handler says what it has done to a key by Call::Emit(), in Redis' words and in Redis' order,
// after it has changed the key. Source: redis 7.0.15 notify.c and its callers.
//
// Thread: wanted() is read under any lock of the store and changed under all of them.
#pragma once

#include <cstdint>

namespace keyhole::store {

// A bit each; the letter is that of notify-keyspace-events.
enum class EventClass : uint32_t {
  kGeneric = 1 << 0,    // g
  kString = 1 << 1,     // $
  kList = 1 << 2,       // l
  kSet = 1 << 3,        // s
  kHash = 1 << 4,       // h
  kSortedSet = 1 << 5,  // z
  kExpired = 1 << 6,    // x
  kEvicted = 1 << 7,    // e
  kStream = 1 << 8,     // t
  kMiss = 1 << 9,       // m, not part of A
  kNew = 1 << 10,       // n, not part of A
};

class KeyEvents {
 public:
  bool wants(EventClass kind) const { return (wanted_ & static_cast<uint32_t>(kind)) != 0; }

 private:
  uint32_t wanted_ = 0;
};

}  // namespace keyhole::store
