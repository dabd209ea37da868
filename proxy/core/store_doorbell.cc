#include "proxy/core/store_doorbell.h"

#include "proxy/core/store_link.h"
#include "proxy/core/worker_state.h"

namespace keyhole::core {

void StoreDoorbell::Ring(uint64_t client) {
  worker_.post([this, client] { Answer(client); });
}

// The client may have gone meanwhile.
void StoreDoorbell::Answer(uint64_t client) {
  const auto it = links_.find(client);
  if (it != links_.end()) it->second->DeliverMessages();
}

}  // namespace keyhole::core
