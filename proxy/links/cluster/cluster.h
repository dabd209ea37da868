// What a worker knows of a Redis Cluster: its masters with the links to them, and which slot is
// where.
//
//     seeds --connected--> CLUSTER SLOTS, CLUSTER INFO --> masters, owners_
//                              ^
//          at start, when a master is lost, 50 ms after a MOVED, every --cluster-refresh
//
// One question is under way at a time, and there are 100 ms between two, doubling to 1 s while the
// answers bring nothing new: a storm of MOVED makes one. A MOVED itself changes the owner of its
// slot at once. Each question goes to another node. An answer with a lower epoch than an earlier
// one is from a node that has not heard yet; the third in a row is believed.
//
// A node is known by its address. One that has lost its slots is left alone for a second, then its
// links are closed, and the sessions with requests there: a master that comes back after another
// one has taken its place would carry out what waited in its socket, and that would be lost. With
// no node left that can be reached the seeds are tried again, by name.
//
// Thread: the worker's.
#pragma once

#include <array>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/links/cluster/cluster_node.h"
#include "proxy/links/cluster/options.h"
#include "proxy/links/cluster/slots.h"
#include "proxy/links/cluster/topology.h"
#include "proxy/links/upstream/link_set.h"

namespace keyhole::core {

class MapQuestion;
class Readers;

class Cluster final : public LinkSet {
 public:
  using NodePtr = boost::intrusive_ptr<ClusterNode>;

  // Who waits for time to pass, or for another map.
  class Waiter {
   public:
    virtual void OnClusterTurn() = 0;

   protected:
    ~Waiter() = default;
  };

  // links: for each node, but for the endpoint. The options outlive this.
  Cluster(LinkContext& context, LinkPool::Options links, std::vector<Endpoint> seeds,
          const ClusterOptions& options);
  ~Cluster() override;

  void set_name(std::string name) override { links_.name = std::move(name); }
  void Obey(const UpstreamOptions& options) override;
  void Start(Connector& connector) override;
  void Stop() override;
  void Tick() override;
  bool Watch() override;
  std::vector<NodeInfo> Nodes() const override;
  std::optional<KeyPlace> PlaceOf(std::string_view key) const override;

  // Null: nobody serves the slot, as far as is known.
  ClusterNode* Owner(Slot slot) const { return owners_[slot]; }
  // Where what has this slot goes now, or what has none (kNoSlot), which `number` spreads over the
  // masters; `fixed` if it is not null. Null: it is not known, or cannot be reached now.
  ClusterNode* Reachable(ClusterNode* fixed, Slot slot, uint64_t number) const;
  // The replica that reads of this slot go to. Null: there is none that can be reached.
  ClusterNode* Reader(Slot slot, uint64_t number) const;
  // One that can be reached, the same for the same number as long as there are as many; else null.
  ClusterNode* AnyMaster(uint64_t number) const;
  // Those with slots, by their addresses. Empty: nothing is known yet.
  const std::vector<NodePtr>& masters() const { return masters_; }
  // Slots that somebody serves.
  size_t covered() const;
  // The node at this address. Null: there are too many already.
  ClusterNode* NodeAt(const Endpoint& endpoint);
  // A node has said MOVED.
  void OnMoved(Slot slot, const Endpoint& owner);
  // Something may have changed: it is asked soon.
  void Refresh();

  // Calls the waiter about every 5 ms, and when the map changes, until Forget().
  void Await(Waiter& waiter);
  void Forget(Waiter& waiter);

  bool up() const;  // all masters can be reached
  bool asks_password() const;
  const ClusterOptions& options() const { return options_; }

 private:
  NodePtr Make(const Endpoint& endpoint, bool reads_only);
  ClusterNode* Add(const Endpoint& endpoint);
  void OnNodeUp(ClusterNode& node, bool up);
  void Ask();
  ClusterNode* NextToAsk();
  void OnAnswer(MapQuestion& question);
  void OnNoAnswer();
  void Apply(const Topology& topology);
  void ApplyReplicas(const Topology& topology, const std::vector<ClusterNode*>& masters);
  void List(ClusterNode& node);
  void Unlist(ClusterNode& node);
  void SortMasters();
  void RefreshIfDue();
  void CloseUnlisted();
  void TrySeeds();
  void TellWaiters();
  void Show(size_t replicas);
  bool reachable() const;

  LinkContext& context_;
  LinkPool::Options links_;
  const std::vector<Endpoint> seeds_;
  const ClusterOptions& options_;
  Connector* connector_ = nullptr;                       // null: not started, or stopped
  std::vector<NodePtr> nodes_;                           // all that are not gone
  std::vector<NodePtr> masters_;                         // the listed ones of them, by address
  std::vector<std::pair<Endpoint, Endpoint>> replicas_;  // each with its master
  std::unique_ptr<Readers> readers_;                     // null: reads go to masters
  std::vector<NodePtr> gone_;                            // until nobody knows them any more
  std::array<ClusterNode*, kSlotCount> owners_{};
  bool known_ = false;  // owners_ has been told by a node
  uint64_t epoch_ = 0;
  int older_ = 0;                               // answers in a row with a lower epoch
  size_t next_ = 0;                             // of nodes_, to be asked
  boost::intrusive_ptr<MapQuestion> question_;  // null: none is under way
  Instant due_{};                               // of the next one
  Instant asked_{};                             // the last one
  std::chrono::milliseconds gap_;               // to be left between two
  Instant seeds_tried_{};
  std::string shown_;             // of the map, in the log
  std::vector<Waiter*> waiters_;  // null: has been forgotten meanwhile
};

}  // namespace keyhole::core
