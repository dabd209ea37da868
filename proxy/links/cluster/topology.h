// What a node says of its cluster: which master serves which slots, and where.
//
// Read from the replies to CLUSTER SLOTS and CLUSTER INFO, which all versions since 3.0 have and
// which a node that has just taken over a slot answers rightly (CLUSTER SHARDS of 7.0 to 7.2.5
// forgets the slots of a shard after a failover).
//
//     *2                              ranges
//       *4
//         :0  :5460                   from, to
//         *4 host port id metadata    the master
//         *4 host port id metadata    a replica ...
//
// A host is an address, a name, or one of three forms of "where you asked": empty, null, "?".
//
// Thread: any; plain values and pure functions. Nothing throws, whatever the bytes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/base/endpoint.h"
#include "proxy/links/cluster/slots.h"

namespace keyhole::core {

struct Topology {
  static constexpr uint16_t kNobody = 0xffff;

  std::vector<Endpoint> masters;            // those with slots, each once
  std::array<uint16_t, kSlotCount> owners;  // an index of `masters`, or kNobody
  struct Replica {
    Endpoint endpoint;
    uint16_t master = 0;  // an index of `masters`
  };
  std::vector<Replica> replicas;  // each once
  size_t covered = 0;             // slots that somebody serves
  uint64_t epoch = 0;  // cluster_current_epoch: of two views the one with the higher is newer
};

// asked: the node that says it. None if the reply is an error or not of this form.
std::optional<Topology> ReadClusterSlots(std::string_view reply, const Endpoint& asked);
// cluster_current_epoch in the reply to CLUSTER INFO; 0 if it is not there.
uint64_t ReadClusterEpoch(std::string_view reply);

// "10.0.0.1:6379", "::1:6379", "db-1:6379", ":6379", "?:6379": what MOVED and ASK name, where an
// IPv6 address has no brackets. None if there is no port in it.
std::optional<Endpoint> ReadNodeAddress(std::string_view text, const Endpoint& asked);

}  // namespace keyhole::core
