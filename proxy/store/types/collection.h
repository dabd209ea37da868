// Reading hashes and sets, however they are kept. A hash has fields with values, a set has members,
// which are fields whose value is empty.
//
// Views that a function is given are valid until it returns, unless said otherwise. `entry` is a
// hash or a set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "proxy/base/random.h"
#include "proxy/store/keyspace/entry.h"
#include "proxy/store/types/integers.h"
#include "proxy/store/types/packed.h"
#include "proxy/store/types/table_object.h"

namespace keyhole::store {

// 2 if the block of a hash, 1 if that of a set.
inline size_t StrideOf(Entry entry) {
  return entry.type() == ValueType::kHash ? 2 : 1;
}

inline const TableObject& TableOf(Entry entry) {
  return *static_cast<const TableObject*>(entry.object());
}

size_t CountItems(Entry entry);

// A field's value. Its view is valid as long as this and the entry are, unchanged.
struct FoundItem {
  bool found = false;
  std::string_view value;
  PackedReader reader{{}};  // may hold what `value` shows
};
void FindItem(Entry entry, std::string_view name, FoundItem* item);
bool HasItem(Entry entry, std::string_view name);

// Calls f(name, value) for all, in their order. REQUIRES: not an Object.
template <typename F>
void ForEachPackedItem(Entry entry, F&& f) {
  if (entry.layout() == Layout::kIntegers) {
    const size_t count = CountIntegers(entry.value());
    for (size_t i = 0; i < count; ++i) f(std::to_string(IntegerAt(entry.value(), i)), "");
    return;
  }
  const bool has_values = StrideOf(entry) == 2;
  PackedReader reader(entry.value());
  while (!reader.at_end()) {
    const std::string_view name = reader.Next();
    f(name, has_values ? reader.Next() : std::string_view());
  }
}

// Calls f(name, value) for all: in ascending order if they are integers, in that of their coming if
// they lie in one block, in any other order else.
template <typename F>
void ForEachItem(Entry entry, F&& f) {
  if (!entry.is_object()) return ForEachPackedItem(entry, f);
  TableOf(entry).ForEach([&f](const Item& item) { f(item.key(), item.value()); });
}

// Calls f(name, value) for one of them, chosen by chance. REQUIRES: there are some.
template <typename F>
void RandomItem(Entry entry, uint64_t* random, F&& f) {
  if (entry.is_object()) {
    const Item item = TableOf(entry).Random(random);
    return f(item.key(), item.value());
  }
  size_t left = NextRandom(random) % CountItems(entry);
  ForEachPackedItem(entry, [&](std::string_view name, std::string_view value) {
    if (left-- == 0) f(name, value);
  });
}

// Calls f(name, value) for `count` different ones, chosen by chance; for all if that is more than
// there are. Cost: of the count, or of all if the count is not much less.
template <typename F>
void DistinctItems(Entry entry, size_t count, uint64_t* random, F&& f) {
  size_t left = CountItems(entry);
  if (entry.is_object() && count < left / 3) {
    absl::flat_hash_set<std::string> seen;
    while (seen.size() < count) {
      RandomItem(entry, random, [&](std::string_view name, std::string_view value) {
        if (seen.emplace(name).second) f(name, value);
      });
    }
    return;
  }
  // Each with the chance that is left to it. Source: Knuth, The Art of Computer Programming, vol.
  // 2, 3.4.2, algorithm S.
  ForEachItem(entry, [&](std::string_view name, std::string_view value) {
    if (NextRandom(random) % left-- >= count) return;
    --count;
    f(name, value);
  });
}

}  // namespace keyhole::store
