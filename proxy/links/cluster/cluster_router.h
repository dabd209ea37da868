// The router in front of a Redis Cluster: each session has a link of its own that leads to all of
// the nodes.
//
// Thread: the worker's.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "proxy/links/cluster/cluster.h"
#include "proxy/links/router.h"

namespace keyhole::core {

class ClusterRouter final : public Router {
 public:
  // Both outlive this.
  // wait: of the options, which outlive this and may change.
  ClusterRouter(LinkContext& context, Cluster& cluster, const std::chrono::milliseconds& wait)
      : context_(context), cluster_(cluster), wait_(wait) {}

  Route Choose(const Exchange& exchange, const resp::Request& request, const Asking& asking,
               Attachment* at) override;
  // The session stays: its link gives back by itself what it does not need.
  void Release(Attachment*) override {}
  const std::string& refusal() const override { return refusal_; }
  resp::RequestLimits limits() const override;
  bool in_process() const override { return false; }
  bool asks_password() const override { return cluster_.asks_password(); }
  bool up() const override { return cluster_.up(); }

 private:
  LinkContext& context_;
  Cluster& cluster_;
  const std::chrono::milliseconds& wait_;
  uint64_t sessions_ = 0;
  std::string refusal_;
};

}  // namespace keyhole::core
