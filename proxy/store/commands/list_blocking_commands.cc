// Taking from lists, and waiting for one if there is none: first come, first served (waiting.h).
//
// At first a key of another type is an error. Once a client waits it is no news: whoever overwrites
// the key serves nobody. Source: redis 7.0.15 t_list.c and blocked.c.
#include <optional>
#include <span>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/list_ends.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/timeouts.h"

namespace keyhole::store::handlers {

namespace {

using Keys = std::span<const std::string_view>;

// Looks for a list under this key: null if there is none to be had. False if it is of another type,
// and has not just become that; then that is the reply.
bool FindToTake(Call& call, std::string_view key, Entry** slot) {
  if (!call.woken_by().has_value()) return FindAs(call, key, ValueType::kList, slot);
  *slot = call.Find(key);
  if (*slot != nullptr && (*slot)->type() != ValueType::kList) *slot = nullptr;
  return true;
}

// Calls take(key, slot), which replies, for the first of the keys that is a list; or waits.
template <typename F>
void TakeFirst(Call& call, Keys keys, UnixMillis deadline, F&& take) {
  const std::optional<std::string_view> woken_by = call.woken_by();
  const Keys looked_at = woken_by.has_value() ? Keys(&*woken_by, 1) : keys;
  for (const std::string_view key : looked_at) {
    Entry* slot = nullptr;
    if (!FindToTake(call, key, &slot)) return;
    if (slot != nullptr) return take(key, slot);
  }
  if (!call.Wait(keys, deadline)) call.reply.NullArray();
}

void PopFirst(Call& call, ListEnd end) {
  UnixMillis deadline = kNever;
  if (!TimeoutArgument(call, call.args.size() - 1, &deadline)) return;
  TakeFirst(call, call.args.subspan(1, call.args.size() - 2), deadline,
            [&](std::string_view key, Entry* slot) {
              call.reply.Array(2);
              call.reply.Bulk(key);
              PopOne(call, key, slot, end);
            });
}

void Move(Call& call, ListEnd take, ListEnd put, size_t timeout) {
  UnixMillis deadline = kNever;
  if (!TimeoutArgument(call, timeout, &deadline)) return;
  Entry* source = nullptr;
  if (!FindToTake(call, call.args[1], &source)) return;
  if (source != nullptr) return MoveElement(call, take, put);
  if (!call.Wait(call.args.subspan(1, 1), deadline)) call.reply.Null();
}

}  // namespace

void Blpop(Call& call) {
  PopFirst(call, ListEnd::kFront);
}

void Brpop(Call& call) {
  PopFirst(call, ListEnd::kBack);
}

void Blmpop(Call& call) {
  ManyPops pops;
  UnixMillis deadline = kNever;
  if (!ParseManyPops(call, 2, &pops) || !TimeoutArgument(call, 1, &deadline)) return;
  TakeFirst(call, pops.keys, deadline, [&](std::string_view key, Entry* slot) {
    PopWithKey(call, key, slot, pops.end, pops.count);
  });
}

void Blmove(Call& call) {
  ListEnd take = ListEnd::kFront;
  ListEnd put = ListEnd::kFront;
  if (EndArgument(call, 3, &take) && EndArgument(call, 4, &put)) Move(call, take, put, 5);
}

void Brpoplpush(Call& call) {
  Move(call, ListEnd::kBack, ListEnd::kFront, 3);
}

}  // namespace keyhole::store::handlers
