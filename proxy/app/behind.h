// What is behind the proxy, of one worker: the links to it, and the router in front of it.
//
// Owner: the worker. Thread: the worker's.
#pragma once

#include <memory>

#include "proxy/config/config.h"
#include "proxy/links/local/store_doorbell.h"
#include "proxy/links/router.h"
#include "proxy/links/upstream/link_set.h"
#include "proxy/sessions/session_context.h"
#include "proxy/store/store.h"

namespace keyhole::core {

struct Behind {
  std::unique_ptr<LinkSet> links;  // to the embedded store there are none
  std::unique_ptr<Router> router;
};

// The state of a session that has said nothing yet.
SessionState InitialState(const Config& config);

// store: null if there is an upstream. All of them outlive what is made.
Behind MakeBehind(const Config& config, SessionContext& context, store::Store* store,
                  StoreDoorbell& doorbell);

}  // namespace keyhole::core
