// The keys of requests that wait for their replies, oldest first, in one piece of memory.
//
//     | size 4 | key | size 4 | key | ...
//
// Thread: its owner's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "resp/byte_queue.h"

namespace keyhole::core {

using KeyViews = std::span<const std::string_view>;

class KeyQueue {
 public:
  void Push(std::string_view key) {
    const auto size = static_cast<uint32_t>(key.size());
    char* const room = bytes_.Prepare(sizeof(size) + key.size()).data();
    std::memcpy(room, &size, sizeof(size));
    if (!key.empty()) std::memcpy(room + sizeof(size), key.data(), key.size());
    bytes_.Commit(sizeof(size) + key.size());
  }
  void Push(KeyViews keys) {
    for (const std::string_view key : keys) Push(key);
  }

  // The first `count` keys. Valid until the next call of anything here.
  KeyViews Front(size_t count) {
    if (views_.size() < count) views_.resize(count);
    const char* at = bytes_.Data().data();
    for (size_t i = 0; i < count; ++i) {
      uint32_t size = 0;
      std::memcpy(&size, at, sizeof(size));
      views_[i] = {at + sizeof(size), size};
      at += sizeof(size) + size;
    }
    return {views_.data(), count};
  }
  // Takes away what Front() gave.
  void Pop(KeyViews keys) {
    if (keys.empty()) return;
    const std::string_view last = keys.back();
    bytes_.Consume(static_cast<size_t>(last.data() + last.size() - bytes_.Data().data()));
  }
  void Clear() { bytes_.Clear(); }

 private:
  resp::ByteQueue bytes_;
  std::vector<std::string_view> views_;  // of Front(); never gets shorter
};

}  // namespace keyhole::core
