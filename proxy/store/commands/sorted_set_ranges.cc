#include "proxy/store/commands/sorted_set_ranges.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <utility>

#include "proxy/store/commands/replies.h"

namespace keyhole::store {

namespace {

// As Redis reads it, with all that strtod accepts; "" is 0. Source: redis 7.0.15 t_zset.c
// zslParseRange.
bool ParseScoreEnd(std::string_view text, double* score, bool* without) {
  *without = text.starts_with('(');
  const std::string number(UpToNul(text.substr(*without ? 1 : 0)));
  char* end = nullptr;
  *score = std::strtod(number.c_str(), &end);
  return *end == '\0' && !std::isnan(*score);
}

bool ParseMemberEnd(std::string_view text, MemberRange::End* end) {
  using Kind = MemberRange::End::Kind;
  if (UpToNul(text) == "+" || UpToNul(text) == "-") {
    end->kind = text[0] == '+' ? Kind::kBehindAll : Kind::kBeforeAll;
    end->without = true;
    return true;
  }
  if (!text.starts_with('(') && !text.starts_with('[')) return false;
  end->without = text[0] == '(';
  end->member = text.substr(1);
  return true;
}

// Whether a member is before this end; or is this end, if that counts as before.
bool IsBefore(std::string_view member, const MemberRange::End& end, bool or_equal) {
  if (end.kind != MemberRange::End::Kind::kMember) {
    return end.kind == MemberRange::End::Kind::kBehindAll;
  }
  return or_equal ? member <= end.member : member < end.member;
}

}  // namespace

RankRange ScoreRange::In(Entry entry) const {
  RankRange range;
  range.begin = CountByScore(
      entry, [this](double score) { return without_min ? score <= min : score < min; });
  range.end = CountByScore(
      entry, [this](double score) { return without_max ? score < max : score <= max; });
  return range;
}

RankRange MemberRange::In(Entry entry) const {
  RankRange range;
  range.begin = CountByMember(
      entry, [this](std::string_view member) { return IsBefore(member, min, min.without); });
  range.end = CountByMember(
      entry, [this](std::string_view member) { return IsBefore(member, max, !max.without); });
  return range;
}

namespace {

RankRange ByRank(const RangeQuery& query, int64_t size) {
  const int64_t start = std::max<int64_t>(query.start < 0 ? query.start + size : query.start, 0);
  const int64_t stop = std::min(query.stop < 0 ? query.stop + size : query.stop, size - 1);
  if (start > stop || start >= size) return {};
  RankRange range{static_cast<size_t>(start), static_cast<size_t>(stop) + 1};
  if (!query.downwards) return range;
  const auto all = static_cast<size_t>(size);
  return {all - range.end, all - range.begin};
}

}  // namespace

RankRange RangeQuery::In(Entry entry) const {
  if (by == RangeBy::kRank) return ByRank(*this, static_cast<int64_t>(CountMembers(entry)));
  RankRange range = by == RangeBy::kScore ? scores.In(entry) : members.In(entry);
  const size_t size = range.size();
  const auto skipped = static_cast<uint64_t>(offset);
  if (offset < 0 || skipped >= size) return {};
  const size_t left = size - skipped;
  const size_t count = limit < 0 ? left : std::min<size_t>(left, static_cast<uint64_t>(limit));
  if (downwards) {
    range.end -= skipped;
    range.begin = range.end - count;
  } else {
    range.begin += skipped;
    range.end = range.begin + count;
  }
  return range;
}

bool RangeArguments(Call& call, size_t index, RangeQuery* query) {
  std::string_view min = call.args[index];
  std::string_view max = call.args[index + 1];
  if (query->by == RangeBy::kRank) {
    return IntegerArgument(call, index, &query->start) &&
           IntegerArgument(call, index + 1, &query->stop);
  }
  if (query->downwards) std::swap(min, max);
  if (query->by == RangeBy::kScore) {
    ScoreRange& scores = query->scores;
    if (ParseScoreEnd(min, &scores.min, &scores.without_min) &&
        ParseScoreEnd(max, &scores.max, &scores.without_max)) {
      return true;
    }
    call.reply.Error("ERR min or max is not a float");
    return false;
  }
  if (ParseMemberEnd(min, &query->members.min) && ParseMemberEnd(max, &query->members.max)) {
    return true;
  }
  call.reply.Error("ERR min or max not valid string range item");
  return false;
}

}  // namespace keyhole::store
