#include "proxy/store/types/table_object.h"

#include <algorithm>

namespace keyhole::store {

bool TableObject::Set(std::string_view name, std::string_view value) {
  const uint64_t hash = ItemTable::Hash(name);
  Item* slot = table_.Find(name, hash);
  const bool is_new = slot == nullptr;
  if (is_new) {
    slot = table_.Insert(Item::Make(name, value, kNever, heap()), hash);
  } else {
    item_bytes_ -= heap().Cost(slot->raw(), slot->size());
    *slot = Item::Changed(*slot, value, kNever, heap());
  }
  item_bytes_ += heap().Cost(slot->raw(), slot->size());
  return is_new;
}

bool TableObject::Remove(std::string_view name) {
  Item* const slot = table_.Find(name, ItemTable::Hash(name));
  if (slot == nullptr) return false;
  item_bytes_ -= heap().Cost(slot->raw(), slot->size());
  Item::Destroy(table_.Take(slot), heap());
  table_.Step(1);
  return true;
}

std::unique_ptr<Object> TableObject::Clone(Heap& heap) const {
  auto copy = std::make_unique<TableObject>(heap);
  ForEach([&copy](const Item& item) { copy->Set(item.key(), item.value()); });
  return copy;
}

bool TableObject::FreeSome(size_t* budget) {
  constexpr size_t kCost = 2;
  bool more = true;
  while (more && *budget > 0) {
    size_t cost = 1;
    more = table_.Drain(1, [&](Item item) {
      cost += kCost;
      item_bytes_ -= heap().Cost(item.raw(), item.size());
      Item::Destroy(item, heap());
    });
    *budget -= std::min(cost, *budget);
  }
  return !more;
}

// Bucket by bucket: first where it lies, then what it holds.
bool TableObject::Compact(size_t* budget) {
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
      if (to != nullptr) *slot = Item(to);
    });
    *budget -= std::min(cost, *budget);
    if (hand_ == 0) return true;
  }
  return false;
}

}  // namespace keyhole::store
