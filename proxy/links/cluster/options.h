// What a person can set of a Redis Cluster behind the proxy.
//
// Thread: any; a plain value.
#pragma once

#include <chrono>

namespace keyhole::core {

struct ClusterOptions {
  // MGET, MSET, DEL, UNLINK, EXISTS and TOUCH of keys in several slots become a request for each
  // slot. false: they are refused, as a node does.
  bool split = true;
  std::chrono::milliseconds refresh{5000};  // how often the slot map is asked for unprompted; > 0

  bool operator==(const ClusterOptions&) const = default;
};

}  // namespace keyhole::core
