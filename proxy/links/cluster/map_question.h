// What a node is asked of its cluster: CLUSTER SLOTS and CLUSTER INFO, in one write, over a link
// that sessions use, too.
//
// Owner: the Cluster, and the link while it awaits the replies. Thread: the worker's.
#pragma once

#include <cassert>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/links/cluster/cluster_node.h"
#include "proxy/links/cluster/topology.h"
#include "proxy/links/requester.h"

namespace keyhole::core {

class MapQuestion final : public Requester {
 public:
  using Done = std::function<void(MapQuestion&)>;

  MapQuestion(ClusterNode& node, Done done) : node_(&node), done_(std::move(done)) {}

  void Send(const SessionState& state, Instant now);
  // Nobody wants to know any more.
  void Abandon() { closed_ = true; }

  ClusterNode& node() const { return *node_; }
  // None: there was no answer, or none that makes sense.
  const std::optional<Topology>& topology() const { return topology_; }

  bool OnReplyBytes(ReplySlot slot, std::string_view bytes) override;
  resp::ByteQueue& output() override { return output_; }
  void OnOutput(size_t) override { assert(false); }  // nobody answers here at once
  bool output_is_long() const override { return false; }
  void OnEffect(resp::Effect, const StateChange*, const resp::ReplyHead&) override {}
  void OnReplyEnd(const Exchange& exchange, const resp::ReplyHead& head) override;
  ReplySlot OnPushBegin(const Link&) override { return kStraight; }
  void OnPushEnd(ReplySlot) override {}
  void OnLinkLost() override;
  void OnLinkIsYours(Link&) override {}
  void OnLinkMoved(Link&) override {}
  void OnLinkRefused(std::string_view) override { OnLinkLost(); }
  void OnLinkEnded() override { OnLinkLost(); }
  void OnLinkDown() override {}

 private:
  // The two requests, by the places of their replies.
  static constexpr ReplySlot kSlots = 1;
  static constexpr ReplySlot kInfo = 2;

  void Say(Link& link, resp::CommandId id, ReplySlot slot, Instant now);

  const boost::intrusive_ptr<ClusterNode> node_;
  const Done done_;
  std::string slots_;
  std::string info_;
  std::optional<Topology> topology_;
  resp::ByteQueue output_;  // of no use
};

}  // namespace keyhole::core
