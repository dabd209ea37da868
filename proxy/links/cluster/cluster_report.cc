// What a cluster tells people of itself.
#include <algorithm>
#include <utility>

#include "proxy/links/cluster/cluster.h"

namespace keyhole::core {
namespace {

using Owners = std::array<ClusterNode*, kSlotCount>;

// Of the slots that this node serves.
void AddSlots(const Owners& owners, const ClusterNode& node, NodeInfo* info) {
  for (size_t slot = 0; slot < kSlotCount;) {
    if (owners[slot] != &node) {
      ++slot;
      continue;
    }
    const size_t first = slot;
    while (slot < kSlotCount && owners[slot] == &node) ++slot;
    info->slots += slot - first;
    info->ranges.append(info->ranges.empty() ? "" : ", ").append(std::to_string(first));
    if (slot - first > 1) info->ranges.append("-").append(std::to_string(slot - 1));
  }
}

}  // namespace

std::vector<NodeInfo> Cluster::Nodes() const {
  std::vector<NodeInfo> all;
  for (const NodePtr& node : masters_) {
    NodeInfo info{.address = node->endpoint.ToString(), .role = NodeInfo::Role::kMaster};
    info.state = node->pool.answers() ? NodeInfo::State::kUp : NodeInfo::State::kAway;
    info.latency = node->pool.latency();
    AddSlots(owners_, *node, &info);
    all.push_back(std::move(info));
  }
  for (const auto& [replica, master] : replicas_) {
    all.push_back({.address = replica.ToString(),
                   .role = NodeInfo::Role::kReplica,
                   .master = master.ToString()});
  }
  return all;
}

std::optional<KeyPlace> Cluster::PlaceOf(std::string_view key) const {
  const Slot slot = SlotOf(key);
  const ClusterNode* const owner = owners_[slot];
  return KeyPlace{.slot = slot, .node = owner == nullptr ? "" : owner->endpoint.ToString()};
}

}  // namespace keyhole::core
