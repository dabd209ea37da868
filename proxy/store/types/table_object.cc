#include "proxy/store/types/table_object.h"

#include <algorithm>
#include <cstring>

namespace keyhole::store {

bool TableObject::Set(std::string_view name, std::string_view value) {
  const uint64_t hash = EntryTable::Hash(name);
  Entry* const slot = table_.Find(name, hash);
  Entry entry;
  if (slot != nullptr) {
    entry_bytes_ -= slot->memory(MallocHeap());
    entry = *slot = Entry::Resized(*slot, value.size());
  } else {
    entry = Entry::MakeString(name, value.size(), kNever);
    table_.Insert(entry, hash);
  }
  if (!value.empty()) std::memcpy(entry.value_bytes(), value.data(), value.size());
  entry_bytes_ += entry.memory(MallocHeap());
  return slot == nullptr;
}

bool TableObject::Remove(std::string_view name) {
  Entry* const slot = table_.Find(name, EntryTable::Hash(name));
  if (slot == nullptr) return false;
  entry_bytes_ -= slot->memory(MallocHeap());
  Entry::Destroy(table_.Take(slot));
  table_.Step(1);
  return true;
}

std::unique_ptr<Object> TableObject::Clone() const {
  auto copy = std::make_unique<TableObject>();
  ForEach([&copy](const Entry& entry) { copy->Set(entry.key(), entry.value()); });
  return copy;
}

bool TableObject::FreeSome(size_t* budget) {
  constexpr size_t kCostOfEntry = 5;
  do {
    size_t cost = 1;
    freed_to_ = table_.Scan(freed_to_, [&](Entry* entry) {
      Entry::Destroy(table_.Take(entry));
      cost += kCostOfEntry;
    });
    *budget -= std::min(*budget, cost);
  } while (freed_to_ != 0 && *budget > 0);
  return freed_to_ == 0;
}

}  // namespace keyhole::store
