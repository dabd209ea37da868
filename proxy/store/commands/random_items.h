// Fields and members by chance: what HRANDFIELD, SRANDMEMBER and SPOP share.
#pragma once

#include <cstdint>
#include <limits>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/types/collection.h"

namespace keyhole::store {

inline constexpr int64_t kMostItems = std::numeric_limits<int64_t>::max();

// Reads a count: negative ones allow the same item several times. False if it is none; then that is
// the reply.
bool CountArgument(Call& call, int64_t* count);

// How many items a count asks for.
int64_t WantedItems(Entry entry, int64_t count);

// Replies with one item's name, or null.
void ReplyRandomItem(Call& call, Entry entry);

// Calls f(name, value) for as many as the count asks for. A reply longer than any value may be is
// never finished, and its client let go: a count costs nothing to send.
template <typename F>
void ForEachWantedItem(Call& call, Entry entry, int64_t count, F&& f) {
  if (count >= 0) return DistinctItems(entry, static_cast<size_t>(count), &call.client.random, f);
  const size_t most = call.begin + static_cast<size_t>(resp::kMaxBulkBytes);
  for (; count < 0 && !call.client.closing; ++count) {
    RandomItem(entry, &call.client.random, f);
    if (call.out->size() > most) call.client.closing = true;
  }
}

}  // namespace keyhole::store
