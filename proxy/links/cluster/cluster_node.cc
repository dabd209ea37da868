#include "proxy/links/cluster/cluster_node.h"

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
  const int64_t up = pool.answers() ? 1 : 0;
  if (up < counts.up.Load()) counts.losses.Add();
  counts.up.Set(up);
  counts.latency_us.Set(pool.latency() / std::chrono::microseconds(1));
}

void ClusterNode::Leave(Instant now) {
  gone = true;
  last_wanted = now;
  pool.Stop();
  counts.known.Sub();
  if (counts.known.Load() > 0) return;  // it is still here as a replica, or as a master
  counts.up.Set(0);
  counts.slots.Set(0);
}

}  // namespace keyhole::core
