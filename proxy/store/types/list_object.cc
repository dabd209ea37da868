#include "proxy/store/types/list_object.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace keyhole::store {

// Source: redis 7.0.15 quicklist.c, optimization_level and SIZE_SAFETY_LIMIT.
ListLimits ListLimits::Of(int64_t setting) {
  constexpr uint32_t kSmallest = 4096;
  constexpr int64_t kLevels = 5;
  ListLimits limits;
  if (setting < 0) {
    limits.bytes = kSmallest << (std::min(-setting, kLevels) - 1);
  } else {
    limits.count = static_cast<uint32_t>(std::clamp<int64_t>(setting, 1, limits.count));
  }
  return limits;
}

template <typename F>
void ListObject::Change(size_t index, F&& f) {
  ListChunk& chunk = chunks_[index];
  size_ -= chunk.count();
  bytes_ -= chunk.bytes();
  chunk_memory_ -= chunk.memory();
  f(chunk);
  size_ += chunk.count();
  bytes_ += chunk.bytes();
  chunk_memory_ += chunk.memory();
}

bool ListObject::HasRoom(const ListChunk& chunk, size_t bytes) const {
  if (chunk.count() == 0) return true;
  return chunk.count() < limits_.count && chunk.bytes() + bytes <= limits_.bytes - kMallocHead;
}

// A block of the limit's size, malloc's own bytes included, or in a short list one that is a
// quarter larger than needed.
void ListObject::MakeRoom(size_t index, size_t bytes, bool front) {
  const size_t needed = chunks_[index].bytes() + bytes;
  const size_t most = limits_.bytes - kMallocHead;
  const bool is_short = chunk_count() < kFewChunks;
  const size_t capacity = is_short ? std::min(needed + needed / 4, most) : most;
  chunks_[index].MakeRoom(bytes, front, std::max(capacity, needed));
}

void ListObject::AddChunk(ListEnd end) {
  if (end == ListEnd::kBack) {
    chunks_.emplace_back();
    return;
  }
  if (first_ == 0) {
    first_ = chunk_count() / 2 + 1;
    std::vector<ListChunk> larger(first_ + chunks_.size());
    std::move(chunks_.begin(), chunks_.end(), larger.begin() + static_cast<ptrdiff_t>(first_));
    chunks_.swap(larger);
  }
  --first_;
}

void ListObject::InsertChunk(size_t before, ListChunk chunk) {
  size_ += chunk.count();
  bytes_ += chunk.bytes();
  chunk_memory_ += chunk.memory();
  chunks_.insert(chunks_.begin() + static_cast<ptrdiff_t>(before), std::move(chunk));
}

void ListObject::DropChunk(size_t index) {
  Change(index, [](ListChunk& chunk) { chunk.Free(); });
  if (index > first_) {
    chunks_.erase(chunks_.begin() + static_cast<ptrdiff_t>(index));
    return;
  }
  ++first_;
  if (first_ <= chunks_.size() / 2 + kFewChunks) return;
  chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<ptrdiff_t>(first_));
  first_ = 0;
}

void ListObject::Push(ListEnd end, std::string_view text) {
  const PackedForm form(text);
  const size_t bytes = ListChunk::BytesFor(form);
  const bool front = end == ListEnd::kFront;
  if (chunk_count() == 0 || !HasRoom(front ? chunks_[first_] : chunks_.back(), bytes)) {
    AddChunk(end);
  }
  const size_t index = front ? first_ : chunks_.size() - 1;
  Change(index, [&](ListChunk& chunk) {
    MakeRoom(index, bytes, front);
    chunk.Insert(front ? chunk.begin() : chunk.end(), form);
  });
}

// Looks at the counts from the nearer end.
ListObject::Spot ListObject::Find(size_t index) const {
  assert(index < size_);
  if (index < size_ / 2) {
    size_t chunk = first_;
    for (; index >= chunks_[chunk].count(); ++chunk) index -= chunks_[chunk].count();
    return {chunk, static_cast<uint32_t>(index)};
  }
  size_t behind = size_ - index;  // elements from it on
  size_t chunk = chunks_.size() - 1;
  for (; behind > chunks_[chunk].count(); --chunk) behind -= chunks_[chunk].count();
  return {chunk, chunks_[chunk].count() - static_cast<uint32_t>(behind)};
}

ListObject::Place ListObject::At(size_t index) const {
  const Spot spot = Find(index);
  return {spot.chunk, chunks_[spot.chunk].At(spot.index)};
}

ListObject::Place ListObject::Next(Place place) const {
  const uint32_t next = chunks_[place.chunk].Next(place.at);
  if (next < chunks_[place.chunk].end()) return {place.chunk, next};
  return {place.chunk + 1, chunks_[place.chunk + 1].begin()};
}

ListObject::Place ListObject::Previous(Place place) const {
  if (place.at == chunks_[place.chunk].begin()) {
    --place.chunk;
    place.at = chunks_[place.chunk].end();
  }
  return {place.chunk, chunks_[place.chunk].Previous(place.at)};
}

// The element and those behind it have a chunk of their own then.
void ListObject::SplitBefore(Place place) {
  ListChunk& chunk = chunks_[place.chunk];
  uint32_t count = 0;
  for (uint32_t at = place.at; at < chunk.end(); at = chunk.Next(at)) ++count;
  ListChunk rest;
  Change(place.chunk, [&](ListChunk& split) { rest = split.Split(place.at, count); });
  InsertChunk(place.chunk + 1, std::move(rest));
}

void ListObject::Insert(size_t index, std::string_view text) {
  if (index == 0) return Push(ListEnd::kFront, text);
  if (index == size_) return Push(ListEnd::kBack, text);
  const PackedForm form(text);
  const size_t bytes = ListChunk::BytesFor(form);
  Place place = At(index);
  if (!HasRoom(chunks_[place.chunk], bytes)) {
    // Between two chunks: at the end of the one before, or in one of its own.
    if (place.at > chunks_[place.chunk].begin()) {
      SplitBefore(place);
      ++place.chunk;
    }
    --place.chunk;
    place.at = chunks_[place.chunk].end();
    if (!HasRoom(chunks_[place.chunk], bytes)) {
      ++place.chunk;
      InsertChunk(place.chunk, ListChunk());
      place.at = 0;
    }
  }
  Change(place.chunk, [&](ListChunk& chunk) {
    const uint32_t from_end = chunk.end() - place.at;
    MakeRoom(place.chunk, bytes, /*front=*/false);
    chunk.Insert(chunk.end() - from_end, form);
  });
}

void ListObject::Replace(size_t index, std::string_view text) {
  const PackedForm form(text);
  const size_t bytes = ListChunk::BytesFor(form);
  const Place place = At(index);
  const ListChunk& held = chunks_[place.chunk];
  const uint32_t behind = held.Next(place.at);
  const size_t others = held.bytes() - (behind - place.at);
  if (held.count() > 1 && others + bytes > limits_.bytes - kMallocHead) {
    Insert(index, text);
    return Erase(index + 1, 1);
  }
  Change(place.chunk, [&](ListChunk& chunk) {
    if (behind - place.at == bytes) return chunk.Overwrite(place.at, form);
    const uint32_t from_end = chunk.end() - behind;
    chunk.Erase(place.at, behind, 1);
    MakeRoom(place.chunk, bytes, /*front=*/false);
    chunk.Insert(chunk.end() - from_end, form);
  });
}

// Elements of one chunk.
void ListObject::EraseIn(size_t index, uint32_t first, uint32_t count) {
  if (count == chunks_[index].count()) return DropChunk(index);
  Change(index, [&](ListChunk& chunk) {
    const uint32_t from = chunk.At(first);
    uint32_t to = from;
    if (first + count == chunk.count()) {
      to = chunk.end();
    } else {
      for (uint32_t i = 0; i < count; ++i) to = chunk.Next(to);
    }
    chunk.Erase(from, to, count);
    if (chunk_count() < kFewChunks) chunk.Shrink();
  });
}

void ListObject::Erase(size_t first, size_t count) {
  while (count > 0) {
    const Spot spot = first == 0 ? Spot{first_, 0} : Find(first + count - 1);
    const uint32_t held = chunks_[spot.chunk].count();
    if (first == 0) {
      const auto some = static_cast<uint32_t>(std::min<size_t>(count, held));
      EraseIn(spot.chunk, 0, some);
      count -= some;
    } else {
      const auto some = static_cast<uint32_t>(std::min<size_t>(count, spot.index + 1));
      EraseIn(spot.chunk, spot.index + 1 - some, some);
      count -= some;
    }
  }
}

bool ListObject::Has(std::string_view text) const {
  const PackedForm form(text);
  for (size_t i = first_; i < chunks_.size(); ++i) {
    const ListChunk& chunk = chunks_[i];
    for (uint32_t at = chunk.begin(); at < chunk.end(); at = chunk.Next(at)) {
      if (form.IsFirstOf(chunk.From(at))) return true;
    }
  }
  return false;
}

// Those of one chunk, which may be empty then.
size_t ListObject::RemoveIn(size_t index, const PackedForm& form, size_t most, ListEnd from) {
  size_t removed = 0;
  Change(index, [&](ListChunk& chunk) {
    uint32_t at = from == ListEnd::kFront ? chunk.begin() : chunk.end();
    while (from == ListEnd::kFront && at < chunk.end() && removed < most) {
      const uint32_t next = chunk.Next(at);
      const bool is_it = form.IsFirstOf(chunk.From(at));
      at = is_it ? chunk.Erase(at, next, 1) : next;
      if (is_it) ++removed;
    }
    while (from == ListEnd::kBack && at > chunk.begin() && removed < most) {
      const uint32_t previous = chunk.Previous(at);
      const bool is_it = form.IsFirstOf(chunk.From(previous));
      at = is_it ? chunk.Erase(previous, at, 1) : previous;
      if (is_it) ++removed;
    }
  });
  return removed;
}

size_t ListObject::Remove(std::string_view text, size_t most, ListEnd from) {
  const PackedForm form(text);
  size_t removed = 0;
  // By how many chunks there are behind or before it: places move when one goes.
  for (size_t left = chunk_count(); left > 0 && removed < most; --left) {
    const size_t index = from == ListEnd::kFront ? chunks_.size() - left : first_ + left - 1;
    removed += RemoveIn(index, form, most - removed, from);
    if (chunks_[index].count() == 0) DropChunk(index);
  }
  return removed;
}

size_t ListObject::memory() const {
  return sizeof(*this) + chunks_.capacity() * sizeof(ListChunk) + chunk_memory_;
}

std::unique_ptr<Object> ListObject::Clone(Heap&) const {
  auto copy = std::make_unique<ListObject>(limits_);
  copy->chunks_.reserve(chunk_count());
  for (size_t i = first_; i < chunks_.size(); ++i) copy->InsertChunk(i - first_, chunks_[i]);
  return copy;
}

bool ListObject::FreeSome(size_t* budget) {
  constexpr size_t kCostOfChunk = 5;
  constexpr size_t kCostOfPage = 2;
  constexpr size_t kPage = 4096;
  while (chunk_count() > 0 && *budget > 0) {
    const size_t pages = chunks_.back().capacity() / kPage;
    DropChunk(chunks_.size() - 1);
    *budget -= std::min(*budget, kCostOfChunk + pages * kCostOfPage);
  }
  return chunk_count() == 0;
}

}  // namespace keyhole::store
