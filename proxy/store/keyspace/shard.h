// A part of one database: its keys, when they expire, who watches them, what they weigh, which go
// when memory is full. With one worker a database is one shard.
//
// An expired key is gone for whoever looks: Find() removes it. Sweep() removes those for which
// nobody looks. Every change to a key breaks the watches on it and is weighed, here, so that no
// handler can forget.
//
// Entry* is a slot, valid until the next call that is not const (Overwrite, Modify, Resize and
// SetExpire keep it valid). `hash` is EntryTable::Hash(key).
//
// Thread: under the lock of its stripe (store.h), if there is one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/store/keyspace/entry.h"
#include "proxy/store/keyspace/entry_sink.h"
#include "proxy/store/keyspace/entry_table.h"
#include "proxy/store/keyspace/eviction.h"
#include "proxy/store/keyspace/object_pool.h"
#include "proxy/store/keyspace/watch_table.h"
#include "proxy/store/memory/arena.h"
#include "proxy/store/memory/budget.h"

namespace keyhole::store {

class Shard {
 public:
  Shard(MemoryBudget& budget, ObjectPool& objects) : budget_(budget), objects_(objects) {}
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  ~Shard();

  // touch: that counts as a use.
  Entry* Find(std::string_view key, uint64_t hash, UnixMillis now, bool touch);
  uint32_t IdleTime(Entry entry) const {
    return EvictionQueues::IdleTime(entry, budget_.seconds());
  }
  void SetIdleTime(Entry entry, uint32_t idle) {
    EvictionQueues::SetIdleTime(entry, idle, budget_.seconds());
  }
  const EntryTable& table() const { return keys_->table; }
  Entry* Put(std::string_view key, uint64_t hash, std::string_view value, UnixMillis expire,
             Encoding encoding);
  void Overwrite(Entry* slot, std::string_view value, UnixMillis expire, Encoding encoding);
  void Overwrite(Entry* slot, Encoding encoding, std::unique_ptr<Object> object);
  void Resize(Entry* slot, size_t size);
  void SetExpire(Entry* slot, UnixMillis expire);
  // Calls f(), which changes what the slot holds or puts it into another block, once at most, and
  // brings up to date whatever counts or names it.
  template <typename F>
  void Modify(Entry* slot, F&& f) {
    Adjust(slot, f);
    watches_.Touched(slot->key());
  }
  // The same for what nobody who watches the key need know.
  template <typename F>
  void Adjust(Entry* slot, F&& f);
  // Puts the object that make(Object& old) gives, which may take the old one apart, in its place.
  template <typename F>
  void Exchange(Entry* slot, Encoding encoding, F&& make);
  // Removes the parts of a value that have ended by their own time, and the key with the last of
  // them. False: it is gone.
  bool EndParts(Entry* slot, UnixMillis now);
  void Erase(Entry* slot);
  // The entry that is taken out and the one that is put in are of MallocHeap(); the caller's before
  // and after.
  Entry Take(Entry* slot);
  void Insert(Entry entry, uint64_t hash);
  void Clear();  // cheap, however much there is
  // Watches stay. Nobody who watches a key notices that one which had expired gives way to another.
  void Swap(Shard& other, UnixMillis now);

  template <typename F>
  uint64_t Scan(uint64_t cursor, UnixMillis now, F&& f) const {
    return keys_->table.Scan(cursor, [&](const Entry* entry) {
      if (entry->expire() > now) f(*entry);
    });
  }
  // Null if there is none.
  Entry* Random(uint64_t* random, UnixMillis now);

  // Removes the key that is needed least, whatever the memory, and gives its hash. None: there is
  // no key.
  std::optional<uint64_t> Evict();
  // See Keyspace.
  size_t Sweep(UnixMillis now, size_t budget);

  // From now on the sink, which must outlive the walk, is given every key that is there now, as it
  // is now, once: by Walk() or just before it changes, or is discarded, whichever comes first.
  // `database` is what the sink is told, wherever the keys are then. REQUIRES: walks have ended.
  //
  //     mark of the shard's keys        ... of an entry
  //     0                               0 0 0 0 0
  //     1     BeginWalk()               0 0 0 0 0      to be given
  //     1     some are walked over      1 1 0 0 0
  //     1     one of the last changes   1 1 0 1 0      given first as it was; so is one that goes
  //     1     a new one                 1 1 0 1 0 1    never given
  //     1     the walk is done          1 1 1 1 1 1    and for the next one 0 means seen
  void BeginWalk(EntrySink* sink, int database);
  // Goes on with it. Returns what is left of `budget`, of which a byte of the snapshot takes one.
  size_t Walk(size_t budget);
  bool walking() const { return keys_->walking; }
  // How often keys have been added, changed and taken away.
  uint64_t changes() const { return changes_; }

  // Hears of keys that end: by their time, or for want of memory. attentive: of every change, too.
  void SetListener(KeyListener* listener, int database, bool attentive) {
    listener_ = listener;
    database_ = database;
    watches_.SetListener(attentive ? listener : nullptr, database);
  }
  WatchTable& watches() { return watches_; }
  size_t size() const { return keys_->table.size(); }
  size_t expiring() const { return keys_->expiring; }
  UnixMillis mean_ttl() const { return keys_->mean_ttl; }
  uint64_t expired() const { return expired_; }
  size_t memory() const {
    return keys_->entry_bytes + keys_->table.memory() + keys_->queues.memory();
  }
  // The part of it that is entries, with their objects.
  size_t entry_memory() const { return keys_->entry_bytes; }
  // What the kernel has given for it, but for objects, as far as that is known.
  size_t resident() const;
  size_t object_memory() const { return keys_->entry_bytes - keys_->arena.memory(); }
  // Of objects of this shard's keys.
  ObjectPool& objects() { return objects_; }
  // Of one entry.
  size_t MemoryOf(Entry entry) const { return entry.memory(keys_->arena); }
  // What Sweep() saw of late: more than one in twenty of the keys it looked at was dead.
  bool many_dead() const { return keys_->many_dead; }

 private:
  // What Swap() exchanges.
  struct Keys {
    Arena arena;
    EntryTable table;
    EvictionQueues queues{arena};
    size_t expiring = 0;
    size_t entry_bytes = 0;  // of all entries, with their objects
    size_t hand = 0;         // the bucket where Sweep() goes on
    UnixMillis ttl_sum = 0;  // over the entries seen in this round of Sweep()
    size_t ttl_seen = 0;
    UnixMillis mean_ttl = 0;
    bool many_dead = false;
    bool timed = false;         // there may be values whose parts end by their own time ...
    bool timed_seen = false;    // ... as this round of Sweep() has seen, or is since then
    size_t compact_bucket = 0;  // where CompactObjects() goes on: the bucket ...
    size_t compact_skip = 0;    // ... and how many of its objects are done

    // The walk of a snapshot. An entry whose mark is another one is still to be given.
    bool mark = false;
    bool walking = false;
    uint64_t cursor = 0;
    int saved_as = 0;
    EntrySink* sink = nullptr;
    [[gnu::noinline]] void Save(Entry entry);
    void EndWalk();
  };
  class DiscardedKeys;

  void Add(Entry entry, uint64_t hash);
  Entry Detach(Entry* slot);
  void Remove(Entry* slot);
  void Discard(Entry entry);
  void RemoveExpired(Entry* slot);
  bool EndSomeParts(Entry* slot, UnixMillis now, size_t* budget);
  bool SweepParts(Entry* slot, UnixMillis now, size_t* removed);
  void NoteLayout(Encoding encoding) {
    if (LayoutOf(encoding) == Layout::kTimed) keys_->timed = keys_->timed_seen = true;
  }
  void Moved(Entry* slot, Arena::Links links);
  bool Compact();
  void CompactObjects(size_t* budget);
  void Report();
  void BreakWatchesOfExisting(const EntryTable& table, UnixMillis now);
  size_t SweepSome(UnixMillis now, size_t* removed);
  bool nothing_ends() const { return keys_->expiring == 0 && !keys_->timed; }

  MemoryBudget& budget_;
  ObjectPool& objects_;
  std::unique_ptr<Keys> keys_ = std::make_unique<Keys>();
  WatchTable watches_;
  KeyListener* listener_ = nullptr;
  int database_ = 0;
  size_t reported_ = 0;  // to the budget
  bool reported_exhausted_ = false;
  uint64_t expired_ = 0;
  uint64_t changes_ = 0;
  std::vector<Entry*> looked_at_;  // reused by Sweep()
};

inline void Shard::Report() {
  reported_ = budget_.Report(reported_, memory());
  if (keys_->arena.full() == reported_exhausted_) return;
  reported_exhausted_ = !reported_exhausted_;
  budget_.ReportExhausted(reported_exhausted_);
}

template <typename F>
void Shard::Adjust(Entry* slot, F&& f) {
  Arena& arena = keys_->arena;
  const size_t before = slot->memory(arena);
  const size_t expiring = slot->has_expire() ? 1 : 0;
  const char* const place = slot->raw();
  const Arena::Links links = Arena::LinksOf(place, slot->size());
  if (slot->mark() != keys_->mark) [[unlikely]]
    keys_->Save(*slot);
  f();
  slot->set_mark(keys_->mark);
  ++changes_;
  if (slot->raw() != place) Moved(slot, links);
  const size_t after = slot->memory(arena);
  keys_->entry_bytes += after - before;
  keys_->queues.Weigh(*slot, before, after);
  keys_->expiring += (slot->has_expire() ? 1 : 0) - expiring;
  Report();
}

template <typename F>
void Shard::Exchange(Entry* slot, Encoding encoding, F&& make) {
  Modify(slot, [&] {
    std::unique_ptr<Object> fresh = make(*slot->object());
    objects_.Discard(slot->Exchange(encoding, std::move(fresh)));
  });
  NoteLayout(encoding);
}

}  // namespace keyhole::store
