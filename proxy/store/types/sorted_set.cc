#include "proxy/store/types/sorted_set.h"

namespace keyhole::store {

size_t CountMembers(Entry entry) {
  if (entry.is_object()) return SortedSetOf(entry).size();
  return CountPacked(entry.value()) / 2;
}

bool FindScore(Entry entry, std::string_view member, double* score) {
  if (entry.is_object()) {
    const Item* const found = SortedSetOf(entry).Find(member);
    if (found != nullptr) *score = ScoreOf(*found);
    return found != nullptr;
  }
  const size_t at = FindPackedMember(entry.value(), member);
  if (at == std::string_view::npos) return false;
  PackedScores there(entry.value().substr(at));
  there.SkipMember();
  *score = there.Score();
  return true;
}

bool FindRank(Entry entry, std::string_view member, size_t* rank) {
  if (entry.is_object()) {
    const Item* const found = SortedSetOf(entry).Find(member);
    if (found != nullptr) *rank = SortedSetOf(entry).tree().RankOf(*found);
    return found != nullptr;
  }
  const size_t at = FindPackedMember(entry.value(), member);
  if (at == std::string_view::npos) return false;
  *rank = CountPacked(entry.value().substr(0, at)) / 2;
  return true;
}

}  // namespace keyhole::store
