// A session's requests over connections of its own: what waits, what listens, what is not in the
// table, and transactions. Only one of them is under way at a time, but for those of a transaction.
//
// MULTI is answered here and held back until the node is known, by the first key after it:
//
//     kNone --MULTI--> kHeld --a request--> kOpening --+OK--> kOpen --EXEC, DISCARD--> kNone
//                        ^                                      |
//                        '---- refused: all of it once more ----'
//                        kHeld, kOpening, kOpen --cannot be sent in time--> kBroken --EXEC--> kNone
//
// A node that refuses one of its requests, or EXEC, has carried out none of them. So MULTI and all
// behind it are said again, where the refusal leads; what the client has been told already is not
// told again. That cannot be done with keys that are watched: their values may have changed on the
// way. Then the transaction fails, as if they had.
//
// Owner: the ClusterLink. Thread: the worker's.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/links/cluster/cluster.h"
#include "proxy/links/cluster/ear.h"
#include "proxy/links/cluster/part.h"
#include "proxy/links/cluster/slot_traffic.h"
#include "proxy/links/link_context.h"

namespace keyhole::core {

class PrivateTraffic {
 public:
  // All of them outlive this.
  PrivateTraffic(LinkContext& context, Cluster& cluster, PartQueue& parts, SlotTraffic& shared,
                 Ear::Listener& listener, const SessionState& state, uint64_t number);

  // Between MULTI and EXEC.
  bool queueing() const { return multi_ != Multi::kNone && !ending_; }
  bool watching() const { return watching_; }
  bool busy() const { return !waiting_.empty() || in_flight() > 0; }
  bool waiting() const { return !waiting_.empty(); }
  // It has connections that stay.
  bool holds() const;
  bool any_link() const;

  // MULTI has been taken.
  void BeginMulti() { multi_ = Multi::kHeld; }
  // A part is there. REQUIRES: not busy(), or queueing().
  void Begin(ReplySlot id);
  // Its reply is whole, in Part::reply.
  void OnReply(Ear& ear, ReplySlot id, const resp::ReplyHead& head);
  void OnTurn() { Pump(); }
  // Gives back the connections that are not needed any more.
  void Release();
  void set_state(const SessionState& state);
  void Resume();
  // On the connection of what waits, or of what listens. False: there is none.
  bool EndInput();
  void Finish();
  void Close();

 private:
  enum class Multi : uint8_t { kNone, kHeld, kOpening, kOpen, kBroken };
  static constexpr ReplySlot kOfMulti = UINT64_MAX - 1;  // the place of MULTI's reply

  Ear& EarFor(Path path);
  Ear& OpaqueEarAt(ClusterNode& node);
  size_t in_flight() const;
  bool keeps(const Ear& ear) const;
  ClusterNode* NodeFor(const Part& part) const;
  void Pump();
  bool PumpOne(ReplySlot id);
  bool PumpOwn(ReplySlot id, Part& part);
  ClusterNode* OwnNode();
  bool AwaitNode(ReplySlot id, Part& part);
  bool EndBroken(ReplySlot id, Part& part);
  bool End(ReplySlot id, std::string_view reply);
  void Send(ReplySlot id, Part& part, Ear& ear);
  void SaySilently(Ear& ear, std::string_view bytes, const resp::CommandSpec& spec, ReplySlot slot);
  void SayWord(Ear& ear, resp::CommandId id, ReplySlot slot = kStraight);
  void Hold(ReplySlot id);
  void OnOwnReply(Ear& ear, ReplySlot id);
  bool OnOwnRefusal(Ear& ear, ReplySlot id, Part& part);
  void OnMultiReply(Ear& ear, const resp::ReplyHead& head);
  void Restart(bool asking);
  void EndMulti();
  void Break();

  LinkContext& context_;
  Cluster& cluster_;
  PartQueue& parts_;
  SlotTraffic& shared_;
  Ear::Listener& listener_;
  SessionState state_;
  const uint64_t number_;
  std::vector<boost::intrusive_ptr<Ear>> ears_;
  std::vector<ReplySlot> waiting_;  // in their order
  Multi multi_ = Multi::kNone;
  bool ending_ = false;      // EXEC or DISCARD is on its way
  bool watching_ = false;    // WATCH has been carried out
  bool restart_ = false;     // as soon as nothing of it is in flight
  bool asking_ = false;      // ASKING goes before MULTI
  Slot own_slot_ = kNoSlot;  // of the keys of the transaction, or of those watched
  boost::intrusive_ptr<ClusterNode> own_node_;  // goes there, whatever the map says; null: by it
  std::vector<std::string> said_;  // requests behind MULTI whose replies the client has
};

}  // namespace keyhole::core
