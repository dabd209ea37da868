// A hash of which some fields end by a time of their own (HEXPIRE): a table as that of any large
// hash, whose items may have an expiry, and those that have one in the order of their ends. So what
// has ended is found without a look at the others.
//
//     table   field --> | head | sizes | expiry 8 | field | value | <-- ends, by time
//                                 only if it ends                       16 bytes and their tree
//
// A hash becomes one with the first field that gets an expiry, however small it is, and remains it.
//
// Owned by the entry of its key; changes go through Keyspace::Change().
#pragma once

#include <compare>
#include <cstddef>
#include <memory>
#include <string_view>

#include "absl/container/btree_set.h"
#include "proxy/store/types/table_object.h"

namespace keyhole::store {

class TimedTable final : public TableObject {
 public:
  // listed: Redis would have it in a listpack, and OBJECT ENCODING says so.
  TimedTable(Heap& heap, bool listed) : TableObject(heap), listed_(listed) {}
  // Takes the fields of the other one, which is of the same heap. REQUIRES: it is empty.
  void TakeFrom(TableObject& other) { Swap(other); }

  bool listed() const { return listed_; }
  void Unlist() { listed_ = false; }
  // True if it is new. expire: kNever if it does not end.
  bool Set(std::string_view name, std::string_view value, UnixMillis expire);
  // REQUIRES: it is there.
  void SetExpire(std::string_view name, UnixMillis expire);
  // False if it was not there.
  bool Remove(std::string_view name);
  // Whether any field ends.
  bool has_ends() const { return !ends_.empty(); }

  UnixMillis due() const override { return ends_.empty() ? kNever : ends_.begin()->when; }
  bool EndParts(UnixMillis now, size_t* budget) override;

  size_t memory() const override { return TableObject::memory() + kMore + ends_.size() * kEndCost; }
  std::unique_ptr<Object> Clone(Heap& heap) const override;
  bool FreeSome(size_t* budget) override;
  bool Compact(size_t* budget) override;

 private:
  struct End {
    UnixMillis when;
    char* item;
    auto operator<=>(const End&) const = default;
  };
  static constexpr size_t kEndCost = 20;  // with its part of a node
  static constexpr size_t kMore = 40;     // of this beyond a TableObject

  void Note(Item item);
  void Forget(Item item);

  absl::btree_set<End> ends_;
  bool listed_;
};

}  // namespace keyhole::store
