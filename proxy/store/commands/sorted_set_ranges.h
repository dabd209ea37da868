// Ranges of a sorted set, by rank, score or member, as commands name them. Each comes down to
// ranks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/types/sorted_set.h"

namespace keyhole::store {

enum class RangeBy : uint8_t { kRank, kScore, kMember };

// 1 and 5 are in [1 5], not in [(1 (5].
struct ScoreRange {
  double min = 0;
  double max = 0;
  bool without_min = false;
  bool without_max = false;

  RankRange In(Entry entry) const;
};

// By the bytes of members; "-" is before and "+" behind all of them.
struct MemberRange {
  struct End {
    enum class Kind : uint8_t { kBeforeAll, kMember, kBehindAll };
    Kind kind = Kind::kMember;
    bool without = false;
    std::string_view member;
  };
  End min;
  End max;

  RankRange In(Entry entry) const;
};

// A range as ZRANGE and all its relatives name it.
struct RangeQuery {
  RangeBy by = RangeBy::kRank;
  bool downwards = false;
  bool with_scores = false;
  int64_t offset = 0;
  int64_t limit = -1;  // negative: none
  int64_t start = 0;   // by rank; from the end if negative
  int64_t stop = 0;
  ScoreRange scores{};
  MemberRange members{};

  RankRange In(Entry entry) const;
};

// Reads args[index] and args[index + 1], the ends of a range. False if they are none; then that is
// the reply. `query` says which kind they are; of a downward one, but by rank, the greater end
// comes first.
bool RangeArguments(Call& call, size_t index, RangeQuery* query);

}  // namespace keyhole::store
