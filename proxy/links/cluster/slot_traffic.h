// A session's requests over links that it shares with others: which node each goes to, and in which
// order.
//
// The rule that keeps two requests of one session on one key in order, whatever moves meanwhile:
// all that is in flight of one slot is on one link, and behind a request that was refused nothing
// of its slot is sent before it.
//
//     r1 SET k 1 --> old owner, slow       in flight of the slot: r1, on link A
//     MOVED of another request: the slot is at B now
//     r2 SET k 2     waits                 as r1 is on link A
//     r1: -MOVED     waits again, first    in flight: nothing, so r1 --> B, r2 --> B
//
// What was sent behind a refused request of its slot is answered first. If one of these has a key
// in common with it and has run (the slot came back), the refused one may not run any more: its
// client is told TRYAGAIN.
//
// Reads may go to a replica (--replica-reads). The rule holds all the same: a read that is behind a
// write which is not answered goes to the master, too, or waits. A replica that refuses a read is
// asked no more for it, unless only replicas may be.
//
// A refusal is followed 16 times and for as long as --upstream-wait says; then it is the reply, but
// MOVED and ASK are TRYAGAIN, as they would send clients past the proxy.
//
// Owner: the ClusterLink. Thread: the worker's. Cost: a look-up in a hash table of slots in flight
// for each request and each reply.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "proxy/links/cluster/cluster.h"
#include "proxy/links/cluster/ear.h"
#include "proxy/links/cluster/part.h"
#include "proxy/links/cluster/refusal.h"
#include "proxy/links/link_context.h"

namespace keyhole::core {

inline constexpr std::string_view kTryAgainReply =
    "-TRYAGAIN Multiple keys request during rehashing of slot\r\n";
inline constexpr std::string_view kCrossSlotReply =
    "-CROSSSLOT Keys in request don't hash to the same slot\r\n";
inline constexpr std::string_view kNotServedReply = "-CLUSTERDOWN Hash slot not served\r\n";

class SlotTraffic {
 public:
  // All of them outlive this. number: of the session, spreads what has no key over the masters.
  SlotTraffic(LinkContext& context, Cluster& cluster, PartQueue& parts,
              std::chrono::milliseconds wait, uint64_t number);

  void set_ear(Ear& ear) { ear_ = &ear; }
  void set_state(const SessionState& state) { state_ = state; }

  // A part is there.
  void Begin(ReplySlot id);
  // Its reply is whole, in Part::reply. It is done then, or waits to be sent again.
  void OnReply(ReplySlot id);
  // Time has passed, or the map has changed.
  void OnTurn();
  // Parts that wait.
  size_t waiting() const { return waiting_; }
  // The link that was written to last has a long queue.
  bool link_is_full() const { return last_ != nullptr && last_->is_full(); }

  // What a refusal means for a part, of whichever path: it is to be sent again, later or elsewhere.
  // False: it is the reply.
  bool NoteRefusal(Part& part);
  // The part cannot be sent in time: its reply is its last refusal, if there was one.
  void SetLastWord(Part& part);
  bool expired(const Part& part) const { return context_.now >= part.since + wait_; }

 private:
  struct Use {
    boost::intrusive_ptr<UpstreamLink> link;  // where all that is in flight is
    uint32_t in_flight = 0;
    // Null: nothing is in flight.
    const UpstreamLink* busy() const { return in_flight > 0 ? link.get() : nullptr; }
    ReplySlot last = kStraight;      // that was sent, if any is in flight
    std::vector<ReplySlot> waiting;  // in their order
  };

  ClusterNode* NodeFor(const Part& part, const UpstreamLink* busy) const;
  UpstreamLink* LinkFor(Part& part, const UpstreamLink* busy = nullptr);
  bool NoteReplicaRefusal(Part& part, Refusal::Kind kind);
  void Send(ReplySlot id, Part& part, UpstreamLink& link);
  void Pump(Slot slot);
  bool PumpOne(Use& use);
  void PumpLoose();
  void FailOvertaken(Use& use, ReplySlot ran);
  bool ShareKey(Part& a, Part& b);
  void GiveUp(ReplySlot id);
  void Delay(Part& part, Refusal::Kind kind);

  LinkContext& context_;
  Cluster& cluster_;
  PartQueue& parts_;
  const std::chrono::milliseconds wait_;
  const uint64_t number_;
  Ear* ear_ = nullptr;
  SessionState state_;
  absl::flat_hash_map<Slot, Use> uses_;  // of slots with parts that are not answered
  std::vector<ReplySlot> loose_;         // without a slot, that wait
  size_t waiting_ = 0;
  boost::intrusive_ptr<UpstreamLink> last_;
};

}  // namespace keyhole::core
