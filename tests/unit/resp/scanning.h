// Runs a ReplyScanner over bytes, in every splitting, and shows what it saw.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "resp/reply_scanner.h"
#include "tests/support/chunked.h"

namespace keyhole::resp {

// What the scanner said of one reply.
struct Seen {
  ReplyType type = ReplyType::kNone;
  bool is_null = false;
  int64_t integer = 0;
  std::string text = {};
  int64_t last_integer = 0;
  std::vector<Element> elements = {};
  uint64_t bytes = 0;
  std::vector<uint64_t> element_bytes = {};
  size_t end = 0;  // where it ends in the bytes given

  friend bool operator==(const Seen&, const Seen&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Seen& seen) {
    return out << static_cast<char>(seen.type) << seen.integer << (seen.is_null ? " null" : "")
               << " '" << seen.text << "' " << seen.last_integer << ", " << seen.elements.size()
               << " elements, ends at " << seen.end;
  }
};

struct Scanned {
  std::vector<Seen> replies;
  bool refused = false;
  friend bool operator==(const Scanned&, const Scanned&) = default;
};

enum class Want : uint8_t { kNothing, kElements, kHeaderOnly };

inline Scanned ScanChunks(const std::vector<std::string_view>& chunks, Want want) {
  using Result = ReplyScanner::Result;
  Scanned scanned;
  ReplyScanner scanner;
  size_t end = 0;
  for (std::string_view chunk : chunks) {
    while (!chunk.empty()) {
      if (scanner.at_start() && want == Want::kElements) scanner.WantElements();
      if (scanner.at_start() && want == Want::kHeaderOnly) scanner.WantHeaderOnly();
      size_t used = 0;
      const Result result = scanner.Scan(chunk, &used);
      chunk.remove_prefix(used);
      end += used;
      if (result == Result::kError) {
        EXPECT_EQ(scanner.Scan("+OK\r\n", &used), Result::kError) << "an error stays";
        scanned.refused = true;
        return scanned;
      }
      EXPECT_EQ(scanner.at_start(), result == Result::kDone);
      if (result == Result::kNeedMore) {
        EXPECT_EQ(chunk, "");
        continue;
      }
      const ReplyHead& head = scanner.head();
      EXPECT_EQ(head.elements != nullptr, want == Want::kElements);
      scanned.replies.push_back({head.type,
                                 head.is_null,
                                 head.integer,
                                 std::string(head.text),
                                 head.last_integer,
                                 {},
                                 head.bytes,
                                 {},
                                 end});
      if (head.elements != nullptr) {
        scanned.replies.back().elements = *head.elements;
        scanned.replies.back().element_bytes = *head.element_bytes;
        EXPECT_EQ(head.elements->size(), head.element_bytes->size());
      }
    }
  }
  return scanned;
}

// What is seen must not depend on how the bytes come.
inline Scanned Scan(std::string_view bytes, Want want = Want::kNothing) {
  const std::vector<test::Splitting> splittings = test::Splittings(bytes);
  const Scanned whole = ScanChunks(splittings.front().chunks, want);
  for (const test::Splitting& splitting : splittings) {
    const Scanned cut = ScanChunks(splitting.chunks, want);
    EXPECT_EQ(cut.replies, whole.replies) << splitting.name;
    EXPECT_EQ(cut.refused, whole.refused) << splitting.name;
  }
  return whole;
}

// The one reply that the bytes are.
inline Seen One(std::string_view bytes, Want want = Want::kNothing) {
  const Scanned scanned = Scan(bytes, want);
  EXPECT_FALSE(scanned.refused) << bytes;
  EXPECT_EQ(scanned.replies.size(), 1u) << bytes;
  if (scanned.replies.empty()) return {};
  EXPECT_EQ(scanned.replies[0].end, bytes.size()) << bytes;
  return scanned.replies[0];
}

inline bool Refused(std::string_view bytes) {
  const Scanned scanned = Scan(bytes);
  return scanned.refused && scanned.replies.empty();
}

inline bool Unfinished(std::string_view bytes) {
  const Scanned scanned = Scan(bytes);
  return !scanned.refused && scanned.replies.empty();
}

}  // namespace keyhole::resp
