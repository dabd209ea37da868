// Reading sorted sets, however they are kept. `entry` is a sorted set; a rank is below its size.
//
// Views that a function is given are valid until it returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "proxy/base/random.h"
#include "proxy/store/keyspace/entry.h"
#include "proxy/store/types/packed_scores.h"
#include "proxy/store/types/sorted_set_object.h"

namespace keyhole::store {

// Members from one rank up to, not including, another; empty if that is not greater.
struct RankRange {
  size_t begin = 0;
  size_t end = 0;
  size_t size() const { return end > begin ? end - begin : 0; }
};

inline const SortedSetObject& SortedSetOf(Entry entry) {
  return *static_cast<const SortedSetObject*>(entry.object());
}

size_t CountMembers(Entry entry);

// False if the member is not there.
bool FindScore(Entry entry, std::string_view member, double* score);
bool FindRank(Entry entry, std::string_view member, size_t* rank);

// How many of the first have a score, or a member, for which f is true. REQUIRES: f is true for
// some of the first and for none behind them.
template <typename F>
size_t CountByScore(Entry entry, F&& f) {
  if (entry.is_object()) return SortedSetOf(entry).tree().CountByScore(f);
  PackedScores members(entry.value());
  size_t count = 0;
  for (; !members.at_end(); ++count) {
    members.SkipMember();
    if (!f(members.Score())) break;
  }
  return count;
}
template <typename F>
size_t CountByMember(Entry entry, F&& f) {
  if (entry.is_object()) return SortedSetOf(entry).tree().CountByMember(f);
  PackedScores members(entry.value());
  size_t count = 0;
  for (; !members.at_end(); ++count) {
    if (!f(members.Member())) break;
    members.Score();
  }
  return count;
}

// Calls f(member, score) for those of a range, upwards or downwards. REQUIRES: it is one of the
// set's; not an Object.
template <typename F>
void VisitPackedRange(Entry entry, RankRange range, bool downwards, F&& f) {
  PackedScores members(entry.value());
  std::vector<std::string_view> places;  // from each member on
  for (size_t rank = 0; rank < range.end; ++rank) {
    const std::string_view place = members.rest();
    const std::string_view member = members.Member();
    const double score = members.Score();
    if (rank < range.begin) continue;
    if (downwards) {
      places.push_back(place);
    } else {
      f(member, score);
    }
  }
  for (; !places.empty(); places.pop_back()) {
    PackedScores from(places.back());
    const std::string_view member = from.Member();
    f(member, from.Score());
  }
}

// The same for all.
template <typename F>
void VisitRange(Entry entry, RankRange range, bool downwards, F&& f) {
  if (range.size() == 0) return;
  if (!entry.is_object()) return VisitPackedRange(entry, range, downwards, f);
  const auto visit = [&f](Item member) { f(member.key(), ScoreOf(member)); };
  SortedSetOf(entry).tree().Visit(downwards ? range.end - 1 : range.begin, range.size(), downwards,
                                  visit);
}
template <typename F>
void ForEachMember(Entry entry, F&& f) {
  VisitRange(entry, {0, CountMembers(entry)}, /*downwards=*/false, f);
}

// Calls f(member, score) for one of them, chosen by chance.
template <typename F>
void RandomMember(Entry entry, uint64_t* random, F&& f) {
  const size_t rank = NextRandom(random) % CountMembers(entry);
  VisitRange(entry, {rank, rank + 1}, /*downwards=*/false, f);
}

// Calls f(member, score) for `count` different ones, chosen by chance; for all if that is more than
// there are. Cost: of the count, or of all if the count is not much less.
template <typename F>
void DistinctMembers(Entry entry, size_t count, uint64_t* random, F&& f) {
  size_t left = CountMembers(entry);
  if (entry.is_object() && count < left / 3) {
    absl::flat_hash_set<size_t> seen;
    while (seen.size() < count) {
      const size_t rank = NextRandom(random) % left;
      if (seen.insert(rank).second) VisitRange(entry, {rank, rank + 1}, /*downwards=*/false, f);
    }
    return;
  }
  // Algorithm S, as in DistinctItems().
  ForEachMember(entry, [&](std::string_view member, double score) {
    if (NextRandom(random) % left-- >= count) return;
    --count;
    f(member, score);
  });
}

}  // namespace keyhole::store
