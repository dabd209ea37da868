// A hash or a set that is too large for one block: its fields or members are the items of a table
// of their own, in the memory of one Heap. It grows a little at a time and can be scanned
// meanwhile, as the keys of a database: linear_table.h.
//
// Owned by the entry of its key; changes go through Keyspace::Change().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "proxy/store/keyspace/entry.h"
#include "proxy/store/keyspace/item_table.h"

namespace keyhole::store {

class TableObject final : public Object {
 public:
  explicit TableObject(Heap& heap) : table_(HeapBuckets<Item>(heap)) {}

  size_t size() const { return table_.size(); }
  // Null if it is not there. Valid until the next change.
  const Item* Find(std::string_view name) const { return table_.Find(name, ItemTable::Hash(name)); }
  // True if it is new.
  bool Set(std::string_view name, std::string_view value);
  // False if it was not there.
  bool Remove(std::string_view name);

  // Calls f(const Item&) for a part; see LinearTable::Scan.
  template <typename F>
  uint64_t Scan(uint64_t cursor, F&& f) const {
    return table_.Scan(cursor, [&f](const Item* item) { f(*item); });
  }
  // Calls f(const Item&) for all.
  template <typename F>
  void ForEach(F&& f) const {
    uint64_t cursor = 0;
    do {
      cursor = Scan(cursor, f);
    } while (cursor != 0);
  }
  // REQUIRES: size() > 0.
  Item Random(uint64_t* random) const { return *table_.Random(random); }

  size_t memory() const override { return sizeof(*this) + table_.memory() + item_bytes_; }
  std::unique_ptr<Object> Clone(Heap& heap) const override;
  bool FreeSome(size_t* budget) override;
  bool Compact(size_t* budget) override;

 private:
  Heap& heap() { return table_.buckets().heap(); }

  ItemTable table_;
  size_t item_bytes_ = 0;
  size_t hand_ = 0;  // the bucket where Compact() goes on
};

}  // namespace keyhole::store
