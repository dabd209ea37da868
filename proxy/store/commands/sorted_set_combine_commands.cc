// Sorted sets: unions, intersections and differences of several, of which some may be sets, whose
// members all have a score of 1. Source: redis 7.0.15 t_zset.c zunionInterDiffGenericCommand.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/sorted_sets.h"
#include "proxy/store/types/collection.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

namespace {

enum class Aggregate : uint8_t { kSum, kMin, kMax };

// One of the sets; the handle stays valid while nothing is written.
struct Source {
  Entry set;  // of either type; false: there is none
  double weight = 1;

  bool sorted() const { return set.type() == ValueType::kSortedSet; }
  size_t size() const { return !set ? 0 : sorted() ? CountMembers(set) : CountItems(set); }
  bool Find(std::string_view member, double* score) const {
    if (!set) return false;
    if (sorted()) return FindScore(set, member, score);
    *score = 1;
    return HasItem(set, member);
  }
  // Calls f(member, score) for all.
  template <typename F>
  void ForEach(F&& f) const {
    if (!set) return;
    if (sorted()) return ForEachMember(set, f);
    ForEachItem(set, [&f](std::string_view member, std::string_view) { f(member, 1.0); });
  }
};

struct Combination {
  std::vector<Source> sources;
  Aggregate aggregate = Aggregate::kSum;
  bool with_scores = false;
  int64_t limit = 0;  // 0: none
};

// Which options a command has.
struct Allowed {
  bool weights = false;  // and AGGREGATE
  bool scores = false;
  bool limit = false;
};

// inf and -inf, added up, are 0.
double Join(Aggregate aggregate, double a, double b) {
  if (aggregate == Aggregate::kMin) return b < a ? b : a;
  if (aggregate == Aggregate::kMax) return b > a ? b : a;
  return std::isnan(a + b) ? 0 : a + b;
}

// 0 times infinity is 0.
double Weighed(const Source& source, double score) {
  const double weighed = source.weight * score;
  return std::isnan(weighed) ? 0 : weighed;
}

bool ParseWeights(Call& call, size_t first, Combination* wanted) {
  for (size_t i = 0; i < wanted->sources.size(); ++i) {
    if (!DoubleArgument(call, first + i, &wanted->sources[i].weight,
                        "ERR weight value is not a float")) {
      return false;
    }
  }
  return true;
}

bool ParseAggregate(Call& call, size_t index, Combination* wanted) {
  if (call.Is(index, "SUM")) {
    wanted->aggregate = Aggregate::kSum;
  } else if (call.Is(index, "MIN")) {
    wanted->aggregate = Aggregate::kMin;
  } else if (call.Is(index, "MAX")) {
    wanted->aggregate = Aggregate::kMax;
  } else {
    call.reply.Error(kSyntaxError);
    return false;
  }
  return true;
}

bool ParseLimit(Call& call, size_t index, int64_t* limit) {
  if (resp::ParseInteger(call.args[index], limit) && *limit >= 0) return true;
  call.reply.Error("ERR LIMIT can't be negative");
  return false;
}

bool ParseOptions(Call& call, size_t first, Allowed allowed, Combination* wanted) {
  const size_t keys = wanted->sources.size();
  size_t i = first;
  while (i < call.args.size()) {
    const size_t left = call.args.size() - i;
    if (allowed.weights && left > keys && call.Is(i, "WEIGHTS")) {
      if (!ParseWeights(call, i + 1, wanted)) return false;
      i += 1 + keys;
    } else if (allowed.weights && left > 1 && call.Is(i, "AGGREGATE")) {
      if (!ParseAggregate(call, i + 1, wanted)) return false;
      i += 2;
    } else if (allowed.scores && call.Is(i, "WITHSCORES")) {
      wanted->with_scores = true;
      i += 1;
    } else if (allowed.limit && left > 1 && call.Is(i, "LIMIT")) {
      if (!ParseLimit(call, i + 1, &wanted->limit)) return false;
      i += 2;
    } else {
      call.reply.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

// Reads numkeys at args[index], the keys and the options. False if they are wrong; then that is the
// reply.
bool Parse(Call& call, size_t index, Allowed allowed, Combination* wanted) {
  int64_t keys = 0;
  if (!IntegerArgument(call, index, &keys)) return false;
  if (keys < 1) {
    call.reply.Error(std::string("ERR at least 1 input key is needed for '")
                         .append(call.spec.full_name)
                         .append("' command"));
    return false;
  }
  if (static_cast<uint64_t>(keys) > call.args.size() - index - 1) {
    call.reply.Error(kSyntaxError);
    return false;
  }
  const size_t first = index + 1;
  const size_t behind = first + static_cast<size_t>(keys);
  for (size_t i = first; i < behind; ++i) {
    const Entry* const slot = call.Read(call.args[i]);
    const Entry set = slot == nullptr ? Entry() : *slot;
    if (set && set.type() != ValueType::kSortedSet && set.type() != ValueType::kSet) {
      call.reply.Error(kWrongType);
      return false;
    }
    wanted->sources.push_back({.set = set});
  }
  return ParseOptions(call, behind, allowed, wanted);
}

// The smallest first, which also decides in which order scores are added up.
void SortBySize(std::vector<Source>* sources) {
  std::stable_sort(sources->begin(), sources->end(),
                   [](const Source& a, const Source& b) { return a.size() < b.size(); });
}

// Calls f(member, score) for what is in all of them; f returns false to have no more.
template <typename F>
void ForEachCommon(Combination& wanted, F&& f) {
  SortBySize(&wanted.sources);
  const Source& smallest = wanted.sources[0];
  bool more = true;
  smallest.ForEach([&](std::string_view member, double first_score) {
    double score = Weighed(smallest, first_score);
    for (size_t i = 1; more && i < wanted.sources.size(); ++i) {
      double other = 0;
      if (!wanted.sources[i].Find(member, &other)) return;
      score = Join(wanted.aggregate, score, other * wanted.sources[i].weight);
    }
    more = more && f(member, score);
  });
}

using Combine = void (*)(Combination& wanted, SortedSetEdit* result);

void Intersect(Combination& wanted, SortedSetEdit* result) {
  ForEachCommon(wanted, [result](std::string_view member, double score) {
    result->Add(member, score);
    return true;
  });
}

void Unite(Combination& wanted, SortedSetEdit* result) {
  SortBySize(&wanted.sources);
  absl::flat_hash_map<std::string, double> scores;
  for (const Source& source : wanted.sources) {
    source.ForEach([&](std::string_view member, double own) {
      const double score = Weighed(source, own);
      const auto [known, is_new] = scores.try_emplace(std::string(member), score);
      if (!is_new) known->second = Join(wanted.aggregate, known->second, score);
    });
  }
  for (const auto& [member, score] : scores) result->Add(member, score);
}

// Looks each member of the first up in the others; or, if those are much smaller together, gathers
// what they have first.
void Subtract(Combination& wanted, SortedSetEdit* result) {
  const std::span<const Source> others = std::span<const Source>(wanted.sources).subspan(1);
  const Source& first = wanted.sources[0];
  size_t sum = 0;
  for (const Source& other : others) sum += other.size();
  absl::flat_hash_set<std::string> gathered;
  const bool gathers = first.size() * wanted.sources.size() / 2 > first.size() + sum;
  for (const Source& other : others) {
    if (!gathers) break;
    other.ForEach([&](std::string_view member, double) { gathered.emplace(member); });
  }
  first.ForEach([&](std::string_view member, double score) {
    double unused = 0;
    const auto has = [&](const Source& other) { return other.Find(member, &unused); };
    if (gathers ? gathered.contains(std::string(member))
                : std::any_of(others.begin(), others.end(), has))
      return;
    result->Add(member, score);
  });
}

void ReplyCombined(Call& call, Allowed allowed, Combine combine) {
  Combination wanted;
  if (!Parse(call, 1, allowed, &wanted)) return;
  SortedSetEdit result(call.db(), call.engine.sorted_set_limits(), nullptr, MallocHeap());
  result.BeginAsTree();
  combine(wanted, &result);
  ReplyMemberCount(call, result.size(), wanted.with_scores);
  result.tree().tree().Visit(0, result.size(), /*downwards=*/false, [&](Item member) {
    ReplyMember(call, member.key(), ScoreOf(member), wanted.with_scores);
  });
}

void StoreCombined(Call& call, Allowed allowed, Combine combine) {
  const std::string_view target = call.args[1];
  Combination wanted;
  if (!Parse(call, 2, allowed, &wanted)) return;
  SortedSetEdit result(call.db(), call.engine.sorted_set_limits(), nullptr,
                       call.db().HeapOf(target));
  result.BeginAsTree();
  combine(wanted, &result);
  call.reply.Integer(static_cast<int64_t>(result.size()));
  if (result.size() == 0) return EraseTarget(call, target);
  result.CommitAnew(target);
  call.Emit(EventClass::kSortedSet, call.spec.name, target);
}

}  // namespace

void Zunion(Call& call) {
  ReplyCombined(call, {.weights = true, .scores = true}, Unite);
}

void Zinter(Call& call) {
  ReplyCombined(call, {.weights = true, .scores = true}, Intersect);
}

void Zdiff(Call& call) {
  ReplyCombined(call, {.scores = true}, Subtract);
}

void Zunionstore(Call& call) {
  StoreCombined(call, {.weights = true}, Unite);
}

void Zinterstore(Call& call) {
  StoreCombined(call, {.weights = true}, Intersect);
}

void Zdiffstore(Call& call) {
  StoreCombined(call, {}, Subtract);
}

void Zintercard(Call& call) {
  Combination wanted;
  if (!Parse(call, 1, {.limit = true}, &wanted)) return;
  int64_t count = 0;
  ForEachCommon(wanted, [&](std::string_view, double) { return ++count != wanted.limit; });
  call.reply.Integer(count);
}

}  // namespace keyhole::store::handlers
