// MEMORY: what keys take.
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"

namespace keyhole::store::handlers {

// What the key takes here; samples are not needed, as objects know what they weigh.
void MemoryUsage(Call& call) {
  for (size_t i = 3; i < call.args.size(); i += 2) {
    int64_t samples = 0;
    if (!call.Is(i, "SAMPLES") || i + 1 == call.args.size()) {
      return call.reply.Error(kSyntaxError);
    }
    if (!IntegerArgument(call, i + 1, &samples)) return;
    if (samples < 0) return call.reply.Error(kSyntaxError);
  }
  const Entry* const slot = call.Peek(call.args[2]);
  if (slot == nullptr) return call.reply.Null();
  call.reply.Integer(static_cast<int64_t>(call.db().MemoryOf(*slot) + sizeof(Entry)));
}

void MemoryHelp(Call& call) {
  constexpr std::string_view kLines[] = {"PURGE", "    Accepted; there is nothing to be purged.",
                                         "USAGE <key> [SAMPLES <count>]",
                                         "    Return memory in bytes used by <key> and its value."};
  Help(call, kLines);
}

void MemoryPurge(Call& call) {
  call.reply.Ok();
}

}  // namespace keyhole::store::handlers
