#include "proxy/store/types/collection.h"

#include "resp/number.h"

namespace keyhole::store {

size_t CountItems(Entry entry) {
  if (entry.is_object()) return TableOf(entry).size();
  if (entry.layout() == Layout::kIntegers) return CountIntegers(entry.value());
  return CountPacked(entry.value()) / StrideOf(entry);
}

void FindItem(Entry entry, std::string_view name, FoundItem* item) {
  item->found = false;
  if (entry.is_object()) {
    const Item* const found = TableOf(entry).Find(name);
    if (found == nullptr) return;
    item->found = true;
    item->value = found->value();
    return;
  }
  if (entry.layout() == Layout::kIntegers) {
    int64_t value = 0;
    item->found = resp::ParseInteger(name, &value) && HasInteger(entry.value(), value);
    return;
  }
  const size_t at = FindPacked(entry.value(), name, StrideOf(entry));
  if (at == std::string_view::npos) return;
  item->found = true;
  if (StrideOf(entry) == 1) return;
  item->reader = PackedReader(entry.value().substr(at));
  item->reader.Skip();
  item->value = item->reader.Next();
}

bool HasItem(Entry entry, std::string_view name) {
  FoundItem item;
  FindItem(entry, name, &item);
  return item.found;
}

}  // namespace keyhole::store
