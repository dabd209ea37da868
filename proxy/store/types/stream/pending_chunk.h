// Some neighbouring entries of a list of what is pending, in one block of memory.
//
//     base ID, base time, counts | record | record | ...        in the order of their IDs
//
//     narrow record, 16 bytes:    ms 4   seq 4   time 4   deliveries 2   consumer 2
//     wide record, 40 bytes:      ms 8   seq 8   time 8   deliveries 8   consumer 4
//
// ms counts from that of the base ID, time from the base time. All records of a chunk are of one
// kind; wide ones are for numbers that are not as usual.
//
// A PendingChunk owns its memory and is 8 bytes: a null one is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "proxy/store/options.h"
#include "proxy/store/types/stream/stream_id.h"

namespace keyhole::store {

// An entry that was given to a consumer, who has not acknowledged it.
struct Pending {
  UnixMillis delivered = 0;  // the last time
  uint64_t deliveries = 0;
  uint32_t consumer = 0;  // by its number in the group
  bool operator==(const Pending&) const = default;
};

struct PendingEntry {
  StreamId id;
  Pending pending;
  bool operator==(const PendingEntry&) const = default;
};

class PendingChunk {
 public:
  static constexpr size_t kMost = 128;

  PendingChunk() = default;
  // REQUIRES: they are in order, at least one and at most kMost.
  explicit PendingChunk(std::span<const PendingEntry> entries);
  PendingChunk(PendingChunk&& other) noexcept : header_(std::exchange(other.header_, nullptr)) {}
  PendingChunk& operator=(PendingChunk&& other) noexcept {
    std::swap(header_, other.header_);
    return *this;
  }
  ~PendingChunk();

  explicit operator bool() const { return header_ != nullptr; }
  size_t size() const { return header_->size; }
  size_t memory() const;
  // A quarter of its memory is used, or less.
  bool is_sparse() const { return header_->size * 4 <= header_->capacity; }

  PendingEntry At(size_t index) const;
  StreamId IdAt(size_t index) const;
  uint32_t ConsumerAt(size_t index) const;
  // The first whose ID is not less; size() if there is none.
  size_t LowerBound(StreamId id) const;

  // False, and nothing has changed, if it does not fit: whoever asked makes another chunk.
  bool Append(const PendingEntry& entry);
  bool Set(size_t index, const Pending& pending);
  void Erase(size_t index);

 private:
  struct Header {
    StreamId base;
    UnixMillis time = 0;
    uint16_t size = 0;
    uint16_t capacity = 0;
    bool wide = false;
  };
  struct Narrow {
    uint32_t ms;
    uint32_t seq;
    int32_t time;
    uint16_t deliveries;
    uint16_t consumer;
  };
  struct Wide {
    uint64_t ms;
    uint64_t seq;
    int64_t time;
    uint64_t deliveries;
    uint32_t consumer;
  };

  static size_t BytesFor(bool wide, size_t capacity) {
    return sizeof(Header) + capacity * (wide ? sizeof(Wide) : sizeof(Narrow));
  }
  char* bytes() const { return reinterpret_cast<char*>(header_); }
  Narrow* narrow() const { return reinterpret_cast<Narrow*>(header_ + 1); }
  Wide* wide() const { return reinterpret_cast<Wide*>(header_ + 1); }
  bool Fits(const PendingEntry& entry) const;
  void Write(size_t index, const PendingEntry& entry);

  Header* header_ = nullptr;
};

}  // namespace keyhole::store
