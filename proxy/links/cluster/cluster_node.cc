#include "proxy/links/cluster/cluster_node.h"

#include <utility>

namespace keyhole::core {

ClusterNode::ClusterNode(LinkContext& context, LinkPool::Options options)
    : endpoint(options.endpoint),
      reads_only(options.reads_only),
      counts(context.metrics.nodes.At(endpoint.ToString())),
      pool(context, std::move(options)),
      last_wanted(context.now) {
  counts.known.Add();
}

void ClusterNode::Tick() {
  pool.Tick();
  Show();
}

void ClusterNode::Show() {
  const bool up = pool.answers();
  const bool was_up = std::exchange(shown_up_, up);
  if (up && !was_up) counts.up.Add();
  if (was_up && !up) {
    counts.up.Sub();
    counts.losses.Add();
  }
  counts.latency_us.Set(pool.latency() / std::chrono::microseconds(1));
}

void ClusterNode::Leave(Instant now) {
  gone = true;
  last_wanted = now;
  pool.Stop();
  counts.known.Sub();
  if (std::exchange(shown_up_, false)) counts.up.Sub();
  if (counts.known.Load() > 0) return;  // it is still here as a replica, or as a master
  counts.slots.Set(0);
}

}  // namespace keyhole::core
