#include "proxy/store/commands/handlers.h"

namespace keyhole::store {

bool Call::Wait(std::span<const std::string_view> keys, UnixMillis deadline) {
  if (client.transaction.open) return false;  // EXEC runs it
  if (client.wait != nullptr) {
    client.wait->goes_on = true;
    return true;
  }
  engine.waiting.Add(client, {&spec, std::vector<std::string>(args.begin(), args.end())}, keys,
                     deadline);
  return true;
}

void Call::EmitWanted(EventClass, std::string_view event, std::string_view key) const {
  engine.events.Add(client.database, event, key);
}

void Call::Miss(std::string_view key) const {
  ++client.stats.misses;
  Emit(EventClass::kMiss, "keymiss", key);
}

}  // namespace keyhole::store
