// Sets: one of them, and several (intersections, unions, differences).
//
// Replies come in Redis' order where Redis has one: that of the smallest set for an intersection,
// and ascending for unions and differences of integers. Source: redis 7.0.15 t_set.c.
#include <algorithm>
#include <vector>

#include "proxy/store/commands/event_words.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/random_items.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/scanning.h"
#include "proxy/store/types/collection.h"
#include "proxy/store/types/collection_edit.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

namespace {

// Members have been taken out of a set, and so many are left: none means that it is gone.
void TellTaken(const Call& call, std::string_view event, std::string_view key, size_t left) {
  call.Emit(EventClass::kSet, event, key);
  if (left == 0) call.Emit(EventClass::kGeneric, kDelEvent, key);
}

}  // namespace

void Sadd(Call& call) {
  Entry* slot = nullptr;
  if (!FindAs(call, call.args[1], ValueType::kSet, &slot)) return;
  CollectionEdit edit(call.db(), call.engine.collection_limits(), ValueType::kSet, slot,
                      call.db().HeapOf(call.args[1]));
  int64_t added = 0;
  for (const std::string_view member : call.args.subspan(2)) added += edit.Set(member) ? 1 : 0;
  if (added > 0) {
    edit.Commit(call.args[1]);
    call.Emit(EventClass::kSet, kSaddEvent, call.args[1]);
  }
  call.reply.Integer(added);
}

void Srem(Call& call) {
  Entry* slot = nullptr;
  if (!FindAs(call, call.args[1], ValueType::kSet, &slot)) return;
  if (slot == nullptr) return call.reply.Integer(0);
  CollectionEdit edit(call.db(), call.engine.collection_limits(), ValueType::kSet, slot,
                      call.db().HeapOf(call.args[1]));
  int64_t removed = 0;
  for (const std::string_view member : call.args.subspan(2)) removed += edit.Remove(member) ? 1 : 0;
  edit.Commit(call.args[1]);
  if (removed > 0) TellTaken(call, kSremEvent, call.args[1], edit.size());
  call.reply.Integer(removed);
}

void Smove(Call& call) {
  const std::string_view from = call.args[1];
  const std::string_view to = call.args[2];
  const std::string_view member = call.args[3];
  Entry* source = call.Find(from);
  if (source == nullptr) return call.reply.Integer(0);
  if (IsWrongType(call, source, ValueType::kSet)) return;
  Entry* target = nullptr;
  if (!FindAs(call, to, ValueType::kSet, &target)) return;
  source = call.Find(from);  // asked again: finding the target may have moved it
  if (from == to) return call.reply.Integer(HasItem(*source, member) ? 1 : 0);
  {
    CollectionEdit edit(call.db(), call.engine.collection_limits(), ValueType::kSet, source,
                        call.db().HeapOf(from));
    if (!edit.Remove(member)) return call.reply.Integer(0);
    edit.Commit(from);
    TellTaken(call, kSremEvent, from, edit.size());
  }
  CollectionEdit edit(call.db(), call.engine.collection_limits(), ValueType::kSet, call.Find(to),
                      call.db().HeapOf(to));
  if (edit.Set(member)) {
    edit.Commit(to);
    call.Emit(EventClass::kSet, kSaddEvent, to);
  }
  call.reply.Integer(1);
}

void Scard(Call& call) {
  Entry set;
  if (!ReadAs(call, call.args[1], ValueType::kSet, &set)) return;
  call.reply.Integer(set ? static_cast<int64_t>(CountItems(set)) : 0);
}

void Sismember(Call& call) {
  Entry set;
  if (!ReadAs(call, call.args[1], ValueType::kSet, &set)) return;
  call.reply.Integer(set && HasItem(set, call.args[2]) ? 1 : 0);
}

void Smismember(Call& call) {
  Entry set;
  if (!ReadAs(call, call.args[1], ValueType::kSet, &set)) return;
  call.reply.Array(static_cast<int64_t>(call.args.size()) - 2);
  for (const std::string_view member : call.args.subspan(2)) {
    call.reply.Integer(set && HasItem(set, member) ? 1 : 0);
  }
}

void Smembers(Call& call) {
  Entry set;
  if (!ReadAs(call, call.args[1], ValueType::kSet, &set)) return;
  call.reply.Set(set ? static_cast<int64_t>(CountItems(set)) : 0);
  if (!set) return;
  ForEachItem(set, [&call](std::string_view member, std::string_view) { call.reply.Bulk(member); });
}

namespace {

// SPOP with a count that leaves some: takes those, or keeps the others if they are fewer.
void PopSome(Call& call, Entry* slot, size_t count) {
  constexpr size_t kFew = 5;  // of those that stay; Redis makes a new set then, and so may we
  const std::string_view key = call.args[1];
  const size_t left = CountItems(*slot) - count;
  std::vector<std::string> taken;
  DistinctItems(*slot, count, &call.client.random,
                [&taken](std::string_view name, std::string_view) { taken.emplace_back(name); });
  call.reply.Set(static_cast<int64_t>(count));
  for (const std::string& member : taken) call.reply.Bulk(member);
  call.Emit(EventClass::kSet, kSpopEvent, key);
  const bool anew = left * kFew <= count;
  std::vector<std::string> rest;
  {
    CollectionEdit edit(call.db(), call.engine.collection_limits(), ValueType::kSet, slot,
                        call.db().HeapOf(key));
    for (const std::string& member : taken) edit.Remove(member);
    edit.Commit(key);
  }
  if (!anew) return;
  slot = call.Find(key);
  ForEachItem(*slot, [&rest](std::string_view name, std::string_view) { rest.emplace_back(name); });
  const UnixMillis expire = slot->expire();
  CollectionEdit edit(call.db(), call.engine.collection_limits(), ValueType::kSet, nullptr,
                      call.db().HeapOf(key));
  for (const std::string& member : rest) edit.Set(member);
  edit.Commit(key);
  if (expire != kNever) call.db().SetExpire(call.Find(key), expire);
}

}  // namespace

void Srandmember(Call& call) {
  int64_t count = 0;
  if (call.args.size() > 3) return call.reply.Error(kSyntaxError);
  if (call.args.size() > 2 && !CountArgument(call, &count)) return;
  Entry set;
  if (!ReadAs(call, call.args[1], ValueType::kSet, &set)) return;
  if (call.args.size() == 2) return ReplyRandomItem(call, set);
  call.reply.Array(WantedItems(set, count));
  if (!set) return;
  ForEachWantedItem(call, set, count, [&call](std::string_view member, std::string_view) {
    call.reply.Bulk(member);
  });
}

void Spop(Call& call) {
  const std::string_view key = call.args[1];
  int64_t count = 1;
  if (call.args.size() > 3) return call.reply.Error(kSyntaxError);
  const bool counted = call.args.size() == 3;
  if (counted && (!resp::ParseInteger(call.args[2], &count) || count < 0)) {
    return call.reply.Error("ERR value is out of range, must be positive");
  }
  Entry* slot = nullptr;
  if (!FindAs(call, key, ValueType::kSet, &slot)) return;
  if (counted && (slot == nullptr || count == 0)) return call.reply.Set(0);
  if (slot == nullptr) return call.reply.Null();
  if (!counted) {
    std::string member;
    RandomItem(*slot, &call.client.random,
               [&member](std::string_view name, std::string_view) { member = name; });
    CollectionEdit edit(call.db(), call.engine.collection_limits(), ValueType::kSet, slot,
                        call.db().HeapOf(key));
    edit.Remove(member);
    edit.Commit(key);
    TellTaken(call, kSpopEvent, key, edit.size());
    return call.reply.Bulk(member);
  }
  const size_t size = CountItems(*slot);
  if (static_cast<uint64_t>(count) < size) return PopSome(call, slot, static_cast<size_t>(count));
  call.reply.Set(static_cast<int64_t>(size));
  ForEachItem(*slot, [&call](std::string_view name, std::string_view) { call.reply.Bulk(name); });
  call.db().Erase(slot);
  TellTaken(call, kSpopEvent, key, 0);
}

void Sscan(Call& call) {
  ScanItems(call, ValueType::kSet);
}

namespace {

using Keys = std::span<const std::string_view>;

// The sets under these keys, in their order; false where there is none. The handles stay valid
// while nothing is written. False if a key is no set; then that is the reply.
bool ReadSets(Call& call, Keys keys, std::vector<Entry>* sets) {
  for (const std::string_view key : keys) {
    Entry set;
    if (!ReadAs(call, key, ValueType::kSet, &set)) return false;
    sets->push_back(set);
  }
  return true;
}

bool IsInAll(std::span<const Entry> sets, std::string_view member) {
  return std::all_of(sets.begin(), sets.end(),
                     [&](Entry set) { return set && HasItem(set, member); });
}

// Calls f(member) for what is in all sets; f returns false to have no more.
template <typename F>
void ForEachCommon(std::vector<Entry> sets, F&& f) {
  const auto missing = [](Entry set) { return !set; };
  if (std::any_of(sets.begin(), sets.end(), missing)) return;
  std::stable_sort(sets.begin(), sets.end(),
                   [](Entry a, Entry b) { return CountItems(a) < CountItems(b); });
  const std::span<const Entry> others = std::span<const Entry>(sets).subspan(1);
  bool more = true;
  ForEachItem(sets[0], [&](std::string_view member, std::string_view) {
    if (more && IsInAll(others, member)) more = f(member);
  });
}

using Combine = void (*)(const std::vector<Entry>& sets, CollectionEdit* result);

void Intersect(const std::vector<Entry>& sets, CollectionEdit* result) {
  ForEachCommon(sets, [result](std::string_view member) {
    result->Set(member);
    return true;
  });
}

void Unite(const std::vector<Entry>& sets, CollectionEdit* result) {
  for (const Entry set : sets) {
    if (!set) continue;
    ForEachItem(set, [&](std::string_view member, std::string_view) { result->Set(member); });
  }
}

void Subtract(const std::vector<Entry>& sets, CollectionEdit* result) {
  if (!sets[0]) return;
  ForEachItem(sets[0], [&](std::string_view member, std::string_view) {
    for (size_t i = 1; i < sets.size(); ++i) {
      if (sets[i] && HasItem(sets[i], member)) return;
    }
    result->Set(member);
  });
}

void ReplyCombined(Call& call, Combine combine) {
  std::vector<Entry> sets;
  if (!ReadSets(call, call.args.subspan(1), &sets)) return;
  CollectionEdit edit(call.db(), call.engine.collection_limits(), ValueType::kSet, nullptr,
                      MallocHeap());
  combine(sets, &edit);
  call.reply.Set(static_cast<int64_t>(edit.size()));
  if (edit.size() == 0) return;
  const Entry result = edit.Build("");
  ForEachItem(result,
              [&call](std::string_view member, std::string_view) { call.reply.Bulk(member); });
  Entry::Destroy(result);
}

void StoreCombined(Call& call, Combine combine) {
  const std::string_view target = call.args[1];
  std::vector<Entry> sets;
  if (!ReadSets(call, call.args.subspan(2), &sets)) return;
  CollectionEdit edit(call.db(), call.engine.collection_limits(), ValueType::kSet, nullptr,
                      call.db().HeapOf(target));
  combine(sets, &edit);
  call.reply.Integer(static_cast<int64_t>(edit.size()));
  if (edit.size() > 0) {
    edit.Commit(target);
    return call.Emit(EventClass::kSet, call.spec.name, target);
  }
  if (Entry* const slot = call.Find(target); slot != nullptr) EraseAndTell(call, slot, target);
}

struct Intersection {
  size_t keys = 0;
  int64_t limit = 0;  // 0: none
};

// Reads SINTERCARD's arguments. False if they are wrong; then that is the reply.
bool ParseIntersection(Call& call, Intersection* wanted) {
  int64_t keys = 0;
  if (!resp::ParseInteger(call.args[1], &keys) || keys < 1) {
    call.reply.Error("ERR numkeys should be greater than 0");
    return false;
  }
  if (static_cast<uint64_t>(keys) > call.args.size() - 2) {
    call.reply.Error("ERR Number of keys can't be greater than number of args");
    return false;
  }
  wanted->keys = static_cast<size_t>(keys);
  for (size_t i = 2 + wanted->keys; i < call.args.size(); i += 2) {
    if (!call.Is(i, "LIMIT") || i + 1 == call.args.size()) {
      call.reply.Error(kSyntaxError);
      return false;
    }
    if (!resp::ParseInteger(call.args[i + 1], &wanted->limit) || wanted->limit < 0) {
      call.reply.Error("ERR LIMIT can't be negative");
      return false;
    }
  }
  return true;
}

}  // namespace

// Not ReplyCombined(): the members come in the order of the smallest set.
void Sinter(Call& call) {
  std::vector<Entry> sets;
  if (!ReadSets(call, call.args.subspan(1), &sets)) return;
  resp::ByteQueue members;
  resp::ReplyWriter list(&members, call.reply.protocol());
  int64_t count = 0;
  ForEachCommon(std::move(sets), [&](std::string_view member) {
    list.Bulk(member);
    ++count;
    return true;
  });
  call.reply.Set(count);
  call.out->Append(members.Data());
}

void Sintercard(Call& call) {
  Intersection wanted;
  if (!ParseIntersection(call, &wanted)) return;
  std::vector<Entry> sets;
  if (!ReadSets(call, call.args.subspan(2, wanted.keys), &sets)) return;
  int64_t count = 0;
  ForEachCommon(std::move(sets), [&](std::string_view) { return ++count != wanted.limit; });
  call.reply.Integer(count);
}

void Sunion(Call& call) {
  ReplyCombined(call, Unite);
}

void Sdiff(Call& call) {
  ReplyCombined(call, Subtract);
}

void Sinterstore(Call& call) {
  StoreCombined(call, Intersect);
}

void Sunionstore(Call& call) {
  StoreCombined(call, Unite);
}

void Sdiffstore(Call& call) {
  StoreCombined(call, Subtract);
}

}  // namespace keyhole::store::handlers
