// DEBUG SLEEP.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"

namespace keyhole::store::handlers {

// Keeps this worker, and whoever waits for the same keys, from doing anything: tests of time-outs
// want that.
void Debug(Call& call) {
  if (call.args.size() != 3 || !call.Is(1, "SLEEP")) return WrongSubcommand(call, "DEBUG");
  constexpr double kLongest = 24 * 3600;
  const double seconds = std::strtod(std::string(call.args[2]).c_str(), nullptr);
  if (seconds > 0) {
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(seconds, kLongest)));
  }
  call.reply.Ok();
}

}  // namespace keyhole::store::handlers
