// Changing a hash or a set, or making one. The one place that knows when another encoding is due.
//
//     CollectionEdit edit(db, limits, ValueType::kHash, slot, db.HeapOf(key));
//     edit.Set("field", "value");
//     edit.Commit(key);
//
//                   more than hash-max-listpack-entries,     more than 128 items
//                   or longer than hash-max-listpack-value    or 4 KiB
//     kListHash  --------------------------------> kPackedHash -----> kTableHash
//
//                   more than set-max-intset-entries,         the same
//                   or no integer
//     kIntegerSet -------------------------------> kPackedSet  -----> kTableSet
//
// A hash of which fields end by their own time is one of its own, kTimedHash (timed_table.h); a
// field that is set ends no more, unless KeepExpiry() says so.
//
// The first step is Redis' own, with its limits, and what OBJECT ENCODING shows; the second is a
// matter of memory only. There is no way back.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/store/keyspace/keyspace.h"
#include "proxy/store/types/timed_table.h"

namespace keyhole::store {

// Up to which size the first step is not due: Redis' settings.
struct CollectionLimits {
  size_t listed_items = 0;  // hash-max-listpack-entries
  size_t listed_bytes = 0;  // hash-max-listpack-value
  size_t integers = 0;      // set-max-intset-entries
};

class CollectionEdit {
 public:
  // slot: of a hash or set, valid until Commit(); null: a new one of this type. heap: that of the
  // key, Keyspace::HeapOf(); of what is given to no database any.
  CollectionEdit(Keyspace& db, const CollectionLimits& limits, ValueType type, Entry* slot,
                 Heap& heap);
  ~CollectionEdit();
  CollectionEdit(const CollectionEdit&) = delete;
  CollectionEdit& operator=(const CollectionEdit&) = delete;

  // True if it is new. A set's members have no value.
  bool Set(std::string_view name, std::string_view value = {});
  // From now on Set() leaves a field's expiry as it is.
  void KeepExpiry() { keeps_expiry_ = true; }
  // Gives a field an expiry, or none with kNever. REQUIRES: there is a slot, with that field, and
  // nothing else has been changed.
  void SetExpire(std::string_view name, UnixMillis expire);
  // False if it was not there.
  bool Remove(std::string_view name);
  size_t size() const { return count_; }

  // Puts the result under the key, which is that of the slot if there is one: nothing, if it has
  // become empty.
  void Commit(std::string_view key);
  // The same as an entry, which is the caller's to destroy. REQUIRES: it was a new one, not empty.
  Entry Build(std::string_view key);

 private:
  Layout layout() const { return LayoutOf(encoding_); }
  bool is_hash() const { return TypeOf(encoding_) == ValueType::kHash; }
  size_t stride() const { return is_hash() ? 2 : 1; }
  bool AddToIntegers(std::string_view name, bool* added);
  void EndIntegers();
  void SetPacked(std::string_view name, std::string_view value, bool* added);
  void Spill();
  TimedTable* timed() const { return static_cast<TimedTable*>(slot_->object()); }
  bool SetTimed(std::string_view name, std::string_view value);
  void MakeTimed();

  Keyspace& db_;
  const CollectionLimits& limits_;
  Entry* slot_;
  Heap& heap_;
  Encoding encoding_;
  std::string block_;                   // what lies in the entry, unless there is a table
  TableObject* table_ = nullptr;        // the slot's, or the next one
  std::unique_ptr<TableObject> fresh_;  // not yet the slot's
  size_t count_ = 0;
  bool changed_ = false;  // Commit() has something to do
  bool keeps_expiry_ = false;
};

}  // namespace keyhole::store
