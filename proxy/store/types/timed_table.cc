#include "proxy/store/types/timed_table.h"

#include <algorithm>

namespace keyhole::store {

void TimedTable::Note(Item item) {
  if (item.has_expire()) ends_.insert({item.expire(), item.raw()});
}

void TimedTable::Forget(Item item) {
  if (item.has_expire()) ends_.erase({item.expire(), item.raw()});
}

bool TimedTable::Set(std::string_view name, std::string_view value, UnixMillis expire) {
  Item* slot = FindSlot(name);
  if (slot == nullptr) {
    Note(Add(name, value, expire));
    return true;
  }
  Forget(*slot);
  Change(slot, value, expire);
  Note(*slot);
  return false;
}

void TimedTable::SetExpire(std::string_view name, UnixMillis expire) {
  Item* const slot = FindSlot(name);
  Forget(*slot);
  Change(slot, slot->value(), expire);
  Note(*slot);
}

bool TimedTable::Remove(std::string_view name) {
  Item* const slot = FindSlot(name);
  if (slot == nullptr) return false;
  Forget(*slot);
  RemoveSlot(slot);
  return true;
}

bool TimedTable::EndParts(UnixMillis now, size_t* budget) {
  constexpr size_t kCost = 8;
  while (*budget > 0 && due() <= now) {
    Item* const slot = FindSlot(Item(ends_.begin()->item).key());
    ends_.erase(ends_.begin());
    RemoveSlot(slot);
    *budget -= std::min(kCost, *budget);
  }
  return size() > 0;
}

std::unique_ptr<Object> TimedTable::Clone(Heap& heap) const {
  auto copy = std::make_unique<TimedTable>(heap, listed_);
  ForEach([&copy](const Item& item) { copy->Set(item.key(), item.value(), item.expire()); });
  return copy;
}

bool TimedTable::FreeSome(size_t* budget) {
  while (!ends_.empty() && *budget > 0) {
    ends_.erase(ends_.begin());
    *budget -= std::min<size_t>(2, *budget);
  }
  return *budget > 0 && TableObject::FreeSome(budget);
}

bool TimedTable::Compact(size_t* budget) {
  return CompactItems(budget, [this](Item from, Item to) {
    if (to.has_expire()) {
      ends_.erase({to.expire(), from.raw()});
      Note(to);
    }
  });
}

}  // namespace keyhole::store
