// One database, as the handlers see it. Its keys are spread over shards by their hashes, so that
// workers can be in different shards at once; with one worker there is one. What is kept and how is
// the shards' (shard.h).
//
// Entry* is a slot, valid until the next call that is not const (Overwrite, Change, Resize and
// SetExpire keep it valid).
//
// Thread: whoever holds the locks of the shards that a call touches: of its key's, of all where it
// names no key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "proxy/store/keyspace/shard.h"

namespace keyhole::store {

class Keyspace {
 public:
  // Without a bound.
  Keyspace();
  // shards: a power of two, at most 256.
  Keyspace(MemoryBudget& budget, size_t shards);
  // As many shards as there are pools, which databases of one store share.
  Keyspace(MemoryBudget& budget, std::shared_ptr<ObjectPools> objects);

  // The key's slot; null if it is not there or has expired. touch: that counts as a use.
  Entry* Find(const resp::HashedKey& key, UnixMillis now, bool touch = true) {
    return Of(key.hash).Find(key.bytes, key.hash, now, touch);
  }
  Entry* Find(std::string_view key, UnixMillis now, bool touch = true) {
    return Find(resp::HashedKey(key), now, touch);
  }
  // Seconds since the last use; see EvictionQueues for how far they are right.
  uint32_t IdleTime(const Entry& entry) const { return shards_[0]->IdleTime(entry); }

  // A key that is there was last used so many seconds ago; as far as that can be told.
  void SetIdleTime(std::string_view key, int64_t seconds);

  // Has the processor fetch what Find() will read for these keys, so that it need not wait for each
  // in turn. Changes nothing; the keys need not be there.
  void Prefetch(std::span<const resp::HashedKey> keys);

  // The key gets this value, whatever it was; `encoding` is not an Object's.
  Entry* Put(const resp::HashedKey& key, std::string_view value, UnixMillis expire,
             Encoding encoding = Encoding::kString) {
    return Of(key.hash).Put(key.bytes, key.hash, value, expire, encoding);
  }
  Entry* Put(std::string_view key, std::string_view value, UnixMillis expire,
             Encoding encoding = Encoding::kString) {
    return Put(resp::HashedKey(key), value, expire, encoding);
  }
  // The same for a key whose slot is known.
  void Overwrite(Entry* slot, std::string_view value, UnixMillis expire,
                 Encoding encoding = Encoding::kString) {
    Of(slot).Overwrite(slot, value, expire, encoding);
  }
  // The same with an Object; the expiry stays.
  void Overwrite(Entry* slot, Encoding encoding, std::unique_ptr<Object> object) {
    Of(slot).Overwrite(slot, encoding, std::move(object));
  }
  // Puts the object that make(Object& old) gives, which may take the old one apart, in its place.
  template <typename F>
  void Exchange(Entry* slot, Encoding encoding, F&& make) {
    Of(slot).Exchange(slot, encoding, make);
  }
  // Removes the parts of a value (fields of a hash) that have ended by their own time, and the key
  // with the last of them. False: it is gone.
  bool EndParts(Entry* slot, UnixMillis now) { return Of(slot).EndParts(slot, now); }
  // A string's value becomes `size` bytes long, filled with zeros if that is longer. It is a raw
  // string from then on.
  void Resize(Entry* slot, size_t size) { Of(slot).Resize(slot, size); }
  // Calls f(), which changes the Object of this entry.
  template <typename F>
  void Change(Entry* slot, F&& f) {
    Of(slot).Modify(slot, f);
  }
  // The same where Redis does not call the key changed: its watches hold.
  template <typename F>
  void Adjust(Entry* slot, F&& f) {
    Of(slot).Adjust(slot, f);
  }
  void SetExpire(Entry* slot, UnixMillis expire) {  // kNever: does not expire
    Of(slot).SetExpire(slot, expire);
  }
  void Erase(Entry* slot) { Of(slot).Erase(slot); }
  // Gives the entry another key, in place of what was there.
  void Rename(Entry* slot, std::string_view key);
  // What the objects of this key are to be made of; that of the key's stripe, whatever the
  // database.
  Heap& HeapOf(std::string_view key) {
    Shard& shard = shards_.size() == 1 ? *shards_[0] : Of(EntryTable::Hash(key));
    return shard.objects().heap();
  }
  // Takes the entry out; it is the caller's, who gives it to a database or destroys it.
  Entry Take(Entry* slot) { return Of(slot).Take(slot); }
  // Takes an entry of MallocHeap() over, in place of what was under its key. Its object, if it is
  // one, is of HeapOf(key).
  void Insert(Entry entry) {
    const uint64_t hash = EntryTable::Hash(entry.key());
    Of(hash).Insert(entry, hash);
  }
  void Clear();  // cheap, however much there is
  // Exchanges all keys of the two. Watches stay with the database's number.
  void Swap(Keyspace& other, UnixMillis now);

  // Sets `*broken` when the key changes, until Unwatch(). `broken` must live as long.
  void Watch(std::string_view key, std::atomic<bool>* broken) {
    Of(EntryTable::Hash(key)).watches().Add(key, broken);
  }
  void Unwatch(std::string_view key, std::atomic<bool>* broken) {
    Of(EntryTable::Hash(key)).watches().Remove(key, broken);
  }
  // Rings when the key changes, until another one or null takes its place; it must live as long.
  void SetBell(std::string_view key, KeyBell* bell) {
    Of(EntryTable::Hash(key)).watches().SetBell(key, bell);
  }
  // It rings though the key is unchanged, as far as watches go.
  void RingBell(std::string_view key) { Of(EntryTable::Hash(key)).watches().Ring(key); }

  // See Shard.
  void SetListener(KeyListener* listener, int database, bool attentive);

  // Calls f(const Entry&) for unexpired entries; see EntryTable::Scan.
  template <typename F>
  uint64_t Scan(uint64_t cursor, UnixMillis now, F&& f) const;
  Entry* Random(uint64_t* random, UnixMillis now);

  // Looks at the next entries for expired ones and frees them, and gives memory back that nobody
  // needs. Returns what is left of `budget`: 10000 are about 200 us.
  size_t Sweep(UnixMillis now, size_t budget);

  size_t size() const;          // with those expired but not removed yet
  size_t expiring() const;      // keys with an expiry
  UnixMillis mean_ttl() const;  // of those, as the last sweeps saw it
  uint64_t expired() const;     // how many have been removed for it
  size_t memory() const;        // bytes taken by all of it, rounding and bookkeeping included
  size_t entry_memory() const;  // the part of it that is entries, with their objects
  size_t MemoryOf(const Entry& entry) const { return shards_[0]->MemoryOf(entry); }

  size_t shard_count() const { return shards_.size(); }
  Shard& shard(size_t index) { return *shards_[index]; }
  const Shard& shard(size_t index) const { return *shards_[index]; }
  static std::shared_ptr<ObjectPools> MakePools(MemoryBudget& budget, size_t shards);
  // In how many shards so many workers divide each database.
  static size_t ShardsFor(int workers);
  // The shard of a key, by its hash, of so many.
  static size_t ShardOf(uint64_t hash, size_t shards) { return hash >> 40 & (shards - 1); }

 private:
  Shard& Of(uint64_t hash) { return *shards_[ShardOf(hash, shards_.size())]; }
  Shard& Of(const Entry* slot) {
    return shards_.size() == 1 ? *shards_[0] : Of(EntryTable::Hash(slot->key()));
  }
  template <typename T, typename F>
  T Sum(F&& f) const;

  std::shared_ptr<ObjectPools> objects_;
  std::vector<std::unique_ptr<Shard>> shards_;  // go before their objects' memory
};

// A cursor says the shard in its lowest digit, so to speak: `shards` is the base.
template <typename F>
uint64_t Keyspace::Scan(uint64_t cursor, UnixMillis now, F&& f) const {
  const uint64_t count = shards_.size();
  const uint64_t index = cursor % count;
  const uint64_t next = shards_[index]->Scan(cursor / count, now, f);
  if (next != 0) return next * count + index;
  return index + 1 == count ? 0 : index + 1;
}

}  // namespace keyhole::store
