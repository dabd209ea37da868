#include "proxy/store/commands/random_items.h"

#include <algorithm>
#include <string>

#include "proxy/store/commands/replies.h"

namespace keyhole::store {

bool CountArgument(Call& call, int64_t* count) {
  if (!IntegerArgument(call, 2, count)) return false;
  if (*count >= -kMostItems) return true;
  call.reply.Error("ERR value is out of range, value must between " + std::to_string(-kMostItems) +
                   " and " + std::to_string(kMostItems));
  return false;
}

int64_t WantedItems(Entry entry, int64_t count) {
  if (!entry) return 0;
  return count < 0 ? -count : std::min(count, static_cast<int64_t>(CountItems(entry)));
}

void ReplyRandomItem(Call& call, Entry entry) {
  if (!entry) return call.reply.Null();
  RandomItem(entry, &call.client.random,
             [&call](std::string_view name, std::string_view) { call.reply.Bulk(name); });
}

}  // namespace keyhole::store
