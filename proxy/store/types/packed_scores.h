// A small sorted set in one block: members and scores in turn, in their order. packed.h has the
// form of the elements; a score that is an integer is kept as one, any other as its eight bytes.
//
//     member  score  member  score ...           "a" 1, "b" 2.5:   01 a  81   01 b  08 <8 bytes>
//
// A score of -0 becomes 0, as in Redis' listpack, unless `exact`: then it is kept as bytes. Plain
// functions over bytes that others own.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "proxy/store/types/packed.h"

namespace keyhole::store {

// Walks over the members. What Member() gives is valid until the call after next.
class PackedScores {
 public:
  explicit PackedScores(std::string_view block) : reader_(block) {}
  bool at_end() const { return reader_.at_end(); }
  // Each is read or skipped in turn: first a member, then its score.
  std::string_view Member() { return reader_.Next(); }
  void SkipMember() { reader_.Skip(); }
  double Score();
  std::string_view rest() const { return reader_.rest(); }

 private:
  PackedReader reader_;
};

// The score that a block begins with.
double FirstPackedScore(std::string_view block);

// Where the member begins; npos if it is not there.
inline size_t FindPackedMember(std::string_view block, std::string_view member) {
  return FindPacked(block, member, 2);
}

// Behind all others, or where it belongs.
void AppendPackedMember(std::string* block, std::string_view member, double score, bool exact);
void InsertPackedMember(std::string* block, std::string_view member, double score, bool exact);

}  // namespace keyhole::store
