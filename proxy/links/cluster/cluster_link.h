// A session's link to a Redis Cluster: to the session it is one Redis. Replies come in the order of
// the requests, and they are matched and counted here, once, by what the client has asked; what the
// nodes are asked in its place is counted nowhere else.
//
//     Session --requests--> ClusterLink --MakePlan--> PartQueue --+--> SlotTraffic ----> shared links
//        ^                      |                         ^        '--> PrivateTraffic -> links of
//        |                      |                         |                              its own
//        '------- Receive <-----'--- replies in order <---+--- Ear <------ replies ------'
//
// Requests are kept until they are answered, so they are taken whole: see ClusterRouter::limits().
// The part at the front streams, large replies of others wait here and count towards
// --client-output-limit.
//
// Thread: the worker's.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/links/cluster/cluster.h"
#include "proxy/links/cluster/ear.h"
#include "proxy/links/cluster/part.h"
#include "proxy/links/cluster/plan.h"
#include "proxy/links/cluster/private_traffic.h"
#include "proxy/links/cluster/slot_traffic.h"
#include "proxy/links/link.h"

namespace keyhole::core {

class ClusterLink final : public Link, private Ear::Listener, private Cluster::Waiter {
 public:
  // How a request can be taken.
  enum class Taking : uint8_t { kNow, kLater, kRefused };

  // wait: --upstream-wait. number: of the session.
  ClusterLink(LinkContext& context, Cluster& cluster, std::chrono::milliseconds wait,
              Requester& owner, const SessionState& state, uint64_t number);
  ~ClusterLink() override;

  // ---- for the router
  // kNow: Send() of this request comes next. kLater: earlier replies must come first. kRefused:
  // with refusal().
  Taking Consider(const Exchange& exchange, const resp::Request& request);
  const std::string& refusal() const { return refusal_; }

  // ---- for the session
  void Send(const resp::Request& request, Exchange&& pending) override;
  void SendMore(std::string_view) override {}
  bool is_full() const override;
  bool keeps_connections() const override { return private_.any_link(); }
  void set_state(const SessionState& state) override;
  void Resume() override { private_.Resume(); }
  bool EndInput() override { return private_.EndInput(); }
  void Finish() override;
  void Close() override;

 private:
  static constexpr size_t kMostKept = 4 * 1024 * 1024;  // of requests and replies, then no more
  static constexpr size_t kStreams = 16 * 1024;         // a longer reply goes on before its end

  PlanState Doing() const;
  bool MayGo(const Plan& plan) const;
  bool AwaitsMap(const Plan& plan);
  void Carry(const Plan& plan, const resp::Request& request, Part part);
  void CarrySplit(const Plan& plan, const resp::Request& request, const Part& part);
  void CarryToEvery(const Plan& plan, const resp::Request& request, const Part& part);
  void CarryScan(const Plan& plan, const resp::Request& request, Part part);
  void CarryOne(const Plan& plan, const resp::Request& request, Part part);
  void AnswerHere(Part part, std::string_view reply);
  void Begin(ReplySlot id);
  void Advance();
  bool Emit(std::string_view bytes);
  void NoteKept(std::string_view bytes);
  void AwaitTurns();

  // ---- of the ears
  void OnPartBytes(ReplySlot id, std::string_view bytes) override;
  void OnPartEnd(Ear& ear, ReplySlot id, const resp::ReplyHead& head) override;
  void OnSilentReply() override;
  void OnMessage(std::string_view bytes) override;
  void OnLost() override;
  void OnRefusedLink(std::string_view error) override;
  void OnEnded() override;
  void OnDown(Ear& ear) override;
  bool output_is_long() const override { return owner_ != nullptr && owner_->output_is_long(); }
  std::string ForPeople() const override;
  resp::ByteQueue& client_output() override { return owner_->output(); }

  void OnClusterTurn() override;

  Cluster& cluster_;
  const std::chrono::milliseconds wait_;
  PartQueue parts_;
  SlotTraffic shared_;
  PrivateTraffic private_;
  const boost::intrusive_ptr<Ear> ear_;  // of shared links
  SessionState state_;
  std::optional<Plan> plan_;  // of the request that Send() takes next
  std::string refusal_;
  Slot publishing_ = kNoSlot;  // all that is in flight are messages for it
  std::string messages_;       // that came in the middle of a reply
  size_t kept_ = 0;            // bytes of replies in parts
  bool advancing_ = false;
  bool awaits_map_ = false;  // the session has a request that it has not sent yet
  Instant awaits_map_until_{};
};

}  // namespace keyhole::core
