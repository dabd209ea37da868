// What a program asks of the embedded store in its own process without words and without a reply:
// the few commands that a cache is asked all day. It is not answered where there is more to be
// done or to be said (an error, a transaction, somebody who watches): then a request must ask.
//
// Owner: whoever calls; it views the keys and the value. Thread: any; a plain value.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resp/command_table.h"
#include "resp/hashed_key.h"

namespace keyhole::resp {

struct DirectCommand {
  CommandId id;                     // GET, MGET, SET, DEL, INCR or INCRBY
  std::span<const HashedKey> keys;  // one, but for MGET and DEL
  std::string_view value{};         // SET
  int64_t number = 0;               // SET: milliseconds to live, 0: for good; INCRBY: by so much

  // When it is, as far as that is known; milliseconds since 1970. What writes needs an exact clock,
  // and the two are one.
  int64_t earliest = 0;
  int64_t latest = 0;

  // ---- the answer
  std::string* bytes = nullptr;           // GET and MGET: the values, one after the other
  std::vector<int64_t>* sizes = nullptr;  // MGET: of each, kMissing where there is none
  int64_t answer = 0;  // GET: 1, it is there, or 0; DEL: how many were; INCR: what it is then

  static constexpr int64_t kMissing = -1;
  bool writes() const { return id != CommandId::kGet && id != CommandId::kMget; }
};

}  // namespace keyhole::resp
