// A field of a hash with its value, or a member of a set, in one block of a Heap: what the table of
// a large collection is made of.
//
//     0nnnnnnn  name n                                   no value, no expiry: a member
//     100000ew  sizes 1+1 or 4+4 (w)  [expiry 8 (e)]  name  value
//
// A member of 15 bytes takes 16, a field of 14 with a value of 14 takes 31. Numbers are stored
// unaligned and read with memcpy.
//
// An Item is a handle of 8 bytes, not an owner, as an Entry is (entry.h): it is copied freely, and
// whoever holds the table slot destroys it once, with the heap it was made with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/store/keyspace/entry.h"
#include "proxy/store/memory/heap.h"

namespace keyhole::store {

class Item {
 public:
  Item() = default;
  explicit Item(char* bytes) : bytes_(bytes) {}

  static Item Make(std::string_view name, std::string_view value, UnixMillis expire, Heap& heap);
  static void Destroy(Item item, Heap& heap) { heap.Free(item.bytes_, item.size()); }
  // The same with another value and expiry. Takes the old handle's place.
  static Item Changed(Item item, std::string_view value, UnixMillis expire, Heap& heap);

  explicit operator bool() const { return bytes_ != nullptr; }
  char* raw() const { return bytes_; }
  std::string_view key() const {  // its name, as the table calls it
    return is_bare() ? std::string_view{bytes_ + 1, head()}
                     : std::string_view{bytes_ + HeadSize(head()), SizeAt(0)};
  }
  std::string_view value() const {
    return is_bare() ? std::string_view()
                     : std::string_view{bytes_ + HeadSize(head()) + SizeAt(0), SizeAt(1)};
  }
  UnixMillis expire() const;  // kNever if none
  bool has_expire() const { return !is_bare() && (head() & kExpires) != 0; }
  size_t size() const {  // of its block
    return is_bare() ? size_t{1} + head() : HeadSize(head()) + SizeAt(0) + SizeAt(1);
  }

 private:
  static constexpr uint8_t kFull = 0x80;
  static constexpr uint8_t kExpires = 2;
  static constexpr uint8_t kWide = 1;
  static constexpr size_t kBareMax = 127;
  static constexpr size_t kNarrowMax = 255;

  static uint8_t HeadFor(std::string_view name, std::string_view value, UnixMillis expire);
  static size_t HeadSize(uint8_t head) {
    return ((head & kWide) != 0 ? 9U : 3U) + ((head & kExpires) != 0 ? 8U : 0U);
  }
  uint8_t head() const { return static_cast<uint8_t>(*bytes_); }
  bool is_bare() const { return head() < kFull; }
  size_t SizeAt(size_t index) const;

  char* bytes_ = nullptr;
};

}  // namespace keyhole::store
