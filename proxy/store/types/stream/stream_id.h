// The ID of an entry of a stream: a moment in milliseconds since 1970, and a number within it.
#pragma once

#include <charconv>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace keyhole::store {

struct StreamId {
  uint64_t ms = 0;
  uint64_t seq = 0;
  auto operator<=>(const StreamId&) const = default;
};

inline constexpr StreamId kNoStreamId{};  // 0-0: before all entries
inline constexpr StreamId kMaxStreamId{std::numeric_limits<uint64_t>::max(),
                                       std::numeric_limits<uint64_t>::max()};

// To the next one there can be. False behind the last: it becomes 0-0.
constexpr bool Increment(StreamId* id) {
  if (++id->seq == 0) ++id->ms;
  return *id != kNoStreamId;
}

// To the one before. False before the first: it becomes the last.
constexpr bool Decrement(StreamId* id) {
  if (id->seq-- == 0) --id->ms;
  return *id != kMaxStreamId;
}

// "1526919030474-55"
class StreamIdText {
 public:
  explicit StreamIdText(StreamId id) {
    char* at = std::to_chars(text_, text_ + sizeof(text_), id.ms).ptr;
    *at++ = '-';
    at = std::to_chars(at, text_ + sizeof(text_), id.seq).ptr;
    size_ = static_cast<size_t>(at - text_);
  }
  std::string_view view() const { return {text_, size_}; }

 private:
  char text_[2 * 20 + 1];
  size_t size_;
};

}  // namespace keyhole::store
