// One request from the moment it is read to the last byte of its reply: what the command table says
// of it, what becomes of its session if it succeeds, who awaits the reply, and in which place.
//
//     MakeExchange --> Session --> Router --> Link::Send --> pending_ ... reply --> Requester
//
// Owner: whoever has it in hand, one after the other; it is moved, never copied.
// Thread: its worker's.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "proxy/base/clock.h"
#include "proxy/links/connection_state.h"
#include "proxy/links/requester.h"
#include "resp/command_table.h"
#include "resp/hit_rule.h"
#include "resp/request_parser.h"

namespace keyhole::core {

// What a request is for.
enum class Purpose : uint8_t {
  kClient,   // its client asked for it
  kListing,  // a person looks at what is there: no lookup, and no use of a key
  // ---- the reply is counted by nobody on its link
  kSession,  // its session asks: its client hears nothing of the reply
  kPart,     // who sends it in place of a client's request counts that one
};

struct Exchange {
  // ---- what is asked
  const resp::CommandSpec* spec = nullptr;
  // The row's effect, or kNone if the request is malformed so that Redis will only refuse it.
  resp::Effect effect = resp::Effect::kNone;
  bool in_pieces = false;  // its end has not come yet
  bool answered = true;    // false: CLIENT REPLY hides the reply
  bool raw = false;        // from here on the link's bytes are not to be understood
  Purpose purpose = Purpose::kClient;
  resp::HitRule rule = resp::HitRule::kNone;
  // ---- what is awaited
  uint32_t keys = 0;           // of it in the link's key queue
  int32_t replies = 1;         // still to come; kConfirmAll: as many as there are subscriptions
  ReplySlot slot = kStraight;  // its reply's place among those of the session
  boost::intrusive_ptr<Requester> requester;  // null: the link itself asks, and drops the reply
  std::unique_ptr<StateChange> change;        // of the session, if it succeeds; null: none
  Instant sent;
  uint64_t begin = 0;  // where it begins in the link's stream of requests, bytes

  static constexpr int32_t kConfirmAll = -1;

  // As most are: whole, answered once, and of no consequence for its connection or its session.
  bool plain() const { return effect == resp::Effect::kNone && !in_pieces && answered; }
};

// The part of MakeExchange() for commands that have an effect.
void ReadEffect(const resp::Request& request, Exchange* exchange);

// replies_hidden: by CLIENT REPLY OFF or SKIP.
inline Exchange MakeExchange(const resp::Request& request, bool in_pieces, bool replies_hidden) {
  Exchange exchange;
  exchange.in_pieces = in_pieces;
  exchange.answered = !replies_hidden;
  exchange.spec =
      request.args.empty() ? &resp::Spec(resp::CommandId::kUnknown) : &resp::Find(request.args);
  if (exchange.spec->effect != resp::Effect::kNone) [[unlikely]]
    ReadEffect(request, &exchange);
  return exchange;
}

// How many replies a request has that is not plain(): Exchange::replies. arguments: with the
// command's name.
int32_t AwaitedReplies(const Exchange& exchange, size_t arguments);

}  // namespace keyhole::core
