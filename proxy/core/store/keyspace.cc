#include "proxy/core/store/keyspace.h"

#include <cstring>
#include <utility>

namespace keyhole::store {

void Keyspace::Account(Entry entry) {
  entry_bytes_ += entry.memory();
  if (entry.has_expire()) ++expiring_;
}

void Keyspace::Unaccount(Entry entry) {
  entry_bytes_ -= entry.memory();
  if (entry.has_expire()) --expiring_;
}

Entry* Keyspace::Find(std::string_view key, UnixMillis now) {
  Entry* const slot = table_.Find(key, EntryTable::Hash(key));
  if (slot == nullptr || !slot->has_expire() || slot->expire() > now) return slot;
  Expire(slot);
  table_.Step(1);
  return nullptr;
}

Entry* Keyspace::Put(std::string_view key, std::string_view value, UnixMillis expire,
                     Encoding encoding) {
  const uint64_t hash = EntryTable::Hash(key);
  Entry* slot = table_.Find(key, hash);
  if (slot != nullptr) {
    Overwrite(slot, value, expire, encoding);
    return slot;
  }
  const Entry entry = Entry::MakeInline(encoding, key, value.size(), expire);
  if (!value.empty()) std::memcpy(entry.value_bytes(), value.data(), value.size());
  Account(entry);
  slot = table_.Insert(entry, hash);
  watches_.Touched(key);
  return slot;
}

void Keyspace::Overwrite(Entry* slot, std::string_view value, UnixMillis expire,
                         Encoding encoding) {
  Unaccount(*slot);
  const bool reusable = !slot->is_object() && slot->has_expire() == (expire != kNever);
  if (reusable) {
    *slot = Entry::WithExpire(Entry::Resized(*slot, value.size()), expire);
    slot->set_encoding(encoding);
  } else {
    const Entry fresh = Entry::MakeInline(encoding, slot->key(), value.size(), expire);
    Entry::Destroy(*slot);
    *slot = fresh;
  }
  if (!value.empty()) std::memcpy(slot->value_bytes(), value.data(), value.size());
  Account(*slot);
  watches_.Touched(slot->key());
}

void Keyspace::Overwrite(Entry* slot, Encoding encoding, std::unique_ptr<Object> object) {
  Unaccount(*slot);
  const Entry fresh = Entry::MakeObject(encoding, slot->key(), std::move(object), slot->expire());
  Entry::Destroy(*slot);
  *slot = fresh;
  Account(*slot);
  watches_.Touched(slot->key());
}

void Keyspace::Resize(Entry* slot, size_t size) {
  const size_t before = slot->value_size();
  Unaccount(*slot);
  *slot = Entry::Resized(*slot, size);
  slot->set_encoding(Encoding::kRawString);
  Account(*slot);
  if (size > before) std::memset(slot->value_bytes() + before, 0, size - before);
  watches_.Touched(slot->key());
}

void Keyspace::SetExpire(Entry* slot, UnixMillis expire) {
  Unaccount(*slot);
  *slot = Entry::WithExpire(*slot, expire);
  Account(*slot);
  watches_.Touched(slot->key());
}

void Keyspace::Remove(Entry* slot) {
  watches_.Touched(slot->key());
  Unaccount(*slot);
  Entry::Destroy(table_.Take(slot));
}

void Keyspace::Expire(Entry* slot) {
  ++expired_;
  Remove(slot);
}

void Keyspace::Erase(Entry* slot) {
  Remove(slot);
  table_.Step(1);
}

void Keyspace::Rename(Entry* slot, std::string_view key) {
  Insert(Entry::Renamed(Take(slot), key));
}

Entry Keyspace::Take(Entry* slot) {
  watches_.Touched(slot->key());
  Unaccount(*slot);
  return table_.Take(slot);
}

void Keyspace::Insert(Entry entry) {
  const uint64_t hash = EntryTable::Hash(entry.key());
  if (Entry* const old = table_.Find(entry.key(), hash); old != nullptr) Remove(old);
  Account(entry);
  table_.Insert(entry, hash);
  watches_.Touched(entry.key());
}

void Keyspace::BreakWatchesOfExisting(const EntryTable& table) {
  watches_.BreakIf(
      [&table](std::string_view key) { return table.Find(key, EntryTable::Hash(key)) != nullptr; });
}

void Keyspace::Swap(Keyspace& other) {
  for (Keyspace* keyspace : {this, &other}) {
    keyspace->BreakWatchesOfExisting(table_);
    keyspace->BreakWatchesOfExisting(other.table_);
  }
  table_.Swap(other.table_);
  std::swap(expiring_, other.expiring_);
  std::swap(entry_bytes_, other.entry_bytes_);
  std::swap(hand_, other.hand_);
  std::swap(ttl_sum_, other.ttl_sum_);
  std::swap(ttl_seen_, other.ttl_seen_);
  std::swap(mean_ttl_, other.mean_ttl_);
}

void Keyspace::Clear() {
  BreakWatchesOfExisting(table_);
  table_.Clear();
  expiring_ = 0;
  entry_bytes_ = 0;
  hand_ = 0;
  ttl_sum_ = 0;
  ttl_seen_ = 0;
  mean_ttl_ = 0;
}

Entry* Keyspace::Random(uint64_t* random, UnixMillis now) {
  for (;;) {
    Entry* const slot = table_.Random(random);
    if (slot == nullptr || slot->expire() > now) return slot;
    Expire(slot);
    table_.Step(1);
  }
}

size_t Keyspace::Sweep(UnixMillis now, size_t budget) {
  constexpr size_t kCostOfBucket = 1;
  constexpr size_t kCostOfEntry = 1;
  constexpr size_t kCostOfRemoval = 4;
  constexpr size_t kBucketsPerStep = 32;
  constexpr size_t kCostOfMoving = 8;     // a bucket with its entries
  constexpr UnixMillis kTtlScale = 1024;  // keeps the sum of many long TTLs from overflowing
  const auto spend = [&budget](size_t cost) { budget -= cost < budget ? cost : budget; };

  table_.Step(kBucketsPerStep);
  if (table_.resizing()) spend(kBucketsPerStep * kCostOfMoving);
  if (expiring_ == 0) {
    mean_ttl_ = 0;
    return budget;
  }
  do {
    hand_ = table_.Scan(hand_, [&](Entry* slot) {
      spend(kCostOfEntry);
      if (!slot->has_expire()) return;
      if (slot->expire() <= now) return found_.push_back(slot);
      ttl_sum_ += (slot->expire() - now) / kTtlScale;
      ++ttl_seen_;
    });
    spend(kCostOfBucket + found_.size() * kCostOfRemoval);
    for (Entry* slot : found_) Expire(slot);
    found_.clear();
  } while (hand_ != 0 && budget > 0);
  if (hand_ == 0) {
    mean_ttl_ = ttl_seen_ == 0 ? 0 : ttl_sum_ / static_cast<UnixMillis>(ttl_seen_) * kTtlScale;
    ttl_sum_ = 0;
    ttl_seen_ = 0;
  }
  return budget;
}

}  // namespace keyhole::store
