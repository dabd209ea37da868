#include "proxy/store/keyspace/keyspace.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "proxy/base/random.h"

namespace keyhole::store {

namespace {

MemoryBudget& Unbounded() {
  static MemoryBudget budget(0, Eviction::kS3Fifo, /*shared=*/true);
  return budget;
}

}  // namespace

Keyspace::Keyspace() : Keyspace(Unbounded(), 1) {}

Keyspace::Keyspace(MemoryBudget& budget, size_t shards)
    : Keyspace(budget, MakePools(budget, shards)) {}

Keyspace::Keyspace(MemoryBudget& budget, std::shared_ptr<ObjectPools> objects)
    : objects_(std::move(objects)) {
  for (const auto& pool : *objects_) shards_.push_back(std::make_unique<Shard>(budget, *pool));
}

std::shared_ptr<ObjectPools> Keyspace::MakePools(MemoryBudget& budget, size_t shards) {
  auto pools = std::make_shared<ObjectPools>();
  for (size_t i = 0; i < shards; ++i) pools->push_back(std::make_unique<ObjectPool>(budget));
  return pools;
}

// So many that two workers seldom want the same at the same time.
size_t Keyspace::ShardsFor(int workers) {
  constexpr size_t kPerWorker = 8;
  constexpr size_t kMost = 64;  // the bits of Store::Stripes
  if (workers <= 1) return 1;
  return std::min(std::bit_ceil(static_cast<size_t>(workers) * kPerWorker), kMost);
}

template <typename T, typename F>
T Keyspace::Sum(F&& f) const {
  T sum = 0;
  for (const auto& shard : shards_) sum += f(*shard);
  return sum;
}

// In two steps, each for all before the next, so that the bucket has come when its entry is asked
// for.
void Keyspace::Prefetch(std::span<const resp::HashedKey> keys) {
  for (const resp::HashedKey& key : keys) Of(key.hash).table().FetchBucket(key.hash);
  for (const resp::HashedKey& key : keys) Of(key.hash).table().FetchEntry(key.hash);
}

void Keyspace::SetIdleTime(std::string_view key, int64_t seconds) {
  const uint64_t hash = EntryTable::Hash(key);
  Shard& shard = Of(hash);
  const Entry* const slot = shard.table().Find(key, hash);
  constexpr int64_t kMost = 1'800'000;  // nearly 21 days
  if (slot != nullptr) shard.SetIdleTime(*slot, static_cast<uint32_t>(std::min(seconds, kMost)));
}

void Keyspace::Rename(Entry* slot, std::string_view key) {
  const bool rehomed = slot->is_object() && &HeapOf(slot->key()) != &HeapOf(key);
  const Entry entry = Take(slot);
  if (!rehomed) return Insert(Entry::Renamed(entry, key));
  const Entry copy = Entry::MakeCopy(entry, key, HeapOf(key));
  Entry::Destroy(entry);
  Insert(copy);
}

void Keyspace::SetListener(KeyListener* listener, int database, bool attentive) {
  for (const auto& shard : shards_) shard->SetListener(listener, database, attentive);
}

void Keyspace::Clear() {
  for (const auto& shard : shards_) shard->Clear();
}

void Keyspace::Swap(Keyspace& other, UnixMillis now) {
  for (size_t i = 0; i < shards_.size(); ++i) shards_[i]->Swap(*other.shards_[i], now);
}

// A shard is as likely as it has keys.
Entry* Keyspace::Random(uint64_t* random, UnixMillis now) {
  for (;;) {
    const size_t keys = size();
    if (keys == 0) return nullptr;
    size_t chosen = NextRandom(random) % keys;
    for (const auto& shard : shards_) {
      if (chosen >= shard->size()) {
        chosen -= shard->size();
        continue;
      }
      if (Entry* const slot = shard->Random(random, now); slot != nullptr) return slot;
      break;  // all of its keys had expired
    }
  }
}

size_t Keyspace::Sweep(UnixMillis now, size_t budget) {
  for (const auto& shard : shards_) budget = shard->Sweep(now, budget);
  return budget;
}

size_t Keyspace::size() const {
  return Sum<size_t>([](const Shard& shard) { return shard.size(); });
}

size_t Keyspace::expiring() const {
  return Sum<size_t>([](const Shard& shard) { return shard.expiring(); });
}

UnixMillis Keyspace::mean_ttl() const {
  const auto count = static_cast<UnixMillis>(shards_.size());
  return Sum<UnixMillis>([](const Shard& shard) { return shard.mean_ttl(); }) / count;
}

uint64_t Keyspace::expired() const {
  return Sum<uint64_t>([](const Shard& shard) { return shard.expired(); });
}

size_t Keyspace::memory() const {
  return Sum<size_t>([](const Shard& shard) { return shard.memory(); });
}

size_t Keyspace::entry_memory() const {
  return Sum<size_t>([](const Shard& shard) { return shard.entry_memory(); });
}

}  // namespace keyhole::store
