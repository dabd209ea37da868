// DEBUG SLEEP, and a SLOWLOG that is always empty, for tools that ask for it.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "proxy/core/store/handlers.h"
#include "proxy/core/store/replies.h"
#include "resp/number.h"

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

void SlowlogGet(Call& call) {
  if (call.args.size() > 3) return WrongSubcommand(call, "SLOWLOG");
  int64_t count = 0;
  if (call.args.size() == 3 && (!resp::ParseInteger(call.args[2], &count) || count < -1)) {
    return call.reply.Error("ERR count should be greater than or equal to -1");
  }
  call.reply.Array(0);
}

void SlowlogLen(Call& call) {
  call.reply.Integer(0);
}

void SlowlogReset(Call& call) {
  call.reply.Ok();
}

void SlowlogHelp(Call& call) {
  constexpr std::string_view kLines[] = {
      "GET [<count>]",
      "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
      "    Entries are made of:",
      "    id, timestamp, time in microseconds, arguments array, client IP and port,",
      "    client name",
      "LEN",
      "    Return the length of the slowlog.",
      "RESET",
      "    Reset the slowlog."};
  Help(call, kLines);
}

}  // namespace keyhole::store::handlers
