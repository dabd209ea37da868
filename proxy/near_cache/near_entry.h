// One cached reply: a header, the key and the bytes of the reply, in one piece of memory.
//
//     | header | k e y | $ 5 \r\n h e l l o \r\n |
//
// The reply is kept as Redis sent it, fit to be appended to a client's output; a bulk string is the
// same in RESP2 and RESP3, and a null is written as the client's protocol has it.
//
// Owner: NearTable. Thread: its worker's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "resp/hashed_key.h"

namespace keyhole::core {

struct NearEntry {
  using Instant = std::chrono::steady_clock::time_point;
  enum class Queue : uint8_t { kSmall, kMain };

  // Neither copied nor moved: its bytes follow it.
  static NearEntry* Make(const resp::HashedKey& key, std::string_view reply, bool is_null);
  static void Free(NearEntry* entry);
  // What it takes of the heap, with the allocator's own.
  static size_t BytesFor(size_t key, size_t reply);

  std::string_view key() const { return {Tail(), key_size}; }
  std::string_view reply() const { return {Tail() + key_size, reply_size}; }
  size_t bytes() const { return BytesFor(key_size, reply_size); }

  NearEntry* newer = nullptr;  // in its queue
  NearEntry* older = nullptr;
  uint64_t hash = 0;
  Instant filled{};    // when it was asked for: what it says was true at some time after that
  Instant expires{};   // the key is gone then
  uint32_t epoch = 0;  // of writes to it, see NearShared
  uint32_t hits = 0;   // since it was filled
  uint32_t key_size = 0;
  uint32_t reply_size = 0;
  uint32_t value_size = 0;  // of the value in it
  uint8_t uses = 0;         // 0..3, for the policy
  Queue queue = Queue::kSmall;
  bool is_null = false;
  bool refreshing = false;  // asked for again

 private:
  NearEntry() = default;
  ~NearEntry() = default;
  const char* Tail() const { return reinterpret_cast<const char*>(this + 1); }
  char* Tail() { return reinterpret_cast<char*>(this + 1); }
};

}  // namespace keyhole::core
