// Sorted sets: ranges by rank, score and member, to be read, stored and removed. Source:
// redis 7.0.15 t_zset.c zrangeGenericCommand, zremrangeGenericCommand.
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/sorted_set_ranges.h"
#include "proxy/store/commands/sorted_sets.h"

namespace keyhole::store::handlers {

namespace {

// What a command leaves to its options.
struct Open {
  bool scores = true;      // whether WITHSCORES is one
  bool by = false;         // BYSCORE, BYLEX
  bool downwards = false;  // REV
};

// Reads the ends at args[first] and the options behind them. False if they are wrong; then that is
// the reply.
bool ParseRange(Call& call, size_t first, Open open, RangeQuery* query) {
  for (size_t i = first + 2; i < call.args.size(); ++i) {
    if (open.scores && call.Is(i, "WITHSCORES")) {
      query->with_scores = true;
    } else if (call.Is(i, "LIMIT") && call.args.size() - i > 2) {
      if (!IntegerArgument(call, i + 1, &query->offset)) return false;
      if (!IntegerArgument(call, i + 2, &query->limit)) return false;
      i += 2;
    } else if (open.downwards && call.Is(i, "REV")) {
      query->downwards = true;
      open.downwards = false;
    } else if (open.by && (call.Is(i, "BYLEX") || call.Is(i, "BYSCORE"))) {
      query->by = call.Is(i, "BYLEX") ? RangeBy::kMember : RangeBy::kScore;
      open.by = false;
    } else {
      call.reply.Error(kSyntaxError);
      return false;
    }
  }
  if (query->limit != -1 && query->by == RangeBy::kRank) {
    call.reply.Error(
        "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
    return false;
  }
  if (query->with_scores && query->by == RangeBy::kMember) {
    call.reply.Error("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
    return false;
  }
  return RangeArguments(call, first, query);
}

void ReplyRange(Call& call, Open open, RangeQuery query) {
  Entry set;
  if (!ParseRange(call, 2, open, &query)) return;
  if (!ReadAs(call, call.args[1], ValueType::kSortedSet, &set)) return;
  const RankRange range = set ? query.In(set) : RankRange();
  ReplyMemberCount(call, range.size(), query.with_scores);
  if (!set) return;
  VisitRange(set, range, query.downwards, [&](std::string_view member, double score) {
    ReplyMember(call, member, score, query.with_scores);
  });
}

}  // namespace

void Zrange(Call& call) {
  ReplyRange(call, {.by = true, .downwards = true}, {});
}

void Zrevrange(Call& call) {
  ReplyRange(call, {}, {.downwards = true});
}

void Zrangebyscore(Call& call) {
  ReplyRange(call, {}, {.by = RangeBy::kScore});
}

void Zrevrangebyscore(Call& call) {
  ReplyRange(call, {}, {.by = RangeBy::kScore, .downwards = true});
}

void Zrangebylex(Call& call) {
  ReplyRange(call, {}, {.by = RangeBy::kMember});
}

void Zrevrangebylex(Call& call) {
  ReplyRange(call, {}, {.by = RangeBy::kMember, .downwards = true});
}

// By rank, Redis knows how many there will be, and begins with the encoding of so many.
void Zrangestore(Call& call) {
  const std::string_view target = call.args[1];
  const SortedSetLimits& limits = call.engine.sorted_set_limits();
  RangeQuery query;
  Entry set;
  const Open open{.scores = false, .by = true, .downwards = true};
  if (!ParseRange(call, 3, open, &query)) return;
  if (!ReadAs(call, call.args[2], ValueType::kSortedSet, &set)) return;
  const RankRange range = set ? query.In(set) : RankRange();
  call.reply.Integer(static_cast<int64_t>(range.size()));
  if (range.size() == 0) return EraseTarget(call, target);
  SortedSetEdit edit(call.db(), limits, nullptr, call.db().HeapOf(target));
  if (query.by == RangeBy::kRank && range.size() > limits.members) edit.BeginPacked();
  VisitRange(set, range, query.downwards,
             [&edit](std::string_view member, double score) { edit.Add(member, score); });
  edit.Commit(target);
  call.Emit(EventClass::kSortedSet, call.spec.name, target);
}

namespace {

void RemoveRange(Call& call, RangeBy by) {
  const std::string_view key = call.args[1];
  RangeQuery query{.by = by};
  Entry* slot = nullptr;
  if (!RangeArguments(call, 2, &query)) return;
  if (!FindAs(call, key, ValueType::kSortedSet, &slot)) return;
  if (slot == nullptr) return call.reply.Integer(0);
  const RankRange range = query.In(*slot);
  SortedSetEdit edit(call.db(), call.engine.sorted_set_limits(), slot, call.db().HeapOf(key));
  edit.RemoveRange(range.begin, range.size());
  edit.Commit(key);
  call.reply.Integer(static_cast<int64_t>(range.size()));
  if (range.size() > 0) call.Emit(EventClass::kSortedSet, call.spec.name, key);
  if (edit.size() == 0) EmitGone(call, key);
}

}  // namespace

void Zremrangebyrank(Call& call) {
  RemoveRange(call, RangeBy::kRank);
}

void Zremrangebyscore(Call& call) {
  RemoveRange(call, RangeBy::kScore);
}

void Zremrangebylex(Call& call) {
  RemoveRange(call, RangeBy::kMember);
}

}  // namespace keyhole::store::handlers
