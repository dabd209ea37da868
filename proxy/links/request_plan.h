// What the command table says of one request, and what would become of its session if it succeeds.
//
// Thread: any; pure functions.
#pragma once

#include <cstdint>
#include <memory>

#include "proxy/links/connection_state.h"
#include "resp/command_table.h"
#include "resp/request_parser.h"

namespace keyhole::core {

struct RequestPlan {
  const resp::CommandSpec* spec = nullptr;
  // The row's effect, or kNone if the request is malformed so that Redis will only refuse it.
  resp::Effect effect = resp::Effect::kNone;
  bool in_pieces = false;               // its end has not come yet
  bool answered = true;                 // false: CLIENT REPLY hides the reply
  bool raw = false;                     // from here on the link's bytes are not to be understood
  std::unique_ptr<StateChange> change;  // of the session, if it succeeds; null: none

  // As most are: whole, answered once, and of no consequence for its connection or its session.
  bool plain() const { return effect == resp::Effect::kNone && !in_pieces && answered; }
};

// replies_hidden: by CLIENT REPLY OFF or SKIP.
RequestPlan MakePlan(const resp::Request& request, bool in_pieces, bool replies_hidden);

// How many replies the request has: Pending::replies. arguments: with the command's name.
int64_t AwaitedReplies(const RequestPlan& plan, size_t arguments);

}  // namespace keyhole::core
