// Makes what a program reads of the bytes of replies.
//
// Owner: a connection. Thread: its own. Replies view the bytes, and what this keeps, until Clear().
#pragma once

#include <deque>
#include <string_view>
#include <vector>

#include "include/keyhole/keyhole.h"
#include "resp/reply_reader.h"

namespace keyhole {

class Replies {
 public:
  void Clear() { aggregates_.clear(); }
  // Reads the next reply; what is told on its own (pushes, attributes) is passed over. False: there
  // is none, or not the whole of it.
  bool Read(core::ReplyReader* reader, Reply* reply);

 private:
  // Replies within replies. Redis' scripts give no more either.
  static constexpr int kDeepest = 1000;

  bool ReadElement(core::ReplyReader* reader, int depth, Reply* reply);
  bool ReadElements(core::ReplyReader* reader, Elements::Kind kind, int64_t count, int depth,
                    Reply* reply);

  std::deque<std::vector<Reply>> aggregates_;
};

}  // namespace keyhole
