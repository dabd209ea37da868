// How the store tells a client's own thread that there is something for the client.
#pragma once

#include <cstdint>

namespace keyhole::store {

// Rung when there is something for a client beside the replies of its requests: messages of its
// channels, the late reply of a request that waited, CLIENT KILL. One may serve many clients.
class Doorbell {
 public:
  // On the thread of whoever sent it, and under the store's lock: leave a note for the client's own
  // thread, where Store::TakeMessages() is to be called, and return.
  virtual void Ring(uint64_t client) = 0;

 protected:
  ~Doorbell() = default;
};

}  // namespace keyhole::store
