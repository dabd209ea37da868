// Connects links to the master that Sentinels name, and takes them from one that no longer is:
//
//     links, near cache --Connect--> SentinelWatch --Connect(master)--> edge
//                                     ^   '--------cut(old master)----> edge: all of them are lost
//     Sentinel 1 .. n --master, epoch-'
//
//     no master known      those who want to connect wait
//          |  a Sentinel names one
//          v
//     master known         they connect there; each asks it for its ROLE before anything else
//          |  one of a later failover is named
//          '-> the connections to the old one are cut: nothing is written there any more, and what
//              it still answers is not heard. What had been written has an unknown outcome.
//
// Sentinels notice that a promotion is done when they next look, which is once a second. So the
// replica that they say they promote is asked for its ROLE from here (SentinelScout). Once it is a
// master it is taken for the new one, with the next epoch, and has kUnconfirmed for the Sentinels
// to say the same.
//
// Sentinels may disagree, be stale or lost. The one with the highest configuration epoch is
// believed, as Sentinels believe each other. An epoch lower than that of the master in use is
// believed if most Sentinels say so: they have been set up anew. While none can be reached the
// master stays: it is Redis that serves. All are asked once a second, when one says +switch-master,
// and when somebody wants to connect. Sentinels that others name are learnt, up to kMost.
//
// Thread: its worker's, which has one.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/backoff.h"
#include "proxy/base/endpoint.h"
#include "proxy/links/connection_state.h"
#include "proxy/links/link_context.h"
#include "proxy/links/sentinel/sentinel_link.h"
#include "proxy/links/sentinel/sentinel_scout.h"
#include "proxy/links/transport.h"
#include "proxy/links/upstream/options.h"

namespace keyhole::core {

class SentinelWatch final : public Connector,
                            private SentinelLink::Listener,
                            private SentinelScout::Listener {
 public:
  static constexpr size_t kMost = 16;  // Sentinels
  static constexpr std::chrono::seconds kUnconfirmed{10};

  // Says that all connections to an endpoint, and attempts to make one, are lost now:
  // OnDisconnected() of their ends is called before this returns.
  using CutOff = std::function<void(const Endpoint&)>;

  // us: who we are to Redis. All of them outlive this.
  SentinelWatch(LinkContext& context, const Sentinels& options, const SessionState& us,
                Connector& edge, CutOff cut);
  ~SentinelWatch();
  SentinelWatch(const SentinelWatch&) = delete;
  SentinelWatch& operator=(const SentinelWatch&) = delete;

  void Start() { Tick(); }
  // To be called ten times a second.
  void Tick();
  void Stop();

  // Where the master is, as far as is known.
  const std::optional<SentinelLink::Master>& master() const { return master_; }

  // ---- Connector
  // To the master, wherever the endpoint is.
  void Connect(UpstreamEnd& end, const Endpoint& endpoint) override;

 private:
  struct Sentinel {
    Endpoint at;
    boost::intrusive_ptr<SentinelLink> link = nullptr;  // null: there is none now
    std::optional<SentinelLink::Master> said = {};      // over this link
    Backoff backoff = {};
    std::string problem = {};  // that was logged
  };

  void OnMaster(SentinelLink& link, const SentinelLink::Master& master) override;
  void OnSwitch() override { AskAll(); }
  void OnPromotion(const Endpoint& replica) override;
  void OnScouted() override;
  void OnScoutLost(bool answered) override;
  void OnOthers(const std::vector<Endpoint>& others) override;
  void OnSentinelLost(SentinelLink& link, std::string_view problem) override;

  Sentinel* Find(const SentinelLink& link);
  void AskAll();
  void Scout();
  void EndScouting();
  bool Believes(const SentinelLink::Master& said) const;
  void Decide();
  void MoveTo(const SentinelLink::Master& master);

  LinkContext& context_;
  const Sentinels& options_;
  const SessionState& us_;
  Connector& edge_;
  const CutOff cut_;
  std::vector<Sentinel> sentinels_;
  std::optional<SentinelLink::Master> master_;
  Instant unconfirmed_until_{};                // of master_: no Sentinel has named it yet
  std::optional<Endpoint> promoted_;           // is being asked for its role ...
  Instant scouting_until_{};                   // ... no longer than that
  boost::intrusive_ptr<SentinelScout> scout_;  // null: there is none now
  std::vector<boost::intrusive_ptr<UpstreamEnd>> waiting_;  // for a master
  bool stopped_ = false;
};

}  // namespace keyhole::core
