// The replicas that answer reads (--replica-reads), with the links to them, on which READONLY has
// been said. A node that is a master as well for a moment has other links for that, so that nothing
// but reads ever goes over these.
//
//     map: r1, r2 of m1    m1 --> r1 | r2      which, the session's number says: it stays with one
//                                              replica as long as that can be reached
//     r1 is told of no more (it has failed, or is a master now): no more reads, closed a second
//     later, so that what is in flight there is answered
//
// Owner: the Cluster. Thread: the worker's.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "proxy/links/cluster/cluster_node.h"
#include "proxy/links/link_context.h"

namespace keyhole::core {

class Readers {
 public:
  using NodePtr = boost::intrusive_ptr<ClusterNode>;
  using Make = std::function<NodePtr(const Endpoint&)>;

  Readers(LinkContext& context, Make make) : context_(context), make_(std::move(make)) {}

  // The map is new: replicas, each with its master.
  void Follow(const std::vector<std::pair<Endpoint, const ClusterNode*>>& replicas);
  // The one that this master's reads go to. Null: none can be reached.
  ClusterNode* Of(const ClusterNode& master, uint64_t number) const;

  // Gives those that it has closed.
  void Tick(std::vector<NodePtr>* closed);
  bool Watch();
  void Obey(const UpstreamOptions& options);
  void Stop();

 private:
  struct Reader {
    NodePtr node;
    const ClusterNode* master = nullptr;  // only compared; null: it gets no more reads
  };

  LinkContext& context_;
  const Make make_;
  std::vector<Reader> readers_;
};

}  // namespace keyhole::core
