// Going over keys or items a part at a time: what SCAN, HSCAN, SSCAN and KEYS share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/types/collection.h"
#include "resp/byte_queue.h"

namespace keyhole::store {

struct ScanOptions {
  uint64_t cursor = 0;
  int64_t count = 10;
  std::string_view pattern = "*";
  std::optional<std::string_view> type;
};

// Reads a cursor. False if it is none; then that is the reply.
bool CursorArgument(Call& call, size_t index, ScanOptions* options);

// Reads args[first] on. False if they are wrong; then that is the reply.
bool ParseScanOptions(Call& call, size_t first, bool of_keys, ScanOptions* options);

bool ScanMatches(std::string_view pattern, std::string_view key);

// Calls scan(cursor, visitor), where the visitor calls f(element), until `count` elements have been
// seen or ten times as many buckets, most of which may be empty, or the end. Returns the
// cursor to go on with.
template <typename Scan, typename F>
uint64_t Walk(uint64_t cursor, int64_t count, Scan&& scan, F&& f) {
  constexpr int64_t kMaxCount = std::numeric_limits<int64_t>::max() / 10;
  int64_t buckets = std::min(count, kMaxCount) * 10;
  int64_t seen = 0;
  do {
    cursor = scan(cursor, [&](const auto& element) {
      ++seen;
      f(element);
    });
    --buckets;
  } while (cursor != 0 && buckets > 0 && seen < count);
  return cursor;
}

// A list of bulk strings whose length is known at its end only.
class LateList {
 public:
  explicit LateList(Call& call) : call_(call), writer_(&bytes_, call.reply.protocol()) {}
  void Add(std::string_view text) {
    writer_.Bulk(text);
    ++count_;
  }
  void Reply() {
    call_.reply.Array(count_);
    call_.out->Append(bytes_.Data());
  }
  void ReplyWithCursor(uint64_t cursor) {
    call_.reply.Array(2);
    call_.reply.Bulk(std::to_string(cursor));
    Reply();
  }

 private:
  Call& call_;
  resp::ByteQueue bytes_;
  resp::ReplyWriter writer_;
  int64_t count_ = 0;
};

// HSCAN and SSCAN.
void ScanItems(Call& call, ValueType type);

}  // namespace keyhole::store
