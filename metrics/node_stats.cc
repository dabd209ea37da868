#include "metrics/node_stats.h"

#include <algorithm>

namespace keyhole::metrics {
namespace {

constexpr std::string_view kOther = "__other__";

NodeCounts& CountsOf(const std::string& address, std::vector<NodeCounts>* all) {
  const auto at = std::lower_bound(
      all->begin(), all->end(), address,
      [](const NodeCounts& counts, const std::string& text) { return counts.address < text; });
  if (at != all->end() && at->address == address) return *at;
  return *all->insert(at, NodeCounts{.address = address, .up = true});
}

}  // namespace

NodeCell& NodeStats::At(std::string_view address) {
  const std::lock_guard lock(mutex_);
  const auto found = cells_.find(address);
  if (found != cells_.end()) return *found->second;
  const std::string_view name = cells_.size() < kMost ? address : kOther;
  std::unique_ptr<NodeCell>& cell = cells_[std::string(name)];
  if (cell == nullptr) cell = std::make_unique<NodeCell>();
  return *cell;
}

void NodeStats::AddTo(std::vector<NodeCounts>* to) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [address, cell] : cells_) {
    if (cell->known.Load() == 0) continue;
    NodeCounts& counts = CountsOf(address, to);
    counts.up = counts.up && cell->up.Load() >= cell->known.Load();
    counts.slots = std::max(counts.slots, cell->slots.Load());
    counts.latency_us = std::max(counts.latency_us, cell->latency_us.Load());
    counts.requests += cell->requests.Load();
    counts.refusals += cell->refusals.Load();
    counts.losses += cell->losses.Load();
  }
}

}  // namespace keyhole::metrics
