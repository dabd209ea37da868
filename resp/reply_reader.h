// Reads the elements of a complete reply, one after the other, without building a tree. For those
// who ask Redis something themselves; what passes through is only scanned (ReplyScanner). RESP2 and
// RESP3 are one superset here.
//
//     ReplyReader reader("*2\r\n$1\r\n7\r\n*1\r\n$3\r\nfoo\r\n");
//     Next() -> array of 2,  Next() -> "7",  Next() -> array of 1,  Next() -> "foo",
//     Next() -> none
//
// Thread: any one. Views live as long as the bytes given. Nothing throws, whatever the bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "resp/wire.h"

namespace keyhole::core {

struct ReplyElement {
  resp::ReplyType type = resp::ReplyType::kNone;
  bool is_null = false;   // _, $-1 or *-1
  int64_t integer = 0;    // ':' its value; of an aggregate how many elements follow, or pairs
  std::string_view text;  // of a string or an error its bytes; of '#' ',' '(' the line

  bool is(resp::ReplyType wanted) const { return type == wanted && !is_null; }
};

class ReplyReader {
 public:
  explicit ReplyReader(std::string_view reply) : rest_(reply) {}

  // The next element; none at the end, or where the bytes are not RESP: nothing can be read then.
  std::optional<ReplyElement> Next();

  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace keyhole::core
