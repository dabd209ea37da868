// Which key goes when memory is full. The keys of one arena stand in two queues, linked through
// what the arena keeps with each (arena.h):
//
//     new key --> [ small ]--asked for twice or more--> [ main ] --not asked for since--> evicted
//                    |                                     |  ^
//                    +--> evicted; its fingerprint is kept |  +-- asked for: once more round, with
//                                      :                   +--^   one use less
//     key that was evicted lately -----+-----------------> [ main ]
//
// That is S3-FIFO (J. Yang and others, "FIFO queues are all you need for cache eviction", SOSP
// 2023): keys that come once, as in a scan, leave through the small queue, a tenth of all bytes,
// and do not disturb the others. A use costs a counter of two bits, no relinking. LRU is the main
// queue with each used key moved to its head, exact, not sampled.
//
// What a key's links keep for its queue is in 24 bits:
//
//     when it was last used, in seconds, 21 | in main 1 | uses 2
//
// So idle times are right for 21 days.
//
// Cost per key: 11 bytes of links in its block, 2 in the ghost set once keys are being evicted.
#pragma once

#include <cstddef>
#include <cstdint>

#include "proxy/store/keyspace/entry.h"
#include "proxy/store/keyspace/ghost_set.h"
#include "proxy/store/memory/arena.h"

namespace keyhole::store {

class EvictionQueues {
 public:
  explicit EvictionQueues(Arena& arena) : arena_(arena) {}
  EvictionQueues(const EvictionQueues&) = delete;
  EvictionQueues& operator=(const EvictionQueues&) = delete;

  // A new key. `hash` is EntryTable::Hash(key); now: in seconds, as below.
  void Add(Entry entry, uint64_t hash, Eviction policy, uint32_t now);
  void Remove(Entry entry);
  // The key has been asked for.
  void Used(Entry entry, Eviction policy, uint32_t now);
  // Seconds since then, if they are less than 21 days. 0 if it was used later than now: clocks are
  // set back.
  static uint32_t IdleTime(Entry entry, uint32_t now) {
    const uint32_t idle = (now - Arena::UseOf(entry.raw(), entry.size()) / kSecond) & kSeconds;
    return idle > kSeconds / 8 * 7 ? 0 : idle;
  }
  // It was used so many seconds before now.
  static void SetIdleTime(Entry entry, uint32_t idle, uint32_t now) {
    const uint32_t rest = Arena::UseOf(entry.raw(), entry.size()) & (kSecond - 1);
    Arena::SetUse(entry.raw(), entry.size(), ((now - idle) & kSeconds) * kSecond | rest);
  }
  // The entry's links have been copied to another place.
  void Moved(Entry entry);
  // The entry's weight has changed; Add() and Remove() do not know it.
  void Weigh(Entry entry, size_t before, size_t after);

  // The entry to evict; null if there is none. It stays where it is: Remove() follows.
  Entry Victim(Eviction policy);
  // It has been chosen and will go: the ghost set learns of it.
  void Remember(Entry victim, uint64_t hash, Eviction policy);
  void Clear();

  Arena::Handle HandleOf(Entry entry) const { return arena_.HandleOf(entry.raw(), entry.size()); }
  size_t memory() const { return ghosts_.memory(); }

 private:
  struct Queue {
    Arena::Handle head = Arena::kNone;
    Arena::Handle tail = Arena::kNone;
    size_t count = 0;
    size_t bytes = 0;
  };
  static constexpr uint32_t kUses = 3;  // the bits of Links::use that count
  static constexpr uint32_t kInMain = 4;
  static constexpr uint32_t kSecond = 8;  // one second in what is left of the bits
  static constexpr uint32_t kSeconds = (1U << 21) - 1;
  static constexpr uint32_t kPromoted = 2;   // uses that lead from small to main
  static constexpr size_t kSmallShare = 10;  // small is a tenth of all bytes
  static constexpr int kMaxSteps = 256;      // for one victim; bounds what one request may wait

  Queue& QueueOf(Arena::Links links) { return (links.use & kInMain) != 0 ? main_ : small_; }
  void Push(Arena::Handle handle, uint32_t use, size_t bytes);
  // Makes both neighbours, or the queue's ends, name `before` and `after` in an entry's place.
  void Bridge(Arena::Links links, Arena::Handle before, Arena::Handle after);
  void Unlink(Arena::Links links);
  void Requeue(Arena::Handle handle, Arena::Links links, uint32_t use);

  Arena& arena_;
  Queue small_;
  Queue main_;
  GhostSet ghosts_;
};

}  // namespace keyhole::store
