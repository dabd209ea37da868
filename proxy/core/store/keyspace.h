// One database: its keys, when they expire, who watches them, what they weigh.
//
// An expired key is gone for whoever looks: Find() removes it. Sweep() removes those for which
// nobody looks. Every change to a key breaks the watches on it and is weighed, here, so that no
// handler can forget; what changes inside an Object does so within Change().
//
// Entry* is a slot, valid until the next call that is not const (Overwrite, Change, Resize and
// SetExpire keep it valid).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "proxy/core/store/entry.h"
#include "proxy/core/store/entry_table.h"
#include "proxy/core/store/watch_table.h"

namespace keyhole::store {

class Keyspace {
 public:
  // The key's slot; null if it is not there or has expired.
  Entry* Find(std::string_view key, UnixMillis now);

  // The key gets this value, whatever it was; `encoding` is not an Object's.
  Entry* Put(std::string_view key, std::string_view value, UnixMillis expire,
             Encoding encoding = Encoding::kString);
  // The same for a key whose slot is known.
  void Overwrite(Entry* slot, std::string_view value, UnixMillis expire,
                 Encoding encoding = Encoding::kString);
  // The same with an Object; the expiry stays.
  void Overwrite(Entry* slot, Encoding encoding, std::unique_ptr<Object> object);
  // A string's value becomes `size` bytes long, filled with zeros if that is longer. It is a raw
  // string from then on.
  void Resize(Entry* slot, size_t size);
  // Calls f(), which changes the Object of this entry.
  template <typename F>
  void Change(Entry* slot, F&& f) {
    Unaccount(*slot);
    f();
    Account(*slot);
    watches_.Touched(slot->key());
  }
  void SetExpire(Entry* slot, UnixMillis expire);  // kNever: does not expire
  void Erase(Entry* slot);
  // Gives the entry another key, in place of what was there.
  void Rename(Entry* slot, std::string_view key);
  // Takes the entry out; it is the caller's, who gives it to a database or destroys it.
  Entry Take(Entry* slot);
  // Takes an entry over, in place of what was under its key.
  void Insert(Entry entry);
  void Clear();
  // Exchanges all keys of the two. Watches stay with the database's number.
  void Swap(Keyspace& other);

  // Calls f(const Entry&) for unexpired entries; see EntryTable::Scan.
  template <typename F>
  uint64_t Scan(uint64_t cursor, UnixMillis now, F&& f) const {
    return table_.Scan(cursor, [&](const Entry* entry) {
      if (entry->expire() > now) f(*entry);
    });
  }
  Entry* Random(uint64_t* random, UnixMillis now);

  // Looks at the next entries for expired ones and frees them. Returns what is left of `budget`,
  // which counts memory accesses that may miss the cache, about 100 ns each.
  size_t Sweep(UnixMillis now, size_t budget);

  WatchTable& watches() { return watches_; }
  size_t size() const { return table_.size(); }      // with those expired but not removed yet
  size_t expiring() const { return expiring_; }      // keys with an expiry
  UnixMillis mean_ttl() const { return mean_ttl_; }  // of those, as the last sweeps saw it
  uint64_t expired() const { return expired_; }      // how many have been removed for it
  size_t memory() const { return entry_bytes_ + table_.memory(); }

 private:
  void Remove(Entry* slot);
  void Expire(Entry* slot);
  void Account(Entry entry);
  void Unaccount(Entry entry);
  void BreakWatchesOfExisting(const EntryTable& table);

  EntryTable table_;
  WatchTable watches_;
  size_t expiring_ = 0;
  size_t entry_bytes_ = 0;
  uint64_t expired_ = 0;
  uint64_t hand_ = 0;       // where Sweep() goes on
  UnixMillis ttl_sum_ = 0;  // over the entries seen in this round of Sweep()
  size_t ttl_seen_ = 0;
  UnixMillis mean_ttl_ = 0;
  std::vector<Entry*> found_;  // reused by Sweep()
};

}  // namespace keyhole::store
