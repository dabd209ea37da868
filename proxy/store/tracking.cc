#include "proxy/store/tracking.h"

#include <algorithm>
#include <utility>

#include "absl/strings/string_view.h"

namespace keyhole::store {

namespace {

// Debian's abseil has a string_view of its own, and looks up by that.
absl::string_view Absl(std::string_view s) {
  return {s.data(), s.size()};
}

}  // namespace

void Tracking::Queue(Change change) {
  queue_.push_back(std::move(change));
  due_.store(true, std::memory_order_relaxed);
}

Tracking::Change Tracking::Take(std::string_view key) {
  Change change;
  change.key = key;
  const auto it = table_.find(Absl(key));
  if (it == table_.end()) return change;
  change.readers = std::move(it->second);
  items_ -= change.readers.size();
  table_.erase(it);
  return change;
}

void Tracking::Remember(std::string_view key, uint64_t client) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<uint64_t>& readers = table_[Absl(key)];
  if (std::find(readers.begin(), readers.end(), client) != readers.end()) return;
  readers.push_back(client);
  ++items_;
  // Any of them: the order of the table is as good as chance.
  while (most_keys_ != 0 && table_.size() > most_keys_) {
    const std::string victim = table_.begin()->first;
    Queue(Take(victim));
  }
}

void Tracking::Changed(std::string_view key, uint64_t by) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Change change = Take(key);
  if (change.readers.empty() && prefix_count_ == 0) return;
  change.by = by;
  Queue(std::move(change));
}

void Tracking::Flushed(uint64_t by) {
  if (!active()) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  table_.clear();
  items_ = 0;
  Queue({.all = true, .key = {}, .by = by, .readers = {}});
}

std::vector<Tracking::Change> Tracking::TakeChanges() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(queue_, {});
}

void Tracking::Forget() {
  const std::lock_guard<std::mutex> lock(mutex_);
  table_.clear();
  items_ = 0;
}

}  // namespace keyhole::store
