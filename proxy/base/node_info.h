// What there is to say, for people, of what stands behind the proxy.
//
// Thread: any; plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace keyhole::core {

struct NodeInfo {
  std::string address = {};  // "10.0.0.1:6379"
  // kSole: it is one Redis and no cluster.
  enum class Role : uint8_t { kSole, kMaster, kReplica };
  Role role = Role::kSole;
  std::string master = {};  // of a replica: the address of its master
  size_t slots = 0;         // of a master
  std::string ranges = {};  // the same in words: "0-5460, 9000"
  // kUnasked: there is no link to it.
  enum class State : uint8_t { kUp, kAway, kUnasked };
  State state = State::kUnasked;
  std::chrono::nanoseconds latency{};  // of late; 0: nothing has been answered
};

// Where a key is.
struct KeyPlace {
  int slot = 0;
  std::string node;  // empty: nobody serves the slot
};

}  // namespace keyhole::core
