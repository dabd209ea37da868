// What a person can set of the clients.
//
// Thread: any; a plain value.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "proxy/base/endpoint.h"

namespace keyhole::core {

// What Redis is told to call a connection that is one client's own. kOwn: what the client says.
// kForward: its address too, "billing@10.0.0.7:50312".
enum class ClientNames : uint8_t { kOwn, kForward };

struct ClientOptions {
  uint32_t max = 10000;                       // over all workers; 1..1000000
  uint64_t output_limit = 256ULL << 20;       // bytes waiting for one client; 0: no limit
  std::chrono::milliseconds idle_timeout{0};  // 0: never
  uint32_t max_per_address = 0;               // connections; 0: no limit of its own
  uint64_t rate = 0;                          // requests a second of one address; 0: no limit
  uint64_t memory = 0;                        // bytes of all clients' buffers; 0: no limit
  ClientNames names = ClientNames::kOwn;
  bool allow_shutdown = false;    // false: SHUTDOWN is refused
  std::vector<std::string> deny;  // commands and categories, as in "config|set"
  bool read_only = false;         // and all that writes
  std::string sentinel_name;  // SENTINEL is answered: the master of this name is the proxy; empty:
                              // it is not
  Endpoint sentinel_address;  // ... at this address; port 0: where the client has reached us

  bool operator==(const ClientOptions&) const = default;
};

}  // namespace keyhole::core
