#include "proxy/store/commands/handlers.h"

namespace keyhole::store {

bool Call::Wait(std::span<const std::string_view> keys, UnixMillis deadline, WakeOn wake_on) {
  if (client.transaction.open) return false;  // EXEC runs it
  if (client.wait != nullptr) {
    client.wait->goes_on = true;
    return true;
  }
  engine.waiting.Add(client, {&spec, std::vector<std::string>(args.begin(), args.end())}, keys,
                     deadline, wake_on);
  return true;
}

// Not reached yet: notify-keyspace-events cannot be set.
void Call::EmitWanted(EventClass, std::string_view, std::string_view) const {}

}  // namespace keyhole::store
