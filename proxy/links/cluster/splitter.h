// Cuts a request with keys of several slots into one for each slot.
//
//     MGET {a}1 {b}1 {a}2   ->   MGET {a}1 {a}2   places 0 2
//                                MGET {b}1        places 1
//
// Thread: any; pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/links/cluster/slots.h"
#include "resp/command_table.h"

namespace keyhole::core {

struct SlotRequest {
  Slot slot = kNoSlot;
  std::string bytes;             // a whole request
  std::vector<uint32_t> places;  // of its keys among those of the original, from 0
};

// In the order in which their slots come first. REQUIRES: the row's keys are a range to the end:
// key [values], key [values] ...
std::vector<SlotRequest> SplitBySlot(const resp::CommandSpec& spec,
                                     std::span<const std::string_view> args);

}  // namespace keyhole::core
