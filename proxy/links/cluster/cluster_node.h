// One node of a cluster, as a worker sees it: where it is, and the links to it.
//
// Owner: the Cluster; whoever sends there holds it, too. Thread: the worker's.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <utility>

#include "proxy/base/clock.h"
#include "proxy/base/endpoint.h"
#include "proxy/links/upstream/link_pool.h"

namespace keyhole::core {

class ClusterNode : public boost::intrusive_ref_counter<ClusterNode, boost::thread_unsafe_counter> {
 public:
  ClusterNode(LinkContext& context, LinkPool::Options options)
      : endpoint(options.endpoint), pool(context, std::move(options)) {}

  const Endpoint endpoint;
  LinkPool pool;
  bool listed = false;    // it serves slots
  bool gone = false;      // its links are closed for good
  Instant last_wanted{};  // not listed: since then; gone: since then
};

}  // namespace keyhole::core
