#include "proxy/store/types/sorted_set_object.h"

#include <algorithm>

namespace keyhole::store {

void SortedSetObject::Add(std::string_view member, double score) {
  const std::string_view bytes(reinterpret_cast<const char*>(&score), sizeof(score));
  const Item item = Item::Make(member, bytes, kNever, heap());
  item_bytes_ += heap().Cost(item.raw(), item.size());
  table_.Insert(item, ItemTable::Hash(member));
  tree_.Insert(item);
}

void SortedSetObject::Free(Item item) {
  item_bytes_ -= heap().Cost(item.raw(), item.size());
  Item::Destroy(item, heap());
}

void SortedSetObject::Remove(Item* slot) {
  tree_.Remove(*slot);
  Free(table_.Take(slot));
  table_.Step(1);
}

std::unique_ptr<Object> SortedSetObject::Clone(Heap& heap) const {
  auto copy = std::make_unique<SortedSetObject>(heap);
  tree_.Visit(0, size(), /*downwards=*/false,
              [&copy](Item item) { copy->Add(item.key(), ScoreOf(item)); });
  return copy;
}

// First the tree, then bucket by bucket what it named.
bool SortedSetObject::FreeSome(size_t* budget) {
  constexpr size_t kLeafCost = 4;
  constexpr size_t kItemCost = 2;
  bool more = true;
  while (more && *budget > 0) {
    size_t cost = kLeafCost;
    if (tree_.ClearSome(1)) {
      cost = 1;
      more = table_.Drain(1, [&](Item item) {
        cost += kItemCost;
        Free(item);
      });
    }
    *budget -= std::min(cost, *budget);
  }
  return !more;
}

// An item is named twice: in the table, where it is looked for before it moves, and in the tree.
bool SortedSetObject::Compact(size_t* budget) {
  constexpr size_t kItemCost = 5;
  HeapBuckets<Item>& buckets = table_.buckets();
  while (*budget > 0) {
    size_t cost = 1;
    if (bucket_hand_ < table_.bucket_count()) {
      if (bucket_hand_ % HeapBuckets<Item>::kSegment == 0) buckets.CompactSegment(bucket_hand_);
      buckets.CompactChain(&buckets.At(bucket_hand_));
      ++bucket_hand_;
    } else if (rank_hand_ < size()) {
      rank_hand_ = tree_.VisitHandles(rank_hand_, [&](Item* item) {
        cost += kItemCost;
        Item* const slot = Find(item->key());
        char* const to = heap().Moved(item->raw(), item->size());
        if (to != nullptr) *slot = *item = Item(to);
      });
    } else {
      bucket_hand_ = 0;
      rank_hand_ = 0;
      return true;
    }
    *budget -= std::min(cost, *budget);
  }
  return false;
}

}  // namespace keyhole::store
