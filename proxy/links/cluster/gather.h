// The reply to a request that was sent in parts, made of the replies to them.
//
// Thread: any; pure functions. Nothing throws, whatever the bytes: what does not fit together gives
// an error reply.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/links/cluster/treatment.h"

namespace keyhole::core {

// One whole reply, and for kByKey the place of each of its elements in the reply that is made.
struct PartialReply {
  std::string_view bytes;
  std::span<const uint32_t> places;
};

// random: chooses where any will do (kAnyValue).
std::string MergeReplies(Merging merging, std::span<const PartialReply> replies, uint64_t random);

}  // namespace keyhole::core
