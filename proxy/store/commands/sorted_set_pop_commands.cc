// Sorted sets: taking members from an end, and waiting for one if there is none (waiting.h).
// Source: redis 7.0.15 t_zset.c genericZpopCommand.
#include <algorithm>
#include <limits>
#include <optional>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/sorted_sets.h"
#include "proxy/store/commands/timeouts.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

namespace {

enum class End : uint8_t { kMin, kMax };

// What a pop's reply looks like.
struct Shape {
  bool with_key = false;
  bool nested = false;  // each member with its score is an array of its own
};

void ReplyPopped(Call& call, std::string_view key, Entry set, RankRange range, bool downwards,
                 Shape shape) {
  const auto count = static_cast<int64_t>(range.size());
  if (shape.with_key && shape.nested) {
    call.reply.Array(2);
    call.reply.Bulk(key);
    call.reply.Array(count);
  } else {
    call.reply.Array((shape.nested ? count : count * 2) + (shape.with_key ? 1 : 0));
    if (shape.with_key) call.reply.Bulk(key);
  }
  VisitRange(set, range, downwards, [&](std::string_view member, double score) {
    if (shape.nested) call.reply.Array(2);
    call.reply.Bulk(member);
    call.reply.Double(score);
  });
}

// Takes up to `most` members out, and replies with them. REQUIRES: slot is a sorted set; most > 0.
void Pop(Call& call, std::string_view key, Entry* slot, End end, int64_t most, Shape shape) {
  const size_t size = CountMembers(*slot);
  const size_t count = std::min<size_t>(static_cast<uint64_t>(most), size);
  const RankRange range = end == End::kMin ? RankRange{0, count} : RankRange{size - count, size};
  ReplyPopped(call, key, *slot, range, /*downwards=*/end == End::kMax, shape);
  if (count == size) {
    call.db().Erase(slot);
  } else {
    SortedSetEdit edit(call.db(), call.engine.sorted_set_limits(), slot, call.db().HeapOf(key));
    edit.RemoveRange(range.begin, count);
    edit.Commit(key);
  }
  const auto event = end == End::kMin ? resp::CommandId::kZpopmin : resp::CommandId::kZpopmax;
  call.Emit(EventClass::kSortedSet, resp::Spec(event).name, key);
  if (count == size) EmitGone(call, key);
}

// The first of the keys that there is. False if that is no sorted set; then that is the reply.
bool FindFirst(Call& call, std::span<const std::string_view> keys, std::string_view* key,
               Entry** slot) {
  for (const std::string_view one : keys) {
    *key = one;
    *slot = call.Find(one);
    if (*slot != nullptr) return !IsWrongType(call, *slot, ValueType::kSortedSet);
  }
  return true;
}

void PopOne(Call& call, End end) {
  if (call.args.size() > 3) return call.reply.Error(kSyntaxError);
  const bool counted = call.args.size() == 3;
  int64_t most = 1;
  if (counted && (!resp::ParseInteger(call.args[2], &most) || most < 0)) {
    return call.reply.Error("ERR value is out of range, must be positive");
  }
  Entry* slot = nullptr;
  if (!FindAs(call, call.args[1], ValueType::kSortedSet, &slot)) return;
  if (slot == nullptr || most == 0) return call.reply.Array(0);
  const bool nested = counted && call.reply.protocol() == resp::Protocol::kResp3;
  Pop(call, call.args[1], slot, end, most, {.nested = nested});
}

}  // namespace

void Zpopmin(Call& call) {
  PopOne(call, End::kMin);
}

void Zpopmax(Call& call) {
  PopOne(call, End::kMax);
}

namespace {

struct ManyKeys {
  std::span<const std::string_view> keys;
  End end = End::kMin;
  int64_t most = 1;
};

// Reads an integer that is 1 or more. False if it is none; then `error` is the reply.
bool PositiveArgument(Call& call, size_t index, std::string_view error, int64_t* value) {
  if (resp::ParseInteger(call.args[index], value) && *value >= 1) return true;
  call.reply.Error(error);
  return false;
}

// Reads numkeys at args[index] and what follows it. False if that is wrong; then that is the reply.
bool ParseManyKeys(Call& call, size_t index, ManyKeys* wanted) {
  int64_t count = 0;
  if (!PositiveArgument(call, index, "ERR numkeys should be greater than 0", &count)) return false;
  const size_t left = call.args.size() - index - 1;
  if (static_cast<uint64_t>(count) >= left) {
    call.reply.Error(kSyntaxError);
    return false;
  }
  wanted->keys = call.args.subspan(index + 1, static_cast<size_t>(count));
  const size_t end = index + 1 + wanted->keys.size();
  if (!call.Is(end, "MIN") && !call.Is(end, "MAX")) {
    call.reply.Error(kSyntaxError);
    return false;
  }
  wanted->end = call.Is(end, "MIN") ? End::kMin : End::kMax;
  size_t next = end + 1;
  if (next + 1 < call.args.size() && call.Is(next, "COUNT")) {
    constexpr std::string_view kNotPositive = "ERR count should be greater than 0";
    if (!PositiveArgument(call, next + 1, kNotPositive, &wanted->most)) return false;
    next += 2;
  }
  if (next == call.args.size()) return true;
  call.reply.Error(kSyntaxError);
  return false;
}

}  // namespace

void Zmpop(Call& call) {
  ManyKeys wanted;
  std::string_view key;
  Entry* slot = nullptr;
  if (!ParseManyKeys(call, 1, &wanted) || !FindFirst(call, wanted.keys, &key, &slot)) return;
  if (slot == nullptr) return call.reply.NullArray();
  Pop(call, key, slot, wanted.end, wanted.most, {.with_key = true, .nested = true});
}

namespace {

// Looks for a sorted set under this key: null if there is none to be had. False if it is of another
// type, and has not just become that; then that is the reply.
bool FindToTake(Call& call, std::string_view key, Entry** slot) {
  if (!call.woken_by().has_value()) return FindAs(call, key, ValueType::kSortedSet, slot);
  *slot = call.Find(key);
  if (*slot != nullptr && (*slot)->type() != ValueType::kSortedSet) *slot = nullptr;
  return true;
}

// Takes from the first of the keys that is a sorted set; or waits for one.
void PopOrWait(Call& call, const ManyKeys& wanted, UnixMillis deadline, Shape shape) {
  using Keys = std::span<const std::string_view>;
  const std::optional<std::string_view> woken_by = call.woken_by();
  const Keys looked_at = woken_by.has_value() ? Keys(&*woken_by, 1) : wanted.keys;
  for (const std::string_view key : looked_at) {
    Entry* slot = nullptr;
    if (!FindToTake(call, key, &slot)) return;
    if (slot != nullptr) return Pop(call, key, slot, wanted.end, wanted.most, shape);
  }
  if (!call.Wait(wanted.keys, deadline)) call.reply.NullArray();
}

void PopOneOrWait(Call& call, End end) {
  UnixMillis deadline = kNever;
  if (!TimeoutArgument(call, call.args.size() - 1, &deadline)) return;
  const ManyKeys wanted{.keys = call.args.subspan(1, call.args.size() - 2), .end = end};
  PopOrWait(call, wanted, deadline, {.with_key = true});
}

}  // namespace

void Bzpopmin(Call& call) {
  PopOneOrWait(call, End::kMin);
}

void Bzpopmax(Call& call) {
  PopOneOrWait(call, End::kMax);
}

void Bzmpop(Call& call) {
  ManyKeys wanted;
  UnixMillis deadline = kNever;
  if (!ParseManyKeys(call, 2, &wanted) || !TimeoutArgument(call, 1, &deadline)) return;
  PopOrWait(call, wanted, deadline, {.with_key = true, .nested = true});
}

}  // namespace keyhole::store::handlers
