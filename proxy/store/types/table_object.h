// A hash or a set that is too large for one block: its fields or members are the items of a table
// of their own, in the memory of one Heap. It grows a little at a time and can be scanned
// meanwhile, as the keys of a database: linear_table.h.
//
// Owned by the entry of its key; changes go through Keyspace::Change(). One with fields that end by
// their own time is a TimedTable, which alone gives items an expiry.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "proxy/store/keyspace/entry.h"
#include "proxy/store/keyspace/item_table.h"

namespace keyhole::store {

class TableObject : public Object {
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

 protected:
  Item* FindSlot(std::string_view name) { return table_.Find(name, ItemTable::Hash(name)); }
  // REQUIRES: it is not there.
  Item Add(std::string_view name, std::string_view value, UnixMillis expire);
  void Change(Item* slot, std::string_view value, UnixMillis expire);
  void RemoveSlot(Item* slot) {
    item_bytes_ -= heap().Cost(slot->raw(), slot->size());
    Item::Destroy(table_.Take(slot), heap());
    table_.Step(1);
  }
  // Exchanges what both hold, which is of the same heap.
  void Swap(TableObject& other) {
    table_.Swap(other.table_);
    std::swap(item_bytes_, other.item_bytes_);
  }
  // As Compact(); calls moved(Item from, Item to) for what has moved; `from` may not be looked at.
  template <typename F>
  bool CompactItems(size_t* budget, F&& moved);

 private:
  Heap& heap() { return table_.buckets().heap(); }

  ItemTable table_;
  size_t item_bytes_ = 0;
  size_t hand_ = 0;  // the bucket where Compact() goes on
};

// Bucket by bucket: first where it lies, then what it holds.
template <typename F>
bool TableObject::CompactItems(size_t* budget, F&& moved) {
  constexpr size_t kCost = 2;
  HeapBuckets<Item>& buckets = table_.buckets();
  while (*budget > 0) {
    if (hand_ >= table_.bucket_count()) hand_ = 0;
    size_t cost = 1;
    if (hand_ % HeapBuckets<Item>::kSegment == 0) buckets.CompactSegment(hand_);
    buckets.CompactChain(&buckets.At(hand_));
    hand_ = table_.VisitBuckets(hand_, 1, [&](Item* slot) {
      cost += kCost;
      char* const to = heap().Moved(slot->raw(), slot->size());
      if (to == nullptr) return;
      moved(*slot, Item(to));
      *slot = Item(to);
    });
    *budget -= std::min(cost, *budget);
    if (hand_ == 0) return true;
  }
  return false;
}

}  // namespace keyhole::store
