// Which way a request goes in front of a cluster, decided from its row, its arguments and what its
// session is doing.
//
// Thread: any; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/links/cluster/options.h"
#include "proxy/links/cluster/part.h"
#include "proxy/links/cluster/slots.h"
#include "proxy/links/cluster/treatment.h"
#include "proxy/links/exchange.h"
#include "resp/request_parser.h"

namespace keyhole::core {

// What a session is doing.
struct PlanState {
  bool splits = true;  // requests with keys of several slots
  ClusterFacade facade = ClusterFacade::kRedis;
  bool queueing = false;   // between MULTI and EXEC
  bool watching = false;   // outside of MULTI; or it has a link of its own for another reason
  bool listening = false;  // to channels
  bool holds = false;      // it has connections of its own
  resp::Protocol protocol = resp::Protocol::kResp2;
};

struct Plan {
  enum class Way : uint8_t {
    kOne,      // to one node
    kSplit,    // to the nodes of its keys, one request for each slot
    kEvery,    // to every master
    kScan,     // to the master that the cursor names
    kFacade,   // answered here: what a cluster of one node says of itself
    kBegin,    // MULTI: it is held back until the first key is known
    kRefused,  // with `refusal`
  };
  Way way = Way::kOne;
  Path path = Path::kShared;
  Slot slot = kNoSlot;
  bool orderly = false;    // behind all that its session has sent before
  bool guessed = false;    // the slot is a guess: where the keys are is not known
  bool misshapen = false;  // its keys and values do not add up; a node says so
  Treatment treatment;
  std::string refusal;  // without '-'
};

// The error for a command that is not to be had. where: "inside MULTI ", or empty.
std::string NotAvailable(const resp::CommandSpec& spec, std::string_view where);

Plan MakePlan(const Exchange& exchange, const resp::Request& request, const PlanState& state);

}  // namespace keyhole::core
