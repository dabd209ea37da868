// A worker's links to one Redis.
//
//     main      the shared link of the state every session starts in: kept up always
//     shared    one more for each other (identity, database, protocol) that sessions are in, and
//               one for the scripts of each, which may run for ever
//     idle      private links that nobody has: given back clean, and opened ahead of need
//
// Idle links follow demand: with those in use there are as many as were in use at once in the last
// minute, and Options::spares of each state in use, Options::max_idle of them at most; of what is
// beyond 3 % are closed with each tick, the oldest first. So a session that needs a private
// link finds one, and its request is written in the turn in which it came. Where one has to be
// opened all the same, the connection that is ready first is for whoever has waited longest:
//
//     opening_   s1 at link 5, connecting | s2 at link 6, connecting
//     link 6 is greeted, or link 3 is given back:  s1 goes on there, and what it has sent with it
//
// A shared link other than the main one is closed when no session has been there for a minute.
//
// What Redis holds (CLIENT PAUSE, an endless script, a reply of a gigabyte) holds all behind it on
// its link. So a link whose oldest request has been unanswered for 10 ms is suspected, an idle one
// is asked something, and if Redis answers there and not here the link is retired: an idle one is
// shared in its place. Until the last of these held links, kMostHeld at most, is answered only
// reads share links.
//
//     shared 1   GET a   SET b   GET c   ...   held: who waits here stays, nobody comes
//     idle 5         '-- 10 ms --'-- probe, +OK --'--> shared 5   GET d ...
//
// A CLIENT PAUSE that passes through tells in time: nothing that it holds shares a link.
//
// A Redis that answers nothing, neither there nor on the idle link, is silent
// (link_pool_silence.cc):
//
//              1 s without an answer             Options::timeout
//   answers -------------------------> silent ---------------------> all links are closed,
//      ^                                  |                          and others are made
//      '------------ an answer -----------'
//
// A link is shared or idle only while the replies of Redis prove that it is clean; see
// proven_state.h. Shared links are called what the worker calls them, private ones as their client.
//
// Thread: the worker's.
#pragma once

#include <algorithm>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/base/endpoint.h"
#include "proxy/base/high_water.h"
#include "proxy/links/connection_state.h"
#include "proxy/links/transport.h"
#include "proxy/links/upstream/link_set.h"
#include "proxy/links/upstream/upstream_link.h"

namespace keyhole::core {

class LinkPool final : public LinkSet, private UpstreamLink::Keeper {
 public:
  struct Options {
    Endpoint endpoint;                         // of the Redis that they lead to
    SessionState initial_state;                // every session starts in it
    std::string name = "keyhole";              // of shared links, as CLIENT LIST of Redis shows it
    std::chrono::milliseconds wait{1000};      // for a lost upstream
    std::chrono::milliseconds timeout{30000};  // of a silent one; 0: none
    size_t max_idle = 1000;
    size_t spares = 4;
    bool reads_only = false;         // of a replica, which is to answer reads
    std::string label = "upstream";  // what the log calls it

    // Those of them that --upstream-... gives, now or at a reload.
    void Take(const UpstreamOptions& options) {
      wait = options.wait;
      timeout = options.timeout;
      max_idle = options.max_idle;
      spares = options.spares;
    }
  };

  LinkPool(LinkContext& context, Options options);
  ~LinkPool() override;

  void set_name(std::string name) override { options_.name = std::move(name); }
  // Connects the main link.
  void Start(Connector& connector) override;
  void Stop() override;
  void RetryNow() override;
  void MoveOn() override;
  void Obey(const UpstreamOptions& options) override { options_.Take(options); }
  void MoveTo(const Endpoint& endpoint, const SessionState& initial,
              std::chrono::milliseconds grace) override;
  void Tick() override;
  bool Watch() override;
  // Redis holds requests: what it may hold as well should not share a link.
  bool wary() const { return wary_; }
  // The upstream can be reached.
  bool up() const override;
  // The link of the state that every session starts in; null: it is not ready.
  UpstreamLink* main() { return up() ? main_.get() : nullptr; }
  // And it answers what is asked.
  bool answers() const { return up() && !silent_; }
  // Redis refuses clients that give no password: what it said last to the main link, which gives
  // none but that in --upstream. False until it has said so.
  bool asks_password() const { return asks_password_; }
  // How long the oldest request on a shared link was unanswered at the last tick.
  std::chrono::nanoseconds oldest() const { return oldest_; }
  // What answers on the main link have taken of late; 0: there was none.
  std::chrono::nanoseconds latency() const {
    return main_ == nullptr ? std::chrono::nanoseconds(0) : main_->latency();
  }
  std::vector<NodeInfo> Nodes() const override;

  // The shared link for sessions in this state, or for their scripts; made if there is none.
  UpstreamLink* Shared(const SessionState& state, bool scripts = false);
  // The same, null if there is none or it is not ready.
  UpstreamLink* ReadyShared(const SessionState& state);
  // A link of the session's own, in this state; kAtOnce: in whatever database.
  boost::intrusive_ptr<UpstreamLink> TakePrivate(Requester& owner, SessionState state,
                                                 resp::LinkNeed need);
  // A link of its own that its session needs no more. It is closed unless it is clean, and has
  // always been private.
  void GiveBack(UpstreamLink& link);

  // Called when the main link has been greeted, or is lost. Else the gauge upstream_up is set.
  std::function<void(bool up)> on_up;

 private:
  using LinkPtr = boost::intrusive_ptr<UpstreamLink>;

  // What is known of a link that does not answer.
  struct Suspect {
    LinkPtr link;
    uint64_t oldest;  // request of it, see UpstreamLink::oldest()
  };
  struct Probe {
    LinkPtr link;  // null: nobody is suspected
    uint64_t mark = 0;
    Instant sent{};
    std::vector<Suspect> suspects;
  };

  LinkPtr Make(SessionState state, Requester* owner, bool scripts = false);
  bool Suspects();
  void Judge();
  void OnSilent(Instant since);
  void OnAnswer(Instant asked);
  void CloseSilent();
  void CloseUngreeted();
  std::vector<LinkPtr> LinksIn(UpstreamLink::Phase phase) const;
  void Renew();
  void CloseLeft();
  void Hold(UpstreamLink& link);
  void ForgetAnswered();
  void BeWary(bool wary);
  void MakeSpares(const SessionState& state);
  void MakeFirstSpares(const SessionState& state);
  void LookForSpares();
  size_t IdleIn(const SessionState& state) const;
  size_t FindIdle(const SessionState& state, bool any_db) const;
  bool ServeWaiting(UpstreamLink& ready);
  bool opening(const UpstreamLink& link) const {
    return std::find(opening_.begin(), opening_.end(), &link) != opening_.end();
  }
  SessionState AsOurs(SessionState state, bool scripts = false) const;
  void Connect(UpstreamLink& link);
  UpstreamLink* FindShared(const SessionState& state, bool scripts = false);
  LinkPtr ShareIdle(const SessionState& state, bool scripts);
  void RenameIdle();
  void CloseSurplus();
  void CloseUnused();
  void ShowLoad(size_t in_flight, size_t waiting);
  void ShowUp(bool up);
  // A line of the log: "upstream is lost; ...".
  void Tell(LogLevel level, std::string_view what) const;
  // A shared link takes no more sessions. It ends when all that is pending has been answered.
  void Retire(UpstreamLink& link);

  std::chrono::milliseconds upstream_wait() const override { return options_.wait; }
  bool reads_only() const override { return options_.reads_only; }
  bool IsMain(const UpstreamLink& link) const override { return main_.get() == &link; }
  void OnUpstreamState(UpstreamLink& link, bool up) override;
  void OnOtherState(UpstreamLink& link, bool up);
  void OnGreetingRefused(UpstreamLink& link, const Handshake& handshake) override;
  void OnPassword(UpstreamLink& link, bool asked) override;
  void OnRoom(UpstreamLink& link) override;
  void OnClosed(UpstreamLink& link) override;
  // The link is retired: others get a new one. As soon as nobody else waits for a reply on it, it
  // belongs to the slow session, and reading from it can wait for that session's client. It ends
  // when that session needs it no more.
  void OnSlowReader(UpstreamLink& link, Requester& slow) override;
  void OnUnclean(UpstreamLink& link) override { Retire(link); }
  // The name of the upstream may lead elsewhere by now: all links are made anew.
  void OnReadOnly(UpstreamLink& link) override;
  void OnPause(std::chrono::milliseconds time) override;

  LinkContext& context_;
  Options options_;
  Connector* connector_ = nullptr;
  LinkPtr main_;
  std::vector<LinkPtr> shared_;  // with main_
  std::vector<LinkPtr> idle_;
  std::vector<LinkPtr> private_;
  std::vector<LinkPtr> opening_;  // of private_: whose owners wait for a connection, in their order
  HighWater in_use_;              // of private_
  Instant no_spares_{};           // until then, as one could not be opened
  size_t looked_at_ = 0;          // of shared_, for spares
  Probe probe_;
  std::chrono::nanoseconds probe_time_{};  // that the last one took
  std::vector<LinkPtr> held_;              // retired, and not answered yet
  std::vector<LinkPtr> left_;              // to where the upstream was before MoveTo()
  Instant left_until_{};
  Instant read_only_since_{};
  Instant renewed_{};
  bool read_only_ = false;  // links are to be made anew with the next tick
  bool silent_ = false;
  size_t in_flight_ = 0;  // as the gauges show it
  size_t waiting_ = 0;    // the same
  std::chrono::nanoseconds oldest_{};
  Instant paused_until_{};
  bool wary_ = false;
  bool asks_password_ = false;
  bool reported_up_ = false;
  bool reported_down_ = false;
  std::string refusal_;  // of the main link's greeting, as it was reported
  Instant refusal_told_{};
};

}  // namespace keyhole::core
