// A sorted set that is too large for one block: an item for each member, with its score as its
// value, found by the member in a table and by its place in a tree.
//
//     table   member --> | head | sizes | member | score 8 | <-- tree     rank, score or member
//             12.8 bytes                32 bytes                 10 to 13
//                                for a member of 13 to 21 bytes
//
// Owned by the entry of its key; changes go through Keyspace::Change().
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "proxy/store/keyspace/entry.h"
#include "proxy/store/keyspace/item_table.h"
#include "proxy/store/types/rank_tree.h"

namespace keyhole::store {

class SortedSetObject final : public Object {
 public:
  explicit SortedSetObject(Heap& heap) : table_(HeapBuckets<Item>(heap)) {}

  size_t size() const { return tree_.size(); }
  const RankTree& tree() const { return tree_; }
  const ItemTable& table() const { return table_; }
  // Null if it is not there. Valid until the next change.
  Item* Find(std::string_view member) const { return table_.Find(member, ItemTable::Hash(member)); }
  // REQUIRES: the member is not there.
  void Add(std::string_view member, double score);
  // REQUIRES: the item is one of its own.
  void Rescore(Item item, double score) { tree_.Rescore(item, score); }
  void Remove(Item* slot);

  size_t memory() const override {
    return sizeof(*this) + table_.memory() + tree_.memory() + item_bytes_;
  }
  std::unique_ptr<Object> Clone(Heap& heap) const override;
  bool FreeSome(size_t* budget) override;
  bool Compact(size_t* budget) override;

 private:
  Heap& heap() { return table_.buckets().heap(); }
  void Free(Item item);

  ItemTable table_;
  RankTree tree_;
  size_t item_bytes_ = 0;
  size_t bucket_hand_ = 0;  // where Compact() goes on: first through the buckets,
  size_t rank_hand_ = 0;    // then through the items
};

}  // namespace keyhole::store
