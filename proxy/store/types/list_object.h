// A list that is too large for one block: a deque of chunks (list_chunk.h).
//
//     chunks   ( free )  [a b c d]  [e f]  [g h i j k]      a push to the front makes a chunk of a
//                         ^ first_                          free place, or a few more places
//
// A chunk is full at Redis' limit for a node of a list (list-max-listpack-size). Whoever puts an
// element into a full chunk splits it. Pushing and popping at the ends cost nothing that grows with
// the list; finding an element by its index looks at the count of each chunk up to there, which lie
// side by side, and then at the elements of one.
//
// Owned by the entry of its key; changes go through Keyspace::Change(). An index is below size().
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <vector>

#include "proxy/store/keyspace/entry.h"
#include "proxy/store/types/list_chunk.h"

namespace keyhole::store {

// When a chunk is full; an element that is larger has one for itself.
struct ListLimits {
  // As list-max-listpack-size says it: -1 to -5 are 4 to 64 KiB, others so many elements.
  static ListLimits Of(int64_t setting);

  uint32_t bytes = 8192;
  uint32_t count = std::numeric_limits<uint32_t>::max();
};

enum class ListEnd : uint8_t { kFront, kBack };

class ListObject final : public Object {
 public:
  explicit ListObject(const ListLimits& limits) : limits_(limits) {}

  size_t size() const { return size_; }
  size_t bytes() const { return bytes_; }  // of the elements, as the chunks have them
  size_t chunk_count() const { return chunks_.size() - first_; }

  void Push(ListEnd end, std::string_view text);
  // Before the element with this index; behind the last one if it is size().
  void Insert(size_t index, std::string_view text);
  void Replace(size_t index, std::string_view text);
  // Removes `count` elements from `first` on.
  void Erase(size_t first, size_t count);
  bool Has(std::string_view text) const;
  // Removes those with this text, `most` at most, and says how many: the first ones, or the last
  // ones if they are looked for from the back.
  size_t Remove(std::string_view text, size_t most, ListEnd from);

  // Where an element is, until the next change.
  struct Place {
    size_t chunk = 0;
    uint32_t at = 0;
  };
  Place At(size_t index) const;
  // The chunk from this element on, which is its first one: packed.h.
  std::string_view From(Place place) const { return chunks_[place.chunk].From(place.at); }
  // REQUIRES: it is not the last one, or not the first.
  Place Next(Place place) const;
  Place Previous(Place place) const;

  size_t memory() const override;
  std::unique_ptr<Object> Clone(Heap& heap) const override;
  bool FreeSome(size_t* budget) override;

 private:
  static constexpr size_t kFewChunks = 4;   // fewer are only as large as they must be
  static constexpr size_t kMallocHead = 8;  // a full chunk and this are a round number of bytes

  struct Spot {
    size_t chunk;
    uint32_t index;  // in it
  };
  Spot Find(size_t index) const;
  // Calls f(chunk), which changes it, and counts what it has become.
  template <typename F>
  void Change(size_t chunk, F&& f);
  bool HasRoom(const ListChunk& chunk, size_t bytes) const;
  void MakeRoom(size_t chunk, size_t bytes, bool front);
  void AddChunk(ListEnd end);
  void InsertChunk(size_t before, ListChunk chunk);
  void DropChunk(size_t chunk);
  void SplitBefore(Place place);
  void EraseIn(size_t chunk, uint32_t first, uint32_t count);
  size_t RemoveIn(size_t chunk, const PackedForm& form, size_t most, ListEnd from);

  ListLimits limits_;
  std::vector<ListChunk> chunks_;
  size_t first_ = 0;  // the places before this one are free
  size_t size_ = 0;
  size_t bytes_ = 0;
  size_t chunk_memory_ = 0;
};

}  // namespace keyhole::store
