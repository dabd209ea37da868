// What the kernel says of this process: the numbers behind the usual process_* series.
//
// Thread: any.
#pragma once

#include <cstdint>

namespace keyhole::metrics {

// A number that cannot be read is 0.
struct ProcessInfo {
  double cpu_seconds = 0;  // user and system
  uint64_t resident_bytes = 0;
  uint64_t virtual_bytes = 0;
  uint64_t open_fds = 0;
  uint64_t max_fds = 0;           // the soft limit
  double start_time_seconds = 0;  // since 1970, UTC
};

// Reads /proc: some 50 us. For scrapes, not for the data path.
ProcessInfo ReadProcessInfo();

}  // namespace keyhole::metrics
