#include "proxy/store/types/packed_scores.h"

#include <cmath>
#include <cstdint>
#include <cstring>

#include "proxy/store/types/float_text.h"

namespace keyhole::store {

namespace {

// A string of eight bytes, whatever they are.
void AppendBits(double score, std::string* block) {
  char bytes[1 + sizeof(score)];
  bytes[0] = sizeof(score);
  std::memcpy(bytes + 1, &score, sizeof(score));
  block->append(bytes, sizeof(bytes));
}

void AppendScore(double score, bool exact, std::string* block) {
  int64_t integer = 0;
  const bool as_bits = exact && score == 0 && std::signbit(score);
  if (as_bits || !IsInteger(score, &integer)) return AppendBits(score, block);
  AppendPackedInteger(integer, block);
}

}  // namespace

double FirstPackedScore(std::string_view block) {
  int64_t integer = 0;
  if (FirstPackedInteger(block, &integer)) return static_cast<double>(integer);
  double score;
  std::memcpy(&score, block.data() + 1, sizeof(score));
  return score;
}

double PackedScores::Score() {
  const double score = FirstPackedScore(reader_.rest());
  reader_.Skip();
  return score;
}

void AppendPackedMember(std::string* block, std::string_view member, double score, bool exact) {
  AppendPacked(member, block);
  AppendScore(score, exact, block);
}

void InsertPackedMember(std::string* block, std::string_view member, double score, bool exact) {
  PackedScores there(*block);
  size_t offset = 0;
  while (!there.at_end()) {
    offset = block->size() - there.rest().size();
    const std::string_view other = there.Member();
    const double other_score = there.Score();
    if (other_score > score || (other_score == score && other > member)) break;
    offset = block->size();
  }
  std::string element;
  AppendPackedMember(&element, member, score, exact);
  block->insert(offset, element);
}

}  // namespace keyhole::store
