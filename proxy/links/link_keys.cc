// The keys of requests that do not end by a reply.
#include <string>
#include <vector>

#include "proxy/links/link.h"

namespace keyhole::core {

void Link::ForgetKeysOf(const Exchange& pending) {
  keys_.Pop(keys_.Front(pending.keys));
}

void Link::RequeueKeysOf(const Exchange& pending) {
  GiveKeys(TakeKeysOf(pending));
}

std::vector<std::string> Link::TakeKeysOf(const Exchange& pending) {
  const KeyViews keys = keys_.Front(pending.keys);
  std::vector<std::string> copies(keys.begin(), keys.end());  // the queue may move
  keys_.Pop(keys);
  return copies;
}

}  // namespace keyhole::core
