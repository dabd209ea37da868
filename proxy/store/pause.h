// CLIENT PAUSE: until when which commands are held, and whose.
//
//     CLIENT PAUSE 1000 WRITE
//     SET k v  (client 7)    is held: [ 7 ], as if it waited for a key
//     the time is up, or CLIENT UNPAUSE: the commands run, in the order in which they came
//
// Thread: changed under all locks of the store; `until` is read without any.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "proxy/store/options.h"

namespace keyhole::store {

struct Pause {
  std::atomic<UnixMillis> until{0};  // 0: there is none
  bool all = false;                  // not only what writes
  std::vector<uint64_t> held;        // clients, by id, in order

  bool active() const { return until.load(std::memory_order_relaxed) != 0; }
  // A second pause makes the first one neither shorter nor milder.
  void Begin(UnixMillis end, bool everything) {
    all = (active() && all) || everything;
    until = std::max(until.load(), end);
  }
  void End() {
    until = 0;
    all = false;
  }
};

}  // namespace keyhole::store
