// What RESTORE is given. Each input is a form and a value, as in a DUMP payload without its tail:
//
//   1. Whatever it is, it is read or refused; AddressSanitizer sees what goes wrong.
//   2. What has been read is written, and what that gives is read as the same.
//   3. The payload as a whole is refused, unless its checksum is right.

#include <string>
#include <string_view>

#include "proxy/store/keyspace/keyspace.h"
#include "proxy/store/rdb/dump.h"
#include "proxy/store/rdb/elements.h"
#include "proxy/store/rdb/reader.h"
#include "proxy/store/types/collection.h"
#include "proxy/store/types/list.h"
#include "proxy/store/types/sorted_set.h"
#include "tests/fuzz/fuzz_support.h"

namespace keyhole::fuzz {
namespace {

using store::Entry;
using store::ValueType;

// Limits like those of Redis, and small ones.
constexpr store::CollectionLimits kLimits[] = {{512, 64, 512}, {2, 3, 2}};

void CheckSameList(Entry one, Entry other) {
  store::ListReader elements(one, 0, store::ListEnd::kBack);
  store::ListReader others(other, 0, store::ListEnd::kBack);
  for (; elements.at_element() && others.at_element(); elements.Next(), others.Next()) {
    Check(elements.text() == others.text(), "an element stays");
  }
  Check(!elements.at_element() && !others.at_element(), "and so does their number");
}

// What is written says all there is of a stream.
std::string StreamBytes(Entry entry) {
  std::string bytes;
  store::rdb::Writer writer(&bytes);
  store::rdb::AppendValue(entry, &writer);
  return bytes;
}

void CheckSame(Entry one, Entry other) {
  Check(one.type() == other.type(), "its type stays");
  if (one.type() == ValueType::kStream) {
    return Check(StreamBytes(one) == StreamBytes(other), "a stream stays");
  }
  if (one.type() == ValueType::kString) {
    return Check(one.value() == other.value(), "a string stays");
  }
  if (one.type() == ValueType::kList) return CheckSameList(one, other);
  if (one.type() == ValueType::kSortedSet) {
    Check(store::CountMembers(one) == store::CountMembers(other), "a sorted set stays as large");
    return store::ForEachMember(one, [other](std::string_view member, double score) {
      double found = 0;
      Check(store::FindScore(other, member, &found) && found == score, "a member keeps its score");
    });
  }
  Check(store::CountItems(one) == store::CountItems(other), "so does how much there is");
  store::ForEachItem(one, [other](std::string_view name, std::string_view value) {
    store::FoundItem found;
    store::FindItem(other, name, &found);
    Check(found.found && found.value == value, "and every part of it");
  });
}

void CheckValue(std::string_view bytes) {
  store::Keyspace keys;
  const store::ListLimits lists;
  for (const store::CollectionLimits& collections : kLimits) {
    const store::SortedSetLimits sorted_sets{.members = 8, .bytes = 16};
    const store::rdb::ReadLimits limits = {collections, lists, sorted_sets};
    const Entry entry = store::rdb::ReadValue(bytes, "key", keys, limits);
    if (!entry) continue;
    const std::string payload = store::rdb::DumpPayload(entry);
    std::string_view body = payload;
    Check(store::rdb::OpenPayload(&body), "what is written has a right tail");
    const Entry again = store::rdb::ReadValue(body, "key", keys, limits);
    Check(static_cast<bool>(again), "what is written can be read");
    CheckSame(entry, again);
    Entry::Destroy(entry);
    Entry::Destroy(again);
  }
}

// Of the types that the store does not have yet, too.
void CheckElements(std::string_view bytes) {
  store::rdb::Reader reader(bytes);
  uint8_t form = 0;
  if (!reader.Byte(&form) || store::rdb::ShapeOf(form) == store::rdb::Shape::kNone) return;
  size_t sum = 0;
  store::rdb::ReadElements(static_cast<store::rdb::Form>(form), &reader,
                           [&sum](const store::rdb::Element& element) {
                             for (const char c : element.name) sum += static_cast<uint8_t>(c);
                             for (const char c : element.value) sum += static_cast<uint8_t>(c);
                             return true;
                           });
}

}  // namespace
}  // namespace keyhole::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const keyhole::fuzz::ExactCopy copy({reinterpret_cast<const char*>(data), size});
  std::string_view payload = copy.view();
  keyhole::store::rdb::OpenPayload(&payload);
  keyhole::fuzz::CheckValue(copy.view());
  keyhole::fuzz::CheckElements(copy.view());
  return 0;
}
