// An error by which a node of a cluster refuses a request before it looks at what it is to do: it
// has not run, and may be sent again, there or elsewhere.
//
//     -MOVED 3999 10.0.0.2:6379   the slot lives there
//     -ASK 3999 10.0.0.2:6379     this key has moved there already; say ASKING first
//     -TRYAGAIN ...               some of its keys are here and some have moved
//     -CLUSTERDOWN ...            nobody serves the slot, or the node sees too few others
//     -LOADING, -MASTERDOWN ...   the node is not ready
//     -UNBLOCKED ...              a request that waited has been given up: the node is a replica now
//
// A script can return such words itself, after it has run. So the whole text is compared, and of
// MOVED and ASK the slot: what names another one than the request's is passed on.
//
// Source: clusterRedirectClient(), processCommand() and disconnectOrRedirectAllBlockedClients() of
// Redis 7.0.15. Thread: any; pure functions.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/links/cluster/slots.h"

namespace keyhole::core {

struct Refusal {
  enum class Kind : uint8_t { kNone, kMoved, kAsk, kTryAgain, kNotReady };

  Kind kind = Kind::kNone;
  Slot slot = kNoSlot;       // of kMoved and kAsk
  std::string_view address;  // of kMoved and kAsk, as ReadNodeAddress() takes it
};

// line: the whole reply, "-MOVED ...\r\n".
Refusal ReadRefusal(std::string_view line);

}  // namespace keyhole::core
