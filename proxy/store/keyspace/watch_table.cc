#include "proxy/store/keyspace/watch_table.h"

#include <algorithm>

#include "absl/strings/string_view.h"

namespace keyhole::store {

namespace {

// Debian's abseil has a string_view of its own, and looks up by that.
absl::string_view Absl(std::string_view s) {
  return {s.data(), s.size()};
}

}  // namespace

void WatchTable::Add(std::string_view key, std::atomic<bool>* broken) {
  watchers_[std::string(key)].push_back(broken);
}

void WatchTable::Remove(std::string_view key, std::atomic<bool>* broken) {
  const auto it = watchers_.find(Absl(key));
  if (it == watchers_.end()) return;
  std::erase(it->second, broken);
  if (it->second.empty()) watchers_.erase(it);
}

void WatchTable::Break(std::string_view key) {
  const auto it = watchers_.find(Absl(key));
  if (it == watchers_.end()) return;
  for (std::atomic<bool>* broken : it->second) *broken = true;
}

}  // namespace keyhole::store
