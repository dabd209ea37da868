// What a shard does in the background, and what ends by its time there.
#include <string>
#include <utility>

#include "proxy/store/keyspace/shard.h"

namespace keyhole::store {

// The slots of others stay valid.
bool Shard::EndSomeParts(Entry* slot, UnixMillis now, size_t* budget) {
  if (slot->object()->due() > now) return true;
  bool left = true;
  Modify(slot, [&] { left = slot->object()->EndParts(now, budget); });
  const std::string key(listener_ == nullptr ? std::string_view() : slot->key());
  if (!left) Remove(slot);
  if (listener_ != nullptr) listener_->OnPartsEnded(database_, key, /*whole=*/!left);
  return left;
}

bool Shard::EndParts(Entry* slot, UnixMillis now) {
  size_t budget = SIZE_MAX;
  if (EndSomeParts(slot, now, &budget)) return true;
  keys_->table.Step(1);
  Report();
  return false;
}

bool Shard::SweepParts(Entry* slot, UnixMillis now, size_t* removed) {
  constexpr size_t kBudget = 8000;
  constexpr size_t kCostOfPart = 8;
  size_t budget = kBudget;
  keys_->timed_seen = true;
  const bool left = EndSomeParts(slot, now, &budget);
  *removed += (kBudget - budget) / kCostOfPart;
  return left;
}

// Looks at some entries, all at once: the misses of the cache for one overlap with those for the
// others. Returns how many.
size_t Shard::SweepSome(UnixMillis now, size_t* removed) {
  constexpr size_t kBuckets = 16;
  constexpr UnixMillis kTtlScale = 1024;  // keeps the sum of many long TTLs from overflowing
  Keys& keys = *keys_;
  looked_at_.clear();
  keys.hand = keys.table.VisitBuckets(keys.hand, kBuckets, [this](Entry* slot) {
    __builtin_prefetch(slot->raw());
    looked_at_.push_back(slot);
  });
  for (Entry* const slot : looked_at_) {
    if (slot->layout() == Layout::kTimed && !SweepParts(slot, now, removed)) continue;
    if (!slot->has_expire()) continue;
    if (slot->expire() <= now) {
      ++*removed;
      RemoveExpired(slot);
    } else {
      keys.ttl_sum += (slot->expire() - now) / kTtlScale;
      ++keys.ttl_seen;
    }
  }
  if (keys.hand == 0) {
    keys.timed = std::exchange(keys.timed_seen, false);
    const auto seen = static_cast<UnixMillis>(keys.ttl_seen);
    keys.mean_ttl = seen == 0 ? 0 : keys.ttl_sum / seen * kTtlScale;
    keys.ttl_sum = 0;
    keys.ttl_seen = 0;
  }
  return looked_at_.size() + kBuckets / 4;
}

size_t Shard::Sweep(UnixMillis now, size_t budget) {
  constexpr size_t kCostOfRemoval = 6;
  constexpr size_t kCostOfPage = 3000;  // whose entries move to others
  constexpr size_t kBucketsPerStep = 32;
  constexpr size_t kManyDead = 20;  // one in so many
  const auto spend = [&budget](size_t cost) { budget -= std::min(cost, budget); };

  keys_->table.Step(kBucketsPerStep);
  keys_->arena.Trim(4);
  for (int i = 0; i < 4 && keys_->arena.fragmented() && budget > 0 && Compact(); ++i) {
    spend(kCostOfPage);
  }
  if (objects_.heap().compactable()) CompactObjects(&budget);
  if (nothing_ends()) {
    keys_->mean_ttl = 0;
    keys_->many_dead = false;
    Report();
    return budget;
  }
  size_t looked = 0;
  size_t removed = 0;
  do {
    const size_t before = removed;
    const size_t some = SweepSome(now, &removed);
    looked += some;
    spend(some + (removed - before) * kCostOfRemoval);
  } while (keys_->hand != 0 && budget > 0 && !nothing_ends());
  keys_->many_dead = removed * kManyDead > looked;
  Report();
  return budget;
}

}  // namespace keyhole::store
