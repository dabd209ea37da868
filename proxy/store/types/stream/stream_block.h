// Some neighbouring entries of a stream in one block of memory, which grows as it is filled.
//
//     first ID, sizes, counts | names | entry | entry | ...
//                               |
//                               the field names of the first entry: most others have the same
//
//     entry:   size  head  ms   seq  [fields]  elements  back
//              1-5   1     0-8  0-8  1-5                 1-5
//
//     size      bytes from the head to the last element; 7 bits a byte, low ones first
//     head      bit 0: deleted; bit 1: has names of its own; then 3 bits each for the bytes of ms and
//               of seq: 0 to 6, or 7 for 8
//     ms, seq   of the ID. ms counts from that of the block's first ID, and so does seq if ms is the
//               same; low bytes first
//     fields    how many, only with names of its own
//     elements  values, or names and values in turn; as in packed.h
//     back      bytes from `size` to the last element, written from its end: the way back
//
// An entry of two values of 16 bytes takes 39 bytes. When a block is full is visible to clients, as
// XTRIM with ~ takes whole ones; so each knows how many bytes the same entries would take in a
// listpack of Redis. Source of that: redis 7.0.15 t_stream.c streamAppendItem, listpack.c.
//
// A StreamBlock owns its memory and is 8 bytes: a null one is none. Entries, and views of them, are
// valid until the next change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "proxy/store/types/packed.h"
#include "proxy/store/types/stream/stream_id.h"

namespace keyhole::store {

struct StreamEntry {
  StreamId id;
  bool deleted = false;
  size_t fields = 0;       // pairs of a name and a value
  std::string_view names;  // the block's; empty if it has its own
  std::string_view elements;
  size_t begin = 0;  // its place in the block
  size_t end = 0;

  // Calls f(name, value) for all fields; the views are valid until it returns.
  template <typename F>
  void ForEachField(F&& f) const {
    PackedReader own(elements);
    PackedReader shared(names);
    for (size_t i = 0; i < fields; ++i) {
      const std::string_view name = names.empty() ? own.Next() : shared.Next();
      f(name, own.Next());
    }
  }
};

class StreamBlock {
 public:
  StreamBlock() = default;
  // An empty one. `first` is the ID of the entry that comes next, `names` are its packed names.
  StreamBlock(StreamId first, size_t fields, std::string_view names, size_t listpack_bytes);
  StreamBlock(StreamBlock&& other) noexcept : header_(std::exchange(other.header_, nullptr)) {}
  StreamBlock& operator=(StreamBlock&& other) noexcept {
    std::swap(header_, other.header_);
    return *this;
  }
  ~StreamBlock();
  StreamBlock Clone() const;

  explicit operator bool() const { return header_ != nullptr; }
  // Of the first entry that ever was in it.
  StreamId first() const { return header_->first; }
  std::string_view names() const { return {data(), header_->names}; }
  size_t fields() const { return header_->fields; }
  size_t live() const { return header_->live; }
  size_t count() const { return header_->live + header_->dead; }  // with the deleted ones
  // What the entries would take in Redis.
  size_t listpack_bytes() const;
  size_t memory() const;

  // REQUIRES: `id` is greater than all others. own_fields: 0 if the names are those of the block,
  // and then `elements` are values only.
  void Append(StreamId id, size_t own_fields, std::string_view elements, size_t listpack_bytes);
  // It is as good as full: gives back what is not used.
  void Shrink();
  // REQUIRES: it is not deleted.
  void Delete(const StreamEntry& entry);

  // Where entries begin and end.
  size_t begin() const { return header_->names; }
  size_t end() const { return header_->size; }
  // The entry that begins there. REQUIRES: at < end().
  StreamEntry Read(size_t at) const;
  // Where the entry begins that ends there. REQUIRES: at > begin().
  size_t Before(size_t at) const;

 private:
  struct Header {
    StreamId first;
    uint32_t size = 0;    // of all that follows the header
    uint32_t names = 0;   // bytes
    uint32_t fields = 0;  // of the names
    uint32_t live = 0;
    uint32_t dead = 0;
    uint32_t listpack = 0;  // bytes, but for the two counts
  };

  char* data() const { return reinterpret_cast<char*>(header_ + 1); }
  char* bytes() const { return reinterpret_cast<char*>(header_); }
  size_t used() const { return sizeof(Header) + header_->size; }
  void Reserve(size_t more);
  void Resize(size_t size);

  Header* header_ = nullptr;
};

// What an element takes in a listpack of Redis, its length behind it included.
size_t ListpackBytes(std::string_view text);
size_t ListpackBytes(int64_t value);

}  // namespace keyhole::store
