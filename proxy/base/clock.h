// What time it is, for all that happens in one turn of a worker's loop. Time is an argument here:
// nobody below the edge asks the system for it.
//
// Thread: its worker's.
#pragma once

#include <chrono>
#include <cstdint>

namespace keyhole::core {

using Instant = std::chrono::steady_clock::time_point;

struct Clock {
  Instant now{};
  int64_t unix_now = 0;  // milliseconds since 1970

  // Reads the system's clocks. Once per turn is enough.
  void ReadClock();
};

}  // namespace keyhole::core
