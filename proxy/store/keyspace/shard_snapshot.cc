// The part of a shard that snapshots need: see Shard::BeginWalk().
#include <algorithm>

#include "proxy/store/keyspace/shard.h"

namespace keyhole::store {

void Shard::Keys::Save(Entry entry) {
  sink->OnEntry(saved_as, entry);
  entry.set_mark(mark);
}

void Shard::Keys::EndWalk() {
  walking = false;
  cursor = 0;
  sink->OnWalked();
}

void Shard::BeginWalk(EntrySink* sink, int database) {
  keys_->mark = !keys_->mark;
  keys_->sink = sink;
  keys_->saved_as = database;
  keys_->walking = true;
}

size_t Shard::Walk(size_t budget) {
  constexpr size_t kCostOfBucket = 16;
  constexpr size_t kCostOfEntry = 32;
  Keys& keys = *keys_;
  while (keys.walking && budget > 0) {
    size_t cost = kCostOfBucket;
    keys.cursor = keys.table.Scan(keys.cursor, [&](const Entry* entry) {
      if (entry->mark() == keys.mark) return;
      cost += kCostOfEntry + keys.sink->OnEntry(keys.saved_as, *entry);
      entry->set_mark(keys.mark);
    });
    budget -= std::min(cost, budget);
    if (keys.cursor == 0) keys.EndWalk();
  }
  return budget;
}

}  // namespace keyhole::store
