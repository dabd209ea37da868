// The values in snapshots and DUMP payloads, read as what they are made of, in whichever of their
// forms they are kept. What they become is the caller's.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "proxy/store/options.h"
#include "proxy/store/rdb/reader.h"

namespace keyhole::store::rdb {

// The first byte of a value says its form. Streams have a reader of their own.
enum class Form : uint8_t {
  kString = 0,
  kList = 1,
  kSet = 2,
  kSortedSetOld = 3,  // scores as digits
  kHash = 4,
  kSortedSet = 5,
  kHashZipmap = 9,
  kListZiplist = 10,
  kSetIntegers = 11,
  kSortedSetZiplist = 12,
  kHashZiplist = 13,
  kListZiplists = 14,
  kStream1 = 15,
  kHashListpack = 16,
  kSortedSetListpack = 17,
  kListListpacks = 18,
  kStream2 = 19,
  kSetListpack = 20,  // of Redis 7.2, as the next
  kStream3 = 21,
  kHashTimed = 24,  // of Redis 7.4, as the next: fields that end by their own time
  kHashTimedListpack = 25,
};

enum class Shape : uint8_t { kNone, kString, kList, kSet, kSortedSet, kHash, kStream };
// kNone: there is no such form.
Shape ShapeOf(uint8_t form);

struct Element {
  std::string_view name;        // the element, the member, the field; a string
  std::string_view value = {};  // of a field
  double score = 0;             // of a member of a sorted set; never NaN
  UnixMillis expire = kNever;   // of a field
};
// Views are valid until it returns. False: no more, it is wrong.
using Sink = std::function<bool(const Element&)>;

// Reads a value of this form, but of a stream. False if it is wrong, or the sink said so.
bool ReadElements(Form form, Reader* reader, const Sink& sink);

}  // namespace keyhole::store::rdb
