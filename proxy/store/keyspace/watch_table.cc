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

void WatchTable::Watched::Notify() const {
  for (std::atomic<bool>* const broken : flags) *broken = true;
  if (bell != nullptr) bell->Ring();
}

void WatchTable::Add(std::string_view key, std::atomic<bool>* broken) {
  watched_[std::string(key)].flags.push_back(broken);
  Attend();
}

void WatchTable::Remove(std::string_view key, std::atomic<bool>* broken) {
  const auto it = watched_.find(Absl(key));
  if (it == watched_.end()) return;
  std::erase(it->second.flags, broken);
  RemoveIfUnused(key);
}

void WatchTable::SetBell(std::string_view key, KeyBell* bell) {
  watched_[std::string(key)].bell = bell;
  RemoveIfUnused(key);
}

void WatchTable::Ring(std::string_view key) {
  const auto it = watched_.find(Absl(key));
  if (it != watched_.end() && it->second.bell != nullptr) it->second.bell->Ring();
}

void WatchTable::RemoveIfUnused(std::string_view key) {
  const auto it = watched_.find(Absl(key));
  if (it->second.flags.empty() && it->second.bell == nullptr) watched_.erase(it);
  Attend();
}

void WatchTable::NotifyAdded(std::string_view key) {
  if (listener_ != nullptr) listener_->OnAdded(database_, key);
  Notify(key);
}

void WatchTable::Notify(std::string_view key) {
  if (listener_ != nullptr) listener_->OnChanged(database_, key);
  const auto it = watched_.find(Absl(key));
  if (it != watched_.end()) it->second.Notify();
}

}  // namespace keyhole::store
