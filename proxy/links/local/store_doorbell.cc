#include "proxy/links/local/store_doorbell.h"

namespace keyhole::core {

void StoreDoorbell::Ring(uint64_t client) {
  post_([this, client] { Answer(client); });
}

// The client may have gone meanwhile.
void StoreDoorbell::Answer(uint64_t client) {
  const auto it = listeners_.find(client);
  if (it != listeners_.end()) it->second->OnRing();
}

}  // namespace keyhole::core
