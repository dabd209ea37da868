// A worker's links to the upstream.
//
//     main      the shared link of the state every session starts in: kept up always
//     shared    one more for each other (identity, database, protocol) that sessions are in
//     idle      private links given back clean, the last one first; at most kMaxIdle
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

#include "proxy/core/session_state.h"
#include "proxy/core/transport.h"
#include "proxy/core/upstream_link.h"

namespace keyhole::core {

class LinkPool {
 public:
  static constexpr size_t kMaxIdle = 32;

  explicit LinkPool(WorkerState& worker);
  ~LinkPool();

  // Connects the main link. Not called with the embedded store.
  void Start(Connector& connector);
  // Closes all; requests in flight are lost.
  void Stop();
  // To be called ten times a second: reconnects, gives up on what waited too long.
  void Tick();
  // The upstream can be reached.
  bool up() const;

  // The shared link for sessions in this state, made if there is none.
  UpstreamLink* Shared(const SessionState& state);
  // The same, null if there is none or it is not ready.
  UpstreamLink* ReadyShared(const SessionState& state);
  // What a session takes a private link for.
  enum class Need : uint8_t {
    kState,   // a connection in its state
    kFence,   // the same, for WAIT: see UpstreamLink::Adopt()
    kAtOnce,  // one that answers even while Redis is busy with a script, in whatever database
  };
  // A link of the session's own, in this state.
  boost::intrusive_ptr<UpstreamLink> TakePrivate(Session& owner, SessionState state, Need need);
  // A private link whose session needs it no more. It is closed unless it is clean.
  void GiveBack(UpstreamLink& link);

  // Called when a link's queue, having been long, is short again.
  std::function<void()> on_room;

  // ---- for links
  bool IsMain(const UpstreamLink& link) const { return main_.get() == &link; }
  void OnUpstreamState(UpstreamLink& link, bool up);
  void OnGreetingRefused(UpstreamLink& link, std::string_view error);
  void OnRoom(UpstreamLink& link);
  void OnClosed(UpstreamLink& link);
  // A session on a shared link reads slower than its replies come. The link takes no more sessions:
  // others get a new one. As soon as nobody else waits for a reply on it, it belongs to the slow
  // session, and reading from it can wait for that session's client.
  void OnSlowReader(UpstreamLink& link, Session& session);
  // A shared link takes no more sessions. It ends when all that is pending has been answered.
  void Retire(UpstreamLink& link);

 private:
  using LinkPtr = boost::intrusive_ptr<UpstreamLink>;

  LinkPtr Make(SessionState state, Session* owner);
  SessionState AsOurs(SessionState state) const;
  void Connect(UpstreamLink& link);
  UpstreamLink* FindShared(const SessionState& state);
  void RenameIdle();

  WorkerState& worker_;
  Connector* connector_ = nullptr;
  LinkPtr main_;
  std::vector<LinkPtr> shared_;  // with main_
  std::vector<LinkPtr> idle_;
  std::vector<LinkPtr> private_;
  bool reported_up_ = false;
  bool reported_down_ = false;
  std::string refusal_;  // of the main link's greeting, as it was reported
};

}  // namespace keyhole::core
