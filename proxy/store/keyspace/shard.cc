#include "proxy/store/keyspace/shard.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace keyhole::store {

// The keys of a shard that has been cleared, as one large value of which each is a part. Those that
// a snapshot still needs are given to it before they go.
class Shard::DiscardedKeys final : public Object {
 public:
  DiscardedKeys(std::unique_ptr<Keys> keys, ObjectPool& objects)
      : keys_(std::move(keys)), objects_(objects) {}
  ~DiscardedKeys() override { keys_->table.Clear(keys_->arena); }
  DiscardedKeys(const DiscardedKeys&) = delete;
  DiscardedKeys& operator=(const DiscardedKeys&) = delete;

  size_t memory() const override {
    return keys_->entry_bytes + keys_->table.memory() + keys_->queues.memory();
  }
  std::unique_ptr<Object> Clone(Heap&) const override { return nullptr; }  // nobody copies it

  bool FreeSome(size_t* budget) override {
    constexpr size_t kCost = 3;
    constexpr size_t kBytesToCost = 2;  // of a snapshot
    Keys& keys = *keys_;
    bool more = true;
    while (more && *budget > 0) {
      size_t cost = 1;
      more = keys.table.Drain(1, [&](Entry entry) {
        cost += kCost;
        if (keys.walking && entry.mark() != keys.mark) {
          cost += keys.sink->OnEntry(keys.saved_as, entry) / kBytesToCost;
        }
        keys.entry_bytes -= entry.memory(keys.arena);
        if (!entry.is_object()) return Entry::Destroy(entry, keys.arena);
        objects_.Discard(Entry::Open(entry, keys.arena));
      });
      *budget -= std::min(cost, *budget);
    }
    if (!more && keys.walking) keys.EndWalk();
    return !more;
  }

 private:
  std::unique_ptr<Keys> keys_;
  ObjectPool& objects_;
};

Shard::~Shard() {
  keys_->table.Clear(keys_->arena);
}

Entry* Shard::Find(std::string_view key, uint64_t hash, UnixMillis now, bool touch) {
  Entry* const slot = keys_->table.Find(key, hash);
  if (slot == nullptr) return nullptr;
  if (slot->has_expire() && slot->expire() <= now) {
    if (budget_.frozen()) return nullptr;
    RemoveExpired(slot);
    keys_->table.Step(1);
    Report();
    return nullptr;
  }
  if (touch) keys_->queues.Used(*slot, budget_.policy(), budget_.seconds());
  return slot;
}

void Shard::Add(Entry entry, uint64_t hash) {
  const size_t bytes = entry.memory(keys_->arena);
  entry.set_mark(keys_->mark);
  ++changes_;
  keys_->queues.Add(entry, hash, budget_.policy(), budget_.seconds());
  keys_->queues.Weigh(entry, 0, bytes);
  keys_->entry_bytes += bytes;
  if (entry.has_expire()) ++keys_->expiring;
}

// Takes an entry out of all but the memory it lies in.
Entry Shard::Detach(Entry* slot) {
  if (slot->mark() != keys_->mark) [[unlikely]]
    keys_->Save(*slot);
  ++changes_;
  const size_t bytes = slot->memory(keys_->arena);
  watches_.Touched(slot->key());
  keys_->queues.Weigh(*slot, bytes, 0);
  keys_->queues.Remove(*slot);
  keys_->entry_bytes -= bytes;
  if (slot->has_expire()) --keys_->expiring;
  return keys_->table.Take(slot);
}

// The slots of others stay valid.
void Shard::Remove(Entry* slot) {
  Discard(Detach(slot));
}

void Shard::Discard(Entry entry) {
  if (!entry.is_object()) return Entry::Destroy(entry, keys_->arena);
  objects_.Discard(Entry::Open(entry, keys_->arena));
}

void Shard::RemoveExpired(Entry* slot) {
  ++expired_;
  budget_.CountExpired();
  if (listener_ == nullptr) return Remove(slot);
  const std::string key(slot->key());
  Remove(slot);
  listener_->OnExpired(database_, key);
}

Entry* Shard::Put(std::string_view key, uint64_t hash, std::string_view value, UnixMillis expire,
                  Encoding encoding) {
  if (Entry* const slot = keys_->table.Find(key, hash); slot != nullptr) {
    keys_->queues.Used(*slot, budget_.policy(), budget_.seconds());
    Overwrite(slot, value, expire, encoding);
    return slot;
  }
  const Entry entry = Entry::MakeInline(encoding, key, value.size(), expire, keys_->arena);
  if (!value.empty()) std::memcpy(entry.value_bytes(), value.data(), value.size());
  Add(entry, hash);
  Entry* const slot = keys_->table.Insert(entry, hash);
  Report();
  watches_.Added(key);
  return slot;
}

void Shard::Moved(Entry* slot, Arena::Links links) {
  Arena& arena = keys_->arena;
  arena.StoreLinks(arena.HandleOf(slot->raw(), slot->size()), links);
  keys_->queues.Moved(*slot);
}

void Shard::Overwrite(Entry* slot, std::string_view value, UnixMillis expire, Encoding encoding) {
  Modify(slot, [&] {
    Arena& arena = keys_->arena;
    if (!slot->is_object() && slot->has_expire() == (expire != kNever)) {
      *slot = Entry::WithExpire(Entry::Resized(*slot, value.size(), arena), expire, arena);
      slot->set_encoding(encoding);
    } else {
      const Entry fresh = Entry::MakeInline(encoding, slot->key(), value.size(), expire, arena);
      Discard(*slot);
      *slot = fresh;
    }
    if (!value.empty()) std::memcpy(slot->value_bytes(), value.data(), value.size());
  });
}

void Shard::Overwrite(Entry* slot, Encoding encoding, std::unique_ptr<Object> object) {
  Modify(slot, [&] {
    const Entry fresh =
        Entry::MakeObject(encoding, slot->key(), std::move(object), slot->expire(), keys_->arena);
    Discard(*slot);
    *slot = fresh;
  });
  NoteLayout(encoding);
}

void Shard::Resize(Entry* slot, size_t size) {
  Modify(slot, [&] {
    const size_t before = slot->value_size();
    *slot = Entry::Resized(*slot, size, keys_->arena);
    slot->set_encoding(Encoding::kRawString);
    if (size > before) std::memset(slot->value_bytes() + before, 0, size - before);
  });
}

void Shard::SetExpire(Entry* slot, UnixMillis expire) {
  Modify(slot, [&] { *slot = Entry::WithExpire(*slot, expire, keys_->arena); });
}

void Shard::Erase(Entry* slot) {
  Remove(slot);
  keys_->table.Step(1);
  Report();
}

Entry Shard::Take(Entry* slot) {
  const Entry entry = Detach(slot);
  const Entry taken = Entry::Renamed(entry, entry.key(), keys_->arena, MallocHeap());
  Report();
  return taken;
}

void Shard::Insert(Entry entry, uint64_t hash) {
  Entry* const old = keys_->table.Find(entry.key(), hash);
  const bool is_new = old == nullptr;
  if (!is_new) Remove(old);
  const Entry inserted = Entry::Renamed(entry, entry.key(), MallocHeap(), keys_->arena);
  Add(inserted, hash);
  keys_->table.Insert(inserted, hash);
  NoteLayout(inserted.encoding());
  Report();
  if (is_new) return watches_.Added(inserted.key());
  watches_.Touched(inserted.key());
}

void Shard::BreakWatchesOfExisting(const EntryTable& table, UnixMillis now) {
  watches_.BreakIf([&table, now](std::string_view key) {
    const Entry* const slot = table.Find(key, EntryTable::Hash(key));
    return slot != nullptr && slot->expire() > now;
  });
}

void Shard::Swap(Shard& other, UnixMillis now) {
  for (Shard* shard : {this, &other}) {
    shard->BreakWatchesOfExisting(keys_->table, now);
    shard->BreakWatchesOfExisting(other.keys_->table, now);
  }
  ++changes_;
  std::swap(keys_, other.keys_);
  Report();
  other.Report();
}

void Shard::Clear() {
  constexpr size_t kFew = 2048;  // what is small is freed at once
  const size_t count = size();
  if (keys_->walking && count <= kFew) Walk(SIZE_MAX);
  changes_ += count;
  BreakWatchesOfExisting(keys_->table, 0);
  auto discarded = std::make_unique<DiscardedKeys>(std::move(keys_), objects_);
  keys_ = std::make_unique<Keys>();
  Report();
  objects_.Discard(std::move(discarded), count);
}

Entry* Shard::Random(uint64_t* random, UnixMillis now) {
  for (;;) {
    Entry* const slot = keys_->table.Random(random);
    if (slot == nullptr || slot->expire() > now) return slot;
    RemoveExpired(slot);
    keys_->table.Step(1);
    Report();
  }
}

std::optional<uint64_t> Shard::Evict() {
  const Eviction policy = budget_.policy();
  const Entry victim = keys_->queues.Victim(policy);
  if (!victim) return std::nullopt;
  const uint64_t hash = EntryTable::Hash(victim.key());
  keys_->queues.Remember(victim, hash, policy);
  budget_.CountEviction();
  const std::string key(listener_ == nullptr ? std::string_view() : victim.key());
  Erase(keys_->table.Find(victim.key(), hash));
  if (listener_ != nullptr) listener_->OnEvicted(database_, key);
  if (keys_->arena.fragmented()) Compact();
  keys_->arena.Trim(1);
  return hash;
}

bool Shard::Compact() {
  return keys_->arena.Compact([this](const char* from, char* to) {
    const Entry entry(to);
    if (from != to) {
      const std::string_view key = entry.key();
      *keys_->table.Find(key, EntryTable::Hash(key)) = entry;
    }
    keys_->queues.Moved(entry);
  });
}

size_t Shard::resident() const {
  return keys_->arena.resident() + keys_->arena.large_memory() + keys_->table.memory() +
         keys_->queues.memory();
}

// Those of the buckets from the hand on show their blocks.
void Shard::CompactObjects(size_t* budget) {
  Keys& keys = *keys_;
  while (*budget > 0) {
    size_t seen = 0;
    const size_t next = keys.table.VisitBuckets(keys.compact_bucket, 1, [&](const Entry* entry) {
      if (!entry->is_object() || seen++ < keys.compact_skip || *budget == 0) return;
      if (entry->object()->Compact(budget)) ++keys.compact_skip;
    });
    if (*budget == 0) return;
    --*budget;
    keys.compact_skip = 0;
    keys.compact_bucket = next;
    if (next == 0) return;
  }
}

}  // namespace keyhole::store
