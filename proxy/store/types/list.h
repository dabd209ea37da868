// Reading lists, however they are kept: in one block (packed.h) or in chunks (list_object.h).
//
// A list has elements with indexes from 0 on. `list` is the entry of one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/store/keyspace/entry.h"
#include "proxy/store/types/list_object.h"
#include "proxy/store/types/packed.h"

namespace keyhole::store {

// More elements are not kept in one block: finding one there means to walk.
inline constexpr size_t kMaxPackedElements = 64;

inline const ListObject& ListOf(Entry list) {
  return *static_cast<const ListObject*>(list.object());
}

// Cost: of a block, a walk over it.
size_t CountElements(Entry list);

// Walks over a list from one element on, towards the back or towards the front.
//
//     for (ListReader reader(list, 0, ListEnd::kBack); reader.at_element(); reader.Next()) {
//       reader.text();
//     }
//
// Valid until the list is changed.
class ListReader {
 public:
  // index: may be that of no element; then there is nothing to read.
  ListReader(Entry list, size_t index, ListEnd towards);

  bool at_element() const { return left_ > 0; }
  void Next();
  // Its text; valid until the next call of this, or of Next().
  std::string_view text();
  bool Is(const PackedForm& form) const { return form.IsFirstOf(from()); }

 private:
  std::string_view from() const {
    return object_ != nullptr ? object_->From(place_) : block_.substr(offset_);
  }

  const ListObject* object_ = nullptr;
  ListObject::Place place_;
  std::string_view block_;
  size_t offset_ = 0;                     // in the block
  uint16_t offsets_[kMaxPackedElements];  // of all elements before it, if it walks to the front
  size_t left_ = 0;                       // elements, with this one
  ListEnd towards_;
  PackedReader reader_{{}};  // holds what text() shows
};

}  // namespace keyhole::store
