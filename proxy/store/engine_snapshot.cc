#include <algorithm>

#include "proxy/store/engine.h"

namespace keyhole::store {

namespace {

constexpr UnixMillis kSecond = 1000;
constexpr UnixMillis kAfterFailure = 5 * kSecond;  // as Redis

}  // namespace

uint64_t Engine::changes() const {
  uint64_t sum = 0;
  for (const Keyspace& database : databases_) {
    for (size_t i = 0; i < database.shard_count(); ++i) sum += database.shard(i).changes();
  }
  return sum;
}

void Engine::BeginSnapshot(UnixMillis now) {
  snapshot.set_changes_at_begin(changes());
  snapshot.Begin(databases_, memory(), now);
}

void Engine::NoteLoaded(uint64_t keys, uint64_t expired) {
  snapshot.Loaded(keys, expired, changes());
}

UnixMillis Engine::NextSnapshot() const {
  if (!can_save_ || save_rules_.empty()) return kNever;
  const auto first = std::min_element(
      save_rules_.begin(), save_rules_.end(),
      [](const SaveRule& one, const SaveRule& other) { return one.seconds < other.seconds; });
  return std::max(last_save() + first->seconds * kSecond, snapshot.began() + kAfterFailure);
}

bool Engine::SnapshotIsDue(UnixMillis now) const {
  const UnixMillis last = last_save();
  const uint64_t changed = changes_since_save();
  return std::any_of(save_rules_.begin(), save_rules_.end(), [&](const SaveRule& rule) {
    return now - last >= rule.seconds * kSecond && changed >= rule.changes;
  });
}

size_t Engine::WalkSnapshot(size_t shard, size_t budget) {
  for (Keyspace& database : databases_) {
    if (budget == 0) break;
    budget = database.shard(shard).Walk(budget);
  }
  return budget;
}

}  // namespace keyhole::store
