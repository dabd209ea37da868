#include "proxy/store/types/list.h"

namespace keyhole::store {

size_t CountElements(Entry list) {
  return list.is_object() ? ListOf(list).size() : CountPacked(list.value());
}

ListReader::ListReader(Entry list, size_t index, ListEnd towards) : towards_(towards) {
  const size_t size = CountElements(list);
  if (index >= size) return;
  left_ = towards == ListEnd::kBack ? size - index : index + 1;
  if (list.is_object()) {
    object_ = &ListOf(list);
    place_ = object_->At(index);
    return;
  }
  block_ = list.value();
  for (size_t i = 0; i < index; ++i) {
    if (towards == ListEnd::kFront) offsets_[i] = static_cast<uint16_t>(offset_);
    offset_ += FirstPackedSize(block_.substr(offset_));
  }
}

void ListReader::Next() {
  if (--left_ == 0) return;
  const bool back = towards_ == ListEnd::kBack;
  if (object_ != nullptr) {
    place_ = back ? object_->Next(place_) : object_->Previous(place_);
  } else {
    offset_ = back ? offset_ + FirstPackedSize(from()) : offsets_[left_ - 1];
  }
}

std::string_view ListReader::text() {
  reader_ = PackedReader(from());
  return reader_.Next();
}

}  // namespace keyhole::store
