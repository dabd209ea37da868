// Settings that the store does not obey itself: sessions and whoever accepts clients do. CONFIG SET
// changes them.
//
// Thread: read from any, without a lock.
#pragma once

#include <atomic>
#include <cstdint>

namespace keyhole::store {

struct LiveSettings {
  std::atomic<int64_t> idle_timeout{0};  // milliseconds of silence; 0: any
  std::atomic<int64_t> max_clients{0};   // connected at the same time
  std::atomic<bool> asks_password{false};
};

}  // namespace keyhole::store
