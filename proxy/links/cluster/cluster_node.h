// One node of a cluster, as a worker sees it: where it is, and the links to it.
//
// Owner: the Cluster; whoever sends there holds it, too. Thread: the worker's.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <utility>

#include "metrics/node_stats.h"
#include "proxy/base/clock.h"
#include "proxy/base/endpoint.h"
#include "proxy/links/upstream/link_pool.h"

namespace keyhole::core {

class ClusterNode : public boost::intrusive_ref_counter<ClusterNode, boost::thread_unsafe_counter> {
 public:
  ClusterNode(LinkContext& context, LinkPool::Options options);

  void Tick();
  // What people are shown of it.
  void Show();
  // Closes its links for good. Whoever has requests there is told that they are lost.
  void Leave(Instant now);

  const Endpoint endpoint;
  const bool reads_only;  // it is here as a replica, see readers.h
  metrics::NodeCell& counts;
  LinkPool pool;
  bool listed = false;  // it serves slots
  bool gone = false;    // its links are closed
  Instant last_wanted;  // not listed: since then; gone: since then

 private:
  bool shown_up_ = false;  // it is in counts.up, which another pool to the same address shares
};

}  // namespace keyhole::core
