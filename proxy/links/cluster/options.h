// What a person can set of a Redis Cluster behind the proxy.
//
// Thread: any; a plain value.
#pragma once

#include <chrono>
#include <cstdint>

namespace keyhole::core {

// Where reads go. kPrefer: to a replica of their slot's master, if one can be reached, else to the
// master. kOnly: to replicas alone.
enum class ReplicaReads : uint8_t { kOff, kPrefer, kOnly };

// What clients are shown: one Redis without cluster support, or a cluster of one node, which is the
// proxy.
enum class ClusterFacade : uint8_t { kRedis, kCluster };

struct ClusterOptions {
  // MGET, MSET, DEL, UNLINK, EXISTS and TOUCH of keys in several slots become a request for each
  // slot. false: they are refused, as a node does.
  bool split = true;
  ReplicaReads replica_reads = ReplicaReads::kOff;
  ClusterFacade facade = ClusterFacade::kRedis;
  std::chrono::milliseconds refresh{5000};  // how often the slot map is asked for unprompted; > 0

  bool operator==(const ClusterOptions&) const = default;
};

}  // namespace keyhole::core
