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
  ShowUp(pool.answers());
  counts.latency_us.Set(pool.latency() / std::chrono::microseconds(1));
}

void ClusterNode::ShowUp(bool up) {
  if (std::exchange(up_, up) == up) return;
  if (up) return counts.up.Add();
  counts.up.Sub();
  counts.losses.Add();
}

void ClusterNode::Leave(Instant now) {
  gone = true;
  last_wanted = now;
  pool.Stop();
  counts.known.Sub();
  if (std::exchange(up_, false)) counts.up.Sub();
  if (!reads_only) counts.slots.Set(0);
}

}  // namespace keyhole::core
