// A worker's links to one Redis.
//
//     main      the shared link of the state every session starts in: kept up always
//     shared    one more for each other (identity, database, protocol) that sessions are in
//     idle      private links given back clean, the last one first
//
// Idle links follow demand: with those in use there are as many as were in use at once in the last
// minute, Options::max_idle of them at most; what is beyond is closed one a tick, the oldest first.
// A shared link other than the main one is closed when no session has been there for a minute.
//
// A link is shared or idle only while the replies of Redis prove that it is clean; see
// proven_state.h. Shared links are called what the worker calls them, private ones as their client.
//
// Thread: the worker's.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/endpoint.h"
#include "proxy/base/high_water.h"
#include "proxy/links/connection_state.h"
#include "proxy/links/transport.h"
#include "proxy/links/upstream/upstream_link.h"

namespace keyhole::core {

class LinkPool final : private UpstreamLink::Keeper {
 public:
  struct Options {
    Endpoint endpoint;                     // of the Redis that they lead to
    SessionState initial_state;            // every session starts in it
    std::string name = "keyhole";          // of shared links, as CLIENT LIST of Redis shows it
    std::chrono::milliseconds wait{1000};  // for a lost upstream
    size_t max_idle = 1000;
  };

  LinkPool(LinkContext& context, Options options);
  ~LinkPool();

  void set_name(std::string name) { options_.name = std::move(name); }  // before Start()
  // Connects the main link. Not called with the embedded store.
  void Start(Connector& connector);
  // Closes all; requests in flight are lost.
  void Stop();
  // To be called ten times a second: reconnects, gives up on what waited too long.
  void Tick();
  // The upstream can be reached.
  bool up() const;
  // Redis refuses clients that give no password: what it said last to the main link, which gives
  // none but that in --upstream. False until it has said so.
  bool asks_password() const { return asks_password_; }

  // The shared link for sessions in this state, made if there is none.
  UpstreamLink* Shared(const SessionState& state);
  // The same, null if there is none or it is not ready.
  UpstreamLink* ReadyShared(const SessionState& state);
  // A link of the session's own, in this state; kAtOnce: in whatever database.
  boost::intrusive_ptr<UpstreamLink> TakePrivate(Requester& owner, SessionState state,
                                                 resp::LinkNeed need);
  // A link of its own that its session needs no more. It is closed unless it is clean, and has
  // always been private.
  void GiveBack(UpstreamLink& link);

  // Called when a link's queue, having been long, is short again.
  std::function<void()> on_room;

 private:
  using LinkPtr = boost::intrusive_ptr<UpstreamLink>;

  LinkPtr Make(SessionState state, Requester* owner);
  SessionState AsOurs(SessionState state) const;
  void Connect(UpstreamLink& link);
  UpstreamLink* FindShared(const SessionState& state);
  void RenameIdle();
  void CloseSurplus();
  void CloseUnused();
  // A shared link takes no more sessions. It ends when all that is pending has been answered.
  void Retire(UpstreamLink& link);

  std::chrono::milliseconds upstream_wait() const override { return options_.wait; }
  bool IsMain(const UpstreamLink& link) const override { return main_.get() == &link; }
  void OnUpstreamState(UpstreamLink& link, bool up) override;
  void OnGreetingRefused(UpstreamLink& link, const Handshake& handshake) override;
  void OnPassword(UpstreamLink& link, bool asked) override;
  void OnRoom(UpstreamLink& link) override;
  void OnClosed(UpstreamLink& link) override;
  // The link is retired: others get a new one. As soon as nobody else waits for a reply on it, it
  // belongs to the slow session, and reading from it can wait for that session's client. It ends
  // when that session needs it no more.
  void OnSlowReader(UpstreamLink& link, Requester& slow) override;
  void OnUnclean(UpstreamLink& link) override { Retire(link); }

  LinkContext& context_;
  Options options_;
  Connector* connector_ = nullptr;
  LinkPtr main_;
  std::vector<LinkPtr> shared_;  // with main_
  std::vector<LinkPtr> idle_;
  std::vector<LinkPtr> private_;
  HighWater in_use_;  // of private_
  bool asks_password_ = false;
  bool reported_up_ = false;
  bool reported_down_ = false;
  std::string refusal_;  // of the main link's greeting, as it was reported
};

}  // namespace keyhole::core
