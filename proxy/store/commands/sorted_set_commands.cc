// Sorted sets: single members, and questions about one set. Ranges, unions and pops have files of
// their own. Source: redis 7.0.15 t_zset.c.
#include "absl/container/inlined_vector.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/random_items.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/scanning.h"
#include "proxy/store/commands/sorted_set_ranges.h"
#include "proxy/store/commands/sorted_sets.h"

namespace keyhole::store::handlers {

namespace {

bool ReadSortedSet(Call& call, Entry* set) {
  return ReadAs(call, call.args[1], ValueType::kSortedSet, set);
}

// Reads options from args[2] on. Returns where they end.
size_t ParseAddOptions(const Call& call, AddOptions* options) {
  size_t i = 2;
  for (; i < call.args.size(); ++i) {
    if (call.Is(i, "NX")) {
      options->only_new = true;
    } else if (call.Is(i, "XX")) {
      options->only_known = true;
    } else if (call.Is(i, "CH")) {
      options->count_changed = true;
    } else if (call.Is(i, "INCR")) {
      options->increment = true;
    } else if (call.Is(i, "GT")) {
      options->only_greater = true;
    } else if (call.Is(i, "LT")) {
      options->only_less = true;
    } else {
      break;
    }
  }
  return i;
}

// ZADD, and ZINCRBY, which is ZADD with INCR.
void AddOrIncrement(Call& call, AddOptions options) {
  const size_t first = ParseAddOptions(call, &options);
  const size_t args = call.args.size() - first;
  if (args == 0 || args % 2 != 0) return call.reply.Error(kSyntaxError);
  if (ExcludeEachOther(call, options)) return;
  if (options.increment && args > 2) {
    return call.reply.Error("ERR INCR option supports a single increment-element pair");
  }
  absl::InlinedVector<ScoredMember, 8> members(args / 2);
  for (size_t i = 0; i < members.size(); ++i) {
    if (!DoubleArgument(call, first + 2 * i, &members[i].score)) return;
    members[i].member = call.args[first + 2 * i + 1];
  }
  AddMembers(call, options, members);
}

}  // namespace

void Zadd(Call& call) {
  AddOrIncrement(call, {});
}

void Zincrby(Call& call) {
  AddOrIncrement(call, {.increment = true});
}

void Zrem(Call& call) {
  const std::string_view key = call.args[1];
  Entry* slot = nullptr;
  if (!FindAs(call, key, ValueType::kSortedSet, &slot)) return;
  if (slot == nullptr) return call.reply.Integer(0);
  SortedSetEdit edit(call.db(), call.engine.sorted_set_limits(), slot, call.db().HeapOf(key));
  int64_t removed = 0;
  for (const std::string_view member : call.args.subspan(2)) removed += edit.Remove(member) ? 1 : 0;
  edit.Commit(key);
  call.reply.Integer(removed);
  if (removed > 0) call.Emit(EventClass::kSortedSet, call.spec.name, key);
  if (edit.size() == 0) EmitGone(call, key);
}

void Zcard(Call& call) {
  Entry set;
  if (ReadSortedSet(call, &set)) {
    call.reply.Integer(set ? static_cast<int64_t>(CountMembers(set)) : 0);
  }
}

namespace {

void ReplyScore(Call& call, Entry set, std::string_view member) {
  double score = 0;
  if (!set || !FindScore(set, member, &score)) return call.reply.Null();
  call.reply.Double(score);
}

void ReplyRank(Call& call, bool from_the_end) {
  Entry set;
  size_t rank = 0;
  if (!ReadSortedSet(call, &set)) return;
  if (!set || !FindRank(set, call.args[2], &rank)) return call.reply.Null();
  call.reply.Integer(static_cast<int64_t>(from_the_end ? CountMembers(set) - 1 - rank : rank));
}

void ReplyRangeSize(Call& call, RangeBy by) {
  RangeQuery query{.by = by};
  Entry set;
  if (!RangeArguments(call, 2, &query) || !ReadSortedSet(call, &set)) return;
  call.reply.Integer(set ? static_cast<int64_t>(query.In(set).size()) : 0);
}

}  // namespace

void Zscore(Call& call) {
  Entry set;
  if (ReadSortedSet(call, &set)) ReplyScore(call, set, call.args[2]);
}

void Zmscore(Call& call) {
  Entry set;
  if (!ReadSortedSet(call, &set)) return;
  call.reply.Array(static_cast<int64_t>(call.args.size()) - 2);
  for (const std::string_view member : call.args.subspan(2)) ReplyScore(call, set, member);
}

void Zrank(Call& call) {
  ReplyRank(call, /*from_the_end=*/false);
}

void Zrevrank(Call& call) {
  ReplyRank(call, /*from_the_end=*/true);
}

void Zcount(Call& call) {
  ReplyRangeSize(call, RangeBy::kScore);
}

void Zlexcount(Call& call) {
  ReplyRangeSize(call, RangeBy::kMember);
}

namespace {

// As ZRANDMEMBER's count says: see ForEachWantedItem().
template <typename F>
void ForEachWantedMember(Call& call, Entry set, int64_t count, F&& f) {
  if (count >= 0) return DistinctMembers(set, static_cast<size_t>(count), &call.client.random, f);
  const size_t most = call.begin + static_cast<size_t>(resp::kMaxBulkBytes);
  for (; count < 0 && !call.client.closing; ++count) {
    RandomMember(set, &call.client.random, f);
    if (call.out->size() > most) call.client.closing = true;
  }
}

}  // namespace

void Zrandmember(Call& call) {
  int64_t count = 0;
  const size_t args = call.args.size();
  if (args > 2 && !CountArgument(call, &count)) return;
  const bool with_scores = args == 4 && call.Is(3, "WITHSCORES");
  if (args > 4 || (args == 4 && !with_scores)) return call.reply.Error(kSyntaxError);
  if (with_scores && (count < -kMostItems / 2 || count > kMostItems / 2)) {
    return call.reply.Error("ERR value is out of range");
  }
  Entry set;
  if (!ReadSortedSet(call, &set)) return;
  if (args == 2) {
    if (!set) return call.reply.Null();
    return RandomMember(set, &call.client.random,
                        [&call](std::string_view member, double) { call.reply.Bulk(member); });
  }
  if (!set) return call.reply.Array(0);
  const size_t wanted = count < 0 ? static_cast<size_t>(-count)
                                  : std::min(static_cast<size_t>(count), CountMembers(set));
  ReplyMemberCount(call, wanted, with_scores);
  ForEachWantedMember(call, set, count, [&](std::string_view member, double score) {
    ReplyMember(call, member, score, with_scores);
  });
}

namespace {

// What lies in one block is given at once. In Redis' listpack integers are shown in whole,
// elsewhere with 17 digits at most.
void ListBlock(Entry set, const ScanOptions& options, LateList* list) {
  const bool whole = set.encoding() == Encoding::kListZset;
  PackedReader reader(set.value());
  while (!reader.at_end()) {
    const std::string_view member = reader.Next();
    if (ScanMatches(options.pattern, member)) {
      list->Add(member);
      int64_t integer = 0;
      if (whole && FirstPackedInteger(reader.rest(), &integer)) {
        list->Add(std::to_string(integer));
      } else {
        char text[resp::kDoubleTextSize];
        list->Add(resp::DoubleText(FirstPackedScore(reader.rest()), text));
      }
    }
    reader.Skip();
  }
}

}  // namespace

void Zscan(Call& call) {
  ScanOptions options;
  if (!CursorArgument(call, 2, &options)) return;
  Entry set;
  LateList list(call);
  if (!ReadSortedSet(call, &set)) return;
  if (!set) return list.ReplyWithCursor(0);
  if (!ParseScanOptions(call, 3, /*of_keys=*/false, &options)) return;
  if (!set.is_object()) {
    ListBlock(set, options, &list);
    return list.ReplyWithCursor(0);
  }
  const auto scan = [set](uint64_t at, auto&& visitor) {
    return SortedSetOf(set).table().Scan(at, [&](const Item* item) { visitor(*item); });
  };
  const uint64_t cursor = Walk(options.cursor, options.count, scan, [&](const Item& member) {
    if (!ScanMatches(options.pattern, member.key())) return;
    char text[resp::kDoubleTextSize];
    list.Add(member.key());
    list.Add(resp::DoubleText(ScoreOf(member), text));
  });
  list.ReplyWithCursor(cursor);
}

}  // namespace keyhole::store::handlers
