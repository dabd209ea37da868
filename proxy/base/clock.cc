#include "proxy/base/clock.h"

namespace keyhole::core {

void Clock::ReadClock() {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  now = std::chrono::steady_clock::now();
  unix_now =
      duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace keyhole::core
