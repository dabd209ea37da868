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
  Item* const slot = FindSlot(name);
  if (slot == nullptr) return false;
  RemoveSlot(slot);
  return true;
}

Item TableObject::Add(std::string_view name, std::string_view value, UnixMillis expire) {
  const Item item = Item::Make(name, value, expire, heap());
  item_bytes_ += heap().Cost(item.raw(), item.size());
  table_.Insert(item, ItemTable::Hash(name));
  return item;
}

void TableObject::Change(Item* slot, std::string_view value, UnixMillis expire) {
  item_bytes_ -= heap().Cost(slot->raw(), slot->size());
  *slot = Item::Changed(*slot, value, expire, heap());
  item_bytes_ += heap().Cost(slot->raw(), slot->size());
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

bool TableObject::Compact(size_t* budget) {
  return CompactItems(budget, [](Item, Item) {});
}

}  // namespace keyhole::store
