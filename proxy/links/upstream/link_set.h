// All of a worker's links to what is behind the proxy: a LinkPool in front of one Redis, several of
// them in front of a cluster.
//
// Thread: the worker's.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/base/node_info.h"
#include "proxy/links/connection_state.h"
#include "proxy/links/transport.h"
#include "proxy/links/upstream/options.h"

namespace keyhole::core {

class LinkSet {
 public:
  virtual ~LinkSet() = default;
  LinkSet(const LinkSet&) = delete;
  LinkSet& operator=(const LinkSet&) = delete;

  virtual void set_name(std::string name) = 0;  // of shared links; before Start()
  // Connects. Not called with the embedded store.
  virtual void Start(Connector& connector) = 0;
  // Closes all; requests in flight are lost.
  virtual void Stop() = 0;
  // To be called ten times a second: reconnects, gives up on what waited too long.
  virtual void Tick() = 0;
  // The edge has written to a link. on_watch: Watch() is to be called every 5 ms from now on, for
  // as long as it gives true.
  void OnWritten() {
    if (!std::exchange(watching_, true) && on_watch) on_watch();
  }
  virtual bool Watch() = 0;
  // The upstream is elsewhere now: links that are down need not wait for their next attempt.
  virtual void RetryNow() {}
  // The options have been changed.
  virtual void Obey(const UpstreamOptions& options) = 0;
  // One Redis: it is another one from now on, or we are somebody else to it. What is in flight is
  // answered where it was sent; after `grace` links that are still in use there are closed.
  virtual void MoveTo(const Endpoint&, const SessionState& /*initial*/,
                      std::chrono::milliseconds /*grace*/) {}

  // For people: each node that is known, and where a key is. None: it is not a matter of nodes.
  virtual std::vector<NodeInfo> Nodes() const { return {}; }
  virtual std::optional<KeyPlace> PlaceOf(std::string_view) const { return std::nullopt; }
  // Its name leads elsewhere now: links are made anew, and those in use go on where they are.
  virtual void MoveOn() {}

  std::function<void()> on_watch;
  // Called when a link's queue, having been long, is short again.
  std::function<void()> on_room;

 protected:
  LinkSet() = default;

  bool watching_ = false;
};

}  // namespace keyhole::core
