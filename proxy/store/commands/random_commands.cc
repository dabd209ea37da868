// Fields and members by chance: HRANDFIELD, SRANDMEMBER, SPOP.
#include <algorithm>
#include <limits>
#include <vector>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/types/collection.h"
#include "proxy/store/types/collection_edit.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

// Reads a count: negative ones allow the same item several times. False if it is none; then that is
// the reply.
bool CountArgument(Call& call, int64_t* count) {
  if (!IntegerArgument(call, 2, count)) return false;
  if (*count >= -kMax) return true;
  call.reply.Error("ERR value is out of range, value must between " + std::to_string(-kMax) +
                   " and " + std::to_string(kMax));
  return false;
}

// Calls f(name, value) for as many as the count asks for. A reply longer than any value may be is
// never finished, and its client let go: a count costs nothing to send.
template <typename F>
void ForEachWanted(Call& call, Entry entry, int64_t count, F&& f) {
  if (count >= 0) return DistinctItems(entry, static_cast<size_t>(count), &call.client.random, f);
  const size_t most = call.begin + static_cast<size_t>(resp::kMaxBulkBytes);
  for (; count < 0 && !call.client.closing; ++count) {
    RandomItem(entry, &call.client.random, f);
    if (call.out->size() > most) call.client.closing = true;
  }
}

// How many that will be.
int64_t Wanted(Entry entry, int64_t count) {
  if (!entry) return 0;
  return count < 0 ? -count : std::min(count, static_cast<int64_t>(CountItems(entry)));
}

void ReplyOne(Call& call, Entry entry) {
  if (!entry) return call.reply.Null();
  RandomItem(entry, &call.client.random,
             [&call](std::string_view name, std::string_view) { call.reply.Bulk(name); });
}

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
  const bool anew = left * kFew <= count;
  std::vector<std::string> rest;
  {
    CollectionEdit edit(call.db(), call.engine.collection_limits(), ValueType::kSet, slot);
    for (const std::string& member : taken) edit.Remove(member);
    edit.Commit(key);
  }
  if (!anew) return;
  slot = call.Find(key);
  ForEachItem(*slot, [&rest](std::string_view name, std::string_view) { rest.emplace_back(name); });
  const UnixMillis expire = slot->expire();
  CollectionEdit edit(call.db(), call.engine.collection_limits(), ValueType::kSet, nullptr);
  for (const std::string& member : rest) edit.Set(member);
  edit.Commit(key);
  if (expire != kNever) call.db().SetExpire(call.Find(key), expire);
}

}  // namespace

void Hrandfield(Call& call) {
  int64_t count = 0;
  const size_t args = call.args.size();
  if (args > 2 && !CountArgument(call, &count)) return;
  const bool with_values = args == 4 && call.Is(3, "WITHVALUES");
  if (args > 4 || (args == 4 && !with_values)) return call.reply.Error(kSyntaxError);
  if (with_values && (count < -kMax / 2 || count > kMax / 2)) {
    return call.reply.Error("ERR value is out of range");
  }
  Entry hash;
  if (!ReadAs(call, call.args[1], ValueType::kHash, &hash)) return;
  if (args == 2) return ReplyOne(call, hash);

  const bool in_pairs = with_values && call.reply.protocol() == resp::Protocol::kResp3;
  call.reply.Array(Wanted(hash, count) * (with_values && !in_pairs ? 2 : 1));
  if (!hash) return;
  ForEachWanted(call, hash, count, [&](std::string_view field, std::string_view value) {
    if (in_pairs) call.reply.Array(2);
    call.reply.Bulk(field);
    if (with_values) call.reply.Bulk(value);
  });
}

void Srandmember(Call& call) {
  int64_t count = 0;
  if (call.args.size() > 3) return call.reply.Error(kSyntaxError);
  if (call.args.size() > 2 && !CountArgument(call, &count)) return;
  Entry set;
  if (!ReadAs(call, call.args[1], ValueType::kSet, &set)) return;
  if (call.args.size() == 2) return ReplyOne(call, set);
  call.reply.Array(Wanted(set, count));
  if (!set) return;
  ForEachWanted(call, set, count,
                [&call](std::string_view member, std::string_view) { call.reply.Bulk(member); });
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
    CollectionEdit edit(call.db(), call.engine.collection_limits(), ValueType::kSet, slot);
    edit.Remove(member);
    edit.Commit(key);
    return call.reply.Bulk(member);
  }
  const size_t size = CountItems(*slot);
  if (static_cast<uint64_t>(count) < size) return PopSome(call, slot, static_cast<size_t>(count));
  call.reply.Set(static_cast<int64_t>(size));
  ForEachItem(*slot, [&call](std::string_view name, std::string_view) { call.reply.Bulk(name); });
  call.db().Erase(slot);
}

}  // namespace keyhole::store::handlers
